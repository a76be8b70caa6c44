#include "stats/winsor.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/quantile.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

const std::vector<double>& Control() {
  static const auto& values = *new std::vector<double>{
      10.2, 11.5, 9.8, 30.1, 10.9, 12.2, 8.7, 11.1, 10.4, 9.5, 50.0, 10.0};
  return values;
}
const std::vector<double>& Treatment() {
  static const auto& values = *new std::vector<double>{
      12.1, 13.0, 11.7, 12.5, 14.2, 9.9, 70.2, 12.8, 13.3, 11.9};
  return values;
}

// scipy 1.10.1: ttest_ind(b, a, equal_var=False, trim=...).
TEST(WinsorTest, TrimmedMeansAgreeWithScipy) {
  const auto a = *HistogramOf(Control()), b = *HistogramOf(Treatment());
  const double expected[][3] = {
      {0, 0.410905446430808, 0.6868445748998409},
      {0.1, 0.04339981495184318, 0.9662950264483708},
      {0.2, 3.3393488584817765, 0.0059510579760056505},
      {0.3, 3.4500172501293807, 0.009051293942647963}};
  for (const auto& [trim, statistic, p_value] : expected) {
    const auto effect = CompareTrimmedMeans(a, b, {.trim = trim});
    ASSERT_THAT(effect, IsOk());
    EXPECT_NEAR(effect->statistic, statistic, 1e-11) << trim;
    EXPECT_NEAR(effect->p_value, p_value, 1e-12) << trim;
  }
  EXPECT_NEAR(CompareTrimmedMeans(a, b, {.alternative = Alternative::kGreater})
                  ->p_value,
              0.0029755289880028252, 1e-12);
}

// numpy 1.24: quantile(concat, [.05, .9]), clip; scipy's ttest_ind of those.
TEST(WinsorTest, SharesOfThePooledValuesAgreeWithNumpy) {
  const std::vector<std::vector<double>> arms = {Control(), Treatment()};
  const auto capped =
      WinsoriseArms(arms, {.lower_share = 0.05, .upper_share = 0.9});
  ASSERT_THAT(capped, IsOk());
  EXPECT_NEAR(capped->caps.lower, 9.515, 1e-12);
  EXPECT_NEAR(capped->caps.upper, 28.510000000000034, 1e-12);
  EXPECT_EQ(capped->arms[0].below, 2);
  EXPECT_EQ(capped->arms[0].above, 2);
  EXPECT_EQ(capped->arms[1].above, 1);
  EXPECT_NEAR(capped->arms[0].moments.mean, 13.512500000000008, 1e-12);
  EXPECT_NEAR(capped->arms[0].moments.variance, 49.728070454545644, 1e-11);
  EXPECT_NEAR(capped->arms[1].moments.mean, 13.991000000000003, 1e-12);
  EXPECT_NEAR(capped->arms[1].moments.variance, 27.319921111111217, 1e-11);
  const auto effect =
      CompareMeans(capped->arms[0].moments, capped->arms[1].moments);
  EXPECT_NEAR(effect->p_value, 0.8570638830978269, 1e-12);
}

TEST(WinsorTest, CapsByValueAndOnOneSide) {
  const std::vector<std::vector<double>> arms = {Control(), Treatment()};
  const auto capped = WinsoriseArms(arms, {.upper_value = 20});
  ASSERT_THAT(capped, IsOk());
  EXPECT_EQ(capped->caps.lower, -kInfinity);
  std::vector<double> by_hand = Control();
  for (double& x : by_hand) x = std::min(x, 20.0);
  EXPECT_NEAR(capped->arms[0].moments.mean, MomentsOf(by_hand).mean, 1e-13);
  EXPECT_NEAR(capped->arms[0].moments.variance, MomentsOf(by_hand).variance,
              1e-12);
}

TEST(WinsorTest, HistogramsAreTheirValues) {
  std::mt19937_64 random(9);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::vector<double>> values(3);
    std::vector<std::vector<ValueCount>> histograms(3);
    for (int a = 0; a < 3; ++a) {
      for (int i = 0; i < 30; ++i) {
        const ValueCount entry{static_cast<double>(random() % 12) *
                                   static_cast<double>(random() % 12),
                               static_cast<int64_t>(random() % 4)};
        histograms[a].push_back(entry);
        values[a].insert(values[a].end(), entry.count, entry.value);
      }
    }
    const CapOptions options{
        .lower_value = 1, .upper_share = 0.9, .ignore_zeros = round % 2 == 0};
    const auto a = WinsoriseArms(values, options);
    const auto b = WinsoriseArms(histograms, options);
    ASSERT_THAT(a, IsOk());
    std::vector<double> pooled;
    for (const auto& arm : values) {
      for (double x : arm) {
        if (!options.ignore_zeros || x != 0) pooled.push_back(x);
      }
    }
    EXPECT_EQ(a->caps.upper, *Quantile(pooled, 0.9));
    for (int arm = 0; arm < 3; ++arm) {
      EXPECT_EQ(a->arms[arm].above, b->arms[arm].above);
      EXPECT_EQ(a->arms[arm].below, b->arms[arm].below);
      EXPECT_EQ(a->arms[arm].moments.n, b->arms[arm].moments.n);
      EXPECT_NEAR(a->arms[arm].moments.variance, b->arms[arm].moments.variance,
                  1e-9);
    }
    EXPECT_NEAR(
        CompareTrimmedMeans(*HistogramOf(values[0]), *HistogramOf(values[1]))
            ->p_value,
        CompareTrimmedMeans(histograms[0], histograms[1])->p_value, 1e-12);
  }
}

TEST(WinsorTest, TrimmingTenOfThirtyKeepsTwentyDespiteRounding) {
  std::vector<double> values;
  for (int i = 0; i < 10; ++i) values.push_back(i);
  // 10 * 0.3 is 3: 4 values are left, 3, 4, 5, 6.
  const auto effect = CompareTrimmedMeans(
      *HistogramOf(values), {{4.5, 50}, {4.6, 50}}, {.trim = 0.3});
  ASSERT_THAT(effect, IsOk());
  EXPECT_NEAR(effect->value, 4.55 - 4.5, 1e-12);
}

TEST(WinsorTest, RefusesWhatIsUndefined) {
  const std::vector<std::vector<double>> arms = {{1, 2, 3}, {2, 3, 4}};
  EXPECT_THAT(WinsoriseArms(arms, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no cap is given")));
  EXPECT_THAT(WinsoriseArms(arms, {.upper_value = 3, .upper_share = 0.9}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("only one of them")));
  EXPECT_THAT(WinsoriseArms(arms, {.upper_share = 1.1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("upper_share is 1.1")));
  EXPECT_THAT(WinsoriseArms(arms, {.lower_value = 5, .upper_value = 3}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want lower <= upper")));
  EXPECT_THAT(WinsoriseArms(arms, {.upper_value = NAN}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nan")));
  EXPECT_THAT(WinsoriseArms(std::vector<std::vector<double>>{{0, 0}, {0}},
                            {.upper_share = 0.9, .ignore_zeros = true}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no values but 0")));
  EXPECT_THAT(CompareTrimmedMeans({{1, 2}}, {{2, 3}}, {.trim = 0.5}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("trim")));
  EXPECT_THAT(CompareTrimmedMeans({{1, 1}}, {{2, 3}}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control has 1 values")));
  EXPECT_THAT(CompareTrimmedMeans({{1, 5}}, {{2, 5}}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("")));
}

}  // namespace
}  // namespace stagecraft::stats
