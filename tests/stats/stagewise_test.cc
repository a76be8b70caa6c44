// Oracles: mpmath 1.2.1 quadrature at 20 digits for two looks; rpact 3.3.4
// under R 4.2.2, getFinalPValue and getFinalConfidenceInterval(...,
// normalApproximation = TRUE), whose root finding is good to 1e-7.
#include "stats/stagewise.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

StoppedTrial TwoLooks(int stopped_at, double z) {
  return {.information = {40, 100},
          .lower = {-2.6, -2},
          .upper = {2.6, 2},
          .complete = true,
          .stopped_at = stopped_at,
          .z = z};
}

TEST(StagewiseTest, AgreesWithQuadratureForTwoLooks) {
  struct Row {
    int look;
    double z;
    OutcomeOrdering ordering;
    double upper_p, low, median, high, adjusted;
  };
  constexpr Row kRows[] = {
      {0, 3.1, OutcomeOrdering::kStageWise, 0.000967603213218357,
       0.18025552117382, 0.4901530373261, 0.80005055347838, 0.45365237814696},
      {0, 3.1, OutcomeOrdering::kSampleMean, 0.000967705134331475,
       0.17974478474959, 0.46879863795754, 0.77761814622754, 0.45365237814696},
      {0, 3.1, OutcomeOrdering::kLikelihoodRatio, 0.00166625216934132,
       0.11216133180622, 0.33976386291264, 0.77540836741238, 0.45365237814696},
      {1, 2.2, OutcomeOrdering::kStageWise, 0.0170458684045304,
       0.01675673186127, 0.21729774520946, 0.41446755259328, 0.20397221585639},
      {1, 2.2, OutcomeOrdering::kSampleMean, 0.0170458684045304,
       0.01675673186127, 0.21729774520946, 0.41446755259328, 0.20397221585639},
      {1, 2.2, OutcomeOrdering::kLikelihoodRatio, 0.0170458684045304,
       0.01675673186127, 0.21729774520946, 0.41446755259328, 0.20397221585639},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(::testing::Message()
                 << row.look << static_cast<int>(row.ordering));
    const auto answer =
        AnalyzeStopped(TwoLooks(row.look, row.z), {.ordering = row.ordering});
    ASSERT_THAT(answer, IsOk());
    EXPECT_NEAR(answer->p_value, 2 * row.upper_p, 1e-12);
    EXPECT_NEAR(answer->interval.lower, row.low, 1e-9);
    EXPECT_NEAR(answer->interval.upper, row.high, 1e-9);
    EXPECT_NEAR(answer->interval.level, 0.95, 1e-15);
    EXPECT_NEAR(answer->median_unbiased, row.median, 1e-9);
    ASSERT_TRUE(answer->bias_adjusted.has_value());
    EXPECT_NEAR(*answer->bias_adjusted, row.adjusted, 1e-9);
    EXPECT_NEAR(answer->naive, row.z / std::sqrt(row.look == 0 ? 40 : 100),
                1e-14);
    // One-sided upwards.
    EXPECT_NEAR(AnalyzeStopped(TwoLooks(row.look, row.z),
                               {.ordering = row.ordering, .one_sided = true})
                    ->p_value,
                row.upper_p, 1e-12);
    // The mirror image.
    const auto mirror =
        AnalyzeStopped(TwoLooks(row.look, -row.z), {.ordering = row.ordering});
    EXPECT_NEAR(mirror->p_value, answer->p_value, 1e-13);
    EXPECT_NEAR(mirror->interval.lower, -answer->interval.upper, 1e-9);
    EXPECT_NEAR(mirror->median_unbiased, -answer->median_unbiased, 1e-9);
  }
}

TEST(StagewiseTest, AgreesWithRpact) {
  struct Row {
    const char* design;
    StoppedTrial trial;
    bool one_sided;
    double p, low, high, median;
  };
  const Row kRows[] = {
      {"asOF, alpha = .025, sided = 1, kMax = 4; z = 1.2, 2.1, 2.6",
       {.information = {50, 100, 150},
        .lower = {-kInfinity, -kInfinity, -kInfinity},
        .upper = {4.33263364605, 2.96313159913, 2.35904427618},
        .stopped_at = 2,
        .z = 2.6},
       true,
       0.00537951109555,
       0.0490585790923,
       0.371141586108,
       0.210520096547},
      {"the same; z = 1.2, 2.1, 1.9, 1.7",
       {.information = {50, 100, 150, 200},
        .lower = {-kInfinity, -kInfinity, -kInfinity, -kInfinity},
        .upper = {4.33263364605, 2.96313159913, 2.35904427618, 2.01409014314},
        .stopped_at = 3,
        .z = 1.7},
       true,
       0.0459808614249,
       -0.0195227012555,
       0.258306398086,
       0.119511380963},
      {"asHSD, gammaA = -4, bsHSD, gammaB = -2, bindingFutility = TRUE, alpha "
       "= .025, beta = .1, c(.3, .6, 1); z = 1.5, 2.7",
       {.information = {30, 60},
        .lower = {-kInfinity, -kInfinity},
        .upper = {3.06669954932, 2.65488443524},
        .futility_low = {-kInfinity, -kInfinity},
        .futility_high = {-0.415991219411, 0.675743970554},
        .stopped_at = 1,
        .z = 2.7},
       true,
       0.00419984585949,
       0.0899844897889,
       0.6001193842,
       0.346100823177},
      {"the same; z = 1.5, 1.9, 2.1",
       {.information = {30, 60, 100},
        .lower = {-kInfinity, -kInfinity, -kInfinity},
        .upper = {3.06669954932, 2.65488443524, 1.96381991357},
        .futility_low = {-kInfinity, -kInfinity, kInfinity},
        .futility_high = {-0.415991219411, 0.675743970554, -kInfinity},
        .stopped_at = 2,
        .z = 2.1},
       true,
       0.0191172344786,
       0.0115589745442,
       0.4130643138377,
       0.211349234692},
      {"OF, alpha = .05, sided = 2, kMax = 4; z = 1, 2.2, 2.6",
       {.information = {25, 50, 75},
        .lower = {-4.04859099942, -2.86278614994, -2.33745510335},
        .upper = {4.04859099942, 2.86278614994, 2.33745510335},
        .stopped_at = 2,
        .z = 2.6},
       false,
       0.0115236566575,
       0.067163352278,
       0.524137313806,
       0.296569764375},
      {"P, alpha = .025, sided = 1, kMax = 4; z = 1, 2.7",
       {.information = {25, 50},
        .lower = {-kInfinity, -kInfinity},
        .upper = {2.36129966472, 2.36129966472},
        .stopped_at = 1,
        .z = 2.7},
       true,
       0.0112824958659,
       0.0553478699226,
       0.6478910374289,
       0.362067640854},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.design);
    const auto answer = AnalyzeStopped(row.trial, {.one_sided = row.one_sided});
    ASSERT_THAT(answer, IsOk());
    EXPECT_NEAR(answer->p_value, row.p, 1e-9);
    EXPECT_NEAR(answer->interval.lower, row.low, 2e-7);
    EXPECT_NEAR(answer->interval.upper, row.high, 2e-7);
    EXPECT_NEAR(answer->median_unbiased, row.median, 2e-7);
    EXPECT_FALSE(answer->bias_adjusted.has_value());
  }
}

TEST(StagewiseTest, OneLookIsTheFixedAnalysis) {
  for (const double z : {-3.0, 0.0, 1.0, 12.0, 37.0}) {
    const auto answer = AnalyzeStopped({.information = {4},
                                        .lower = {-2},
                                        .upper = {2},
                                        .complete = true,
                                        .z = z});
    ASSERT_THAT(answer, IsOk());
    EXPECT_NEAR(answer->interval.lower, (z - 1.959963984540054) / 2, 1e-9);
    EXPECT_NEAR(answer->interval.upper, (z + 1.959963984540054) / 2, 1e-9);
    EXPECT_NEAR(answer->median_unbiased, z / 2, 1e-9);
    EXPECT_NEAR(*answer->bias_adjusted, z / 2, 1e-9);
    const double p = std::erfc(std::abs(z) / std::sqrt(2.0));
    EXPECT_NEAR(answer->p_value / p, 1, 1e-11);
  }
}

TEST(StagewiseTest, EarlierAndHigherIsHigher) {
  // Through all outcomes from the highest to the lowest.
  const double uppers[] = {3, 2.6, 2.2};
  StoppedTrial trial{.information = {1, 2, 3},
                     .lower = {-3, -2.6, -2.2},
                     .upper = {3, 2.6, 2.2}};
  double p = 0, median = 100;
  const auto next = [&](int look, double z) {
    trial.stopped_at = look;
    trial.z = z;
    const auto answer = AnalyzeStopped(trial, {.one_sided = true});
    ASSERT_THAT(answer, IsOk());
    EXPECT_GT(answer->p_value, p);
    EXPECT_LT(answer->median_unbiased, median);
    EXPECT_LT(answer->interval.lower, answer->median_unbiased);
    EXPECT_LT(answer->median_unbiased, answer->interval.upper);
    p = answer->p_value;
    median = answer->median_unbiased;
  };
  for (int look = 0; look < 3; ++look) {
    for (const double above : {2.0, 1.0, 0.0}) next(look, uppers[look] + above);
  }
  for (const double z : {2.1, 1.0, 0.0, -1.0, -2.1}) next(2, z);
  for (int look = 2; look >= 0; --look) {
    for (const double below : {0.0, 1.0}) next(look, -uppers[look] - below);
  }
  EXPECT_LT(p, 1);
}

// Under theta = 0.25 the interval misses theta in 5 % of the trials and the
// median-unbiased estimate is above it in half: 20000 trials, 6 standard errors
// (chance failure below 1e-8).
TEST(StagewiseTest, CoversAsPromised) {
  constexpr int kTrials = 20000;
  constexpr double kTheta = 0.25;
  const double information[] = {20, 45, 80};
  std::mt19937_64 random(9);
  std::normal_distribution<double> normal;
  int missed = 0, above = 0;
  double naive = 0, adjusted = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    double score = 0, before = 0;
    StoppedTrial stopped{.information = {20, 45, 80},
                         .lower = {-2.4, -2.3, -2.2},
                         .upper = {2.4, 2.3, 2.2},
                         .complete = true};
    for (int k = 0; k < 3; ++k) {
      const double step = information[k] - before;
      score += kTheta * step + std::sqrt(step) * normal(random);
      before = information[k];
      stopped.stopped_at = k;
      stopped.z = score / std::sqrt(before);
      if (std::abs(stopped.z) >= stopped.upper[k]) break;
    }
    const auto answer = AnalyzeStopped(stopped);
    ASSERT_THAT(answer, IsOk());
    if (kTheta < answer->interval.lower || kTheta > answer->interval.upper) {
      ++missed;
    }
    if (answer->median_unbiased > kTheta) ++above;
    naive += answer->naive / kTrials;
    adjusted += *answer->bias_adjusted / kTrials;
  }
  EXPECT_NEAR(missed / double{kTrials}, 0.05,
              6 * std::sqrt(0.05 * 0.95 / kTrials));
  EXPECT_NEAR(above / double{kTrials}, 0.5, 6 * 0.5 / std::sqrt(kTrials));
  // The naive estimate is biased upwards; the adjusted one much less.
  EXPECT_GT(naive - kTheta, 0.015);
  EXPECT_LT(std::abs(adjusted - kTheta), 0.3 * (naive - kTheta));
}

TEST(StagewiseTest, RefusesBadArguments) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const auto fails = [&](const StoppedTrial& trial, const char* message,
                         const FinalAnalysisOptions& options = {}) {
    EXPECT_THAT(AnalyzeStopped(trial, options),
                StatusIs(kInvalid, HasSubstr(message)));
  };
  fails({}, "entries, want one number");
  fails(TwoLooks(2, 1), "stopped_at is 2");
  fails(TwoLooks(-1, 1), "stopped_at is -1");
  fails(TwoLooks(0, 1), "want one that stops there");
  fails(TwoLooks(0, std::nan("")), "z is nan");
  fails(TwoLooks(1, 1), "error_each_side is 0.5", {.error_each_side = 0.5});
  StoppedTrial trial = TwoLooks(1, 1);
  trial.complete = false;
  fails(trial, "complete is false", {.ordering = OutcomeOrdering::kSampleMean});
  trial = TwoLooks(1, 1);
  trial.information = {40, 40};
  fails(trial, "information[1] is 40");
  trial = TwoLooks(1, 1);
  trial.lower[0] = 3;
  fails(trial, "lower[0] is 3");
  trial = TwoLooks(1, 1);
  trial.futility_low = {0};
  fails(trial, "a futility array has");
}

}  // namespace
}  // namespace stagecraft::stats
