// Hillstrom's e-mail test (MineThatData, 2008), visits and conversions of the
// arms "No E-Mail", "Mens" and "Womens"; expected figures by statsmodels 0.13.5
// and R on the published rows. Other literals: statsmodels 0.13.5, call beside.
#include "stats/proportion.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "stats/mean.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

struct Row {
  const char* name;
  Proportion control, treatment;
  double wald_lower, wald_upper, newcombe_lower, newcombe_upper;
  double z_pooled, p_pooled, z_unpooled, p_unpooled, p_yates;
  double lift, delta_lower, delta_upper, katz_lower, katz_upper;
};

constexpr Row kHillstrom[] = {
    {"mens visit",
     {2262, 21306},
     {3894, 21307},
     0.06995350121810838,
     0.08322562608495411,
     0.06995330808373154,
     0.08322674127411137,
     22.48604082719282,
     5.685165482802317e-112,
     22.620761611974675,
     2.707655809356536e-113,
     7.754092221027458e-112,
     0.721404616781399,
     0.6384162289820483,
     0.8043930045807497,
     0.6403848884800003,
     0.806425964714953},
    {"mens conversion",
     {122, 21306},
     {267, 21307},
     0.005000171380452313,
     0.008609841658779076,
     0.005014344671481532,
     0.008640723396917826,
     7.385114410925771,
     1.5232235005955427e-13,
     7.389909141058475,
     1.4692917979258346e-13,
     2.230841376146655e-13,
     1.188421876286328,
     0.7215423751106975,
     1.6553013774619583,
     0.7679840780104206,
     1.708842442743053},
    {"womens conversion",
     {122, 21306},
     {189, 21387},
     0.0014986778214022348,
     0.004723437200768281,
     0.001501657131877008,
     0.004745471313672931,
     3.77956095835785,
     0.00015710512910668448,
     3.781715134825744,
     0.00015575153551172468,
     0.0001971439755615654,
     0.5433130436982172,
     0.19324068739890893,
     0.8933853999975254,
     0.23010521952629714,
     0.9362694451180944},
};

TEST(ProportionTest, AgreesWithHillstromsEmailTest) {
  for (const Row& row : kHillstrom) {
    SCOPED_TRACE(row.name);
    const auto score = CompareProportions(row.control, row.treatment);
    ASSERT_THAT(score, IsOk());
    EXPECT_NEAR(score->statistic, row.z_pooled, 1e-9);
    EXPECT_NEAR(score->p_value / row.p_pooled, 1, 1e-9);
    EXPECT_NEAR(score->interval.lower, row.newcombe_lower, 1e-12);
    EXPECT_NEAR(score->interval.upper, row.newcombe_upper, 1e-12);
    EXPECT_EQ(score->test_method, "score z");
    EXPECT_EQ(score->interval_method, "Newcombe");
    const auto wald =
        CompareProportions(row.control, row.treatment,
                           {.test = ProportionTest::kUnpooled,
                            .interval = ProportionInterval::kWald});
    ASSERT_THAT(wald, IsOk());
    EXPECT_NEAR(wald->statistic, row.z_unpooled, 1e-9);
    EXPECT_NEAR(wald->p_value / row.p_unpooled, 1, 1e-9);
    EXPECT_NEAR(wald->interval.lower, row.wald_lower, 1e-12);
    EXPECT_NEAR(wald->interval.upper, row.wald_upper, 1e-12);
    const auto yates =
        CompareProportionsChiSquared(row.control, row.treatment, true);
    ASSERT_THAT(yates, IsOk());
    EXPECT_NEAR(yates->p_value / row.p_yates, 1, 1e-9);
    const auto pearson =
        CompareProportionsChiSquared(row.control, row.treatment);
    ASSERT_THAT(pearson, IsOk());
    EXPECT_NEAR(pearson->statistic, row.z_pooled * row.z_pooled, 1e-8);
    const auto lift = ProportionLift(row.control, row.treatment);
    ASSERT_THAT(lift, IsOk());
    EXPECT_NEAR(lift->value, row.lift, 1e-12);
    EXPECT_NEAR(lift->interval.lower, row.delta_lower, 1e-9);
    EXPECT_NEAR(lift->interval.upper, row.delta_upper, 1e-9);
    const auto katz = ProportionLift(row.control, row.treatment,
                                     {.method = LiftMethod::kLogRatio});
    ASSERT_THAT(katz, IsOk());
    EXPECT_NEAR(katz->interval.lower, row.katz_lower, 1e-9);
    EXPECT_NEAR(katz->interval.upper, row.katz_upper, 1e-9);
  }
}

TEST(ProportionTest, WilsonAgreesAlsoAtTheEnds) {
  struct Case {
    Proportion proportion;
    double lower, upper;
  };
  // proportion_confint(x, n, method="wilson").
  constexpr Case kCases[] = {
      {{2262, 21306}, 0.10210165383004598, 0.11037488981624681},
      {{2, 408}, 0.0013453253819229894, 0.017694668413621793},
      {{0, 50}, 0, 0.07134759913335874},
      {{50, 50}, 1 - 0.07134759913335874, 1},
      {{1, 1000000000}, 1.7652455495696288e-10, 5.664934243297439e-09},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.upper);
    const auto rate = EstimateProportion(c.proportion);
    ASSERT_THAT(rate, IsOk());
    EXPECT_NEAR(rate->interval.lower, c.lower, 1e-11 * c.lower);
    EXPECT_NEAR(rate->interval.upper, c.upper, 1e-8 * c.upper);
  }
}

// R. Newcombe, Stat. Med. 17 (1998) 873, table II, method 10 without continuity
// correction, printed to four decimals.
TEST(ProportionTest, AgreesWithNewcombesTable) {
  struct Case {
    Proportion treatment, control;
    double lower, upper;
  };
  constexpr Case kTable[] = {
      {{56, 70}, {48, 80}, 0.0524, 0.3339}, {{9, 10}, {3, 10}, 0.1705, 0.8090},
      {{6, 7}, {2, 7}, 0.0582, 0.8062},     {{5, 56}, {0, 29}, -0.0381, 0.1926},
      {{0, 10}, {0, 20}, -0.1611, 0.2775},  {{0, 10}, {0, 10}, -0.2775, 0.2775},
      {{10, 10}, {0, 20}, 0.6791, 1.0000},  {{10, 10}, {0, 10}, 0.6075, 1.0000},
  };
  for (const Case& c : kTable) {
    const auto interval = ProportionDifferenceInterval(c.control, c.treatment);
    ASSERT_THAT(interval, IsOk());
    EXPECT_NEAR(interval->lower, c.lower, 5.1e-5);
    EXPECT_NEAR(interval->upper, c.upper, 5.1e-5);
  }
}

TEST(ProportionTest, ScoreTestUnderAnotherNull) {
  struct Case {
    Proportion treatment, control;
    double null_value;
    Alternative alternative;
    double z, p;
  };
  // R 4.2.2: the likelihood of (p, p + null) maximised by optimize(tol =
  // 1e-14), then the z with the variances at the maximum, and pnorm.
  constexpr Case kCases[] = {
      {{60, 200},
       {30, 180},
       0.1,
       Alternative::kTwoSided,
       0.777624595713276,
       0.436790356804859},
      {{30, 180},
       {60, 200},
       -0.05,
       Alternative::kLess,
       -1.9276397590440919,
       0.0269499749384909},
      {{0, 50},
       {2, 60},
       0.02,
       Alternative::kTwoSided,
       -1.6649433145188877,
       0.0959240655312318},
      {{267, 21307},
       {122, 21306},
       0.002,
       Alternative::kGreater,
       5.29272201959418,
       6.02545146497088e-08},
  };
  for (const Case& c : kCases) {
    const auto effect = CompareProportions(
        c.control, c.treatment,
        {.alternative = c.alternative, .null_value = c.null_value});
    ASSERT_THAT(effect, IsOk());
    // optimize() finds the maximum to about 1e-9.
    EXPECT_NEAR(effect->statistic, c.z, 2e-8);
    EXPECT_NEAR(effect->p_value / c.p, 1, 2e-7);
  }
}

TEST(ProportionTest, ScoreIntervalOfTheLift) {
  struct Case {
    Proportion treatment, control;
    double lower, upper;
  };
  // confint_proportions_2indep(x_t, n_t, x_c, n_c, compare="ratio",
  //   method="score", correction=False), minus 1.
  constexpr Case kCases[] = {
      {{60, 200}, {30, 180}, 0.22784298055855667, 1.6621736871514812},
      {{0, 50}, {5, 60}, -1, -0.11722419513940507},
      {{3894, 21307}, {2262, 21306}, 0.6404376185188903, 0.806467564762454},
      {{1, 1000}, {900, 1000}, -0.999803852603836, -0.9937299875657316},
  };
  for (const Case& c : kCases) {
    const auto lift =
        ProportionLift(c.control, c.treatment, {.method = LiftMethod::kScore});
    ASSERT_THAT(lift, IsOk());
    EXPECT_NEAR(lift->interval.lower, c.lower, 1e-7);
    EXPECT_NEAR(lift->interval.upper, c.upper, 1e-7);
  }
  // At null 0 its test is the pooled z of the difference.
  const auto lift =
      ProportionLift({30, 180}, {60, 200}, {.method = LiftMethod::kScore});
  const auto difference = CompareProportions({30, 180}, {60, 200});
  ASSERT_THAT(lift, IsOk());
  ASSERT_THAT(difference, IsOk());
  EXPECT_NEAR(lift->statistic, difference->statistic, 1e-10);
}

TEST(ProportionTest, SwappingArmsChangesTheSign) {
  const auto a = CompareProportions({13, 1000}, {31, 900});
  const auto b = CompareProportions({31, 900}, {13, 1000});
  ASSERT_THAT(a, IsOk());
  ASSERT_THAT(b, IsOk());
  EXPECT_DOUBLE_EQ(a->value, -b->value);
  EXPECT_DOUBLE_EQ(a->p_value, b->p_value);
  EXPECT_NEAR(a->interval.lower, -b->interval.upper, 1e-15);
  EXPECT_NEAR(a->interval.upper, -b->interval.lower, 1e-15);
}

TEST(ProportionTest, AnswersWhatIsDefined) {
  // No conversions in one arm.
  const auto none = CompareProportions({5, 60}, {0, 50});
  ASSERT_THAT(none, IsOk());
  EXPECT_LT(none->p_value, 0.05);
  EXPECT_LT(none->interval.lower, none->interval.upper);
  const auto lift = ProportionLift({5, 60}, {0, 50});
  ASSERT_THAT(lift, IsOk());
  EXPECT_EQ(lift->value, -1);
  EXPECT_EQ(lift->interval_method, "score (Koopman)");
  // A billion units and a p-value near 1e-300: z = 2 d / sqrt(2 / n) by hand.
  const auto large =
      CompareProportions({500000000, 1000000000}, {500830000, 1000000000});
  ASSERT_THAT(large, IsOk());
  EXPECT_NEAR(large->statistic, 37.1187, 1e-3);
  EXPECT_GT(large->p_value, 1e-303);
  EXPECT_LT(large->p_value, 1e-299);
  // An interval where there is no test.
  EXPECT_THAT(ProportionDifferenceInterval({0, 10}, {0, 20}), IsOk());
}

TEST(ProportionTest, RefusesWhatIsNot) {
  EXPECT_THAT(CompareProportions({0, 10}, {0, 20}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control has 0 of 10")));
  EXPECT_THAT(CompareProportions({10, 10}, {20, 20}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("")));
  EXPECT_THAT(CompareProportions({0, 0}, {1, 20}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control.trials is 0, want at least 1")));
  EXPECT_THAT(CompareProportions({3, 10}, {21, 20}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("treatment.successes is 21, want at most "
                                 "trials = 20")));
  EXPECT_THAT(CompareProportions({3, 10}, {-1, 20}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("treatment.successes is -1")));
  EXPECT_THAT(CompareProportions({3, 10}, {2, 20}, {.alpha = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("alpha is 0, want a number in (0, 1)")));
  EXPECT_THAT(CompareProportions({3, 10}, {2, 20}, {.null_value = 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("null_value is 1")));
  EXPECT_THAT(ProportionLift({0, 10}, {2, 20}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control.successes is 0")));
  EXPECT_THAT(ProportionLift({5, 60}, {0, 50}, {.method = LiftMethod::kDelta}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("")));
  EXPECT_THAT(
      ProportionLift({5, 60}, {0, 50}, {.method = LiftMethod::kLogRatio}),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("one sign")));
}

TEST(ProportionTest, OneSidedBoundsUseTheWholeAlpha) {
  const auto two = CompareProportions({30, 180}, {60, 200}, {.alpha = 0.1});
  const auto one =
      CompareProportions({30, 180}, {60, 200},
                         {.alpha = 0.05, .alternative = Alternative::kGreater});
  ASSERT_THAT(two, IsOk());
  ASSERT_THAT(one, IsOk());
  EXPECT_DOUBLE_EQ(one->interval.lower, two->interval.lower);
  EXPECT_EQ(one->interval.upper, 1);
  EXPECT_DOUBLE_EQ(one->p_value * 2, two->p_value);
}

TEST(ProportionTest, MomentsAreThoseOfZerosAndOnes) {
  const auto moments = ToMoments({3, 10});
  ASSERT_THAT(moments, IsOk());
  const Moments naive = MomentsOf({1, 1, 1, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_DOUBLE_EQ(moments->mean, naive.mean);
  EXPECT_NEAR(moments->variance, naive.variance, 1e-15);
}

// R 4.2.2: chisq.test(matrix(c(15, 25, 35, 10), 2)), with and without
// correction.
TEST(ProportionTest, ChiSquaredAgreesWithR) {
  const auto plain = CompareProportionsChiSquared({15, 50}, {25, 35});
  ASSERT_THAT(plain, IsOk());
  EXPECT_NEAR(plain->statistic, 14.1835317460318, 1e-11);
  EXPECT_NEAR(plain->p_value, 0.000165815413728933, 1e-15);
  const auto yates = CompareProportionsChiSquared({15, 50}, {25, 35}, true);
  ASSERT_THAT(yates, IsOk());
  EXPECT_NEAR(yates->statistic, 12.569375, 1e-6);
  EXPECT_NEAR(yates->p_value, 0.00039211969486545, 1e-12);
}

}  // namespace
}  // namespace stagecraft::stats
