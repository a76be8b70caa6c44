#include "simulations/command/load_scenario.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "simulations/scenario/compile.h"
#include "simulations/scenario/read.h"

namespace stagecraft::simulations {

absl::StatusOr<LoadedScenario> LoadScenario(const std::string& path) {
  auto source = ReadScenario(path);
  if (!source.ok()) return source.status();
  auto compiled = Compile(*source);
  if (!compiled.ok()) {
    return absl::Status(compiled.status().code(),
                        absl::StrCat(path, ": ", compiled.status().message()));
  }
  return LoadedScenario{*std::move(source), *std::move(compiled)};
}

}  // namespace stagecraft::simulations
