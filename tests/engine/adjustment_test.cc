// Adjusted effects from tallies, against figures made elsewhere.
#include "engine/adjustment.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

constexpr MicroValue kOne = 1'000'000;

KpiTally TallyOf(const std::vector<UnitValue>& units, int components) {
  KpiTally tally;
  tally.sums = Sums(components);
  for (UnitValue value : units) {
    for (MicroValue& component : value) component *= kOne;
    tally.sums.Add(value, 1);
  }
  return tally;
}

KpiSpec Spec(KpiKind kind, int covariates) {
  KpiSpec spec;
  spec.kind = kind;
  spec.covariates = covariates;
  return spec;
}

// Value and the same before the exposure.
const std::vector<UnitValue> kControl = {
    {1, 2}, {4, 3}, {2, 1}, {7, 6}, {3, 4}};
const std::vector<UnitValue> kTreatment = {
    {3, 1}, {8, 5}, {6, 4}, {9, 7}, {5, 2}};

// statsmodels 0.13.5: OLS(y, [1, arm, x]).fit().params[1:] is 2.19680851,
// 1.00531915; se^2 = sum of the variances of y - theta x over 5, by numpy.
TEST(AdjustmentTest, CupedIsTheCoefficientOfTheRegression) {
  ExperimentLook look;
  look.kpis = {{TallyOf(kControl, 2), TallyOf(kTreatment, 2)}};
  const auto effects =
      AdjustEffects(Spec(KpiKind::kValueSum, 1), 0, look, Plan());
  ASSERT_EQ(effects.size(), 1);
  const AdjustedEffect& effect = effects[0];
  EXPECT_EQ(effect.adjustment.error, "");
  EXPECT_EQ(effect.adjustment.method, "cuped");
  ASSERT_EQ(effect.adjustment.theta.size(), 1);
  EXPECT_NEAR(effect.adjustment.theta[0], 1.0053191489361701, 1e-12);
  EXPECT_NEAR(effect.adjustment.unadjusted_difference, 2.8, 1e-12);
  EXPECT_NEAR(effect.adjustment.variance_reduction, 0.8636605415860734, 1e-12);
  ASSERT_TRUE(effect.difference.has_value());
  EXPECT_NEAR(effect.difference->value, 2.1968085106382986, 1e-12);
  EXPECT_NEAR(effect.difference->standard_error, 0.54767399838831, 1e-12);
  ASSERT_TRUE(effect.relative.has_value());
  // Divided by the control's mean as it is, 3.4, of variance 5.3 / 5.
  EXPECT_NEAR(effect.relative->difference.value, 2.1968085106382986, 1e-12);
  EXPECT_NEAR(effect.relative->difference.standard_error, 0.54767399838831,
              1e-12);
  EXPECT_NEAR(effect.relative->control.value, 3.4, 1e-12);
  EXPECT_NEAR(effect.relative->control.standard_error, std::sqrt(5.3 / 5),
              1e-12);
  // Of the difference with the control: less Var(y) - theta Cov(x, y) of the
  // control over 5; Cov(x, y) = 3.9.
  EXPECT_NEAR(effect.relative->covariance,
              -(5.3 - 1.0053191489361701 * 3.9) / 5, 1e-12);
}

// By hand. Stratum A: 1, 3 against 4, 6; stratum B: 10, 12, 14 against 11, 15.
// Weights 4/9 and 5/9: 4/9 * 3 + 5/9 * 1 = 17/9. Variances 2, 2 and 4, 8:
// 16/81 (2/2 + 2/2) + 25/81 (4/3 + 8/2) = 32/81 + 400/243.
TEST(AdjustmentTest, StrataAreAveragedByTheirUnits) {
  const std::vector<std::vector<UnitValue>> arms = {
      {{1}, {3}}, {{4}, {6}}, {{10}, {12}, {14}}, {{11}, {15}}};
  ExperimentLook look;
  look.strata = {{"a", {{TallyOf(arms[0], 1), TallyOf(arms[1], 1)}}},
                 {"b", {{TallyOf(arms[2], 1), TallyOf(arms[3], 1)}}}};
  look.kpis = {look.strata[0].kpis[0]};
  for (int v = 0; v < 2; ++v) {
    look.kpis[0][v].sums += look.strata[1].kpis[0][v].sums;
  }
  const auto effects =
      AdjustEffects(Spec(KpiKind::kValueSum, 0), 0, look, Plan());
  ASSERT_EQ(effects.size(), 1);
  const AdjustedEffect& effect = effects[0];
  EXPECT_EQ(effect.adjustment.error, "");
  EXPECT_EQ(effect.adjustment.method, "post-stratified");
  EXPECT_EQ(effect.adjustment.strata, 2);
  // Means 8 and 9.
  EXPECT_NEAR(effect.adjustment.unadjusted_difference, 1, 1e-12);
  ASSERT_TRUE(effect.difference.has_value());
  EXPECT_NEAR(effect.difference->value, 17.0 / 9, 1e-12);
  EXPECT_NEAR(effect.difference->standard_error,
              std::sqrt(32.0 / 81 + 400.0 / 243), 1e-12);
}

// A ratio takes two covariates and the scale of the KPI applies.
TEST(AdjustmentTest, ConstantCovariatesChangeNothing) {
  const std::vector<UnitValue> control = {
      {2, 1, 5, 5}, {6, 2, 5, 5}, {1, 1, 5, 5}};
  const std::vector<UnitValue> treatment = {
      {4, 1, 5, 5}, {6, 3, 5, 5}, {5, 1, 5, 5}};
  ExperimentLook look;
  look.kpis = {{TallyOf(control, 4), TallyOf(treatment, 4)}};
  KpiSpec spec = Spec(KpiKind::kRatio, 2);
  spec.scale = 10;
  const auto effects = AdjustEffects(spec, 0, look, Plan());
  ASSERT_EQ(effects.size(), 1);
  EXPECT_EQ(effects[0].adjustment.error, "");
  ASSERT_TRUE(effects[0].difference.has_value());
  EXPECT_NEAR(effects[0].difference->value, 10 * (15.0 / 5 - 9.0 / 4), 1e-9);
  EXPECT_NEAR(effects[0].adjustment.unadjusted_difference,
              10 * (15.0 / 5 - 9.0 / 4), 1e-9);
  EXPECT_NEAR(effects[0].adjustment.variance_reduction, 0, 1e-12);
}

TEST(AdjustmentTest, WhatCannotBeAdjustedSaysWhyOrIsLeftAlone) {
  ExperimentLook look;
  look.kpis = {{TallyOf({{1, 2}}, 2), TallyOf({{3, 1}}, 2)}};
  const auto effects =
      AdjustEffects(Spec(KpiKind::kValueSum, 1), 0, look, Plan());
  ASSERT_EQ(effects.size(), 1);
  EXPECT_NE(effects[0].adjustment.error, "");
  EXPECT_FALSE(effects[0].difference.has_value());

  look.kpis = {{TallyOf({{1}, {2}}, 1), TallyOf({{3}, {4}}, 1)}};
  EXPECT_TRUE(
      AdjustEffects(Spec(KpiKind::kValueSum, 0), 0, look, Plan()).empty());
  look.kpis = {{KpiTally(), KpiTally()}};
  EXPECT_TRUE(
      AdjustEffects(Spec(KpiKind::kTimeToEvent, 0), 0, look, Plan()).empty());
}

}  // namespace
}  // namespace stagecraft::engine
