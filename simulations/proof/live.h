// An engine in memory that is told events, as the service's is.
#ifndef STAGECRAFT_SIMULATIONS_PROOF_LIVE_H_
#define STAGECRAFT_SIMULATIONS_PROOF_LIVE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/experiment.h"
#include "engine/look.h"

namespace stagecraft::simulations {

// One unit of a trial: when it met its variant, and when it acted, if it did.
struct Life {
  int variant = 0;
  engine::Micros exposed = 0;
  std::optional<engine::Micros> acted;
};

// Stores and folds the events `act` and the exposures of these lives that
// happened before `as_of`, and reads the tallies then. Errors: of the engine.
absl::StatusOr<engine::ExperimentLook> FoldLives(
    const engine::Experiment& experiment, const std::vector<Life>& lives,
    engine::Micros as_of);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_PROOF_LIVE_H_
