// Expected figures: statsmodels 0.13.5 and R 4.2.2, calls beside. fisher.test's
// estimate and interval come from uniroot with a tolerance of 1e-4; here the
// same equations are solved in R at 1e-14 with dhyper.
#include "stats/odds_ratio.h"

#include <cmath>

#include "gtest/gtest.h"
#include "stats/contingency.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(OddsRatioTest, WoolfAgreesWithStatsmodels) {
  // confint_proportions_2indep(60, 200, 30, 180, compare="or",
  //   method="logit") and test_proportions_2indep(..., value=1.5).
  const auto woolf = CompareOdds({30, 180}, {60, 200}, {.null_value = 1.5});
  ASSERT_THAT(woolf, IsOk());
  EXPECT_NEAR(woolf->value, 2.1428571428571432, 1e-14);
  EXPECT_NEAR(woolf->interval.lower, 1.3060958592069107, 1e-13);
  EXPECT_NEAR(woolf->interval.upper, 3.51569657182907, 1e-13);
  EXPECT_NEAR(*woolf->statistic, 1.4119842416744808, 1e-13);
  EXPECT_NEAR(woolf->p_value, 0.1579546011927776, 1e-14);
  // (0, 50, 5, 60), method="logit-adjusted", alternative="smaller".
  const auto adjusted =
      CompareOdds({5, 60}, {0, 50},
                  {.alternative = Alternative::kLess,
                   .null_value = 1.5,
                   .method = OddsRatioMethod::kWoolfAdjusted});
  ASSERT_THAT(adjusted, IsOk());
  EXPECT_NEAR(*adjusted->statistic, -1.818276842394557, 1e-13);
  EXPECT_NEAR(adjusted->p_value, 0.034510915199217986, 1e-14);
  EXPECT_EQ(adjusted->interval.lower, 0);
  const auto two_sided = CompareOdds(
      {5, 60}, {0, 50}, {.method = OddsRatioMethod::kWoolfAdjusted});
  ASSERT_THAT(two_sided, IsOk());
  EXPECT_NEAR(two_sided->interval.lower, 0.0053882847779713056, 1e-15);
  EXPECT_NEAR(two_sided->interval.upper, 1.8525387415025347, 1e-13);
}

TEST(OddsRatioTest, ConditionalAgreesWithR) {
  struct Case {
    Proportion treatment, control;
    double value, lower, upper;
  };
  constexpr Case kCases[] = {
      {{25, 35},
       {15, 50},
       5.697975212884414,
       2.054985461642671,
       16.957401157798046},
      {{1, 10},
       {9, 10},
       0.0194705379485639214,
       0.0002550901765769763,
       0.3092426969035626527},
      {{3894, 21307},
       {2262, 21306},
       1.882701757066416,
       1.780049700195015,
       1.991585740239333},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.value);
    const OddsRatioOptions options{.method = OddsRatioMethod::kConditional};
    const auto odds = CompareOdds(c.control, c.treatment, options);
    ASSERT_THAT(odds, IsOk());
    EXPECT_NEAR(odds->value / c.value, 1, 1e-11);
    EXPECT_NEAR(odds->interval.lower / c.lower, 1, 1e-11);
    EXPECT_NEAR(odds->interval.upper / c.upper, 1, 1e-11);
    EXPECT_EQ(odds->p_value, *FisherExactPValue(c.control, c.treatment));
    EXPECT_FALSE(odds->statistic.has_value());
    // Swapped arms invert it.
    const auto swapped = CompareOdds(c.treatment, c.control, options);
    ASSERT_THAT(swapped, IsOk());
    EXPECT_NEAR(swapped->value * c.value, 1, 1e-11);
    EXPECT_NEAR(swapped->interval.lower * c.upper, 1, 1e-11);
  }
}

// fisher.test(..., or = 2) and (..., or = 0.3): p-values.
TEST(OddsRatioTest, ConditionalUnderAnotherNullAgreesWithR) {
  const auto p = [](const Proportion& t, const Proportion& c, double null) {
    return CompareOdds(
               c, t,
               {.null_value = null, .method = OddsRatioMethod::kConditional})
        ->p_value;
  };
  EXPECT_NEAR(p({25, 35}, {15, 50}, 2), 0.04340649307555625, 1e-14);
  EXPECT_NEAR(p({1, 10}, {9, 10}, .3), 0.0298380188634367223, 1e-14);
}

// The exact interval's ends have one-sided p-values of alpha / 2.
TEST(OddsRatioTest, ConditionalIntervalInvertsTheTest) {
  const Proportion c{40, 3000}, t{71, 2800};
  const auto odds =
      CompareOdds(c, t, {.method = OddsRatioMethod::kConditional});
  ASSERT_THAT(odds, IsOk());
  EXPECT_NEAR(CompareOdds(c, t,
                          {.alternative = Alternative::kGreater,
                           .null_value = odds->interval.lower,
                           .method = OddsRatioMethod::kConditional})
                  ->p_value,
              0.025, 1e-12);
  EXPECT_NEAR(CompareOdds(c, t,
                          {.alternative = Alternative::kLess,
                           .null_value = odds->interval.upper,
                           .method = OddsRatioMethod::kConditional})
                  ->p_value,
              0.025, 1e-12);
}

TEST(OddsRatioTest, AnswersAtTheEndsOfWhatIsPossible) {
  // R: fisher.test(matrix(c(3, 0, 0, 3), 2)): Inf, 0.6479745 (to 1e-4).
  const auto all =
      CompareOdds({0, 3}, {3, 3}, {.method = OddsRatioMethod::kConditional});
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(all->value, kInfinity);
  EXPECT_NEAR(all->interval.lower, 0.64797, 1e-4);
  EXPECT_EQ(all->interval.upper, kInfinity);
  const auto none =
      CompareOdds({5, 10}, {0, 10}, {.method = OddsRatioMethod::kConditional});
  ASSERT_THAT(none, IsOk());
  EXPECT_EQ(none->value, 0);
  EXPECT_EQ(none->interval.lower, 0);
  EXPECT_NEAR(none->interval.upper, 0.83654, 1e-4);
  // A million units: the conditional estimate nears the plain one.
  const auto large = CompareOdds({500000, 1000000}, {501000, 1000000},
                                 {.method = OddsRatioMethod::kConditional});
  const auto woolf = CompareOdds({500000, 1000000}, {501000, 1000000});
  ASSERT_THAT(large, IsOk());
  EXPECT_NEAR(large->value / woolf->value, 1, 1e-6);
  EXPECT_NEAR(large->interval.lower / woolf->interval.lower, 1, 1e-4);
}

TEST(OddsRatioTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(CompareOdds({5, 60}, {0, 50}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("empty cell: control has 5 of 60, treatment 0 "
                                 "of 50")));
  EXPECT_THAT(
      CompareOdds({0, 60}, {0, 50}, {.method = OddsRatioMethod::kConditional}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("one table only")));
  EXPECT_THAT(CompareOdds({5, 60}, {3, 50}, {.null_value = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("null_value is 0, want a finite number > 0")));
}

}  // namespace
}  // namespace stagecraft::stats
