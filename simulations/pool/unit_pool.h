// A pool of units: played once under each variant of an experiment and folded,
// for rehearsals that draw from them instead of playing every event again.
#ifndef STAGECRAFT_SIMULATIONS_POOL_UNIT_POOL_H_
#define STAGECRAFT_SIMULATIONS_POOL_UNIT_POOL_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/rehearsal.h"
#include "simulations/scenario/scenario.h"

namespace stagecraft::simulations {

struct PoolOptions {
  uint64_t seed = 1;
  int64_t units = 100'000;       // That meet each variant; at least 1.
  int64_t units_per_block = 20;  // At least 1.
  int threads = 1;               // The pool does not depend on it.
  // Called now and then, from any thread, with how many units of all variants
  // were played since the last call; ends the work (kCancelled) when it returns
  // false.
  std::function<bool(int64_t units)> progress;
};

struct UnitPool {
  std::vector<engine::RehearsalArm> arms;  // By variant.
  // Units that meet the experiment, a day, from its start to the end of
  // arrivals; in the mean over that time.
  double units_per_day = 0;
  engine::Micros arrivals_end = 0;  // After the start of experiments.
  int64_t events = 0;               // That were folded.
};

// When people stop coming.
engine::Micros ArrivalsEnd(const Scenario& scenario);

// The same people under each variant, each followed until all windows are over
// (times without an end of their own: 90 days). They come as in the scenario,
// with its seasons and segments, and all other experiments are assigned as
// usual. Faults and second ids are left out. People come after the start.
// Errors: kFailedPrecondition if (nearly) nobody meets the experiment.
absl::StatusOr<UnitPool> MakeUnitPool(const Scenario& scenario, int experiment,
                                      const PoolOptions& options);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_POOL_UNIT_POOL_H_
