#include "stats/ratio.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/mean.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// x = 5 0 12 7 3, y = 2 1 4 3 1: R = 27/11. Residuals x - R y, in elevenths:
// 1 -27 24 -4 6, sum of squares 1358 / 121; variance over 4; se^2 = that / 5 /
// (11/5)^2.
PairedMoments Orders() {
  PairedMomentsAccumulator accumulator;
  const double x[] = {5, 0, 12, 7, 3}, y[] = {2, 1, 4, 3, 1};
  for (int i = 0; i < 5; ++i) accumulator.Add(x[i], y[i]);
  return accumulator.Summary();
}

TEST(RatioTest, AgreesWithResidualsByHand) {
  const auto ratio = EstimateRatio(Orders());
  ASSERT_THAT(ratio, IsOk());
  const double se = std::sqrt(1358.0 / 121 / 4 / 5 / (2.2 * 2.2));
  EXPECT_NEAR(ratio->value, 27.0 / 11, 1e-14);
  EXPECT_NEAR(ratio->standard_error, se, 1e-13);
  EXPECT_NEAR(ratio->interval.upper, 27.0 / 11 + 1.959963984540054 * se, 1e-12);
}

TEST(RatioTest, WithOneEventPerUnitIsTheMean) {
  PairedMomentsAccumulator c, t;
  std::vector<double> xc, xt;
  std::mt19937_64 random(3);
  for (int i = 0; i < 400; ++i) {
    xc.push_back(10 + static_cast<double>(random() % 100));
    xt.push_back(12 + static_cast<double>(random() % 120));
    c.Add(xc.back(), 1);
    t.Add(xt.back(), 1);
  }
  const auto ratio = CompareRatios(c.Summary(), t.Summary());
  const auto mean =
      CompareMeans(MomentsOf(xc), MomentsOf(xt), {.test = MeanTest::kNormal});
  ASSERT_THAT(ratio, IsOk());
  ASSERT_THAT(mean, IsOk());
  EXPECT_NEAR(ratio->statistic, mean->statistic, 1e-10);
  EXPECT_NEAR(ratio->p_value, mean->p_value, 1e-12);
  EXPECT_NEAR(RatioLift(c.Summary(), t.Summary())->standard_error,
              MeanLift(MomentsOf(xc), MomentsOf(xt))->standard_error, 1e-12);
}

TEST(RatioTest, DoesNotDependOnTheUnits) {
  PairedMoments m = Orders();
  const auto plain = RatioWithError(m);
  m.mean_x *= 100, m.var_x *= 1e4, m.cov_xy *= 100;
  const auto cents = RatioWithError(m);
  ASSERT_THAT(cents, IsOk());
  EXPECT_NEAR(cents->value, 100 * plain->value, 1e-11);
  EXPECT_NEAR(cents->standard_error, 100 * plain->standard_error, 1e-11);
}

TEST(RatioTest, FiellerHoldsTheRatioAndIsWiderUpwards) {
  const auto set = RatioFiellerSet(Orders());
  const auto delta = EstimateRatio(Orders());
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->shape, ConfidenceShape::kBounded);
  EXPECT_TRUE(Contains(*set, 27.0 / 11));
  EXPECT_NEAR(set->lower, delta->interval.lower, 0.5);
}

// Clustered: 300 simulated experiments of 200 units with 1..5 equal events
// each. The mean of se^2 must match the variance of the ratio over experiments;
// the ratio of both is within 0.6 .. 1.6 except once in 1e8 (chi-squared with
// 299 degrees of freedom), while the variance of independent events is 3 times
// too small.
TEST(RatioTest, ErrorMatchesTheSpreadOverClusteredExperiments) {
  std::mt19937_64 random(11);
  Moments seen;
  double claimed = 0;
  MomentsAccumulator ratios;
  for (int experiment = 0; experiment < 300; ++experiment) {
    PairedMomentsAccumulator units;
    for (int i = 0; i < 200; ++i) {
      const double events = 1 + static_cast<double>(random() % 5);
      units.Add(events * static_cast<double>(random() % 11), events);
    }
    const auto ratio = RatioWithError(units.Summary());
    ASSERT_THAT(ratio, IsOk());
    ratios.Add(ratio->value);
    claimed += ratio->standard_error * ratio->standard_error / 300;
  }
  seen = ratios.Summary();
  EXPECT_GT(seen.variance / claimed, 0.6);
  EXPECT_LT(seen.variance / claimed, 1.6);
}

TEST(RatioTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(RatioWithError({1, 2, 3, 0, 0, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("moments.n is 1")));
  EXPECT_THAT(RatioWithError({10, 2, 0, 1, 0, 0}, "control"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control.mean_y is 0")));
  EXPECT_THAT(CompareRatios({10, 2, 1, 0, 0, 0}, {10, 3, 1, 0, 0, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("both standard errors are 0")));
  EXPECT_THAT(RatioLift({10, 0, 1, 1, 1, 0}, Orders()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control value is 0")));
  EXPECT_THAT(CompareRatios({10, 2, 1, 1, 1, 3}, Orders()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control.cov_xy is 3")));
}

TEST(RatioTest, LiftSetHasAllThreeShapes) {
  const PairedMoments sure{400, 2, 4, 1, 1, 0};
  // The control's ratio is within its error of 0: var_x / n is large.
  const PairedMoments vague{4, 0.5, 4, 1, 1, 0};
  const auto bounded = RatioLiftFiellerSet(sure, sure);
  ASSERT_THAT(bounded, IsOk());
  EXPECT_EQ(bounded->shape, ConfidenceShape::kBounded);
  EXPECT_TRUE(Contains(*bounded, 0));
  const auto gap = RatioLiftFiellerSet(vague, sure);
  ASSERT_THAT(gap, IsOk());
  EXPECT_EQ(gap->shape, ConfidenceShape::kComplement);
  EXPECT_FALSE(Contains(*gap, (gap->lower + gap->upper) / 2));
  const auto line = RatioLiftFiellerSet(vague, vague);
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ(line->shape, ConfidenceShape::kWholeLine);
  // Its ends are where the linear contrast is at the quantile.
  const auto r = RatioWithError(sure);
  ASSERT_THAT(r, IsOk());
  for (double end : {bounded->lower, bounded->upper}) {
    const double z = (r->value - (1 + end) * r->value) /
                     (r->standard_error * std::hypot(1, 1 + end));
    EXPECT_NEAR(std::abs(z), 1.959963984540054, 1e-12);
  }
  // Student's quantile widens it.
  const auto student = RatioLiftFiellerSet(sure, sure, 0.05, 10);
  ASSERT_THAT(student, IsOk());
  EXPECT_LT(student->lower, bounded->lower);
  EXPECT_GT(student->upper, bounded->upper);
}

}  // namespace
}  // namespace stagecraft::stats
