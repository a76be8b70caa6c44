// Adjustment through the contract. Figures by R 4.2.2 and scipy 1.10.1, as
// quoted.
#include <cmath>

#include "absl/strings/str_replace.h"
#include "service/statistics/adjustment.h"
#include "stats/estimate.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kNotEnough = absl::StatusCode::kFailedPrecondition;

constexpr char kArms[] = R"(
  "control": {"n": 1000, "mean": 20, "variance": 100,
              "covariate_mean": 19, "covariate_variance": 80, "covariance": 60},
  "treatment": {"n": 1000, "mean": 21, "variance": 110,
                "covariate_mean": 19.2, "covariate_variance": 80, "covariance": 60})";

absl::StatusOr<v1::CompareAdjustedResponse> Adjusted(const std::string& more) {
  return Answer<v1::CompareAdjustedResponse>(
      AdjustmentMethods(), absl::StrCat("{", kArms, more, "}"));
}

// By hand: theta .75, variances 100 - 90 + 45 = 55 and 65, difference
// 1 - .75 * .2; t and its tail by R.
TEST(StatisticsAdjustmentTest, AdjustsTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::CompareAdjustedResponse>(AdjustmentMethods());
  ASSERT_THAT(answer, IsOk());
  const v1::StatisticEffect& effect = answer->difference();
  EXPECT_NEAR(effect.value(), 0.85, 1e-13);
  EXPECT_NEAR(effect.standard_error(), 0.3464101615137755, 1e-14);
  EXPECT_NEAR(effect.statistic(), 2.453738644055909, 1e-12);
  EXPECT_NEAR(effect.degrees_of_freedom(), 1984.220689655172, 1e-8);
  EXPECT_NEAR(effect.p_value(), 0.01422339284952934, 1e-14);
  EXPECT_NEAR(effect.interval().lower(), 0.1706341541163966, 1e-12);
  EXPECT_EQ(effect.test_method(), "CUPED, pooled theta, Welch t");
  EXPECT_NEAR(answer->lift().value(), 0.0425, 1e-14);
  EXPECT_NEAR(answer->lift().standard_error(), 0.01766745772600008, 1e-14);
  EXPECT_NEAR(answer->variance_reduction(), 0.4285714285714286, 1e-13);
  ASSERT_EQ(answer->control().theta_size(), 1);
  EXPECT_NEAR(answer->control().theta(0), 0.75, 1e-14);
  EXPECT_EQ(answer->control().unadjusted().value(), 20);
  EXPECT_NEAR(answer->control().unadjusted().standard_error(), std::sqrt(0.1),
              1e-15);
  // The centre is 19.1.
  EXPECT_NEAR(answer->control().adjusted().value(), 20.075, 1e-12);
  EXPECT_NEAR(answer->treatment().adjusted().value(), 20.925, 1e-12);
  EXPECT_NEAR(answer->treatment().adjusted().standard_error(), std::sqrt(0.065),
              1e-14);
  EXPECT_EQ(answer->treatment().n(), 1000);
  EXPECT_EQ(answer->others_size(), 0);
  EXPECT_EQ(answer->notes_size(), 0);
}

// The sums of squares of the same regressions, written out in R.
TEST(StatisticsAdjustmentTest, PassesTheMethodOn) {
  const auto regression = Adjusted(R"(, "method": "regression")");
  ASSERT_THAT(regression, IsOk());
  EXPECT_NEAR(regression->difference().standard_error(), 0.3465185603528381,
              1e-14);
  EXPECT_EQ(regression->difference().degrees_of_freedom(), 1997);
  EXPECT_NEAR(regression->difference().p_value(), 0.01425313747093502, 1e-14);
  const auto total = Adjusted(R"(, "method": "total-theta")");
  ASSERT_THAT(total, IsOk());
  EXPECT_NEAR(total->control().theta(0), 0.7505317152508445, 1e-13);
  EXPECT_NEAR(total->difference().value(), 0.8498936569498311, 1e-12);
  const auto interactions = Adjusted(R"(, "method": "interactions")");
  ASSERT_THAT(interactions, IsOk());
  EXPECT_NEAR(interactions->difference().standard_error(), 0.346605352729992,
              1e-13);
  const auto per_arm = Adjusted(R"(, "method": "per-arm-theta")");
  ASSERT_THAT(per_arm, IsOk());
  EXPECT_EQ(per_arm->difference().test_method(),
            "CUPED, theta per arm, Welch t");
}

TEST(StatisticsAdjustmentTest, PassesTheTestOn) {
  const auto greater =
      Adjusted(R"(, "alternative": "greater", "alpha": 0.025)");
  ASSERT_THAT(greater, IsOk());
  EXPECT_NEAR(greater->difference().p_value(), 0.00711169642476467, 1e-14);
  EXPECT_NEAR(greater->difference().interval().lower(), 0.1706341541163966,
              1e-12);
  EXPECT_EQ(greater->difference().interval().upper(), stats::kInfinity);
  EXPECT_EQ(greater->lift().alternative(), v1::ALTERNATIVE_GREATER);
  const auto shifted = Adjusted(R"(, "null_value": 0.85)");
  EXPECT_NEAR(shifted->difference().p_value(), 1, 1e-12);
}

TEST(StatisticsAdjustmentTest, ListsAndColumnsAreOtherWaysToSayIt) {
  const auto lists =
      Answer<v1::CompareAdjustedResponse>(AdjustmentMethods(), R"({
    "control": {"n": 1000, "means": [20, 19], "covariances": [100, 60, 60, 80]},
    "treatment": {"n": 1000, "means": [21, 19.2],
                  "covariances": [110, 60, 60, 80]},
    "others": [{"n": 500, "means": [20, 19], "covariances": [1, 0, 0, 1]}]})");
  ASSERT_THAT(lists, IsOk());
  ASSERT_EQ(lists->others_size(), 1);
  // (2 * 999 * 60) / (2 * 999 * 80 + 499).
  EXPECT_NEAR(lists->others(0).theta(0), 119880.0 / 160339, 1e-14);
  const char* columns = R"({
    "control": {"columns": [{"values": [1, 3, 4, 8]}, {"values": [2, 3, 3, 6]}]},
    "treatment": {"columns": [{"values": [2, 5, 7]}, {"values": [1, 4, 5]}]}})";
  const auto raw =
      Answer<v1::CompareAdjustedResponse>(AdjustmentMethods(), columns);
  ASSERT_THAT(raw, IsOk());
  // Within-arm products: control 15, treatment 31/3; squares 9 and 26/3.
  EXPECT_NEAR(raw->control().theta(0), (15 + 31.0 / 3) / (9 + 26.0 / 3), 1e-13);
}

TEST(StatisticsAdjustmentTest, RatiosAndTheirCovariates) {
  const char* arms = R"({
    "control": {"n": 100, "means": [10, 4, 9, 4],
      "covariances": [9, 2, 3, 1,  2, 2, 1, 1,  3, 1, 8, 2,  1, 1, 2, 2]},
    "treatment": {"n": 100, "means": [11, 4, 9.1, 4],
      "covariances": [9, 2, 3, 1,  2, 2, 1, 1,  3, 1, 8, 2,  1, 1, 2, 2]},
    "metric": "ratio"%s})";
  const auto free = Answer<v1::CompareAdjustedResponse>(
      AdjustmentMethods(), absl::StrReplaceAll(arms, {{"%s", ""}}));
  ASSERT_THAT(free, IsOk());
  EXPECT_EQ(free->control().theta_size(), 2);
  EXPECT_FALSE(free->difference().has_degrees_of_freedom());
  EXPECT_EQ(free->control().unadjusted().value(), 2.5);
  const auto pairs = Answer<v1::CompareAdjustedResponse>(
      AdjustmentMethods(),
      absl::StrReplaceAll(arms, {{"%s", R"(, "ratio_covariates": true)"}}));
  ASSERT_THAT(pairs, IsOk());
  EXPECT_EQ(pairs->control().theta_size(), 1);
}

TEST(StatisticsAdjustmentTest, NotesAndAbsentLifts) {
  const auto answer =
      Answer<v1::CompareAdjustedResponse>(AdjustmentMethods(), R"({
    "control": {"n": 10, "mean": 0, "variance": 1,
      "covariate_mean": 1, "covariate_variance": 0, "covariance": 0},
    "treatment": {"n": 10, "mean": 1, "variance": 1,
      "covariate_mean": 1, "covariate_variance": 0, "covariance": 0}})");
  ASSERT_THAT(answer, IsOk());
  EXPECT_FALSE(answer->has_lift());
  ASSERT_EQ(answer->notes_size(), 2);
  EXPECT_THAT(answer->notes(0), HasSubstr("constant"));
}

TEST(StatisticsAdjustmentTest, NamesTheFieldAtFault) {
  const auto control = [](const char* control) {
    return Answer<v1::CompareAdjustedResponse>(
               AdjustmentMethods(),
               absl::StrCat(R"({"control": )", control, R"(,
      "treatment": {"n": 10, "means": [1, 2], "covariances": [1, 0, 0, 1]}})"))
        .status();
  };
  EXPECT_THAT(control("{}"),
              StatusIs(kInvalid, HasSubstr("control.n is missing")));
  EXPECT_THAT(control(R"({"n": 3, "mean": 1, "variance": -1})"),
              StatusIs(kInvalid, HasSubstr("control.variance is -1")));
  EXPECT_THAT(control(R"({"n": 3, "mean": 1, "variance": 1})"),
              StatusIs(kInvalid, HasSubstr("control has 1 variables")));
  EXPECT_THAT(
      control(R"({"n": 3, "mean": 1, "variance": 1, "covariate_mean": 1})"),
      StatusIs(kInvalid, HasSubstr("control.covariate_variance is missing")));
  EXPECT_THAT(control(R"({"n": 3, "mean": 1, "variance": 1,
      "covariate_mean": 1, "covariate_variance": 1, "covariance": 2})"),
              StatusIs(kInvalid, HasSubstr("control.covariance is 2")));
  EXPECT_THAT(control(R"({"n": 3, "means": [1, 2], "covariances": [1]})"),
              StatusIs(kInvalid, HasSubstr("control.covariances has 1")));
  EXPECT_THAT(
      control(R"({"n": 3, "means": [1, 2], "covariances": [1, 0, 0, -1]})"),
      StatusIs(kInvalid, HasSubstr("control.covariances")));
  EXPECT_THAT(
      control(R"({"n": 3, "mean": 2, "means": [1], "covariances": [1]})"),
      StatusIs(kInvalid, HasSubstr("control.means and control.mean are both")));
  EXPECT_THAT(control(R"({"columns": [{"values": [1, 2]}, {"values": [1]}]})"),
              StatusIs(kInvalid, HasSubstr("control.columns[1].values has 1")));
  EXPECT_THAT(
      control(R"({"n": 1, "means": [1, 2], "covariances": [0, 0, 0, 0]})"),
      StatusIs(kNotEnough, HasSubstr("control.n is 1")));
}

// R: the formulas of post_stratification.h over vectors.
TEST(StatisticsAdjustmentTest, PostStratifiesTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::ComparePostStratifiedResponse>(AdjustmentMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->difference().value(), 1.0960264900662251, 1e-13);
  EXPECT_NEAR(answer->difference().standard_error(), 0.62235822815309494,
              1e-13);
  EXPECT_NEAR(answer->difference().degrees_of_freedom(), 113.99846596033173,
              1e-9);
  EXPECT_NEAR(answer->difference().p_value(), 0.080905134327479589, 1e-13);
  EXPECT_NEAR(answer->difference().interval().lower(), -0.1368605444443558,
              1e-12);
  EXPECT_NEAR(answer->lift().value(), 0.085309278350515452, 1e-13);
  EXPECT_NEAR(answer->lift().standard_error(), 0.050497560371219212, 1e-13);
  EXPECT_GT(answer->variance_reduction(), 0);
  ASSERT_EQ(answer->strata_size(), 3);
  EXPECT_EQ(answer->strata(1).name(), "known");
  EXPECT_EQ(answer->strata(1).control_n(), 25);
  EXPECT_EQ(answer->strata(1).treatment_n(), 30);
  EXPECT_NEAR(answer->strata(1).weight(), 55.0 / 151, 1e-15);
  EXPECT_NEAR(answer->strata(1).difference(), 0.5, 1e-14);
  EXPECT_NEAR(answer->treatment().value() - answer->control().value(),
              answer->difference().value(), 1e-13);
}

TEST(StatisticsAdjustmentTest, PassesTheOptionsOfStrataOn) {
  const auto with = [](const char* weights, const char* more) {
    return Answer<v1::ComparePostStratifiedResponse>(
        AdjustmentMethods(), absl::StrCat(R"({"strata": [
    {"name": "new", "control": {"n": 40, "mean": 10, "variance": 9},
     "treatment": {"n": 35, "mean": 11, "variance": 8})",
                                          weights, R"(},
    {"name": "known", "control": {"n": 25, "mean": 14, "variance": 16},
     "treatment": {"n": 30, "mean": 14.5, "variance": 20})",
                                          weights, R"(},
    {"name": "loyal", "control": {"n": 12, "mean": 20, "variance": 30},
     "treatment": {"n": 9, "mean": 23, "variance": 25})",
                                          weights, "}]", more, "}"));
  };
  EXPECT_NEAR(with("", R"(, "variance": "before-split")")
                  ->difference()
                  .standard_error(),
              0.62970559374417645, 1e-13);
  EXPECT_NEAR(
      with("", R"(, "variance": "population")")->difference().standard_error(),
      0.62574418896324613, 1e-13);
  // Equal weights: the mean of 1, .5 and 3.
  EXPECT_NEAR(with(R"(, "weight": 2)", "")->difference().value(), 1.5, 1e-13);
  EXPECT_THAT(with("", R"(, "min_units": 10)").status(),
              StatusIs(kNotEnough,
                       HasSubstr("stratum \"loyal\" has 9 units in arms[1]")));
  const auto merged = with("", R"(, "min_units": 10, "merge_small": true)");
  ASSERT_THAT(merged, IsOk());
  EXPECT_EQ(merged->strata_size(), 2);
  EXPECT_EQ(merged->notes_size(), 1);
  EXPECT_EQ(with("", R"(, "alternative": "less")")->difference().alternative(),
            v1::ALTERNATIVE_LESS);
  EXPECT_NEAR(with("", R"(, "null_value": 1.0960264900662251)")
                  ->difference()
                  .statistic(),
              0, 1e-12);
  EXPECT_NEAR(with("", R"(, "alpha": 0.1)")->difference().interval().level(),
              0.9, 1e-15);
}

TEST(StatisticsAdjustmentTest, StrataWithCovariates) {
  const char* request = R"({"strata": [
    {"control": {"n": 50, "means": [10, 1], "covariances": [4, 1, 1, 1]},
     "treatment": {"n": 50, "means": [11, 1], "covariances": [4, 1, 1, 1]}},
    {"control": {"n": 50, "means": [20, 5], "covariances": [9, 4, 4, 2]},
     "treatment": {"n": 50, "means": [22, 6], "covariances": [9, 4, 4, 2]}}]%s})";
  const auto pooled = Answer<v1::ComparePostStratifiedResponse>(
      AdjustmentMethods(), absl::StrReplaceAll(request, {{"%s", ""}}));
  ASSERT_THAT(pooled, IsOk());
  // theta (1 + 4) / (1 + 2) = 5/3: differences 1 and 2 - 5/3.
  EXPECT_NEAR(pooled->difference().value(), (1 + 1.0 / 3) / 2, 1e-13);
  const auto own = Answer<v1::ComparePostStratifiedResponse>(
      AdjustmentMethods(),
      absl::StrReplaceAll(request, {{"%s", R"(, "theta_per_stratum": true)"}}));
  ASSERT_THAT(own, IsOk());
  // theta 1 and 2: 1 and 2 - 2.
  EXPECT_NEAR(own->difference().value(), 0.5, 1e-13);
  EXPECT_THAT(
      Answer<v1::ComparePostStratifiedResponse>(AdjustmentMethods(), R"({
        "strata": [{"control": {"n": 5, "mean": 1, "variance": 1},
                    "treatment": {"n": 5, "mean": 1, "variance": 1},
                    "weight": 1},
                   {"control": {"n": 5, "mean": 1, "variance": 1},
                    "treatment": {"n": 5, "mean": 1, "variance": 1}}]})")
          .status(),
      StatusIs(kInvalid, HasSubstr("strata[1].weight is missing")));
}

// R: mantelhaen.test(UCBAdmissions); statsmodels 0.13.5: test_equal_odds(True);
// exact fractions for the difference.
TEST(StatisticsAdjustmentTest, ComparesStratifiedShares) {
  const auto answer =
      ExampleAnswer<v1::CompareStratifiedSharesResponse>(AdjustmentMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->statistic(), 1.4269462285866883, 1e-11);
  EXPECT_NEAR(answer->p_value(), 0.2322634628170483, 1e-12);
  EXPECT_EQ(answer->informative_strata(), 6);
  EXPECT_NEAR(answer->odds_ratio().value(), 0.9046968282586231, 1e-13);
  EXPECT_FALSE(answer->odds_ratio().has_standard_error());
  EXPECT_NEAR(answer->odds_ratio().interval().lower(), 0.7719073617593505,
              1e-12);
  EXPECT_NEAR(answer->odds_ratio().interval().upper(), 1.0603297644366556,
              1e-12);
  EXPECT_NEAR(answer->log_odds_ratio_standard_error(), 0.08098890965622091,
              1e-13);
  EXPECT_NEAR(answer->difference().value(), -0.018425196190852512, 1e-14);
  EXPECT_NEAR(answer->difference().standard_error(), 0.014825394438310864,
              1e-14);
  EXPECT_NEAR(answer->homogeneity_statistic(), 18.82550125205323, 1e-9);
  EXPECT_NEAR(answer->homogeneity_p_value(), 0.0020714013978808676, 1e-12);
}

TEST(StatisticsAdjustmentTest, PassesTheOptionsOfTablesOn) {
  const auto with = [](const char* more) {
    return Answer<v1::CompareStratifiedSharesResponse>(
        AdjustmentMethods(), absl::StrCat(R"({"strata": [
          {"control": {"successes": 30, "trials": 100},
           "treatment": {"successes": 45, "trials": 100}}])",
                                          more, "}"));
  };
  const auto plain = with("");
  ASSERT_THAT(plain, IsOk());
  EXPECT_FALSE(plain->has_homogeneity_statistic());
  const auto uncorrected = with(R"(, "continuity_correction": false)");
  // Excess 7.5, variance 100 100 75 125 / (200^2 199).
  const double variance = 1e4 * 75 * 125 / (4e4 * 199);
  EXPECT_NEAR(uncorrected->statistic(), 7.5 * 7.5 / variance, 1e-11);
  EXPECT_NEAR(plain->statistic(), 7.0 * 7.0 / variance, 1e-11);
  EXPECT_NEAR(with(R"(, "alternative": "greater")")->p_value(),
              plain->p_value() / 2, 1e-14);
  EXPECT_EQ(
      with(R"(, "alternative": "greater")")->odds_ratio().interval().upper(),
      stats::kInfinity);
  EXPECT_NEAR(with(R"(, "alpha": 0.2)")->difference().interval().level(), 0.8,
              1e-15);
  EXPECT_THAT(
      Answer<v1::CompareStratifiedSharesResponse>(AdjustmentMethods(), R"({
        "strata": [{"control": {"successes": 3, "trials": 2},
                    "treatment": {"successes": 1, "trials": 2}}]})")
          .status(),
      StatusIs(kInvalid, HasSubstr("strata[0].control")));
  const auto none =
      Answer<v1::CompareStratifiedSharesResponse>(AdjustmentMethods(), R"({
        "strata": [{"control": {"successes": 0, "trials": 20},
                    "treatment": {"successes": 1, "trials": 20}}]})");
  ASSERT_THAT(none, IsOk());
  EXPECT_FALSE(none->has_odds_ratio());
}

// R: quantile(c(c1, t1), .98), pmin, t.test.
TEST(StatisticsAdjustmentTest, CapsTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::CompareCappedMeansResponse>(AdjustmentMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->upper_cap(), 50);
  EXPECT_FALSE(answer->has_lower_cap());
  EXPECT_EQ(answer->control().above(), 1);
  EXPECT_EQ(answer->control().below(), 0);
  EXPECT_EQ(answer->control().n(), 100);
  EXPECT_NEAR(answer->control().mean(), 5.2, 1e-13);
  EXPECT_NEAR(answer->control().variance(), 113.0909090909090935, 1e-11);
  EXPECT_NEAR(answer->treatment().mean(), 6.2, 1e-13);
  EXPECT_NEAR(answer->treatment().variance(), 114.707070707070713, 1e-11);
  EXPECT_NEAR(answer->difference().p_value(), 0.5083830753983707, 1e-12);
  EXPECT_NEAR(answer->difference().interval().lower(), -1.9763625287030142,
              1e-11);
  EXPECT_NEAR(answer->difference().degrees_of_freedom(), 197.9900341769847,
              1e-9);
  EXPECT_NEAR(answer->lift().value(), 0.1923076923076923, 1e-13);
  EXPECT_NEAR(answer->lift().standard_error(), 0.3191825956468716, 1e-12);
}

TEST(StatisticsAdjustmentTest, PassesTheCapsOn) {
  const auto with = [](const char* more) {
    return Answer<v1::CompareCappedMeansResponse>(
        AdjustmentMethods(),
        absl::StrCat(R"({"control": {"values": [0, 0, 0, 1, 2, 9]},
                         "treatment": {"values": [0, 0, 1, 3, 4, 20]})",
                     more, "}"));
  };
  EXPECT_EQ(with(R"(, "upper_value": 5)")->treatment().above(), 1);
  const auto low = with(R"(, "lower_value": 1, "upper_value": 5)");
  EXPECT_EQ(low->lower_cap(), 1);
  EXPECT_EQ(low->control().below(), 3);
  // All: rank 11 * .5 between 1 and 1; without zeros the middle of 7: 3.
  EXPECT_EQ(with(R"(, "upper_share": 0.5)")->upper_cap(), 1);
  EXPECT_EQ(with(R"(, "upper_share": 0.5, "ignore_zeros": true)")->upper_cap(),
            3);
  EXPECT_EQ(with(R"(, "lower_share": 0.5)")->lower_cap(), 1);
  EXPECT_THAT(with("").status(), StatusIs(kInvalid, HasSubstr("no cap")));
  EXPECT_THAT(with(R"(, "upper_share": 2)").status(),
              StatusIs(kInvalid, HasSubstr("upper_share is 2")));
  EXPECT_EQ(with(R"(, "upper_value": 5, "alternative": "less")")
                ->difference()
                .alternative(),
            v1::ALTERNATIVE_LESS);
  EXPECT_THAT(
      Answer<v1::CompareCappedMeansResponse>(AdjustmentMethods(), R"({
        "control": {"values": [1, 2], "counts": [1]},
        "treatment": {"values": [1, 2]}, "upper_value": 3})")
          .status(),
      StatusIs(kInvalid, HasSubstr("control.counts has 1 numbers, want 2")));
  EXPECT_THAT(Answer<v1::CompareCappedMeansResponse>(AdjustmentMethods(), R"({
        "control": {"values": [1, 2], "counts": [1, -1]},
        "treatment": {"values": [1, 2]}, "upper_value": 3})")
                  .status(),
              StatusIs(kInvalid, HasSubstr("control.counts[1] is -1")));
}

// scipy: ttest_ind(b, a, equal_var=False, trim=...).
TEST(StatisticsAdjustmentTest, TrimsTheWorkedExample) {
  const auto answer =
      ExampleAnswer<v1::CompareTrimmedMeansResponse>(AdjustmentMethods());
  ASSERT_THAT(answer, IsOk());
  EXPECT_NEAR(answer->difference().statistic(), -0.235837248271484, 1e-12);
  EXPECT_NEAR(answer->difference().p_value(), 0.8212200206621723, 1e-12);
  const auto more =
      Answer<v1::CompareTrimmedMeansResponse>(AdjustmentMethods(), R"({
    "control": {"values": [10.2, 11.5, 9.8, 30.1, 10.9, 12.2, 8.7, 11.1, 50]},
    "treatment": {"values": [12.1, 13, 11.7, 12.5, 14.2, 9.9, 70.2, 12.8, 13.3]},
    "trim": 0.3, "alternative": "greater"})");
  ASSERT_THAT(more, IsOk());
  EXPECT_NEAR(more->difference().statistic(), 2.3951233849918347, 1e-12);
  EXPECT_NEAR(more->difference().p_value(), 0.0498715128059406 / 2, 1e-12);
  EXPECT_THAT(Answer<v1::CompareTrimmedMeansResponse>(AdjustmentMethods(), R"({
        "control": {"values": [1, 2]}, "treatment": {"values": [1, 2]},
        "trim": 0.5})")
                  .status(),
              StatusIs(kInvalid, HasSubstr("trim is 0.5")));
}

}  // namespace
}  // namespace stagecraft::service
