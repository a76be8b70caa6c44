// The streams of a play, one after each other or at once.
#ifndef STAGECRAFT_SIMULATIONS_LIVE_LANES_H_
#define STAGECRAFT_SIMULATIONS_LIVE_LANES_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cpp/client.h"
#include "simulations/live/lane.h"
#include "simulations/world/world.h"

namespace stagecraft::simulations {

struct LanesOptions {
  int streams = 1;  // 1 to 64: each has a thread and a part of the units.
  // Everything is made up before anything is sent, and kept in memory.
  bool beforehand = false;
  LaneOptions lane;
};

// Not thread-safe; works with several threads of its own.
class Lanes {
 public:
  // `client` and `world` outlive it. Errors: kInvalidArgument for the number of
  // streams; those of the client.
  static absl::StatusOr<Lanes> Create(client::Client& client,
                                      const World& world, const Draw& draw,
                                      const LanesOptions& options);

  // As Lane::SendUntil, all at once.
  absl::Status SendUntil(engine::Micros time);

  LaneTotals totals() const;
  // How long SendUntil took, in all.
  absl::Duration busy() const { return busy_; }

 private:
  std::vector<std::unique_ptr<Lane>> lanes_;
  absl::Duration busy_;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_LIVE_LANES_H_
