// Plays a scenario through a running server, in virtual time: what happens is
// sent when it arrives, assignments are asked for, looks are evaluated, and the
// verdicts are read from the decision stream.
#ifndef STAGECRAFT_SIMULATIONS_LIVE_PLAY_H_
#define STAGECRAFT_SIMULATIONS_LIVE_PLAY_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "simulations/world/world.h"
#include "stagecraft/v1/decision.pb.h"
#include "stagecraft/v1/scenario.pb.h"

namespace stagecraft::simulations {

struct LiveOptions {
  uint64_t seed = 1;
  int64_t replication = 0;
  // Called after each look, from 1; ends the play (kCancelled) when it returns
  // false.
  std::function<bool(int look)> on_look;
};

struct LivePlay {
  int64_t events = 0;  // Each once.
  int64_t copies = 0;  // Events that were sent again.
  int64_t aliases = 0;
  int64_t assignments = 0;  // That the server gave.
  int64_t looks = 0;        // Of all experiments.
  // As the stream had them: those of the looks, and one for each experiment
  // that was concluded at the end of the world.
  std::vector<v1::Decision> decisions;
};

// Creates what the scenario needs, starts its experiments, and plays until the
// end of the world, when it concludes them. `world` is that of `source`; the
// server has nothing of its journey yet.
// Errors: those of the server; kInternal if it refuses an event, or assigns a
// unit differently from the world.
absl::StatusOr<LivePlay> PlayLive(client::Client& client,
                                  const v1::Scenario& source,
                                  const World& world,
                                  const LiveOptions& options);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_LIVE_PLAY_H_
