// What is true of a scenario's experiments: how units would do under each
// variant.
#ifndef STAGECRAFT_SIMULATIONS_RUN_TRUTH_H_
#define STAGECRAFT_SIMULATIONS_RUN_TRUTH_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/operating_characteristics.h"
#include "simulations/scenario/scenario.h"

namespace stagecraft::simulations {

struct TruthOptions {
  // That are played under each variant, at least: as many worlds as it takes.
  int64_t units = 200'000;
  uint64_t seed = 0x7275746874;
  int threads = 1;
  // Called now and then from one thread at a time, with how many of the units
  // of all variants are done; ends it (kCancelled) when it returns false.
  std::function<bool(int64_t done, int64_t total)> progress;
};

// By experiment: the effect of each treatment on each KPI of its plan and on
// the automatic guardrails, over all units that come in the scenario and take
// part, without faults and until all windows are over.
//
// The same units are played under each variant, with the same random numbers:
// what is random about the difference is much smaller than between two groups,
// and 0 where nothing differs. Errors: kCancelled.
absl::StatusOr<std::vector<std::vector<engine::TrueEffect>>> TrueEffects(
    const Scenario& scenario, const TruthOptions& options);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_RUN_TRUTH_H_
