// Expected figures: the formulas of the header by mpmath with 30 digits, the
// p-values by root finding on the radius (not by the closed form).
#include "stats/confidence_sequence.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ConfidenceSequenceTest, AgreesWithTheDefinition) {
  EXPECT_NEAR(*SequenceRhoSquared(0.05, 5000), 0.00158723092034751306, 1e-18);
  const auto two = AnytimeEffect({0.04, 0.01}, 4000);
  ASSERT_THAT(two, IsOk());
  EXPECT_NEAR(two->interval.lower, 0.04 - 0.0304037371246204092, 1e-15);
  EXPECT_NEAR(two->interval.upper, 0.04 + 0.0304037371246204092, 1e-15);
  EXPECT_NEAR(two->p_value, 0.00270101329478720224, 1e-15);
  const auto one =
      AnytimeEffect({0.04, 0.01}, 4000, {.alternative = Alternative::kGreater});
  ASSERT_THAT(one, IsOk());
  EXPECT_NEAR(one->interval.lower, 0.04 - 0.027790441382453833, 1e-15);
  EXPECT_EQ(one->interval.upper, kInfinity);
  EXPECT_NEAR(one->p_value, 0.00135185357578503269, 1e-15);
  const auto tiny = AnytimeEffect({0.36, 0.01}, 4000);
  EXPECT_NEAR(tiny->p_value / 2.01704217959052929e-243, 1, 1e-11);
}

TEST(ConfidenceSequenceTest, PValueIsWhereTheNullIsOnTheEdge) {
  for (const Alternative alternative :
       {Alternative::kTwoSided, Alternative::kGreater, Alternative::kLess}) {
    for (const double alpha : {0.001, 0.05, 0.2}) {
      SequenceOptions options{
          .alpha = alpha, .alternative = alternative, .planned_units = 20000};
      const auto at_zero = AnytimeEffect({0, 0.02}, 9000, options);
      ASSERT_THAT(at_zero, IsOk());
      const double radius = alternative == Alternative::kLess
                                ? at_zero->interval.upper
                                : -at_zero->interval.lower;
      const double value = alternative == Alternative::kLess ? -radius : radius;
      const auto edge = AnytimeEffect({value, 0.02}, 9000, options);
      EXPECT_NEAR(edge->p_value, alpha, 1e-12);
      // The other side never speaks for a one-sided alternative.
      if (alternative != Alternative::kTwoSided) {
        EXPECT_EQ(AnytimeEffect({-value, 0.02}, 9000, options)->p_value, 1);
      }
    }
  }
}

TEST(ConfidenceSequenceTest, TheTuningIsNearlyTheBestAtThePlannedSize) {
  // The radius at N* units, in standard errors, as a function of the tuning:
  // neighbours of the planned size are not better by more than 0.2 %.
  const auto radius = [](int64_t planned) {
    return -AnytimeEffect({0, 1}, 5000, {.planned_units = planned})
                ->interval.lower;
  };
  for (const int64_t planned : {500, 2500, 4000, 6000, 10000, 50000}) {
    EXPECT_GT(radius(planned), 0.998 * radius(5000)) << planned;
  }
  EXPECT_GT(radius(100), 1.05 * radius(5000));
}

TEST(ConfidenceSequenceTest, MeansAreUsedWithTheUnpooledError) {
  const auto means = AnytimeMeanDifference({2000, 1, 4}, {3000, 1.2, 9});
  const auto direct =
      AnytimeEffect({0.2, std::sqrt(4.0 / 2000 + 9.0 / 3000)}, 5000);
  ASSERT_THAT(means, IsOk());
  EXPECT_NEAR(means->interval.lower, direct->interval.lower, 1e-14);
  EXPECT_NEAR(means->p_value, direct->p_value, 1e-14);
}

TEST(ConfidenceSequenceTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(AnytimeEffect({0.1, 0.1}, 99),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("total_units is 99, want at least 100")));
  EXPECT_THAT(AnytimeEffect({0.1, 0}, 1000),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("standard_error is 0")));
  EXPECT_THAT(AnytimeEffect({0.1, 0.1}, 1000, {.planned_units = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("planned_units is 0")));
  EXPECT_THAT(AnytimeEffect({std::nan(""), 0.1}, 1000),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("difference.value is nan")));
  EXPECT_THAT(AnytimeEffect({0.1, 0.1}, -5),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("total_units is -5")));
  EXPECT_THAT(TestMixtureSprt({10, 1, 1}, {10, 1, 1}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("tau_squared is 0")));
  EXPECT_THAT(TestMixtureSprt({10, 1, 0}, {10, 1, 0}, 1),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("both variances are 0")));
}

// The definition with plain arithmetic.
TEST(MixtureSprtTest, AgreesWithTheDefinition) {
  const double n = 2 / (1.0 / 900 + 1.0 / 1100), v = 5, tau2 = 0.01, d = 0.3;
  const double ratio =
      std::sqrt(v / (v + n * tau2)) *
      std::exp(n * n * tau2 * d * d / (2 * v * (v + n * tau2)));
  const auto test = TestMixtureSprt({900, 1, 2}, {1100, 1.3, 3}, tau2);
  ASSERT_THAT(test, IsOk());
  EXPECT_NEAR(test->log_likelihood_ratio, std::log(ratio), 1e-12);
  EXPECT_NEAR(test->p_value, 1 / ratio, 1e-13);
  EXPECT_EQ(TestMixtureSprt({900, 1, 2}, {1100, 1, 3}, tau2)->p_value, 1);
}

}  // namespace
}  // namespace stagecraft::stats
