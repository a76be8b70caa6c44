#include "simulations/command/load_scenario.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "simulations/scenario/compile.h"
#include "simulations/scenario/read.h"

namespace stagecraft::simulations {

absl::StatusOr<LoadedScenario> LoadScenario(const std::string& path,
                                            double people) {
  auto source = ReadScenario(path);
  if (!source.ok()) return source.status();
  if (people != 1) {
    v1::Scenario::World& world = *source->mutable_world();
    world.set_arrivals_per_day(world.arrivals_per_day() * people);
  }
  auto compiled = Compile(*source);
  if (!compiled.ok()) {
    return absl::Status(compiled.status().code(),
                        absl::StrCat(path, ": ", compiled.status().message()));
  }
  return LoadedScenario{*std::move(source), *std::move(compiled)};
}

}  // namespace stagecraft::simulations
