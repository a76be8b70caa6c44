// Analyses of tallies against figures that other programs computed.
#include "engine/analysis.h"

#include <cmath>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

// Everybody at the last stage, so that there are no automatic guardrails.
Experiment MakeExperiment(const Kpi& kpi) {
  auto journey = std::make_shared<Journey>();
  journey->name = "journeys/j";
  journey->stages = {{.id = "see", .entry = {{"see"}, std::nullopt}}};
  Experiment experiment;
  experiment.name = "journeys/j/experiments/e";
  experiment.stage = "see";
  experiment.variants = {{"a", 500000}, {"b", 500000}};
  experiment.journey = journey;
  experiment.kpis = {kpi};
  experiment.plan.primary_kpis = {kpi.name};
  return experiment;
}

Kpi MakeKpi(KpiKind kind) {
  Kpi kpi;
  kpi.name = "journeys/j/kpis/k";
  kpi.kind = kind;
  kpi.events = {{"x"}, std::nullopt};
  kpi.length = 14 * kDay;
  return kpi;
}

Sums SumsOf(const std::vector<UnitValue>& values, int components) {
  Sums sums(components);
  for (const UnitValue& value : values) sums.Add(value, 1);
  return sums;
}

KpiAnalysis AnalyzeOne(const Kpi& kpi, const KpiTally& a, const KpiTally& b,
                       int64_t n_a, int64_t n_b) {
  ExperimentLook look;
  look.units = {n_a, n_b};
  look.kpis = {{a, b}};
  return Analyze(MakeExperiment(kpi), look).at(0);
}

constexpr double kZ = 1.959963984540054;

// |score| of the hypothesis that two rates have the ratio `r`: the difference
// t - r c over its standard error at the rates that are likeliest under it, the
// smaller root of n r p^2 - (n_c + t + r (n_t + c)) p + t + c = 0 (P. Koopman,
// Biometrics 40 (1984) 513).
double KoopmanScore(double c, double n_c, double t, double n_t, double r) {
  const double a = (n_c + n_t) * r;
  const double b = n_c + t + r * (n_t + c);
  const double p = (b - std::sqrt(b * b - 4 * a * (t + c))) / (2 * a);
  const double variance = r * p * (1 - r * p) / n_t + r * r * p * (1 - p) / n_c;
  return std::fabs(t / n_t - r * c / n_c) / std::sqrt(variance);
}

// The lifts of means c and t, with variances of the means, that Fieller's
// contrast does not reject: the roots of
// (c^2 - z^2 vc) r^2 - 2 c t r + t^2 - z^2 vt, less 1. For c > z sqrt(vc).
stats::Interval FiellerLifts(double c, double vc, double t, double vt,
                             double z) {
  const double a = c * c - z * z * vc;
  const double root = std::sqrt(c * c * t * t - a * (t * t - z * z * vt));
  return {(c * t - root) / a - 1, (c * t + root) / a - 1};
}

// Hillstrom's e-mail test, visits of "No E-Mail" and "Mens E-Mail": counts and
// figures published with the data set (Python statsmodels 0.13.5).
TEST(AnalysisTest, SharesAgreeWithThePublishedEmailTest) {
  KpiTally a;
  a.sums = Sums(1);
  a.sums.set_count(21'306);
  a.sums.set_sum(0, absl::int128(2'262) * 1'000'000);
  KpiTally b;
  b.sums = Sums(1);
  b.sums.set_count(21'307);
  b.sums.set_sum(0, absl::int128(3'894) * 1'000'000);
  const KpiAnalysis analysis =
      AnalyzeOne(MakeKpi(KpiKind::kConversion), a, b, 21'306, 21'407);
  EXPECT_EQ(analysis.variants[1].immature, 100);
  EXPECT_NEAR(*analysis.variants[0].value, 0.10616727682343002, 1e-15);
  EXPECT_NEAR(analysis.variants[0].interval->interval.lower,
              0.10210165383004598, 1e-12);
  EXPECT_NEAR(analysis.variants[0].interval->interval.upper,
              0.11037488981624681, 1e-12);
  const ComparisonAnalysis& comparison = analysis.comparisons[0];
  EXPECT_NEAR(*comparison.difference, 0.07658956365153125, 1e-15);
  ASSERT_EQ(comparison.difference_intervals[0].method, "newcombe");
  EXPECT_NEAR(comparison.difference_intervals[0].interval.lower,
              0.06995330808373154, 1e-12);
  ASSERT_EQ(comparison.difference_intervals[1].method, "wald");
  EXPECT_NEAR(comparison.difference_intervals[1].interval.upper,
              0.08322562608495411, 1e-12);
  EXPECT_EQ(comparison.test, "score");
  EXPECT_NEAR(*comparison.p_value / 5.685165482802317e-112, 1, 1e-9);
  EXPECT_NEAR(*comparison.relative, 0.721404616781399, 1e-12);
  ASSERT_EQ(comparison.relative_intervals.size(), 3);
  EXPECT_EQ(comparison.relative_intervals[0].method, "score");
  const stats::Interval& score = comparison.relative_intervals[0].interval;
  EXPECT_LT(score.lower, score.upper);
  for (const double end : {score.lower, score.upper}) {
    EXPECT_NEAR(KoopmanScore(2'262, 21'306, 3'894, 21'307, 1 + end), kZ, 1e-6);
  }
  ASSERT_EQ(comparison.relative_intervals[1].method, "delta");
  EXPECT_NEAR(comparison.relative_intervals[1].interval.lower,
              0.6384162289820483, 1e-10);
  ASSERT_EQ(comparison.relative_intervals[2].method, "katz");
  EXPECT_NEAR(comparison.relative_intervals[2].interval.upper,
              0.806425964714953, 1e-10);
  ASSERT_TRUE(comparison.optimized_value.has_value());
  EXPECT_NEAR(*comparison.optimized_value, 0.18275684047496127, 1e-14);
}

// By hand: values 1, 2, 3 against 2, 4, 6, 8: means 2 and 5, variances 1 and
// 20/3; t = 3 / sqrt(1/3 + 5/3) = 3 / sqrt(2).
TEST(AnalysisTest, MeansAreThoseOfTheUnits) {
  const KpiTally a = {SumsOf({{1'000'000}, {2'000'000}, {3'000'000}}, 1), {}};
  const KpiTally b = {
      SumsOf({{2'000'000}, {4'000'000}, {6'000'000}, {8'000'000}}, 1), {}};
  const KpiAnalysis analysis =
      AnalyzeOne(MakeKpi(KpiKind::kValueSum), a, b, 3, 4);
  EXPECT_DOUBLE_EQ(*analysis.variants[0].value, 2);
  EXPECT_DOUBLE_EQ(*analysis.variants[1].value, 5);
  EXPECT_DOUBLE_EQ(analysis.variants[1].numerator, 20);
  const ComparisonAnalysis& comparison = analysis.comparisons[0];
  EXPECT_DOUBLE_EQ(*comparison.difference, 3);
  EXPECT_EQ(comparison.test, "welch");
  // Welch df = 2^2 / ((1/3)^2/2 + (5/3)^2/3) = 4 / (1/18 + 25/27) = 216/53;
  // two-sided p by numerical integration of Student's density: 0.09984.
  EXPECT_NEAR(*comparison.p_value, 0.0998, 5e-4);
  // Means of variances 1/3 and 5/3. Fieller first, the delta method beside it.
  EXPECT_DOUBLE_EQ(*comparison.relative, 1.5);
  ASSERT_EQ(comparison.relative_intervals.size(), 2);
  EXPECT_EQ(comparison.relative_intervals[0].method, "fieller");
  const stats::Interval fieller = FiellerLifts(2, 1.0 / 3, 5, 5.0 / 3, kZ);
  EXPECT_NEAR(comparison.relative_intervals[0].interval.lower, fieller.lower,
              1e-9);
  EXPECT_NEAR(comparison.relative_intervals[0].interval.upper, fieller.upper,
              1e-9);
  EXPECT_EQ(comparison.relative_intervals[1].method, "delta");
  const double half = kZ * std::sqrt(5.0 / 3 + 2.5 * 2.5 / 3) / 2;
  EXPECT_NEAR(comparison.relative_intervals[1].interval.lower, 1.5 - half,
              1e-9);
  EXPECT_NEAR(comparison.relative_intervals[1].interval.upper, 1.5 + half,
              1e-9);
  // Too few units: the asymptotic sequence is not to be trusted, and it is said
  // why there is none.
  EXPECT_FALSE(comparison.sequential.has_value());
  EXPECT_EQ(comparison.error,
            "no always-valid answer yet: the control has 3 units, want at "
            "least 100");
}

// -1, 0, 1, 2: mean 1/2 and variance of the mean 5/12, less than two standard
// errors from 0.
TEST(AnalysisTest, AControlThatMayBeZeroLeavesTheLiftOpen) {
  const KpiTally a = {SumsOf({{-1'000'000}, {0}, {1'000'000}, {2'000'000}}, 1),
                      {}};
  const KpiTally b = {
      SumsOf({{2'000'000}, {4'000'000}, {6'000'000}, {8'000'000}}, 1), {}};
  const ComparisonAnalysis comparison =
      AnalyzeOne(MakeKpi(KpiKind::kValueSum), a, b, 4, 4).comparisons[0];
  ASSERT_EQ(comparison.relative_intervals.size(), 2);
  EXPECT_EQ(comparison.relative_intervals[0].method, "fieller");
  EXPECT_EQ(comparison.relative_intervals[0].interval.lower, -stats::kInfinity);
  EXPECT_EQ(comparison.relative_intervals[0].interval.upper, stats::kInfinity);
  EXPECT_EQ(comparison.relative_intervals[1].method, "delta");
  EXPECT_LT(comparison.relative_intervals[1].interval.upper, 100);
}

// 100 of 1 and 100 of 3, against 100 of 2 and 100 of 5: means 2 and 3.5,
// variances 200/199 and 450/199 of a unit. The radius of the sequence in
// standard errors is that of stats/confidence_sequence.h, by hand.
TEST(AnalysisTest, TheRelativeSequenceIsFiellers) {
  const auto tally = [](MicroValue low, MicroValue high) {
    std::vector<UnitValue> values(100, {low * 1'000'000});
    values.resize(200, {high * 1'000'000});
    return KpiTally{SumsOf(values, 1), {}};
  };
  const ComparisonAnalysis comparison =
      AnalyzeOne(MakeKpi(KpiKind::kValueSum), tally(1, 3), tally(2, 5), 200,
                 200)
          .comparisons[0];
  ASSERT_TRUE(comparison.sequential.has_value());
  EXPECT_EQ(comparison.error, "");
  const double log_alpha = std::log(0.05);
  const double u = 400 * (-2 * log_alpha + std::log(1 - 2 * log_alpha)) / 5000;
  const double critical =
      std::sqrt(2 * (u + 1) / u * std::log(std::sqrt(u + 1) / 0.05));
  const double vc = 200.0 / 199 / 200, vt = 450.0 / 199 / 200;
  const stats::Interval expected = FiellerLifts(2, vc, 3.5, vt, critical);
  ASSERT_TRUE(comparison.sequential->relative.has_value());
  const NamedInterval& relative = *comparison.sequential->relative;
  EXPECT_EQ(relative.method, "acs");
  EXPECT_NEAR(relative.interval.lower, expected.lower, 1e-9);
  EXPECT_NEAR(relative.interval.upper, expected.upper, 1e-9);
  EXPECT_DOUBLE_EQ(relative.interval.level, 0.95);
  EXPECT_NEAR(comparison.sequential->difference.interval.upper,
              1.5 + critical * std::sqrt(vc + vt), 1e-9);
}

// A plan of another method does not miss it.
TEST(AnalysisTest, OnlyAlwaysValidPlansSayThatTheSequenceHasNotBegun) {
  const KpiTally a = {SumsOf({{1'000'000}, {2'000'000}, {3'000'000}}, 1), {}};
  Experiment experiment = MakeExperiment(MakeKpi(KpiKind::kValueSum));
  experiment.plan.method = Plan::Method::kFixedHorizon;
  ExperimentLook look;
  look.units = {3, 3};
  look.kpis = {{a, a}};
  const ComparisonAnalysis comparison =
      Analyze(experiment, look).at(0).comparisons[0];
  EXPECT_FALSE(comparison.sequential.has_value());
  EXPECT_EQ(comparison.error, "");
}

// Large sums far from zero lose no digits: 1e9 + {-1, 0, 1} has variance 1.
TEST(AnalysisTest, VarianceIsExactForLargeValues) {
  const MicroValue big = kMaxMicroValue - 1'000'000;
  const KpiTally tally = {
      SumsOf({{big - 1'000'000}, {big}, {big + 1'000'000}}, 1), {}};
  const KpiArm arm = ArmOf(SpecOf(MakeKpi(KpiKind::kValueSum), Plan()), tally);
  EXPECT_DOUBLE_EQ(arm.mean.variance, 1);
  EXPECT_DOUBLE_EQ(arm.mean.mean, 999'999'999);
}

// NPS by hand: answers (+1, of 1), (-1 of 1), (+2 of 2), (0 of 1): 2 of 5.
TEST(AnalysisTest, RatiosDivideSumsBySums) {
  const KpiTally tally = {SumsOf({{1'000'000, 1'000'000},
                                  {-1'000'000, 1'000'000},
                                  {2'000'000, 2'000'000},
                                  {0, 1'000'000}},
                                 2),
                          {}};
  const KpiAnalysis analysis =
      AnalyzeOne(MakeKpi(KpiKind::kNetPromoterScore), tally, tally, 4, 4);
  EXPECT_DOUBLE_EQ(*analysis.variants[0].value, 0.4);
  EXPECT_DOUBLE_EQ(analysis.variants[0].denominator, 5);
  EXPECT_DOUBLE_EQ(*analysis.comparisons[0].difference, 0);
  EXPECT_DOUBLE_EQ(*analysis.comparisons[0].p_value, 1);
}

// 120 of revenue by 3 customers in two weeks, who stay for 52 weeks:
// 40 a customer x 26.
TEST(AnalysisTest, LifetimeValueIsValuePerCustomerTimesLifespan) {
  Kpi kpi = MakeKpi(KpiKind::kCustomerLifetimeValue);
  kpi.lifespan = 52 * 7 * kDay;
  const KpiTally tally = {SumsOf({{100'000'000, 1'000'000, 2'000'000},
                                  {15'000'000, 1'000'000, 1'000'000},
                                  {5'000'000, 1'000'000, 1'000'000},
                                  {0, 0, 0}},
                                 3),
                          {}};
  const KpiAnalysis analysis = AnalyzeOne(kpi, tally, tally, 4, 4);
  EXPECT_NEAR(*analysis.variants[0].value, 40 * 26, 1e-9);
}

TEST(AnalysisTest, WhatCannotBeComputedIsAbsentWithAReason) {
  const KpiTally none = {Sums(1), {}};
  const KpiAnalysis analysis =
      AnalyzeOne(MakeKpi(KpiKind::kValueSum), none, none, 0, 0);
  EXPECT_FALSE(analysis.variants[0].value.has_value());
  EXPECT_NE(analysis.variants[0].error, "");
  EXPECT_FALSE(analysis.comparisons[0].p_value.has_value());
  EXPECT_FALSE(analysis.comparisons[0].bayesian.has_value());
  EXPECT_NE(analysis.comparisons[0].error, "");
}

// 3 of 4 units had the event after 10 s, 20 s, 30 s; one is censored at 40 s.
// Kaplan-Meier by hand: S = 3/4, 2/4, 1/4; median midway between 20 and 30;
// restricted mean to 40 s: 10 + 7.5 + 5 + 2.5.
TEST(AnalysisTest, TimesCountThoseWhoStillWait) {
  Kpi kpi = MakeKpi(KpiKind::kTimeToEvent);
  kpi.length.reset();
  kpi.higher_is_better = false;
  KpiTally tally;
  tally.bins = {{10 * kSecond, 1, 0, 0},
                {20 * kSecond, 1, 0, 0},
                {30 * kSecond, 1, 0, 0},
                {40 * kSecond, 0, 0, 1}};
  const KpiAnalysis analysis = AnalyzeOne(kpi, tally, tally, 4, 4);
  EXPECT_DOUBLE_EQ(*analysis.variants[0].value, 25);
  EXPECT_DOUBLE_EQ(*analysis.variants[0].median_seconds, 25);
  EXPECT_EQ(analysis.variants[0].events, 3);
  EXPECT_EQ(analysis.comparisons[0].test, "log-rank");
  EXPECT_DOUBLE_EQ(*analysis.comparisons[0].difference, 0);
}

}  // namespace
}  // namespace stagecraft::engine
