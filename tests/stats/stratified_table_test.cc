#include "stats/stratified_table.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// R's UCBAdmissions: men as treatment, women as control, by department.
// P. Bickel, E. Hammel, J. O'Connell, Science 187 (1975) 398.
std::vector<StratifiedTable> Berkeley() {
  return {{{89, 108}, {512, 825}},  {{17, 25}, {353, 560}},
          {{202, 593}, {120, 325}}, {{131, 375}, {138, 417}},
          {{94, 393}, {53, 191}},   {{24, 341}, {22, 373}}};
}

// R 4.2.2: mantelhaen.test(UCBAdmissions, correct, alternative).
TEST(StratifiedTableTest, AgreesWithRsMantelhaenTest) {
  struct Row {
    bool correct;
    Alternative alternative;
    double statistic, p_value, lower, upper;
  };
  const Row kRows[] = {
      {true, Alternative::kTwoSided, 1.4269462285866883, 0.2322634628170483,
       0.7719073617593505, 1.0603297644366556},
      {true, Alternative::kLess, 1.4269462285866883, 0.1161317314085241, 0,
       1.0336120517835516},
      {true, Alternative::kGreater, 1.4269462285866883, 0.8838682685914759,
       0.7918603015985434, kInfinity},
      {false, Alternative::kTwoSided, 1.5246066604434356, 0.2169236970555184,
       0.7719073617593505, 1.0603297644366556},
      {false, Alternative::kGreater, 1.5246066604434356, 0.8915381514722408,
       0.7918603015985434, kInfinity}};
  for (const Row& row : kRows) {
    const MantelHaenszelOptions options{.alternative = row.alternative,
                                        .continuity_correction = row.correct};
    const auto test = CompareStratified(Berkeley(), options);
    const auto ratio = CommonOddsRatio(Berkeley(), options);
    ASSERT_THAT(test, IsOk());
    ASSERT_THAT(ratio, IsOk());
    EXPECT_NEAR(test->statistic, row.statistic, 1e-11);
    EXPECT_NEAR(test->p_value, row.p_value, 1e-12);
    EXPECT_EQ(test->informative_strata, 6);
    EXPECT_NEAR(ratio->value, 0.9046968282586231, 1e-13);
    EXPECT_NEAR(ratio->interval.lower, row.lower, 1e-12);
    if (std::isinf(row.upper)) {
      EXPECT_EQ(ratio->interval.upper, row.upper);
    } else {
      EXPECT_NEAR(ratio->interval.upper, row.upper, 1e-12);
    }
  }
}

// statsmodels 0.13.5, StratifiedTable: logodds_pooled_se and
// test_equal_odds(adjust=True). The difference in exact fractions.
TEST(StratifiedTableTest, AgreesWithStatsmodelsAndFractions) {
  EXPECT_NEAR(CommonOddsRatio(Berkeley())->log_standard_error,
              0.08098890965622091, 1e-14);
  const auto homogeneity = TestHomogeneity(Berkeley());
  ASSERT_THAT(homogeneity, IsOk());
  EXPECT_NEAR(homogeneity->statistic, 18.82550125205323, 1e-9);
  EXPECT_NEAR(homogeneity->p_value, 0.0020714013978808676, 1e-12);
  EXPECT_EQ(homogeneity->degrees_of_freedom, 5);
  const auto difference = CommonRateDifference(Berkeley());
  ASSERT_THAT(difference, IsOk());
  EXPECT_NEAR(difference->value, -0.018425196190852512, 1e-15);
  EXPECT_NEAR(difference->standard_error, 0.014825394438310864, 1e-14);
}

TEST(StratifiedTableTest, SwappedArmsInvertTheRatio) {
  auto swapped = Berkeley();
  for (auto& table : swapped) std::swap(table.control, table.treatment);
  const auto a = CommonOddsRatio(Berkeley()), b = CommonOddsRatio(swapped);
  EXPECT_NEAR(a->value * b->value, 1, 1e-13);
  EXPECT_NEAR(a->interval.lower * b->interval.upper, 1, 1e-13);
  EXPECT_NEAR(CompareStratified(Berkeley())->p_value,
              CompareStratified(swapped)->p_value, 1e-13);
  EXPECT_NEAR(TestHomogeneity(Berkeley())->statistic,
              TestHomogeneity(swapped)->statistic, 1e-9);
  EXPECT_NEAR(CommonRateDifference(Berkeley())->standard_error,
              CommonRateDifference(swapped)->standard_error, 1e-14);
}

TEST(StratifiedTableTest, EmptyArmsSayNothing) {
  auto more = Berkeley();
  more.push_back({{0, 0}, {7, 9}});
  more.push_back({{0, 5}, {0, 4}});
  const auto a = CompareStratified(Berkeley()), b = CompareStratified(more);
  EXPECT_EQ(b->informative_strata, 6);
  EXPECT_EQ(a->statistic, b->statistic);
  EXPECT_EQ(CommonOddsRatio(Berkeley())->value, CommonOddsRatio(more)->value);
}

TEST(StratifiedTableTest, BillionsAndFarTails) {
  const std::vector<StratifiedTable> strata = {
      {{100000000, 1000000000}, {100480000, 1000000000}},
      {{200000000, 1000000000}, {200000000, 1000000000}}};
  const auto test = CompareStratified(strata, {.continuity_correction = false});
  ASSERT_THAT(test, IsOk());
  // sum (a - E) = 240000; V = (.1002 * .8998 + .2 * .8) 1e9 / 2 to 1e-9.
  const double variance = (0.10024 * 0.89976 + 0.16) * 5e8;
  EXPECT_NEAR(test->statistic / (2.4e5 * 2.4e5 / variance), 1, 1e-8);
  EXPECT_GT(test->p_value, 0);
  EXPECT_LT(test->p_value, 1e-90);
}

TEST(StratifiedTableTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(
      CompareStratified({}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("0 strata")));
  EXPECT_THAT(CompareStratified({{{3, 2}, {1, 2}}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("strata[0].control")));
  EXPECT_THAT(
      CompareStratified({{{0, 2}, {0, 2}}}),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no stratum")));
  EXPECT_THAT(
      CommonOddsRatio({{{0, 2}, {1, 2}}}),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("infinite")));
  EXPECT_THAT(
      CommonOddsRatio({{{1, 2}, {0, 2}}}),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("ratio is 0")));
  EXPECT_THAT(CommonRateDifference({{{0, 0}, {0, 2}}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("")));
  EXPECT_THAT(TestHomogeneity({{{1, 2}, {1, 2}}}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("1 strata are informative")));
}

}  // namespace
}  // namespace stagecraft::stats
