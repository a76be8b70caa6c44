// Scenarios for tests: those of simulations/scenarios, and changes of them.
#ifndef STAGECRAFT_TESTS_SIMULATIONS_SCENARIO_FIXTURE_H_
#define STAGECRAFT_TESTS_SIMULATIONS_SCENARIO_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "simulations/scenario/compile.h"
#include "simulations/scenario/read.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::testing {

inline v1::Scenario ReadNamed(const std::string& name) {
  auto scenario = simulations::ReadScenario(absl::StrCat(
      STAGECRAFT_REPOSITORY, "/simulations/scenarios/", name, ".textproto"));
  EXPECT_THAT(scenario, IsOk());
  return scenario.ok() ? *std::move(scenario) : v1::Scenario();
}

inline std::shared_ptr<const simulations::Scenario> CompileOk(
    const v1::Scenario& source) {
  auto scenario = simulations::Compile(source);
  EXPECT_THAT(scenario, IsOk());
  return scenario.ok() ? *std::move(scenario) : nullptr;
}

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_SIMULATIONS_SCENARIO_FIXTURE_H_
