// Operating characteristics of a scenario's experiments, event by event: the
// scenario is played many times, each look is assessed as the service does, and
// each experiment stops as its plan says.
#ifndef STAGECRAFT_SIMULATIONS_RUN_SIMULATE_H_
#define STAGECRAFT_SIMULATIONS_RUN_SIMULATE_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/operating_characteristics.h"
#include "simulations/run/virtual_run.h"
#include "simulations/world/world.h"

namespace stagecraft::simulations {

struct SimulateOptions {
  uint64_t seed = 1;  // The answer depends on it, not on the threads.
  int64_t replications = 100;
  int threads = 1;
  // Called now and then from one thread at a time; ends the simulation
  // (kCancelled) when it returns false.
  std::function<bool(int64_t done)> progress;
};

struct Simulation {
  // By experiment of the scenario.
  std::vector<engine::OperatingCharacteristics> characteristics;
  RunTotals totals;  // Of all replications.
};

// How each experiment of one replication ends. A replication is over when all
// of its plans have stopped, or at the last look. Errors: kCancelled if the run
// was stopped; those of engine::Assess.
absl::StatusOr<std::vector<engine::Outcome>> PlayReplication(const Draw& draw,
                                                             VirtualRun* run);

// `truth` is that of TrueEffects (simulations/run/truth.h).
// Errors: kInvalidArgument for less than one replication, or the truth of other
// experiments; kCancelled; those of engine::Assess.
absl::StatusOr<Simulation> Simulate(
    const World& world,
    const std::vector<std::vector<engine::TrueEffect>>& truth,
    const SimulateOptions& options);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_RUN_SIMULATE_H_
