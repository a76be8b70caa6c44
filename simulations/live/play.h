// Plays a scenario through a running server, in virtual time: what happens is
// sent when it arrives, assignments are asked for, looks are evaluated, and the
// verdicts are read from the decision stream. As fast as the server takes it:
// this is also a load to measure servers with.
#ifndef STAGECRAFT_SIMULATIONS_LIVE_PLAY_H_
#define STAGECRAFT_SIMULATIONS_LIVE_PLAY_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "simulations/live/lanes.h"
#include "simulations/live/latencies.h"
#include "simulations/world/world.h"
#include "stagecraft/v1/decision.pb.h"
#include "stagecraft/v1/scenario.pb.h"

namespace stagecraft::simulations {

struct LiveOptions {
  uint64_t seed = 1;
  int64_t replication = 0;
  LanesOptions lanes;
  // Results are read while events are sent, with such pauses; absent: not.
  std::optional<absl::Duration> read_every;
  // Called when everything is ready (see LanesOptions::beforehand) and nothing
  // is sent.
  std::function<void()> on_begin;
  // Called after each look, from 1; ends the play (kCancelled) when it returns
  // false.
  std::function<bool(int look)> on_look;
};

struct LivePlay {
  LaneTotals sent;
  absl::Duration sending;  // Until all was acknowledged; without looks.
  int64_t looks = 0;       // Of all experiments.
  Latencies evaluations;   // Of looks, while nothing is sent.
  Latencies reads;         // Of results, while events are sent.
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
