// When a plan is looked at, and what becomes of its looks: a history of tallies
// by hour is made by hand.
#include "engine/assessment.h"

#include <cmath>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using Code = Reason::Code;

constexpr Micros kBegin = 1'700'000'000'000'000 / kHour * kHour;

// 100 units an hour and variant; the treatment's rate may depend on the hour.
class AssessmentTest : public ::testing::Test {
 protected:
  AssessmentTest() {
    auto journey = std::make_shared<Journey>();
    journey->name = "journeys/j";
    journey->stages = {{.id = "see", .entry = {{"see"}, std::nullopt}}};
    experiment_.name = "journeys/j/experiments/e";
    experiment_.state = Experiment::State::kRunning;
    experiment_.stage = "see";
    experiment_.variants = {{"a", 500000}, {"b", 500000}};
    experiment_.journey = journey;
    experiment_.start_time = kBegin;
    Kpi kpi;
    kpi.name = "journeys/j/kpis/k";
    kpi.events = {{"cart"}, std::nullopt};
    experiment_.kpis = {kpi};
    experiment_.plan.primary_kpis = {kpi.name};
    experiment_.plan.planned_units = 2000;
    experiment_.plan.method = Plan::Method::kGroupSequential;
    experiment_.plan.minimum_conversions = 0;
  }

  static KpiTally Share(int64_t conversions, int64_t units) {
    KpiTally tally;
    tally.sums = Sums(1);
    tally.sums.set_count(units);
    tally.sums.set_sum(0, absl::int128(conversions) * 1'000'000);
    tally.sums.set_product(0, 0, absl::int128(conversions) * 1'000'000'000'000);
    return tally;
  }

  // As of `hours` after the start.
  absl::StatusOr<ExperimentLook> Read(Micros as_of) {
    ++reads_;
    const int64_t hours = (as_of - kBegin) / kHour;
    const int64_t units = 100 * hours;
    ExperimentLook look;
    look.as_of = as_of;
    look.newest_event_time = as_of;
    look.units = {units, units};
    look.matched_units = 2 * units;
    look.kpis = {{Share(units / 5, units), Share(converted_(hours), units)}};
    return look;
  }

  Assessment Run(int64_t hours) {
    auto assessment = Assess(experiment_, kBegin + hours * kHour,
                             [&](Micros as_of) { return Read(as_of); });
    EXPECT_THAT(assessment, IsOk());
    return *std::move(assessment);
  }
  static const GroupSequentialAnswer& AnswerOf(const Assessment& assessment) {
    return *assessment.analyses.at(0).comparisons.at(0).group_sequential;
  }

  Experiment experiment_;
  std::function<int64_t(int64_t)> converted_ = [](int64_t hours) {
    return 20 * hours;
  };
  int reads_ = 0;
};

// 5 looks of 400 units: every second hour. Bounds: rpact 3.3.4,
// getDesignGroupSequential(kMax = 5, alpha = 0.025, typeOfDesign = "asOF").
TEST_F(AssessmentTest, LooksHaveTheBoundsOfTheDesign) {
  const double bounds[] = {4.876884949, 3.357011922, 2.680280067, 2.289816774,
                           2.031032063};
  for (int k = 1; k <= 5; ++k) {
    SCOPED_TRACE(k);
    const Assessment assessment = Run(2 * k);
    const GroupSequentialAnswer& answer = AnswerOf(assessment);
    EXPECT_EQ(answer.look, k);
    EXPECT_EQ(answer.looks, 5);
    EXPECT_DOUBLE_EQ(answer.information_fraction, k / 5.0);
    EXPECT_NEAR(answer.boundary, bounds[k - 1], 1e-7);
    EXPECT_EQ(assessment.look.past_looks.size(), k - 1);
    EXPECT_EQ(assessment.verdict.kind,
              k < 5 ? VerdictKind::kCollecting : VerdictKind::kNoDifference);
  }
  // What comes later no longer changes it.
  EXPECT_EQ(Run(50).look.as_of, kBegin + 10 * kHour);
}

TEST_F(AssessmentTest, BetweenPlannedLooksNothingIsDecided) {
  // At hour 3 the treatment would win a look, but there is none.
  converted_ = [](int64_t hours) { return hours == 3 ? 150 : 20 * hours; };
  const Assessment assessment = Run(3);
  EXPECT_EQ(assessment.look.as_of, kBegin + 3 * kHour);
  EXPECT_EQ(assessment.verdict.kind, VerdictKind::kCollecting);
  ASSERT_EQ(assessment.verdict.reasons.size(), 1);
  EXPECT_EQ(assessment.verdict.reasons[0].code, Code::kHorizonNotReached);
  EXPECT_THAT(assessment.verdict.reasons[0].message,
              HasSubstr("600 units are mature on every primary KPI and "
                        "guardrail, want 800 for look 2 of 5"));
  EXPECT_FALSE(
      assessment.analyses[0].comparisons[0].group_sequential.has_value());
}

TEST_F(AssessmentTest, TheLookThatEndsThePlanStays) {
  // Much better up to hour 4 (look 2), no better afterwards.
  converted_ = [](int64_t hours) {
    return hours <= 4 ? 40 * hours : 20 * hours;
  };
  for (const int64_t hours : {4, 5, 10, 30}) {
    const Assessment assessment = Run(hours);
    EXPECT_EQ(assessment.verdict.kind, VerdictKind::kWinner);
    EXPECT_EQ(assessment.look.as_of, kBegin + 4 * kHour);
    EXPECT_THAT(assessment.verdict.reasons[0].message,
                HasSubstr("look 2 of 5: +100.00 % (better)"));
    const GroupSequentialAnswer& answer = AnswerOf(assessment);
    EXPECT_GT(answer.z, answer.boundary);
    EXPECT_LT(answer.repeated_p_value, 0.05);
    ASSERT_TRUE(answer.stagewise_p_value.has_value());
    ASSERT_TRUE(answer.median_unbiased.has_value());
    // Having stopped early, the estimate is drawn towards 0.
    EXPECT_LT(*answer.median_unbiased, 0.2);
    EXPECT_GT(*answer.median_unbiased, 0);
    EXPECT_GT(answer.stagewise->lower, 0);
  }
  EXPECT_EQ(Run(2).verdict.kind, VerdictKind::kCollecting);
}

// The repeated p-value is alpha just where the boundary is.
TEST_F(AssessmentTest, RepeatedPValuesAgreeWithTheBoundary) {
  converted_ = [](int64_t hours) { return hours <= 2 ? 0 : 20 * hours; };
  experiment_.plan.group_sequential.fractions = {0.5, 1};
  experiment_.plan.group_sequential.spending =
      Plan::GroupSequential::Spending::kPocock;
  auto look = Read(kBegin + 5 * kHour);
  ASSERT_THAT(look, IsOk());
  const auto limits = PlannedLimits::Of(experiment_, *look);
  ASSERT_THAT(limits, IsOk());
  // rpact 3.3.4, typeOfDesign = "asP", two looks.
  EXPECT_NEAR(limits->boundary(), 2.156999218, 1e-7);
  for (const double sign : {1.0, -1.0}) {
    const stats::NormalEstimate difference{sign * 2.156999218 * 3, 3};
    const auto answer =
        limits->Answer(difference, RelativeEffect{difference, {30, 0.5}, -0.25},
                       /*higher_is_better=*/true);
    ASSERT_THAT(answer, IsOk());
    ASSERT_TRUE(answer->repeated_relative.has_value());
    EXPECT_NEAR(sign > 0 ? answer->repeated_relative->lower
                         : answer->repeated_relative->upper,
                0, 1e-7);
    // Fieller's quadratic in the lift L, of which one root is 0:
    // (30^2 - q^2 0.25) L^2 - 2 (30 d + q^2 0.25) L = 0.
    const double q = 2.156999218;
    EXPECT_NEAR(
        sign > 0 ? answer->repeated_relative->upper
                 : answer->repeated_relative->lower,
        2 * (30 * difference.value + q * q * 0.25) / (900 - q * q * 0.25),
        1e-7);
    EXPECT_NEAR(answer->repeated_p_value, 0.05, 1e-7);
    EXPECT_NEAR(sign > 0 ? answer->repeated.lower : answer->repeated.upper, 0,
                1e-6);
    EXPECT_DOUBLE_EQ(answer->z, sign * 2.156999218);
  }
}

// rpact 3.3.4, kMax = 2, beta = 0.2, asOF, bsOF, not binding: 0.5593914957.
TEST_F(AssessmentTest, HardlyBetterIsFutile) {
  experiment_.plan.group_sequential.fractions = {0.5, 1};
  experiment_.plan.group_sequential.futility = true;
  const Assessment assessment = Run(5);
  const GroupSequentialAnswer& answer = AnswerOf(assessment);
  ASSERT_TRUE(answer.futility_boundary.has_value());
  EXPECT_NEAR(*answer.futility_boundary, 0.5593914957, 1e-6);
  EXPECT_NEAR(answer.boundary, 2.962588043, 1e-7);
  EXPECT_EQ(assessment.verdict.kind, VerdictKind::kNoDifference);
  EXPECT_EQ(assessment.verdict.reasons[0].code, Code::kFutile);
  // If less is better, much more is futile too.
  experiment_.kpis[0].higher_is_better = false;
  const Assessment down = Run(5);
  EXPECT_NEAR(*AnswerOf(down).futility_boundary, -0.5593914957, 1e-6);
  EXPECT_EQ(down.verdict.kind, VerdictKind::kNoDifference);
  // Well on the way: goes on.
  experiment_.kpis[0].higher_is_better = true;
  converted_ = [](int64_t hours) { return 23 * hours; };
  EXPECT_EQ(Run(5).verdict.kind, VerdictKind::kCollecting);
}

TEST_F(AssessmentTest, UnitsForSeveralLooksInAnHourAreOneLook) {
  experiment_.plan.planned_units = 400;  // 80 a look, 200 an hour.
  const Assessment first = Run(1);
  EXPECT_EQ(AnswerOf(first).look, 2);
  EXPECT_TRUE(first.look.past_looks.empty());
  EXPECT_DOUBLE_EQ(AnswerOf(first).information_fraction, 0.5);
  const Assessment last = Run(7);
  EXPECT_EQ(AnswerOf(last).look, 5);
  EXPECT_EQ(last.look.as_of, kBegin + 2 * kHour);
  ASSERT_EQ(last.look.past_looks.size(), 1);
  EXPECT_EQ(last.look.past_looks[0], (PastLook{kBegin + kHour, 2, 200}));
}

// Ended with half of the units: what is left of alpha is spent.
TEST_F(AssessmentTest, AnEndedExperimentHasItsLastLook) {
  experiment_.end_time = kBegin + 5 * kHour;
  const Assessment assessment = Run(5);
  EXPECT_EQ(AnswerOf(assessment).look, 3);
  EXPECT_NEAR(AnswerOf(assessment).alpha_spent, 0.05, 1e-9);
  EXPECT_EQ(assessment.verdict.kind, VerdictKind::kNoDifference);
  EXPECT_EQ(assessment.verdict.reasons[0].code, Code::kPlanEnded);
}

TEST_F(AssessmentTest, TheMinimumDurationComesFirst) {
  experiment_.plan.minimum_duration = 7 * kHour;
  EXPECT_EQ(Run(6).verdict.kind, VerdictKind::kCollecting);
  // By then there are units for three looks.
  EXPECT_EQ(AnswerOf(Run(7)).look, 3);
}

TEST_F(AssessmentTest, AFixedHorizonIsTheFirstFullHourWithItsUnits) {
  experiment_.plan.method = Plan::Method::kFixedHorizon;
  EXPECT_EQ(Run(9).verdict.kind, VerdictKind::kCollecting);
  EXPECT_EQ(Run(9).look.as_of, kBegin + 9 * kHour);
  for (const int64_t hours : {10, 11, 500}) {
    EXPECT_EQ(Run(hours).look.as_of, kBegin + 10 * kHour);
  }
  reads_ = 0;
  Run(500);
  EXPECT_LT(reads_, 15);  // By bisection, not hour by hour.
}

TEST_F(AssessmentTest, AnAlwaysValidPlanIsLookedAtWhenAsked) {
  experiment_.plan.method = Plan::Method::kAlwaysValid;
  reads_ = 0;
  EXPECT_EQ(Run(17).look.as_of, kBegin + 17 * kHour);
  EXPECT_EQ(reads_, 1);
}

TEST_F(AssessmentTest, ErrorsOfTheReaderPass) {
  for (const auto method :
       {Plan::Method::kFixedHorizon, Plan::Method::kAlwaysValid,
        Plan::Method::kGroupSequential}) {
    experiment_.plan.method = method;
    EXPECT_EQ(Assess(experiment_, kBegin + kHour,
                     [](Micros) -> absl::StatusOr<ExperimentLook> {
                       return absl::AbortedError("changed");
                     })
                  .status(),
              absl::AbortedError("changed"));
  }
}

}  // namespace
}  // namespace stagecraft::engine
