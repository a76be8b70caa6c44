// Analyses of tallies against figures that other programs computed.
#include "engine/analysis.h"

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
  ASSERT_EQ(comparison.relative_intervals[0].method, "delta");
  EXPECT_NEAR(comparison.relative_intervals[0].interval.lower,
              0.6384162289820483, 1e-10);
  ASSERT_EQ(comparison.relative_intervals[1].method, "katz");
  EXPECT_NEAR(comparison.relative_intervals[1].interval.upper,
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
  // Fewer than 100 units: the asymptotic sequence is not to be trusted.
  EXPECT_FALSE(comparison.sequential.has_value());
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
