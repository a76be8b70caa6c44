#include "stats/rope.h"

#include <cmath>

#include "gtest/gtest.h"
#include "stats/distributions.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(RopeTest, DecidesByTheHighestDensityInterval) {
  // HDI of N(value, 1): value +- 1.96.
  EXPECT_EQ(NormalRope({0, 1}, {-2, 2})->decision, RopeDecision::kAccept);
  EXPECT_EQ(NormalRope({0, 1}, {-1.9, 2})->decision, RopeDecision::kUndecided);
  EXPECT_EQ(NormalRope({4, 1}, {-2, 2})->decision, RopeDecision::kReject);
  EXPECT_EQ(NormalRope({-4, 1}, {-2, 2})->decision, RopeDecision::kReject);
  EXPECT_EQ(NormalRope({3.9, 1}, {-2, 2})->decision, RopeDecision::kUndecided);
  const auto result = NormalRope({1, 2}, {-1, 2});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->probability_below, NormalUpperTail(1), 1e-15);
  EXPECT_NEAR(result->probability_above, NormalUpperTail(0.5), 1e-15);
  EXPECT_NEAR(result->probability_inside,
              1 - NormalUpperTail(1) - NormalUpperTail(0.5), 1e-15);
  // Far away, what is inside keeps its digits.
  const auto far = NormalRope({30, 1}, {-1, 1});
  ASSERT_THAT(far, IsOk());
  EXPECT_NEAR(
      far->probability_inside / (NormalUpperTail(29) - NormalUpperTail(31)), 1,
      1e-13);
}

TEST(RopeTest, UniformRatesAreExact) {
  // P(|p_t - p_c| <= .1) = 1 - .9^2; P(p_t / p_c in [.9, 1.1]) = (1 - .5 / 1.1)
  // - .45.
  const auto difference =
      BetaBinomialRope({0, 0}, {0, 0}, {-0.1, 0.1}, EffectScale::kDifference);
  ASSERT_THAT(difference, IsOk());
  EXPECT_NEAR(difference->probability_inside, 1 - 0.81, 1e-12);
  EXPECT_NEAR(difference->probability_below, 0.405, 1e-12);
  EXPECT_EQ(difference->decision, RopeDecision::kUndecided);
  const auto lift = BetaBinomialRope({0, 0}, {0, 0}, {-0.1, 0.1});
  ASSERT_THAT(lift, IsOk());
  EXPECT_NEAR(lift->probability_inside, 1 - 0.5 / 1.1 - 0.45, 1e-12);
}

TEST(RopeTest, LargeSamplesDecide) {
  EXPECT_EQ(
      BetaBinomialRope({100000, 1000000}, {100100, 1000000}, {-0.02, 0.02})
          ->decision,
      RopeDecision::kAccept);
  EXPECT_EQ(
      BetaBinomialRope({100000, 1000000}, {105000, 1000000}, {-0.02, 0.02})
          ->decision,
      RopeDecision::kReject);
  EXPECT_EQ(BetaBinomialRope({100, 1000}, {105, 1000}, {-0.02, 0.02})->decision,
            RopeDecision::kUndecided);
}

TEST(RopeTest, MeansOnEitherScale) {
  const NormalEstimate control{-50, 0.1}, treatment{-50.01, 0.1};
  const auto absolute = NormalComparisonRope(control, treatment, {-0.5, 0.5});
  const auto relative = NormalComparisonRope(control, treatment, {-0.01, 0.01},
                                             MeanScale::kRelative);
  ASSERT_THAT(absolute, IsOk());
  ASSERT_THAT(relative, IsOk());
  EXPECT_EQ(absolute->decision, RopeDecision::kAccept);
  EXPECT_EQ(relative->decision, RopeDecision::kAccept);
  EXPECT_NEAR(absolute->probability_inside, relative->probability_inside, 1e-4);
}

TEST(RopeTest, RefusesBadRegions) {
  EXPECT_THAT(
      NormalRope({0, 1}, {1, 1}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("rope.low is 1")));
  EXPECT_THAT(BetaBinomialRope({0, 1}, {0, 1}, {0, INFINITY}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("rope.high is inf")));
  EXPECT_THAT(NormalRope({0, 0}, {-1, 1}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("standard_error is 0")));
}

}  // namespace
}  // namespace stagecraft::stats
