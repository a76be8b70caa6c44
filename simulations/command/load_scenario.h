// A scenario's file, read and checked.
#ifndef STAGECRAFT_SIMULATIONS_COMMAND_LOAD_SCENARIO_H_
#define STAGECRAFT_SIMULATIONS_COMMAND_LOAD_SCENARIO_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "simulations/scenario/scenario.h"
#include "stagecraft/v1/scenario.pb.h"

namespace stagecraft::simulations {

struct LoadedScenario {
  v1::Scenario source;
  std::shared_ptr<const Scenario> compiled;
};

// `people`: so many times as many come. Errors: as ReadScenario and Compile;
// they name the file.
absl::StatusOr<LoadedScenario> LoadScenario(const std::string& path,
                                            double people = 1);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_COMMAND_LOAD_SCENARIO_H_
