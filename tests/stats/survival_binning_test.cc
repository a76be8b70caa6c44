// The bounds against durations that were really rounded: thousands of random
// data sets, and the extreme orders of the proof.
#include "stats/survival_binning.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/survival.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

double Uniform(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

std::vector<DurationBin> RoundedDown(const std::vector<DurationBin>& exact,
                                     double width) {
  std::vector<DurationBin> rounded;
  for (const DurationBin& bin : exact) {
    rounded.push_back(
        {std::floor(bin.time / width) * width, bin.events, bin.censored});
  }
  return *SortedBins(rounded);
}

// S and the mean of durations whose last follow-up may be before the bins' end:
// beyond it the exact curve stands still, as far as the bounds are concerned.
double ExactMean(const std::vector<DurationBin>& exact, double horizon) {
  const auto curve = KaplanMeier(exact);
  double area = 0, from = 0, survival = 1;
  for (const SurvivalPoint& point : curve->points) {
    if (point.time > horizon) break;
    area += survival * (point.time - from);
    from = point.time;
    survival = point.survival;
  }
  return area + survival * (horizon - from);
}

TEST(SurvivalBinningTest, BoundsHoldForRoundedDurations) {
  std::mt19937_64 random(20240611);
  int below = 0, above = 0;
  for (int round = 0; round < 3000; ++round) {
    const double width = 0.25 * static_cast<double>(1 + random() % 8);
    const int units = 1 + static_cast<int>(random() % 40);
    std::vector<DurationBin> exact;
    for (int i = 0; i < units; ++i) {
      // Some times on a bin's edge, some ties.
      double time = -4 * std::log1p(-Uniform(random));
      if (random() % 4 == 0) time = std::floor(time * 4) / 4;
      const bool event = random() % 5 < 3;
      exact.push_back({time, event ? 1 : 0, event ? 0 : 1});
    }
    const std::vector<DurationBin> bins = RoundedDown(exact, width);
    const auto curve = KaplanMeier(exact);
    const double last = bins.back().time;
    for (const double share : {0.2, 0.5, 0.77, 1.0}) {
      const double time = share * last;
      const auto bounds = SurvivalBinningBounds(bins, width, time);
      ASSERT_THAT(bounds, IsOk());
      const double truth = SurvivalAt(*curve, time)->value;
      EXPECT_LE(bounds->lower, truth + 1e-12);
      EXPECT_GE(bounds->upper, truth - 1e-12);
      EXPECT_LE(bounds->lower, bounds->binned + 1e-15);
      EXPECT_GE(bounds->upper, bounds->binned - 1e-15);
      EXPECT_NEAR(bounds->binned, SurvivalAt(bins, time)->value, 1e-14);
      if (time == 0) continue;
      const auto mean = RestrictedMeanBinningBounds(bins, width, time);
      ASSERT_THAT(mean, IsOk());
      const double exact_mean = ExactMean(exact, time);
      EXPECT_LE(mean->lower, exact_mean + 1e-12);
      EXPECT_GE(mean->upper, exact_mean - 1e-12);
      EXPECT_NEAR(mean->binned, RestrictedMean(bins, time)->value, 1e-12);
      EXPECT_LE(mean->upper - mean->binned, width + 1e-12);
      below += exact_mean < mean->binned - 1e-9;
      above += exact_mean > mean->binned + 1e-9;
      const auto quantile = DurationQuantile(*curve, share * 0.9);
      const auto ends = DurationQuantileBinningBounds(bins, width, share * 0.9);
      if (quantile->value.has_value()) {
        ASSERT_TRUE(ends->lower.has_value());
        EXPECT_LE(*ends->lower, *quantile->value);
        if (ends->upper.has_value()) EXPECT_GE(*ends->upper, *quantile->value);
      } else {
        EXPECT_FALSE(ends->upper.has_value());
      }
    }
  }
  // Both signs of the error were seen.
  EXPECT_GT(below, 10);
  EXPECT_GT(above, 1000);
}

TEST(SurvivalBinningTest, BoundsAreReached) {
  // Bins of width 1 with events and censoring; 10 units.
  const std::vector<DurationBin> bins = {{0, 1, 2}, {1, 2, 1}, {3, 1, 3}};
  const auto mean = RestrictedMeanBinningBounds(bins, 1, 3);
  ASSERT_THAT(mean, IsOk());
  // Exact: L = 7/8, 7/8 * 4/6; U = 1 until 1, 9/10 until 2, 9/10 * 5/7.
  EXPECT_NEAR(mean->lower, 7.0 / 8 + 2 * 7.0 / 8 * 4.0 / 6, 1e-14);
  EXPECT_NEAR(mean->upper, 1 + 0.9 + 0.9 * 5 / 7, 1e-14);
  constexpr double kEnd = 1 - 1e-9, kNext = 1e-9;
  const std::vector<DurationBin> late = {
      {kEnd, 1, 2}, {1 + kEnd, 2, 1}, {3 + kEnd, 1, 3}};
  EXPECT_NEAR(RestrictedMean(late, 3)->value, mean->upper, 1e-8);
  const std::vector<DurationBin> early = {{0, 0, 2}, {kNext, 1, 0},
                                          {1, 0, 1}, {1 + kNext, 2, 0},
                                          {3, 0, 3}, {3 + kNext, 1, 0}};
  EXPECT_NEAR(RestrictedMean(early, 3)->value, mean->lower, 1e-8);
}

TEST(SurvivalBinningTest, WithoutCensoringTheErrorIsWithinOneWidth) {
  const std::vector<DurationBin> bins = {{0, 10, 0}, {1, 20, 0}, {2, 5, 0}};
  const auto mean = RestrictedMeanBinningBounds(bins, 1, 50);
  ASSERT_THAT(mean, IsOk());
  EXPECT_NEAR(mean->lower, mean->binned, 1e-13);
  // Every unit may have waited one width longer.
  EXPECT_NEAR(mean->upper, mean->binned + 1, 1e-12);
  const BinningBounds difference = DifferenceBounds(*mean, *mean);
  EXPECT_EQ(difference.binned, 0);
  EXPECT_NEAR(difference.lower, -1, 1e-12);
  EXPECT_NEAR(difference.upper, 1, 1e-12);
}

TEST(SurvivalBinningTest, RefusesWhatIsUndefined) {
  const std::vector<DurationBin> bins = {{0, 1, 1}, {0.1, 1, 1}, {0.3, 1, 1}};
  EXPECT_THAT(SurvivalBinningBounds(bins, 0.1, 0.3), IsOk());
  EXPECT_THAT(SurvivalBinningBounds(bins, 0.2, 0.3),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("closer than the width 0.2")));
  EXPECT_THAT(
      SurvivalBinningBounds(bins, 0, 0.3),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("width is 0")));
  EXPECT_THAT(RestrictedMeanBinningBounds(bins, 0.1, 0.31),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("last follow-up 0.3")));
  EXPECT_THAT(
      RestrictedMeanBinningBounds({}, 0.1, 0.31),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no units")));
  EXPECT_THAT(
      DurationQuantileBinningBounds(bins, 0.1, 1),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("share is 1")));
}

}  // namespace
}  // namespace stagecraft::stats
