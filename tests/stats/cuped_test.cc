#include "stats/cuped.h"

#include <array>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/mean.h"
#include "stats/ratio.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// A made-up trial: arm, metric y, covariates x1 x2, ratio u / v, its history
// u0 / v0. The expected figures below are R 4.2.2, lm and t.test on these rows.
struct Unit {
  int arm;
  double y, x1, x2, u, v, u0, v0;
};
constexpr Unit kUnits[] = {{0, 14.8, 10.0, 4.1, 11.5, 3, 5.4, 2},
                           {0, 14.6, 11.5, 1.2, 7.3, 2, 22.8, 7},
                           {0, 11.5, 10.5, 4.9, 19.7, 5, 7.2, 2},
                           {0, 9.5, 7.6, 0.0, 7.9, 2, 16.0, 6},
                           {0, 11.8, 8.1, 4.9, 7.2, 2, 8.8, 3},
                           {0, 17.7, 14.3, 5.2, 15.7, 3, 9.6, 3},
                           {0, 10.5, 7.6, 2.3, 10.3, 3, 16.2, 6},
                           {0, 13.0, 9.6, 2.0, 12.4, 3, 5.5, 2},
                           {0, 11.0, 13.2, 11.0, 2.6, 1, 6.7, 2},
                           {0, 8.3, 7.3, 5.8, 13.8, 4, 13.0, 5},
                           {0, 11.3, 6.8, 1.1, 8.0, 3, 13.4, 5},
                           {0, 5.1, 4.8, 11.2, 8.8, 3, 17.0, 8},
                           {1, 10.9, 8.1, 0.4, 14.1, 4, 20.7, 7},
                           {1, 9.6, 8.0, 2.5, 4.4, 1, 13.5, 5},
                           {1, 13.9, 10.2, 1.1, 4.4, 1, 15.1, 5},
                           {1, 10.8, 8.7, 8.7, 3.9, 1, 4.0, 1},
                           {1, 15.6, 12.0, 6.2, 5.3, 1, 14.0, 4},
                           {1, 16.7, 12.8, 6.4, 11.2, 2, 8.3, 2},
                           {1, 9.0, 6.6, 8.0, 6.9, 2, 14.1, 6},
                           {1, 7.9, 5.5, 11.3, 6.7, 2, 23.0, 9},
                           {1, 10.4, 5.8, 1.5, 6.6, 2, 6.8, 3},
                           {1, 19.3, 13.5, 2.2, 14.4, 3, 9.4, 3},
                           {2, 14.3, 7.2, 0.1, 7.8, 2, 5.4, 2},
                           {2, 13.3, 6.9, 5.7, 6.7, 2, 13.4, 5},
                           {2, 13.2, 11.1, 10.3, 5.6, 1, 13.0, 4},
                           {2, 16.3, 10.0, 0.4, 33.5, 8, 14.4, 5},
                           {2, 10.7, 8.1, 11.3, 9.9, 3, 16.1, 6},
                           {2, 13.8, 7.4, 1.2, 6.8, 2, 8.0, 3},
                           {2, 13.2, 10.0, 1.9, 15.7, 4, 7.3, 2},
                           {2, 11.9, 7.3, 0.8, 18.3, 5, 6.7, 2},
                           {2, 16.4, 12.9, 4.7, 9.5, 2, 13.9, 4}};

using Row = std::function<std::vector<double>(const Unit&)>;

std::vector<MultiMoments> Arms(int arms, const Row& row) {
  std::vector<MultiMoments> summaries;
  for (int arm = 0; arm < arms; ++arm) {
    MultiMomentsAccumulator accumulator(
        static_cast<int>(row(kUnits[0]).size()));
    for (const Unit& unit : kUnits) {
      if (unit.arm != arm) continue;
      EXPECT_THAT(accumulator.Add(row(unit)), IsOk());
    }
    summaries.push_back(accumulator.Summary());
  }
  return summaries;
}

std::vector<double> TwoCovariates(const Unit& u) { return {u.y, u.x1, u.x2}; }

CupedComparison Compare(const CupedAdjustment& adjustment, size_t c, size_t t,
                        const TestOptions& options = {}) {
  const auto comparison = CompareAdjusted(adjustment, c, t, options);
  EXPECT_THAT(comparison, IsOk());
  return comparison.ok() ? *comparison : CupedComparison{};
}

TEST(CupedTest, PooledThetaAgreesWithR) {
  const auto arms = Arms(2, TwoCovariates);
  const auto adjustment = AdjustArms(arms);
  ASSERT_THAT(adjustment, IsOk());
  // theta: coef(lm(y ~ factor(arm) + x1 + x2)); then t.test of y - x theta.
  EXPECT_NEAR(adjustment->arms[0].theta[0], 1.0584392219824399, 1e-12);
  EXPECT_NEAR(adjustment->arms[1].theta[1], -0.2735385126815683, 1e-12);
  EXPECT_NEAR(adjustment->arms[0].adjusted.value, 11.47295564329883, 1e-12);
  EXPECT_NEAR(adjustment->arms[1].adjusted.value, 12.55245322804140, 1e-12);
  EXPECT_NEAR(adjustment->variance_reduction, 0.845909737086616, 1e-12);
  EXPECT_TRUE(adjustment->notes.empty());
  const Effect effect = Compare(*adjustment, 0, 1).difference;
  EXPECT_NEAR(effect.value, 1.07949758474256852, 1e-12);
  EXPECT_NEAR(effect.standard_error, 0.57629651181773323, 1e-12);
  EXPECT_NEAR(effect.degrees_of_freedom, 19.99112956520998097, 1e-10);
  EXPECT_NEAR(effect.p_value, 0.07574289002309158, 1e-12);
  EXPECT_NEAR(effect.interval.lower, -0.12267007000574526, 1e-11);
  EXPECT_NEAR(effect.interval.upper, 2.28166523949088207, 1e-11);
  EXPECT_EQ(effect.test_method, "CUPED, pooled theta, Welch t");
}

TEST(CupedTest, TotalThetaAgreesWithR) {
  const auto arms = Arms(2, [](const Unit& u) {
    return std::vector<double>{u.y, u.x1};
  });
  const auto adjustment =
      AdjustArms(arms, {.method = CupedMethod::kTotalTheta});
  ASSERT_THAT(adjustment, IsOk());
  EXPECT_NEAR(adjustment->arms[0].theta[0], 1.0754397075905473, 1e-12);
  const Effect effect = Compare(*adjustment, 0, 1).difference;
  EXPECT_NEAR(effect.value, 0.9850264880098685, 1e-12);
  EXPECT_NEAR(effect.standard_error, 0.6949163187987231, 1e-12);
  EXPECT_NEAR(effect.degrees_of_freedom, 18.0112221280899263, 1e-10);
  EXPECT_NEAR(effect.p_value, 0.1734118235629293, 1e-12);
}

TEST(CupedTest, RegressionsAgreeWithR) {
  const auto arms = Arms(2, TwoCovariates);
  // summary(lm(y ~ factor(arm) + x1 + x2)).
  auto adjustment = AdjustArms(arms, {.method = CupedMethod::kRegression});
  ASSERT_THAT(adjustment, IsOk());
  Effect effect = Compare(*adjustment, 0, 1).difference;
  EXPECT_NEAR(effect.value, 1.0794975847425685, 1e-12);
  EXPECT_NEAR(effect.standard_error, 0.6207189080690574, 1e-12);
  EXPECT_NEAR(effect.statistic, 1.7391085895879785, 1e-12);
  EXPECT_NEAR(effect.p_value, 0.0990886445100593, 1e-12);
  EXPECT_EQ(effect.degrees_of_freedom, 18);
  // summary(lm(y ~ factor(arm) * (c1 + c2))), c centred over both arms.
  adjustment = AdjustArms(arms, {.method = CupedMethod::kInteractions});
  ASSERT_THAT(adjustment, IsOk());
  effect = Compare(*adjustment, 0, 1).difference;
  EXPECT_NEAR(effect.value, 1.07391546316944120, 1e-12);
  EXPECT_NEAR(effect.standard_error, 0.59087029942037084, 1e-12);
  EXPECT_NEAR(effect.statistic, 1.81751471384316621, 1e-12);
  EXPECT_NEAR(effect.p_value, 0.08791320676366414, 1e-12);
  EXPECT_EQ(effect.degrees_of_freedom, 16);
}

TEST(CupedTest, ThetaPerArmAgreesWithR) {
  const auto adjustment =
      AdjustArms(Arms(2, TwoCovariates), {.method = CupedMethod::kPerArmTheta});
  ASSERT_THAT(adjustment, IsOk());
  EXPECT_NEAR(adjustment->arms[0].theta[0], 0.9687597426430571, 1e-12);
  EXPECT_NEAR(adjustment->arms[0].theta[1], -0.3947186065173799, 1e-12);
  EXPECT_NEAR(adjustment->arms[1].theta[0], 1.2179460791135670, 1e-12);
  EXPECT_NEAR(adjustment->arms[1].theta[1], -0.1067132617393616, 1e-12);
  const Effect effect = Compare(*adjustment, 0, 1).difference;
  EXPECT_NEAR(effect.value, 1.07391546316944120, 1e-12);  // As interactions.
  EXPECT_NEAR(effect.standard_error, 0.5749457679750755, 1e-12);
  EXPECT_NEAR(effect.degrees_of_freedom, 19.5294311173659949, 1e-10);
  // The delta method by influence values of each unit in R.
  const auto lift = AdjustedLift(*adjustment, 0, 1);
  ASSERT_THAT(lift, IsOk());
  EXPECT_NEAR(lift->value, 0.09264547489599792, 1e-13);
  EXPECT_NEAR(lift->standard_error, 0.05207071708164558, 1e-12);
}

TEST(CupedTest, ThreeArmsShareThetaAndCentre) {
  const auto arms = Arms(3, TwoCovariates);
  auto adjustment = AdjustArms(arms);
  ASSERT_THAT(adjustment, IsOk());
  EXPECT_NEAR(adjustment->arms[2].theta[0], 0.9769028010670286, 1e-12);
  EXPECT_NEAR(adjustment->arms[2].theta[1], -0.2891055992248993, 1e-12);
  const double adjusted[] = {11.46470651393591, 12.53709226915947,
                             13.70584434901937};
  for (int a = 0; a < 3; ++a) {
    EXPECT_NEAR(adjustment->arms[a].adjusted.value, adjusted[a], 1e-12);
  }
  Effect effect = Compare(*adjustment, 0, 2).difference;
  EXPECT_NEAR(effect.value, 2.24113783508345676, 1e-12);
  EXPECT_NEAR(effect.standard_error, 0.60874616063421472, 1e-12);
  EXPECT_NEAR(effect.degrees_of_freedom, 18.19331801659069114, 1e-10);
  EXPECT_NEAR(effect.p_value, 0.00168220111564303, 1e-13);
  adjustment = AdjustArms(arms, {.method = CupedMethod::kRegression});
  ASSERT_THAT(adjustment, IsOk());
  effect = Compare(*adjustment, 0, 2).difference;
  EXPECT_NEAR(effect.standard_error, 0.629835668353630362, 1e-12);
  EXPECT_NEAR(effect.p_value, 0.001462318599013028, 1e-13);
  EXPECT_EQ(effect.degrees_of_freedom, 26);
  effect = Compare(*adjustment, 1, 2).difference;
  EXPECT_NEAR(effect.value, 1.1687520798598954, 1e-12);
  EXPECT_NEAR(effect.standard_error, 0.6572469958710436, 1e-12);
}

TEST(CupedTest, LiftDividesByTheUnadjustedMean) {
  const auto adjustment = AdjustArms(Arms(2, TwoCovariates));
  ASSERT_THAT(adjustment, IsOk());
  const auto lift = AdjustedLift(*adjustment, 0, 1);
  ASSERT_THAT(lift, IsOk());
  EXPECT_NEAR(lift->value, 0.09312703822365796, 1e-13);
  EXPECT_NEAR(lift->standard_error, 0.05238683437265492, 1e-12);
  EXPECT_NEAR(lift->p_value, 0.07545639335618007, 1e-12);
  EXPECT_NEAR(lift->value * adjustment->arms[0].unadjusted.value,
              AdjustedDifference(*adjustment, 0, 1)->value, 1e-12);
  // At the ends of Fieller's set the contrast is as far from 0 as its quantile.
  const auto fieller =
      AdjustedLift(*adjustment, 0, 1, {.method = LiftMethod::kFieller});
  ASSERT_THAT(fieller, IsOk());
  for (const double end : {fieller->interval.lower, fieller->interval.upper}) {
    const auto at_end = AdjustedLift(
        *adjustment, 0, 1, {.null_value = end, .method = LiftMethod::kFieller});
    ASSERT_THAT(at_end, IsOk());
    EXPECT_NEAR(at_end->p_value, 0.05, 1e-10);
  }
  const auto log =
      AdjustedLift(*adjustment, 0, 1, {.method = LiftMethod::kLogRatio});
  ASSERT_THAT(log, IsOk());
  EXPECT_NEAR(std::log1p(log->interval.upper) - std::log1p(log->value),
              1.959963984540054 * lift->standard_error / (1 + lift->value),
              1e-12);
}

TEST(CupedTest, RatiosAgreeWithResidualsInR) {
  auto adjustment =
      AdjustArms(Arms(2,
                      [](const Unit& u) {
                        return std::vector<double>{u.u, u.v, u.x1};
                      }),
                 {.metric = CupedMetric::kRatio});
  ASSERT_THAT(adjustment, IsOk());
  Effect effect = Compare(*adjustment, 0, 1).difference;
  EXPECT_NEAR(adjustment->arms[0].theta[0], 0.2232582769107165, 1e-12);
  EXPECT_NEAR(effect.value, 0.4522520917446910, 1e-12);
  EXPECT_NEAR(effect.standard_error, 0.2058537043164116, 1e-12);
  EXPECT_EQ(effect.degrees_of_freedom, kInfinity);

  adjustment =
      AdjustArms(Arms(2,
                      [](const Unit& u) {
                        return std::vector<double>{u.u, u.v, u.u0, u.v0};
                      }),
                 {.metric = CupedMetric::kRatio, .ratio_covariates = true});
  ASSERT_THAT(adjustment, IsOk());
  EXPECT_NEAR(adjustment->centre[0], 2.817708333333333, 1e-13);
  effect = Compare(*adjustment, 0, 1).difference;
  EXPECT_NEAR(adjustment->arms[0].theta[0], 0.9662365973612984, 1e-12);
  EXPECT_NEAR(effect.value, 0.3326434993432479, 1e-12);
  EXPECT_NEAR(effect.standard_error, 0.2837441482102095, 1e-12);
  EXPECT_NEAR(effect.p_value, 0.2410621557833845, 1e-12);
  const auto lift = AdjustedLift(*adjustment, 0, 1);
  ASSERT_THAT(lift, IsOk());
  EXPECT_NEAR(lift->value, 0.09033449662676062, 1e-13);
  EXPECT_NEAR(lift->standard_error, 0.07957633970040770, 1e-12);
}

TEST(CupedTest, UselessCovariatesLeaveTheUnadjustedAnswer) {
  const auto arms = Arms(2, [](const Unit& u) {
    return std::vector<double>{u.y, 0.1, 7e8};
  });
  const auto adjustment = AdjustArms(arms);
  ASSERT_THAT(adjustment, IsOk());
  EXPECT_EQ(adjustment->dropped, (std::vector<size_t>{0, 1}));
  ASSERT_EQ(adjustment->notes.size(), 3u);
  EXPECT_THAT(adjustment->notes[0], HasSubstr("covariate 0 is dropped: it is "
                                              "constant"));
  EXPECT_THAT(adjustment->notes[2], HasSubstr("unadjusted"));
  const auto plain = CompareMeans(Margin(arms[0], 0), Margin(arms[1], 0));
  const Effect effect = Compare(*adjustment, 0, 1).difference;
  EXPECT_DOUBLE_EQ(effect.value, plain->value);
  EXPECT_NEAR(effect.p_value, plain->p_value, 1e-14);
  EXPECT_NEAR(AdjustedLift(*adjustment, 0, 1)->standard_error,
              MeanLift(Margin(arms[0], 0), Margin(arms[1], 0))->standard_error,
              1e-14);
  EXPECT_EQ(adjustment->variance_reduction, 0);
}

TEST(CupedTest, CollinearCovariatesChangeNothing) {
  const auto both = AdjustArms(Arms(2, TwoCovariates));
  const auto arms = Arms(2, [](const Unit& u) {
    return std::vector<double>{u.y, u.x1, 3 * u.x1 - 2, u.x2, u.x1 + u.x2};
  });
  for (const CupedMethod method :
       {CupedMethod::kPooledTheta, CupedMethod::kPerArmTheta,
        CupedMethod::kRegression, CupedMethod::kInteractions}) {
    const auto adjustment = AdjustArms(arms, {.method = method});
    ASSERT_THAT(adjustment, IsOk());
    EXPECT_EQ(adjustment->dropped, (std::vector<size_t>{1, 3}));
    EXPECT_THAT(adjustment->notes[0], HasSubstr("linear function"));
    const auto two = AdjustArms(Arms(2, TwoCovariates), {.method = method});
    const Effect a = Compare(*adjustment, 0, 1).difference;
    const Effect b = Compare(*two, 0, 1).difference;
    EXPECT_NEAR(a.value, b.value, 1e-11);
    EXPECT_NEAR(a.standard_error, b.standard_error, 1e-11);
    EXPECT_NEAR(a.degrees_of_freedom, b.degrees_of_freedom, 1e-9);
  }
}

TEST(CupedTest, UnitsOfCovariatesDoNotMatterAndOfTheMetricScale) {
  const auto base = AdjustArms(Arms(3, TwoCovariates));
  const auto scaled = AdjustArms(Arms(3, [](const Unit& u) {
    return std::vector<double>{100 * u.y + 7, 1e6 * u.x1 - 3, 1e-6 * u.x2 + 5};
  }));
  ASSERT_THAT(scaled, IsOk());
  for (const size_t t : {1, 2}) {
    const Effect a = Compare(*base, 0, t).difference;
    const Effect b = Compare(*scaled, 0, t).difference;
    EXPECT_NEAR(b.value, 100 * a.value, 1e-8);
    EXPECT_NEAR(b.p_value, a.p_value, 1e-9);
    // Swapped arms.
    const Effect back = Compare(*base, t, 0).difference;
    EXPECT_EQ(back.value, -a.value);
    EXPECT_EQ(back.standard_error, a.standard_error);
    EXPECT_NEAR(back.p_value, a.p_value, 1e-15);
  }
  // A new linear basis of the covariates.
  const auto rotated = AdjustArms(Arms(3, [](const Unit& u) {
    return std::vector<double>{u.y, u.x1 + u.x2, u.x1 - 2 * u.x2};
  }));
  EXPECT_NEAR(Compare(*rotated, 0, 1).difference.value,
              Compare(*base, 0, 1).difference.value, 1e-11);
}

TEST(CupedTest, NegativeControlMeanDividesByItsSize) {
  const auto mirrored = AdjustArms(Arms(2, [](const Unit& u) {
    return std::vector<double>{-u.y, u.x1, u.x2};
  }));
  const auto plain = AdjustArms(Arms(2, TwoCovariates));
  for (const LiftMethod method :
       {LiftMethod::kDelta, LiftMethod::kFieller, LiftMethod::kLogRatio}) {
    const auto a = AdjustedLift(*plain, 0, 1, {.method = method});
    const auto b = AdjustedLift(*mirrored, 0, 1, {.method = method});
    ASSERT_THAT(b, IsOk());
    EXPECT_NEAR(b->value, -a->value, 1e-12);
    EXPECT_NEAR(b->standard_error, a->standard_error, 1e-12);
    EXPECT_NEAR(b->interval.lower, -a->interval.upper, 1e-12);
    EXPECT_NEAR(b->interval.upper, -a->interval.lower, 1e-12);
    EXPECT_NEAR(b->p_value, a->p_value, 1e-12);
  }
}

TEST(CupedTest, BillionsOfUnitsAndTinyPValues) {
  const MultiMoments control{1000000000, {0.1, 5}, {0.09, 0.2, 0.2, 4}};
  const MultiMoments treatment{1000000000, {0.10045, 5}, {0.09, 0.2, 0.2, 4}};
  const auto comparison = CompareCuped(control, treatment);
  ASSERT_THAT(comparison, IsOk());
  // theta 0.05; s^2 = .09 - .02 + .01 = .08; se^2 = 1.6e-10; z = 35.58
  EXPECT_NEAR(comparison->difference.standard_error, std::sqrt(1.6e-10), 1e-18);
  EXPECT_NEAR(comparison->variance_reduction, 1.0 / 9, 1e-12);
  EXPECT_GT(comparison->difference.p_value, 0);
  EXPECT_LT(comparison->difference.p_value, 1e-270);
}

// Type I error and coverage with a covariate of correlation 0.8: 4000 trials of
// 2 x 150 units. The binomial standard deviation of a share of .05 is .00345:
// beyond 5.3 of them by chance less than once in 1e6 (checks: 2 x 2).
TEST(CupedTest, HoldsItsLevelAndGainsWhatItClaims) {
  std::mt19937_64 random(2013);
  std::normal_distribution<double> normal;
  constexpr int kTrials = 4000;
  int rejected = 0, missed_lift = 0;
  MomentsAccumulator adjusted, unadjusted;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::array<MultiMomentsAccumulator, 2> arms = {MultiMomentsAccumulator(2),
                                                   MultiMomentsAccumulator(2)};
    for (int a = 0; a < 2; ++a) {
      for (int i = 0; i < 150; ++i) {
        const double x = normal(random);
        const double y = 20 + 2 * a + 0.8 * x + 0.6 * normal(random);
        ASSERT_THAT(arms[a].Add({y, x}), IsOk());
      }
    }
    const MultiMoments summaries[] = {arms[0].Summary(), arms[1].Summary()};
    const auto adjustment = AdjustArms(summaries);
    ASSERT_THAT(adjustment, IsOk());
    const Effect effect =
        Compare(*adjustment, 0, 1, {.null_value = 2}).difference;
    rejected += effect.p_value <= 0.05;
    const auto lift = AdjustedLift(*adjustment, 0, 1);
    missed_lift += lift->interval.lower > 0.1 || lift->interval.upper < 0.1;
    adjusted.Add(effect.value);
    unadjusted.Add(summaries[1].mean[0] - summaries[0].mean[0]);
  }
  EXPECT_NEAR(rejected / double{kTrials}, 0.05, 0.0183);
  EXPECT_NEAR(missed_lift / double{kTrials}, 0.05, 0.0183);
  // 1 - .64 = .36 of the variance is left; the ratio of two variances of 4000
  // correlated draws is within 15 % but once in 1e9.
  EXPECT_NEAR(adjusted.Summary().variance / unadjusted.Summary().variance, 0.36,
              0.054);
}

TEST(CupedTest, RefusesWhatIsUndefined) {
  const MultiMoments good{10, {1, 2}, {1, 0.5, 0.5, 1}};
  EXPECT_THAT(AdjustArms({good}), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("there are 1 arms")));
  EXPECT_THAT(CompareCuped({10, {1}, {1}}, {10, {1}, {1}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("at least one covariate")));
  EXPECT_THAT(CompareCuped(good, {10, {1, 2, 3}, std::vector<double>(9, 0)}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("arms[1] has 3 variables, want 2")));
  EXPECT_THAT(CompareCuped(good, {1, {1, 2}, {0, 0, 0, 0}}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("arms[1].n is 1")));
  EXPECT_THAT(CompareCuped(good, {10, {std::nan(""), 2}, {1, 0, 0, 1}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nan")));
  EXPECT_THAT(CompareCuped({10, {2, 0, 1}, std::vector<double>(9, 0)},
                           {10, {2, 1, 1}, std::vector<double>(9, 0)},
                           {.metric = CupedMetric::kRatio}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("arms[0].mean[1] is 0")));
  // The covariate determines the metric: y = 3 x.
  EXPECT_THAT(
      CompareCuped({10, {3, 1}, {9, 3, 3, 1}}, {9, {6, 2}, {9, 3, 3, 1}}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("no variance")));
  EXPECT_THAT(CompareCuped({2, {1, 2, 3}, {1, .1, .1, .1, 1, .1, .1, .1, 1}},
                           {2, {1, 2, 3}, {1, .1, .1, .1, 1, .1, .1, .1, 1}}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("degrees of freedom")));
  const auto adjustment = AdjustArms({good, good});
  ASSERT_THAT(adjustment, IsOk());
  EXPECT_THAT(
      CompareAdjusted(*adjustment, 0, 0),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("both 0")));
  EXPECT_THAT(CompareAdjusted(*adjustment, 0, 2),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is 2")));
  EXPECT_THAT(CompareAdjusted(*adjustment, 0, 1, {.alpha = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("alpha")));
  const MultiMoments zero{10, {0, 2}, {1, 0.5, 0.5, 1}};
  EXPECT_THAT(AdjustedLift(*AdjustArms({zero, good}), 0, 1),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control value is 0")));
  // One constant arm is defined.
  const auto constant = CompareCuped({10, {1, 2}, {0, 0, 0, 1}}, good);
  ASSERT_THAT(constant, IsOk());
  EXPECT_GT(constant->difference.standard_error, 0);
}

}  // namespace
}  // namespace stagecraft::stats
