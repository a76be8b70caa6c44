#include "engine/plan_size.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "engine/random.h"
#include "gtest/gtest.h"
#include "stats/confidence_sequence.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr ExpectedChange kRates = {
    .value = 0.1, .difference = 0.02, .is_rate = true};
constexpr ExpectedChange kMeans = {
    .value = 4, .deviation = 1, .difference = 0.2};

TEST(PlanSizeTest, FixedHorizonAgreesWithR) {
  // power.prop.test(p1 = .1, p2 = .12, power = .8)$n = 3840.84748243445 a
  // group.
  auto size = SizeFor(Plan::Method::kFixedHorizon, {}, 0.05, kRates);
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(size->units, 7682);
  EXPECT_EQ(size->expected, 7682);
  EXPECT_EQ(size->expected_without, 7682);
  // 2 (z_.975 + z_.8)^2 / .2^2 = 392.443986717 a group.
  size = SizeFor(Plan::Method::kFixedHorizon, {}, 0.05, kMeans);
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(size->units, 786);
}

TEST(PlanSizeTest, GroupSequentialAgreesWithRpact) {
  // rpact 3.3.4: getSampleSizeRates(design, pi1 = .12, pi2 = .1) with five
  // looks, asOF, two-sided 5 %, power .8; the maximum and the numbers expected.
  auto size = SizeFor(Plan::Method::kGroupSequential, {}, 0.05, kRates);
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(size->units, 7872);
  EXPECT_NEAR(size->expected / 6327.12271396, 1, 1e-6);
  EXPECT_NEAR(size->expected_without / 7819.90215536, 1, 1e-6);
  // getSampleSizeMeans(design, alternative = .2, stDev = 1).
  size = SizeFor(Plan::Method::kGroupSequential, {}, 0.05, kMeans);
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(size->units, 805);
  EXPECT_NEAR(size->expected / 646.482650944, 1, 1e-6);
  EXPECT_NEAR(size->expected_without / 799.009487261, 1, 1e-6);
}

TEST(PlanSizeTest, FutilityStopsSoonerWithoutEffect) {
  Plan plan;
  plan.group_sequential.futility = true;
  const auto without =
      SizeFor(Plan::Method::kGroupSequential, {}, 0.05, kMeans);
  const auto with = SizeFor(Plan::Method::kGroupSequential, plan, 0.05, kMeans);
  ASSERT_THAT(with, IsOk());
  EXPECT_LT(with->expected_without, 0.7 * without->expected_without);
  EXPECT_GT(with->units, without->units);
}

// A normal random number, by the method of Box and Muller.
double Normal(Random* random) {
  return std::sqrt(-2 * std::log(random->Uniform())) *
         std::cos(2 * std::numbers::pi * random->Uniform());
}

// The same experiment, played 20,000 times: sums of normal numbers against the
// radius of the sequence at the plan's alpha.
TEST(PlanSizeTest, AlwaysValidIsWhatPlayedExperimentsDo) {
  Plan plan;
  plan.planned_units = 1000;
  const auto size = SizeFor(Plan::Method::kAlwaysValid, plan, 0.05, kMeans);
  ASSERT_THAT(size, IsOk());
  EXPECT_GT(size->units, 786);
  constexpr int kLooks = 100;
  constexpr int kRuns = 20'000;
  const double step = size->units / kLooks;
  stats::SequenceOptions options;
  options.planned_units = 1000;
  std::vector<double> critical;
  for (int look = 1; look <= kLooks; ++look) {
    critical.push_back(*stats::SequenceCriticalValue(
        1, std::max(static_cast<int64_t>(step * look), stats::kMinimumUnits),
        options));
  }
  Random random(7);
  int found = 0;
  double units = 0;
  double units_without = 0;
  for (const bool effect : {true, false}) {
    // Of the difference of means, 2 / sqrt(n) at n units of both arms.
    const double drift = effect ? 0.2 / 2 : 0;
    for (int run = 0; run < kRuns; ++run) {
      double sum = 0;  // sqrt(n) z.
      double ended = size->units;
      for (int look = 1; look <= kLooks; ++look) {
        const double n = step * look;
        sum += drift * step + std::sqrt(step) * Normal(&random);
        if (n < stats::kMinimumUnits) continue;
        const double z = sum / std::sqrt(n);
        const bool significant = std::abs(z) >= critical[look - 1];
        // Within plus or minus 0.2.
        const bool equivalent =
            std::abs(z) + critical[look - 1] < 0.2 / 2 * std::sqrt(n);
        if (!significant && !(equivalent && !effect)) continue;
        ended = n;
        if (effect && z > 0) ++found;
        break;
      }
      (effect ? units : units_without) += ended / kRuns;
    }
  }
  // Seven standard errors of a share of 0.8 are 0.02; the look that reaches the
  // power is on a grid of a twentieth of the fixed size, which is 0.02 more.
  EXPECT_GT(static_cast<double>(found) / kRuns, 0.80 - 0.02);
  EXPECT_LT(static_cast<double>(found) / kRuns, 0.80 + 0.04);
  // A standard deviation of at most half the range; seven standard errors.
  const double bound = 7 * 0.5 * size->units / std::sqrt(kRuns);
  EXPECT_NEAR(units, size->expected, bound);
  // It says that it is late, by a look or two.
  EXPECT_GT(size->expected_without, units_without - bound);
  EXPECT_LT(size->expected_without, 1.1 * units_without);
}

TEST(PlanSizeTest, ASequenceIsTunedByThePlan) {
  Plan near;
  near.planned_units = 800;
  Plan far;
  far.planned_units = 1'000'000;
  const auto tuned = SizeFor(Plan::Method::kAlwaysValid, near, 0.05, kMeans);
  const auto detuned = SizeFor(Plan::Method::kAlwaysValid, far, 0.05, kMeans);
  ASSERT_THAT(tuned, IsOk());
  ASSERT_THAT(detuned, IsOk());
  EXPECT_GT(detuned->units, 1.5 * tuned->units);
}

TEST(PlanSizeTest, CorrectionsShareAlpha) {
  Plan plan;
  const auto alpha = [&](Plan::Correction correction, int comparisons) {
    plan.correction = correction;
    return FirstComparisonAlpha(plan, comparisons);
  };
  using enum Plan::Correction;
  for (const auto correction :
       {kHolm, kBonferroni, kHochberg, kHommel, kBenjaminiHochberg}) {
    EXPECT_DOUBLE_EQ(alpha(correction, 1), 0.05);
    EXPECT_DOUBLE_EQ(alpha(correction, 4), 0.0125);
  }
  EXPECT_DOUBLE_EQ(alpha(kNone, 4), 0.05);
  // 1 - 0.95^(1/4); 0.05 / (4 (1 + 1/2 + 1/3 + 1/4)).
  EXPECT_NEAR(alpha(kSidak, 4), 0.012741455098566168, 1e-15);
  EXPECT_NEAR(alpha(kBenjaminiYekutieli, 4), 0.006, 1e-15);
}

TEST(PlanSizeTest, RefusesWhatHasNoSize) {
  ExpectedChange change = kRates;
  change.difference = 0;
  EXPECT_FALSE(SizeFor(Plan::Method::kFixedHorizon, {}, 0.05, change).ok());
  change.difference = 0.95;
  EXPECT_THAT(SizeFor(Plan::Method::kGroupSequential, {}, 0.05, change),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("rate")));
}

}  // namespace
}  // namespace stagecraft::engine
