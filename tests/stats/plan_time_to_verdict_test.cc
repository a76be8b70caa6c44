#include "stats/plan_time_to_verdict.h"

#include <cmath>
#include <optional>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/confidence_sequence.h"
#include "stats/distributions.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// 100 looks, N* half of the final sample: type I error .0194, power .524 at the
// effect that a fixed test finds with .8, mean share of the sample used .768.
VerdictPlan HundredLooks() {
  return {.sequence = {.planned_units = 5000},
          .every_units = 100,
          .maximum_units = 10000};
}
constexpr double kFixedEffect = (1.959963984540054 + 0.8416212335729143) / 50;

TEST(TimeToVerdictTest, AgreesWithTheKnownFigures) {
  const auto null = PlanTimeToVerdict(0, 1, 1, HundredLooks());
  ASSERT_THAT(null, IsOk());
  EXPECT_EQ(null->looks.size(), 100u);
  EXPECT_NEAR(null->verdict, 0.0194, 0.00005);
  EXPECT_NEAR(null->power, null->verdict / 2, 1e-12);
  const auto found = PlanTimeToVerdict(kFixedEffect, 1, 1, HundredLooks());
  ASSERT_THAT(found, IsOk());
  EXPECT_NEAR(found->power, 0.524, 0.0005);
  EXPECT_NEAR(found->expected_units / 10000, 0.768, 0.0005);
}

// The same experiment simulated: 20000 runs. Power leaves its value by more
// than 5 errors (0.0177), the mean by more than 5 standard errors, less than
// once in 1e6.
TEST(TimeToVerdictTest, AgreesWithSimulation) {
  VerdictPlan plan{.sequence = {.alpha = 0.1,
                                .alternative = Alternative::kGreater,
                                .planned_units = 800},
                   .first_units = 300,
                   .every_units = 130,
                   .maximum_units = 2000,
                   .treatment_share = 0.3};
  const double effect = 0.2;
  const auto times = PlanTimeToVerdict(effect, 1, 2, plan);
  ASSERT_THAT(times, IsOk());
  EXPECT_EQ(times->looks.back().units, 2000);
  const double deviation = std::sqrt(1 / 0.7 + 4 / 0.3);
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  constexpr int kRuns = 20000;
  double found = 0, units = 0, squares = 0;
  for (int run = 0; run < kRuns; ++run) {
    double sum = 0, before = 0, stopped = 2000;
    for (const VerdictLook& look : times->looks) {
      const double n = static_cast<double>(look.units);
      sum += (n - before) * effect / deviation +
             std::sqrt(n - before) * normal(random);
      before = n;
      if (sum / std::sqrt(n) >= look.critical_value) {
        found += 1;
        stopped = n;
        break;
      }
    }
    units += stopped / kRuns;
    squares += stopped * stopped / kRuns;
  }
  EXPECT_NEAR(times->power, found / kRuns, 0.0177);
  EXPECT_NEAR(times->expected_units, units,
              5 * std::sqrt((squares - units * units) / kRuns));
  EXPECT_EQ(times->power, times->verdict);
  // The critical value is the sequence's: it is on the edge there.
  const auto edge = AnytimeEffect({times->looks[3].critical_value * 0.1, 0.1},
                                  times->looks[3].units, plan.sequence);
  EXPECT_NEAR(edge->interval.lower, 0, 1e-12);
}

TEST(TimeToVerdictTest, OneLookIsTheNormalTail) {
  VerdictPlan plan{.every_units = 400, .maximum_units = 400};
  const auto times = PlanTimeToVerdict(0.3, 1, 1, plan);
  ASSERT_THAT(times, IsOk());
  ASSERT_EQ(times->looks.size(), 1u);
  EXPECT_NEAR(times->power, NormalUpperTail(times->looks[0].critical_value - 3),
              1e-12);
  EXPECT_EQ(times->expected_units, 400);
}

TEST(TimeToVerdictTest, SymmetriesAndOrder) {
  const auto up = PlanTimeToVerdict(0.05, 1, 1, HundredLooks());
  const auto down = PlanTimeToVerdict(-0.05, 1, 1, HundredLooks());
  EXPECT_NEAR(up->power, down->power, 1e-14);
  EXPECT_NEAR(up->expected_units, down->expected_units, 1e-9);
  double power = 0, units = 1e9;
  for (const double effect : {0.01, 0.03, 0.06, 0.1, 0.3}) {
    const auto times = PlanTimeToVerdict(effect, 1, 1, HundredLooks());
    EXPECT_GT(times->power, power);
    EXPECT_LT(times->expected_units, units);
    power = times->power;
    units = times->expected_units;
  }
  const auto strong = PlanTimeToVerdict(0.08, 1, 1, HundredLooks());
  const auto median = VerdictQuantile(*strong, 0.5);
  ASSERT_THAT(median, IsOk());
  const auto early = VerdictQuantile(*strong, 0.1);
  ASSERT_TRUE(median->has_value() && early->has_value());
  EXPECT_LT(**early, **median);
  EXPECT_EQ(*VerdictQuantile(*PlanTimeToVerdict(0, 1, 1, HundredLooks()), 0.5),
            std::nullopt);
}

TEST(TimeToVerdictTest, RefusesBadInput) {
  VerdictPlan plan = HundredLooks();
  plan.every_units = 5;
  plan.first_units = 100;
  EXPECT_THAT(PlanTimeToVerdict(0.1, 1, 1, plan),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("more than 1000")));
  plan.first_units = 0;
  EXPECT_THAT(PlanTimeToVerdict(0.1, 1, 1, plan),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the first look is at 5 units")));
  plan = HundredLooks();
  plan.sequence.alpha = 0;
  EXPECT_FALSE(PlanTimeToVerdict(0.1, 1, 1, plan).ok());
  EXPECT_THAT(PlanTimeToVerdict(0.1, 0, 0, HundredLooks()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want at least one > 0")));
}

}  // namespace
}  // namespace stagecraft::stats
