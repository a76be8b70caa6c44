// Hillstrom's e-mail test (MineThatData, 2008): spend per customer. Expected
// figures by scipy 1.10.1 on the published rows. R is 4.2.2.
#include "stats/mean.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

Moments FromSd(int64_t n, double mean, double sd) { return {n, mean, sd * sd}; }

const Moments kNone = FromSd(21306, 0.6527893551112363, 11.588199681271533);
const Moments kMens = FromSd(21307, 1.422616511005773, 17.75420510373683);
const Moments kWomens = FromSd(21387, 1.0772015710478329, 15.116106470737082);

TEST(MeanTest, AgreesWithHillstromsSpend) {
  const auto mens = CompareMeans(kNone, kMens);
  ASSERT_THAT(mens, IsOk());
  EXPECT_NEAR(mens->value, 0.7698271558945367, 1e-14);
  EXPECT_NEAR(mens->standard_error, 0.14524656024868676, 1e-14);
  EXPECT_NEAR(mens->statistic, 5.300140358411668, 1e-12);
  EXPECT_NEAR(mens->degrees_of_freedom, 36671.15797736051, 1e-6);
  EXPECT_NEAR(mens->p_value / 1.1638149682254859e-07, 1, 1e-9);
  EXPECT_NEAR(mens->interval.lower, 0.4851397325684075, 1e-11);
  EXPECT_NEAR(mens->interval.upper, 1.0545145792206658, 1e-11);
  EXPECT_EQ(mens->test_method, "Welch t");
  const auto normal = CompareMeans(kNone, kMens, {.test = MeanTest::kNormal});
  ASSERT_THAT(normal, IsOk());
  EXPECT_NEAR(normal->p_value / 1.157136887964641e-07, 1, 1e-9);
  const auto womens = CompareMeans(kNone, kWomens);
  ASSERT_THAT(womens, IsOk());
  EXPECT_NEAR(womens->p_value, 0.0011293971023632519, 1e-12);
  EXPECT_NEAR(womens->interval.lower, 0.16895678988377866, 1e-11);
  const auto lift = MeanLift(kNone, kMens);
  ASSERT_THAT(lift, IsOk());
  EXPECT_NEAR(lift->value, 1.1792887703620059, 1e-12);
  EXPECT_NEAR(lift->interval.lower, 0.5443057195987827, 1e-5);
  EXPECT_NEAR(lift->interval.upper, 1.814271821125229, 1e-5);
}

// x = 2.1 3.4 1.9 5.6 4.4 3.3, y = 4.0 6.1 5.2 3.9 7.7: t.test(y, x).
const Moments kX = MomentsOf({2.1, 3.4, 1.9, 5.6, 4.4, 3.3});
const Moments kY = MomentsOf({4.0, 6.1, 5.2, 3.9, 7.7});

TEST(MeanTest, AgreesWithRsTTest) {
  EXPECT_NEAR(kX.variance, 1.955, 1e-14);
  EXPECT_NEAR(kY.variance, 2.507, 1e-14);
  const auto welch = CompareMeans(kX, kY);
  ASSERT_THAT(welch, IsOk());
  EXPECT_NEAR(welch->statistic, 2.1219898196307616, 1e-12);
  EXPECT_NEAR(welch->degrees_of_freedom, 8.1384721853286131, 1e-11);
  EXPECT_NEAR(welch->p_value, 0.0660377204970089, 1e-13);
  EXPECT_NEAR(welch->interval.lower, -0.1611700159038569, 1e-12);
  EXPECT_NEAR(welch->interval.upper, 4.0211700159038557, 1e-12);
  // t.test(y, x, var.equal = TRUE, alternative = "greater", mu = 0.5).
  const auto pooled = CompareMeans(kX, kY,
                                   {.alternative = Alternative::kGreater,
                                    .null_value = 0.5,
                                    .test = MeanTest::kPooled});
  ASSERT_THAT(pooled, IsOk());
  EXPECT_NEAR(pooled->statistic, 1.592047727700927, 1e-12);
  EXPECT_EQ(pooled->degrees_of_freedom, 9);
  EXPECT_NEAR(pooled->p_value, 0.072918913899650, 1e-13);
  EXPECT_NEAR(pooled->interval.lower, 0.283471791022304, 1e-12);
  EXPECT_EQ(pooled->interval.upper, kInfinity);
  // t.test(y, x, alternative = "less").
  const auto less = CompareMeans(kX, kY, {.alternative = Alternative::kLess});
  ASSERT_THAT(less, IsOk());
  EXPECT_NEAR(less->p_value, 0.966981139751496, 1e-12);
  EXPECT_NEAR(less->interval.upper, 3.617579927694579, 1e-11);
  EXPECT_EQ(less->interval.lower, -kInfinity);
}

TEST(MeanTest, DoesNotDependOnTheUnit) {
  for (const double scale : {1e-150, 1e-9, 1e9, 1e150}) {
    SCOPED_TRACE(scale);
    const Moments x{kX.n, kX.mean * scale, kX.variance * scale * scale};
    const Moments y{kY.n, kY.mean * scale, kY.variance * scale * scale};
    const auto plain = CompareMeans(kX, kY), scaled = CompareMeans(x, y);
    ASSERT_THAT(scaled, IsOk());
    EXPECT_NEAR(scaled->p_value, plain->p_value, 1e-12);
    EXPECT_NEAR(scaled->interval.upper / scale, plain->interval.upper, 1e-10);
    EXPECT_NEAR(MeanLift(x, y)->value, MeanLift(kX, kY)->value, 1e-12);
  }
}

TEST(MeanTest, SwappingArmsChangesTheSign) {
  const auto a = CompareMeans(kX, kY), b = CompareMeans(kY, kX);
  ASSERT_THAT(a, IsOk());
  EXPECT_DOUBLE_EQ(a->statistic, -b->statistic);
  EXPECT_DOUBLE_EQ(a->p_value, b->p_value);
  EXPECT_DOUBLE_EQ(a->interval.lower, -b->interval.upper);
}

TEST(MeanTest, OneConstantArmIsAOneSampleTest) {
  // t.test(y, mu = 3) has n - 1 = 4 degrees of freedom.
  const auto effect = CompareMeans({10, 3, 0}, kY);
  ASSERT_THAT(effect, IsOk());
  EXPECT_NEAR(effect->degrees_of_freedom, 4, 1e-12);
  EXPECT_NEAR(effect->statistic, 2.38 / std::sqrt(2.507 / 5), 1e-12);
}

TEST(MeanTest, TinyPValuesKeepTheirDigits) {
  // z = 37: norm.sf(37) = 5.7255712225239266e-300, two tails.
  const auto effect =
      CompareMeans({1000000000, 0, 0.5e9}, {1000000000, 37, 0.5e9},
                   {.test = MeanTest::kNormal});
  ASSERT_THAT(effect, IsOk());
  EXPECT_NEAR(effect->p_value / (2 * 5.7255712225239266e-300), 1, 1e-10);
}

TEST(MeanTest, NegativeControlMeanIsDividedByItsSize) {
  // From -10 to -8 is an improvement by 20 %.
  const auto lift = MeanLift({1000, -10, 4}, {1000, -8, 4});
  ASSERT_THAT(lift, IsOk());
  EXPECT_DOUBLE_EQ(lift->value, 0.2);
  EXPECT_GT(lift->interval.lower, 0);
  EXPECT_GT(lift->statistic, 0);
  for (const LiftMethod method :
       {LiftMethod::kDelta, LiftMethod::kLogRatio, LiftMethod::kFieller}) {
    const auto other =
        MeanLift({1000, -10, 4}, {1000, -8, 4}, {.method = method});
    ASSERT_THAT(other, IsOk());
    EXPECT_DOUBLE_EQ(other->value, 0.2);
    EXPECT_GT(other->statistic, 0);
    EXPECT_NEAR(other->interval.lower, lift->interval.lower, 5e-4);
    EXPECT_NEAR(other->interval.upper, lift->interval.upper, 5e-4);
  }
}

TEST(MeanTest, MethodsAgreeWhereAllAreGood) {
  for (const LiftMethod method :
       {LiftMethod::kLogRatio, LiftMethod::kFieller}) {
    const auto lift =
        MeanLift({1000000, 10, 4}, {1000000, 11, 4}, {.method = method});
    ASSERT_THAT(lift, IsOk());
    // Delta method by hand: se^2 = 4e-6 / 100 + 121 * 4e-6 / 1e4.
    const double half = 1.959963984540054 * std::sqrt(4e-8 + 4.84e-8);
    EXPECT_NEAR(lift->interval.lower, 0.1 - half, 2e-6);
    EXPECT_NEAR(lift->interval.upper, 0.1 + half, 2e-6);
  }
}

TEST(MeanTest, FiellerTakesOverNearZero) {
  // Control mean 2 SE from 0: unbounded at 95 % is not, at 2 > 1.96, bounded.
  const auto near = MeanLift({100, 0.2, 1}, {100, 1, 1});
  ASSERT_THAT(near, IsOk());
  EXPECT_EQ(near->interval_method, "Fieller");
  EXPECT_TRUE(std::isfinite(near->interval.upper));
  // 1 SE from 0: no bounded set exists.
  const auto nearer = MeanLift({100, 0.1, 1}, {100, 1, 1});
  ASSERT_THAT(nearer, IsOk());
  EXPECT_EQ(nearer->interval.lower, -kInfinity);
  EXPECT_EQ(nearer->interval.upper, kInfinity);
  // The test is the test of the difference.
  const auto difference =
      CompareMeans({100, 0.1, 1}, {100, 1, 1}, {.test = MeanTest::kNormal});
  EXPECT_NEAR(nearer->statistic, difference->statistic, 1e-12);
}

TEST(MeanTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(CompareMeans({1, 3, 0}, kY),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control.n is 1, want at least 2")));
  EXPECT_THAT(CompareMeans({0, 0, 0}, kY),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control.n is 0")));
  EXPECT_THAT(CompareMeans({9, 3, 0}, {9, 4, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("both variances are 0")));
  EXPECT_THAT(MeanLift({9, 0, 1}, kY),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("the control value is 0")));
  EXPECT_THAT(CompareMeans(kX, {9, std::nan(""), 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("treatment.mean is nan")));
  EXPECT_THAT(CompareMeans(kX, {9, kInfinity, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("treatment.mean is inf")));
  EXPECT_THAT(CompareMeans(kX, {9, 1, -1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("treatment.variance is -1")));
  EXPECT_THAT(
      CompareMeans(kX, kY, {.alpha = 1.5}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("alpha is 1.5")));
  EXPECT_THAT(CompareMeans(kX, kY, {.null_value = std::nan("")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("null_value is nan")));
  EXPECT_THAT(
      MeanLift(kX, kY, {.method = LiftMethod::kScore}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("kScore")));
}

TEST(MeanTest, OneMeanWithItsInterval) {
  // x +- qt(.975, 5) sqrt(1.955 / 6), qt by R: 2.5705818356363137.
  const auto mean = EstimateMean(kX);
  ASSERT_THAT(mean, IsOk());
  const double half = 2.5705818356363137 * std::sqrt(1.955 / 6);
  EXPECT_NEAR(mean->interval.lower, 3.45 - half, 1e-12);
  EXPECT_NEAR(mean->interval.upper, 3.45 + half, 1e-12);
}

// scipy 1.10.1: ttest_1samp([3.1, 2.9, 3.4, 3.3, 2.7, 3.8], 3); the interval
// by R 4.2.2's t.test, since scipy's quantile has nine digits.
TEST(MeanTest, OneSampleAgreesWithScipy) {
  const auto effect =
      TestMean(MomentsOf({3.1, 2.9, 3.4, 3.3, 2.7, 3.8}), {.null_value = 3});
  ASSERT_THAT(effect, IsOk());
  EXPECT_NEAR(effect->value, 3.2, 1e-15);
  EXPECT_NEAR(effect->statistic, 1.2565617248750851, 1e-12);
  EXPECT_NEAR(effect->p_value, 0.2644211191936201, 1e-13);
  EXPECT_NEAR(effect->interval.lower, 2.7908546655928341, 1e-13);
  EXPECT_NEAR(effect->interval.upper, 3.6091453344071662, 1e-13);
  EXPECT_EQ(effect->degrees_of_freedom, 5);
  EXPECT_THAT(TestMean({5, 1, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("moments.variance is 0")));
}

TEST(MeanTest, KnownVarianceNeedsOneUnit) {
  // z = (3 - 1) / sqrt(4 / 1 + 9 / 4), by hand.
  const auto effect =
      CompareMeans({1, 1, 4}, {4, 3, 9}, {.test = MeanTest::kKnownVariance});
  ASSERT_THAT(effect, IsOk());
  EXPECT_DOUBLE_EQ(effect->statistic, 0.8);
  EXPECT_EQ(effect->degrees_of_freedom, kInfinity);
  EXPECT_EQ(effect->test_method, "z with known variance");
  EXPECT_THAT(
      CompareMeans({0, 1, 4}, {4, 3, 9}, {.test = MeanTest::kKnownVariance}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("control.n is 0, want at least 1 unit")));
}

// scipy: ttest_ind_from_stats(10.4, 2.5, 40, 9.1, 3.1, 55, equal_var=False).
TEST(MeanTest, WelchFromStatisticsAgreesWithScipy) {
  const auto effect = CompareMeans({55, 9.1, 3.1 * 3.1}, {40, 10.4, 2.5 * 2.5});
  ASSERT_THAT(effect, IsOk());
  EXPECT_NEAR(effect->statistic, 2.2596660766580188, 1e-13);
  EXPECT_NEAR(effect->p_value, 0.026203656498619124, 1e-15);
}

TEST(MeanTest, LiftTakesTheDegreesOfTheDifferenceByName) {
  const Moments c{25, 10, 4}, t{30, 11, 9};
  const auto difference = CompareMeans(c, t);
  const auto lift =
      MeanLift(c, t, {.method = LiftMethod::kDelta}, MeanTest::kWelch);
  const auto normal = MeanLift(c, t, {.method = LiftMethod::kDelta});
  ASSERT_THAT(difference, IsOk());
  ASSERT_THAT(lift, IsOk());
  ASSERT_THAT(normal, IsOk());
  EXPECT_EQ(lift->degrees_of_freedom, difference->degrees_of_freedom);
  EXPECT_EQ(lift->standard_error, normal->standard_error);
  EXPECT_EQ(lift->statistic, normal->statistic);
  EXPECT_GT(lift->p_value, normal->p_value);
  EXPECT_EQ(lift->test_method, "delta method t");
  EXPECT_EQ(normal->test_method, "delta method z");
  // By hand: se^2 = 9/30 / 100 + 121 4/25 / 1e4.
  EXPECT_NEAR(lift->standard_error, std::sqrt(0.003 + 121 * 0.16 / 1e4), 1e-15);
}

}  // namespace
}  // namespace stagecraft::stats
