// Scenarios from files.
#ifndef STAGECRAFT_SIMULATIONS_SCENARIO_READ_H_
#define STAGECRAFT_SIMULATIONS_SCENARIO_READ_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stagecraft/v1/scenario.pb.h"

namespace stagecraft::simulations {

enum class ScenarioFormat { kText, kJson, kBinary };

// By the end of the name: `.textproto`, `.txtpb` or `.txt`, `.json`, `.binpb`
// or `.pb`; else JSON if the content begins with `{`, and text if not.
ScenarioFormat FormatOf(absl::string_view path, absl::string_view content);

// Errors: kInvalidArgument with the line and column (not of binary ones) and
// what is wrong; fields that a scenario does not have are. Compile checks what
// the fields say.
absl::StatusOr<v1::Scenario> ParseScenario(absl::string_view content,
                                           ScenarioFormat format);
// The same, with the path in front. Errors: kNotFound, or as errno says.
absl::StatusOr<v1::Scenario> ReadScenario(const std::string& path);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_SCENARIO_READ_H_
