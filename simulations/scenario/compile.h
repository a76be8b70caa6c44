// From the scenario of a file to one that can be played.
#ifndef STAGECRAFT_SIMULATIONS_SCENARIO_COMPILE_H_
#define STAGECRAFT_SIMULATIONS_SCENARIO_COMPILE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "simulations/scenario/scenario.h"
#include "stagecraft/v1/scenario.pb.h"

namespace stagecraft::simulations {

// Checks everything. Errors: kInvalidArgument names the field, the value seen
// and the value wanted: `world.stages[2].advance is 1.2, want 0 to 1`.
absl::StatusOr<std::shared_ptr<const Scenario>> Compile(
    const v1::Scenario& scenario);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_SCENARIO_COMPILE_H_
