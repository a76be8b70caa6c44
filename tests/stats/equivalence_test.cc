// Expected figures: statsmodels 0.13.5 and R 4.2.2, calls beside.
#include "stats/equivalence.h"

#include <algorithm>
#include <cmath>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// ttost_ind(x, y, -0.5, 0.4, usevar="pooled" and "unequal").
TEST(EquivalenceTest, MeansAgreeWithStatsmodels) {
  const Moments t = MomentsOf({5.1, 4.8, 5.6, 5.0, 4.7, 5.3, 5.2, 4.9, 5.5});
  const Moments c = MomentsOf({5.0, 5.2, 4.6, 5.1, 4.9, 5.4, 4.8});
  const EquivalenceOptions options{.lower = -0.5, .upper = 0.4};
  const auto pooled = TestMeanEquivalence(c, t, options, MeanTest::kPooled);
  ASSERT_THAT(pooled, IsOk());
  EXPECT_NEAR(pooled->p_value, 0.038961940974702132, 1e-13);
  EXPECT_NEAR(pooled->lower.statistic, 4.2608695652174005, 1e-12);
  EXPECT_NEAR(pooled->lower.p_value, 0.00039564529834506802, 1e-15);
  EXPECT_NEAR(pooled->upper.statistic, 1.9021739130434692, 1e-12);
  EXPECT_EQ(pooled->upper.degrees_of_freedom, 14);
  EXPECT_TRUE(pooled->equivalent);
  const auto welch = TestMeanEquivalence(c, t, options);
  ASSERT_THAT(welch, IsOk());
  EXPECT_NEAR(welch->p_value, 0.036522064230022244, 1e-13);
  EXPECT_NEAR(welch->lower.p_value, 0.00034617895096678285, 1e-15);
  EXPECT_NEAR(welch->upper.degrees_of_freedom, 13.8012896763288, 1e-10);
  EXPECT_NEAR(welch->value, 5.122222222222223 - 5, 1e-14);
}

// tost_proportions_2indep(172, 200, 168, 200, -0.1, 0.08, method="wald"): the
// statistics and p-values of both sides; p is the larger.
TEST(EquivalenceTest, RatesAgreeWithStatsmodels) {
  const Proportion c{168, 200}, t{172, 200};
  const auto wald =
      TestProportionEquivalence(c, t, {.lower = -0.1, .upper = 0.08});
  ASSERT_THAT(wald, IsOk());
  EXPECT_NEAR(wald->lower.statistic, 3.3619908880831555, 1e-12);
  EXPECT_NEAR(wald->upper.statistic, 1.680995444041577, 1e-12);
  EXPECT_NEAR(wald->p_value, 0.04638189975341885, 1e-14);
  // (..., 0.9, 1.12, compare="ratio", method="score", correction=True).
  const auto ratio = TestProportionEquivalence(
      c, t, {.lower = -0.1, .upper = 0.12, .relative = true},
      ProportionNonInferiorityMethod::kMiettinenNurminen);
  ASSERT_THAT(ratio, IsOk());
  EXPECT_NEAR(ratio->lower.statistic, 2.9332242024613167, 1e-11);
  EXPECT_NEAR(ratio->upper.statistic, 2.0573700099749117, 1e-11);
  EXPECT_NEAR(ratio->p_value, 0.01982532382587663, 1e-12);
  // R: restricted maximum by optimize().
  const auto score = TestProportionEquivalence(
      c, t, {.lower = -0.1, .upper = 0.08},
      ProportionNonInferiorityMethod::kFarringtonManning);
  ASSERT_THAT(score, IsOk());
  EXPECT_NEAR(score->lower.statistic, 3.26368732591778965, 1e-7);
  EXPECT_NEAR(score->upper.statistic, 1.66223951233277600, 1e-7);
}

// Equivalence is shown exactly if the interval of level 1 - 2 alpha lies within
// the margins.
TEST(EquivalenceTest, AgreesWithItsInterval) {
  for (auto method : {ProportionNonInferiorityMethod::kUnpooled,
                      ProportionNonInferiorityMethod::kFarringtonManning,
                      ProportionNonInferiorityMethod::kMiettinenNurminen}) {
    for (bool relative : {false, true}) {
      const double size = relative ? 0.15 : 0.08;
      int yes = 0;
      for (int64_t x = 400; x <= 600; x += 2) {
        const EquivalenceOptions options{
            .lower = -size, .upper = size, .relative = relative};
        const auto result =
            TestProportionEquivalence({500, 1000}, {x, 1000}, options, method);
        ASSERT_THAT(result, IsOk());
        EXPECT_NEAR(result->interval.level, 0.9, 1e-15);
        EXPECT_EQ(result->equivalent, result->interval.lower > -size &&
                                          result->interval.upper < size)
            << x;
        EXPECT_EQ(result->p_value,
                  std::max(result->lower.p_value, result->upper.p_value));
        yes += result->equivalent ? 1 : 0;
      }
      EXPECT_GT(yes, 10);
      EXPECT_LT(yes, 90);
    }
  }
}

TEST(EquivalenceTest, RelativeMarginsAreLinearContrasts) {
  // By hand: t - 0.9 c and t - 1.1 c, control 10 with error 0.3.
  const auto result = TestEquivalence(
      {10, 0.3}, {10.2, 0.4}, {.lower = -0.1, .upper = 0.1, .relative = true});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->lower.statistic, 1.2 / std::hypot(0.4, 0.27), 1e-12);
  EXPECT_NEAR(result->upper.statistic, 0.8 / std::hypot(0.4, 0.33), 1e-12);
  EXPECT_NEAR(result->value, 0.02, 1e-15);
  // Negative control: mirrored means mirror the answer.
  const auto mirrored =
      TestEquivalence({-10, 0.3}, {-10.2, 0.4},
                      {.lower = -0.1, .upper = 0.1, .relative = true});
  ASSERT_THAT(mirrored, IsOk());
  EXPECT_NEAR(mirrored->lower.statistic, result->upper.statistic, 1e-12);
  EXPECT_NEAR(mirrored->upper.statistic, result->lower.statistic, 1e-12);
  EXPECT_NEAR(mirrored->interval.lower, -result->interval.upper, 1e-12);
}

TEST(EquivalenceTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(TestEquivalence({1, 1}, {1, 1}, {.lower = 0.1, .upper = 0.1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want lower < upper")));
  EXPECT_THAT(TestEquivalence({1, 0}, {1, 0}, {.lower = -1, .upper = 1}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no variance")));
  EXPECT_THAT(TestEquivalence({0, 1}, {1, 1},
                              {.lower = -1, .upper = 1, .relative = true}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("the control value is 0")));
  EXPECT_THAT(
      TestEquivalence({1, 1}, {1, 1},
                      {.lower = -1, .upper = 1, .one_sided_alpha = 0.5}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("one_sided_alpha is 0.5")));
  EXPECT_THAT(
      TestProportionEquivalence(
          {5, 10}, {5, 10}, {.lower = -1, .upper = 0.5},
          ProportionNonInferiorityMethod::kMiettinenNurminen),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("lower is -1")));
  EXPECT_THAT(
      TestMeanEquivalence({1, 0, 0}, {9, 0, 1}, {.lower = -1, .upper = 1}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("control.n is 1")));
}

}  // namespace
}  // namespace stagecraft::stats
