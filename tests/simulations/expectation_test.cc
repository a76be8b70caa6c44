// What a scenario may expect, and what it may not.
#include "simulations/scenario/expectation.h"

#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simulations/scenario/compile.h"
#include "tests/simulations/scenario_fixture.h"

namespace stagecraft::simulations {
namespace {

using ::stagecraft::testing::CompileOk;
using ::stagecraft::testing::ReadNamed;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;
using Of = Expectation::Of;
using Source = v1::Scenario::Expectation;

constexpr char kLook[] = "journeys/shop/experiments/look";
constexpr char kCheckout[] = "journeys/shop/experiments/checkout";

TEST(ExpectationTest, IsOfAnExperimentOfTheScenario) {
  v1::Scenario source = ReadNamed("messy");
  Source* wins = source.add_expect();
  wins->set_experiment(kCheckout);
  wins->set_wins("b");
  wins->set_at_least(0.5);
  wins->set_at_most(0.9);
  Source* covers = source.add_expect();
  covers->set_experiment(kLook);
  covers->mutable_coverage()->set_kind("difference/sequential");
  covers->mutable_coverage()->set_kpi("stages/visit/time");
  covers->set_at_least(0.95);
  const auto scenario = CompileOk(source);
  ASSERT_EQ(scenario->expectations.size(), 2);
  const Expectation& first = scenario->expectations[0];
  EXPECT_EQ(scenario->experiments[first.experiment]->name, kCheckout);
  EXPECT_EQ(first.of, Of::kWins);
  EXPECT_EQ(first.variant, "b");
  EXPECT_EQ(first.at_least, 0.5);
  EXPECT_EQ(first.at_most, 0.9);
  const Expectation& second = scenario->expectations[1];
  EXPECT_EQ(scenario->experiments[second.experiment]->name, kLook);
  EXPECT_EQ(second.of, Of::kCoverage);
  EXPECT_EQ(second.kpi, "stages/visit/time");
  EXPECT_EQ(second.at_most, std::nullopt);
}

TEST(ExpectationTest, OneExperimentNeedNotBeNamed) {
  v1::Scenario source = ReadNamed("aa");
  source.clear_expect();
  source.add_expect()->set_measure(Source::POWER);
  source.mutable_expect(0)->set_at_least(0);
  const auto scenario = CompileOk(source);
  ASSERT_EQ(scenario->expectations.size(), 1);
  EXPECT_EQ(scenario->expectations[0].experiment, 0);
  EXPECT_EQ(scenario->expectations[0].of, Of::kPower);
  EXPECT_EQ(scenario->expectations[0].at_least, 0);
}

TEST(ExpectationTest, SaysWhatIsWrong) {
  struct Row {
    std::function<void(Source*)> change;
    std::string said;
  };
  const Row rows[] = {
      {[](Source* e) { e->clear_experiment(); },
       "expect[0].experiment is \"\", want the name of an experiment"},
      {[](Source* e) { e->clear_of(); },
       "expect[0] names nothing, want measure, verdict, wins, harmed or "
       "coverage"},
      {[](Source* e) { e->clear_at_least(); },
       "expect[0] has no bound, want at_least or at_most"},
      {[](Source* e) { e->set_at_least(1.5); },
       "expect[0].at_least is 1.5, want 0 to 1"},
      {[](Source* e) { e->set_at_most(-1); },
       "expect[0].at_most is -1, want 0 to 1"},
      {[](Source* e) { e->set_at_most(0.25); },
       "expect[0].at_least is 0.5, want at most at_most, 0.25"},
      {[](Source* e) { e->set_wins("a"); },
       "expect[0].wins is \"a\", want the id of a treatment of "
       "journeys/shop/experiments/look"},
      {[](Source* e) { e->set_wins("z"); }, "expect[0].wins is \"z\""},
      {[](Source* e) { e->set_measure(Source::MEASURE_UNSPECIFIED); },
       "expect[0].measure is 0, want POWER, FALSE_WINNER or "
       "SAMPLE_RATIO_ALARM"},
      {[](Source* e) { e->set_verdict(v1::Verdict::KIND_UNSPECIFIED); },
       "expect[0].verdict is 0, want COLLECTING, WINNER"},
      {[](Source* e) { e->set_harmed("journeys/shop/kpis/cart-rate"); },
       "expect[0].harmed is \"journeys/shop/kpis/cart-rate\", want the name "
       "of a KPI that is a guardrail"},
      {[](Source* e) { e->set_harmed("stages/no/time"); },
       "expect[0].harmed is \"stages/no/time\""},
      {[](Source* e) { e->set_harmed("stages/visit/conversion"); },
       "expect[0].harmed is \"stages/visit/conversion\""},
      {[](Source* e) { e->set_harmed("stages/cart/time"); },
       "want the name of a KPI that is a guardrail of the plan, "
       "stages/{stage}/conversion of a later stage or stages/{stage}/time of "
       "its own"},
      {[](Source* e) { e->mutable_coverage()->set_kpi("no"); },
       "expect[0].coverage.kpi is \"no\", want the name of a KPI"},
      {[](Source* e) { e->mutable_coverage()->set_variant("a"); },
       "expect[0].coverage.variant is \"a\", want the id of a treatment"},
      {[](Source* e) { e->mutable_coverage(); },
       "expect[0].coverage.kind is empty, want a kind of interval"},
  };
  for (const Row& row : rows) {
    v1::Scenario source = ReadNamed("messy");
    Source* expectation = source.add_expect();
    expectation->set_experiment(kLook);
    expectation->set_wins("b");
    expectation->set_at_least(0.5);
    row.change(expectation);
    EXPECT_THAT(Compile(source), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr(row.said)));
  }
}

}  // namespace
}  // namespace stagecraft::simulations
