#include "stats/log_rank.h"

#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// R's `aml`: maintained and not maintained.
const std::vector<DurationBin> kMaintained = {
    {9, 1, 0},  {13, 1, 1}, {18, 1, 0}, {23, 1, 0}, {28, 0, 1},
    {31, 1, 0}, {34, 1, 0}, {45, 0, 1}, {48, 1, 0}, {161, 0, 1}};
const std::vector<DurationBin> kNotMaintained = {
    {5, 2, 0},  {8, 2, 0},  {12, 1, 0}, {16, 0, 1}, {23, 1, 0},
    {27, 1, 0}, {30, 1, 0}, {33, 1, 0}, {43, 1, 0}, {45, 1, 0}};

// R 4.2.2, survival 3.5.3: survdiff(Surv(time, status) ~ x, data = aml).
TEST(LogRankTest, AgreesWithR) {
  const std::vector<DurationBin> groups[] = {kMaintained, kNotMaintained};
  const auto test = LogRankTest(groups);
  ASSERT_THAT(test, IsOk());
  EXPECT_NEAR(test->statistic, 3.3963886989776, 1e-12);
  EXPECT_EQ(test->degrees_of_freedom, 1);
  EXPECT_NEAR(test->p_value, 0.065339322040505, 1e-13);
  EXPECT_NEAR(test->expected[0], 10.6893359923007, 1e-12);
  EXPECT_NEAR(test->expected[1], 7.3106640076993, 1e-12);
  EXPECT_EQ(test->observed[0], 7);
  const auto same = LogRankTestOfTwo(kMaintained, kNotMaintained);
  ASSERT_THAT(same, IsOk());
  EXPECT_EQ(same->statistic, test->statistic);
  EXPECT_EQ(same->p_value, test->p_value);
  EXPECT_THAT(LogRankTestOfTwo(kMaintained, {{-1, 1, 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("groups[1]: bins[0].time")));
}

TEST(LogRankTest, DoesNotDependOnTheOrderOfGroups) {
  std::vector<std::vector<DurationBin>> groups = {
      kMaintained, kNotMaintained, {{4, 3, 1}, {23, 2, 2}, {60, 5, 0}}};
  const auto first = LogRankTest(groups);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->degrees_of_freedom, 2);
  std::swap(groups[0], groups[2]);
  EXPECT_NEAR(LogRankTest(groups)->statistic, first->statistic, 1e-11);
  std::swap(groups[1], groups[2]);
  EXPECT_NEAR(LogRankTest(groups)->statistic, first->statistic, 1e-11);
}

TEST(LogRankTest, GroupsThatAreNeverAtRiskDropOut) {
  const std::vector<DurationBin> groups[] = {
      kMaintained, kNotMaintained, {{1, 0, 10}}};
  const auto test = LogRankTest(groups);
  ASSERT_THAT(test, IsOk());
  EXPECT_EQ(test->degrees_of_freedom, 1);
  EXPECT_NEAR(test->statistic, 3.3963886989776, 1e-12);
  EXPECT_EQ(test->expected[2], 0);
}

TEST(LogRankTest, RefusesWhatIsUndefined) {
  const std::vector<DurationBin> one[] = {kMaintained};
  EXPECT_THAT(LogRankTest(one), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("want at least 2")));
  const std::vector<DurationBin> empty[] = {kMaintained, {}};
  EXPECT_THAT(LogRankTest(empty),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("groups[1] holds no units")));
  const std::vector<DurationBin> none[] = {{{1, 0, 5}}, {{2, 0, 5}}};
  EXPECT_THAT(LogRankTest(none),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no events while two groups")));
  const std::vector<DurationBin> same[] = {{{1, 5, 0}}, {{1, 5, 0}}};
  EXPECT_THAT(LogRankTest(same), StatusIs(absl::StatusCode::kFailedPrecondition,
                                          HasSubstr("no variance")));
  const std::vector<DurationBin> bad[] = {kMaintained, {{1, -5, 0}}};
  EXPECT_THAT(LogRankTest(bad),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("groups[1]: bins[0].events is -5")));
}

// J. Klein, M. Moeschberger, Survival Analysis (2003), example 7.2: infection
// of dialysis patients, surgically and percutaneously placed catheters;
// chi-squared of table 7.3, to its printed digits.
TEST(LogRankTest, WeightsAgreeWithKleinAndMoeschberger) {
  const std::vector<DurationBin> groups[] = {{{1.5, 1, 0},
                                              {2.5, 0, 2},
                                              {3.5, 1, 3},
                                              {4.5, 2, 1},
                                              {5.5, 1, 1},
                                              {6.5, 0, 6},
                                              {8.5, 2, 1},
                                              {9.5, 1, 1},
                                              {10.5, 1, 1},
                                              {11.5, 1, 6},
                                              {15.5, 1, 0},
                                              {16.5, 1, 0},
                                              {18.5, 1, 4},
                                              {23.5, 1, 1},
                                              {26.5, 1, 1}},
                                             {{0.5, 6, 10},
                                              {1.5, 0, 4},
                                              {2.5, 2, 5},
                                              {3.5, 1, 5},
                                              {4.5, 0, 3},
                                              {5.5, 0, 5},
                                              {6.5, 1, 4},
                                              {8.5, 0, 3},
                                              {9.5, 0, 2},
                                              {10.5, 0, 3},
                                              {11.5, 0, 8},
                                              {15.5, 1, 0},
                                              {16.5, 0, 2},
                                              {18.5, 0, 6},
                                              {23.5, 0, 2},
                                              {26.5, 0, 3}}};
  struct Row {
    LogRankOptions options;
    double chi_squared, tolerance, p_value;
  };
  const auto fleming_harrington = [](double rho, double gamma) {
    return LogRankOptions{LogRankWeight::kFlemingHarrington, rho, gamma};
  };
  const Row rows[] = {{{}, 2.53, 0.005, 0.112},
                      {{LogRankWeight::kGehan}, 0.002, 0.0005, 0.964},
                      {{LogRankWeight::kTaroneWare}, 0.40, 0.005, 0.526},
                      {{LogRankWeight::kPetoPeto}, 1.40, 0.005, 0.237},
                      {{LogRankWeight::kModifiedPetoPeto}, 1.28, 0.005, 0.259},
                      {fleming_harrington(0, 1), 9.67, 0.005, 0.002},
                      {fleming_harrington(1, 0), 1.39, 0.005, 0.239},
                      {fleming_harrington(1, 1), 9.83, 0.005, 0.002},
                      {fleming_harrington(0.5, 0.5), 9.28, 0.005, 0.002},
                      {fleming_harrington(0.5, 2), 8.18, 0.005, 0.004}};
  for (const Row& row : rows) {
    const auto test = LogRankTest(groups, row.options);
    ASSERT_THAT(test, IsOk());
    EXPECT_NEAR(test->statistic, row.chi_squared, row.tolerance);
    EXPECT_NEAR(test->p_value, row.p_value, 0.0005);
  }
}

// time = 7919 i mod 31 + 1, an event unless 104729 i mod 7 is 5 or 6, groups
// i mod 3, strata (i div 3) mod 4; R 4.2.2, survival 3.5.3, survdiff.
std::vector<std::vector<DurationBin>> Residues(int strata, int stratum) {
  std::vector<std::vector<DurationBin>> groups(3);
  for (int64_t i = 0; i < 60; ++i) {
    if (i / 3 % strata != stratum) continue;
    const bool event = i * 104729 % 7 < 5;
    groups[i % 3].push_back(
        {static_cast<double>(i * 7919 % 31 + 1), event ? 1 : 0, event ? 0 : 1});
  }
  return groups;
}

TEST(LogRankTest, ThreeGroupsAndStrataAgreeWithR) {
  const auto groups = Residues(1, 0);
  EXPECT_NEAR(LogRankTest(groups)->statistic, 0.2624124007767155, 1e-13);
  EXPECT_NEAR(
      LogRankTest(groups, {LogRankWeight::kFlemingHarrington, 1})->statistic,
      0.4170504554155612, 1e-13);
  EXPECT_NEAR(
      LogRankTest(groups, {LogRankWeight::kFlemingHarrington, 0.5})->statistic,
      0.3352440603036035, 1e-13);
  std::vector<std::vector<std::vector<DurationBin>>> strata;
  std::vector<TwoArmBins> two;
  for (int s = 0; s < 4; ++s) {
    strata.push_back(Residues(4, s));
    two.push_back({strata.back()[1], strata.back()[0]});
  }
  const auto test = StratifiedLogRankTest(strata);
  ASSERT_THAT(test, IsOk());
  EXPECT_NEAR(test->statistic, 0.7712036565048985, 1e-13);
  EXPECT_EQ(test->degrees_of_freedom, 2);
  // Groups 0 (as the treatment) and 1: chisq, obs, exp and var of group 0.
  const auto score = ScoreStratifiedLogRank(two);
  ASSERT_THAT(score, IsOk());
  EXPECT_NEAR(score->z * score->z, 0.2285335354768948, 1e-13);
  EXPECT_EQ(score->treatment_observed, 14);
  EXPECT_NEAR(score->treatment_expected, 12.8174603174603181, 1e-13);
  EXPECT_NEAR(score->variance, 6.1190148652053411, 1e-13);
}

TEST(LogRankTest, AmlWithRhoAgreesWithR) {
  struct Row {
    double rho, chi_squared, observed, expected, variance;
  };
  constexpr Row kRows[] = {{1, 2.779279544751773, 3.845410628019324,
                            6.142857142857142, 1.899147028411589},
                           {0.5, 3.018643287869831, 5.053521912271020,
                            7.846966364785030, 2.585046050534803},
                           {2, 2.653040656266354, 2.462186863123041,
                            4.302771336077664, 1.276931506526273}};
  for (const Row& row : kRows) {
    const auto score =
        ScoreLogRank(kNotMaintained, kMaintained,
                     {LogRankWeight::kFlemingHarrington, row.rho});
    ASSERT_THAT(score, IsOk());
    EXPECT_NEAR(score->z * score->z, row.chi_squared, 1e-13);
    EXPECT_NEAR(score->treatment_observed, row.observed, 1e-13);
    EXPECT_NEAR(score->treatment_expected, row.expected, 1e-13);
    EXPECT_NEAR(score->variance, row.variance, 1e-13);
  }
}

TEST(HazardRatioTest, FollowsTheScore) {
  // survdiff: O = 7, E = 10.6893359923007 for the maintained, 11 and
  // 7.3106640076993 for the others, V = 4.007550745938735.
  constexpr double kU = 7 - 10.689335992300725, kV = 4.007550745938735;
  const auto peto = HazardRatio(kNotMaintained, kMaintained);
  ASSERT_THAT(peto, IsOk());
  EXPECT_NEAR(peto->value, std::exp(kU / kV), 1e-13);
  EXPECT_NEAR(peto->interval.upper,
              std::exp(kU / kV + 1.959963984540054 / std::sqrt(kV)), 1e-12);
  EXPECT_NEAR(peto->p_value, 0.065339322040505, 1e-13);
  EXPECT_NEAR(HazardRatio(kNotMaintained, kMaintained,
                          {.alternative = Alternative::kLess})
                  ->p_value,
              0.065339322040505 / 2, 1e-13);
  const auto pike = HazardRatio(kNotMaintained, kMaintained,
                                {.method = HazardRatioMethod::kPike});
  ASSERT_THAT(pike, IsOk());
  EXPECT_NEAR(pike->value, (7 / 10.689335992300725) / (11 / 7.310664007699276),
              1e-13);
  EXPECT_NEAR(pike->standard_error,
              std::sqrt(1 / 10.689335992300725 + 1 / 7.310664007699276), 1e-13);
  const auto swapped = HazardRatio(kMaintained, kNotMaintained);
  EXPECT_NEAR(swapped->value * peto->value, 1, 1e-13);
  EXPECT_NEAR(swapped->interval.lower * peto->interval.upper, 1, 1e-13);
  // One stratum is no stratum.
  const TwoArmBins strata[] = {{kNotMaintained, kMaintained}};
  EXPECT_EQ(StratifiedHazardRatio(strata)->value, peto->value);
  EXPECT_THAT(HazardRatio({{1, 2, 1}, {4, 0, 3}}, {{1, 0, 1}, {4, 0, 3}},
                          {.method = HazardRatioMethod::kPike}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("treatment 0, want both > 0")));
}

// A slow twin: for each event time all units are counted anew.
TEST(LogRankTest, AgreesWithASlowTwinOnRandomData) {
  std::mt19937_64 random(4242);
  for (int round = 0; round < 300; ++round) {
    std::vector<DurationBin> arms[2];
    for (auto& arm : arms) {
      const int bins = 2 + static_cast<int>(random() % 20);
      for (int i = 0; i < bins; ++i) {
        arm.push_back({static_cast<double>(random() % 12),
                       static_cast<int64_t>(random() % 3),
                       static_cast<int64_t>(random() % 3)});
      }
      arm.push_back({12, 1, 1});
    }
    const auto count = [&](int arm, double from, double to, bool events) {
      double sum = 0;
      for (const DurationBin& bin : arms[arm]) {
        if (bin.time < from || bin.time > to) continue;
        sum += static_cast<double>(bin.events) +
               (events ? 0 : static_cast<double>(bin.censored));
      }
      return sum;
    };
    double score = 0, variance = 0, survival = 1;
    for (double time = 0; time <= 12; ++time) {
      const double d1 = count(1, time, time, true);
      const double d = d1 + count(0, time, time, true);
      const double n1 = count(1, time, 99, false);
      const double n = n1 + count(0, time, 99, false);
      if (d == 0) continue;
      const double w = std::sqrt(survival) * (1 - survival);
      survival *= 1 - d / n;
      score += w * (d1 - d * n1 / n);
      if (n > 1) {
        variance += w * w * d * (n - d) / (n - 1) * n1 * (n - n1) / n / n;
      }
    }
    const auto test = ScoreLogRank(arms[0], arms[1],
                                   {LogRankWeight::kFlemingHarrington, 0.5, 1});
    if (!(variance > 0)) {
      EXPECT_FALSE(test.ok());
      continue;
    }
    ASSERT_THAT(test, IsOk());
    EXPECT_NEAR(test->score, score, 1e-11);
    EXPECT_NEAR(test->variance, variance, 1e-11);
    const std::vector<DurationBin> groups[] = {arms[1], arms[0]};
    EXPECT_NEAR(LogRankTest(groups, {LogRankWeight::kFlemingHarrington, 0.5, 1})
                    ->statistic,
                score * score / variance, 1e-9);
  }
}

TEST(LogRankTest, FarTailsKeepTheirDigits) {
  std::vector<DurationBin> fast, slow;
  for (int i = 0; i < 50; ++i) {
    fast.push_back({static_cast<double>(i), 1000000, 0});
    slow.push_back({static_cast<double>(i), 980000, 0});
  }
  slow.push_back({60, 0, 1000000});
  const auto test = ScoreLogRank(fast, slow);
  ASSERT_THAT(test, IsOk());
  EXPECT_LT(test->z, -100);
  EXPECT_TRUE(std::isfinite(test->z));
}

TEST(LogRankTest, RefusesBadOptions) {
  const std::vector<DurationBin> groups[] = {kMaintained, kNotMaintained};
  EXPECT_THAT(
      LogRankTest(groups, {LogRankWeight::kGehan, 1}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("rho is 1")));
  EXPECT_THAT(
      LogRankTest(groups, {LogRankWeight::kFlemingHarrington, -1}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("rho is -1")));
  EXPECT_THAT(StratifiedLogRankTest({}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("strata is empty")));
  const std::vector<std::vector<DurationBin>> strata[] = {
      {kMaintained, kNotMaintained}, {kMaintained}};
  EXPECT_THAT(StratifiedLogRankTest(strata),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("strata[1] has 1 groups, want 2")));
}

}  // namespace
}  // namespace stagecraft::stats
