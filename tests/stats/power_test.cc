// R 4.2.2; the call stands beside. R counts the upper tail alone, as we do.
#include "stats/power.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(PowerTest, RatesAgreeWithR) {
  // power.prop.test(p1 = .1, p2 = .12, power = .8)$n = 3840.84748243445.
  const auto size = ProportionSampleSize(0.1, 0.12);
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(size->control, 3841);
  EXPECT_EQ(size->treatment, 3841);
  EXPECT_EQ(size->total, 7682);
  // power.prop.test(n = 5000, p1 = .1, p2 = .12)$power.
  EXPECT_NEAR(ProportionPower(0.1, 0.12, 5000, 5000)->power, 0.891897351597016,
              1e-12);
  // power.prop.test(n = 3000, p1 = .05, power = .9, sig.level = .01)$p2 - .05,
  // to the default tolerance of uniroot.
  EXPECT_NEAR(
      *ProportionMinimumDetectableEffect(0.05, 3000, 3000, Direction::kUp,
                                         {.alpha = 0.01, .power = 0.9}),
      0.0240079719317191, 1e-5);
  // power.prop.test(p1 = .3, p2 = .2, power = .9, alternative = "one.sided",
  // sig.level = .025)$n = 391.947.
  EXPECT_EQ(ProportionSampleSize(
                0.3, 0.2, {.alpha = 0.025, .one_sided = true, .power = 0.9})
                ->control,
            392);
}

// R's strict = TRUE, pwr 1.3.0 and statsmodels 0.13.5 count both tails.
TEST(PowerTest, BothTailsAgreeWithPwrAndStatsmodels) {
  // power.prop.test(n = 50, p1 = .5, p2 = .75), and strict = TRUE.
  const auto power = ProportionPower(0.5, 0.75, 50, 50);
  ASSERT_THAT(power, IsOk());
  EXPECT_NEAR(power->power, 0.740165901331388, 1e-13);
  EXPECT_NEAR(power->both_tails, 0.740167193453611, 1e-13);
  // power.prop.test(p1 = .5, p2 = .75, power = .9)$n; p1 = .1, p2 = .12.
  EXPECT_NEAR(ProportionSampleSize(0.5, 0.75, {.power = 0.9})->exact_control,
              76.7069301141077, 1e-5);
  EXPECT_NEAR(ProportionSampleSize(0.1, 0.12)->exact_treatment,
              3840.84748243445, 1e-4);
  // NormalIndPower().power(.3, 100, .05, ratio = 2) and its solve_power.
  EXPECT_NEAR(MeanPower(0.3, 1, 1, 100, 200)->both_tails, 0.687770420076401,
              1e-13);
  EXPECT_NEAR(
      MeanSampleSize(0.3, 1, 1,
                     {.treatment_share = 2.0 / 3, .count_both_tails = true})
          ->exact_control,
      130.81434198566146, 1e-6);
  EXPECT_NEAR(MeanPower(*MeanMinimumDetectableEffect(
                            1, 1, 100, 200, {.count_both_tails = true}),
                        1, 1, 100, 200)
                  ->both_tails,
              0.8, 1e-13);
  // power_proportions_2indep(.02, .10, 3000, ratio = 1.5): arm 1 is the one
  // with .12; samplesize_proportions_2indep_onetail(.02, .1, .8, ratio = 1.5).
  EXPECT_NEAR(ProportionPower(0.12, 0.1, 3000, 4500)->both_tails,
              0.7769723530449889, 1e-6);
}

TEST(PowerTest, ArcsineAgreesWithPwr) {
  const auto method = ProportionPowerMethod::kArcsine;
  // ES.h(.5, .4); pwr.2p.test(h = ES.h(.5, .4), n = 300).
  EXPECT_NEAR(*ArcsineEffectSize(0.4, 0.5), 0.201357920790331, 1e-14);
  EXPECT_NEAR(ProportionPower(0.4, 0.5, 300, 300, {}, method)->both_tails,
              0.693631516654612, 1e-13);
  // pwr.2p.test(h = ES.h(.12, .10), power = .8)$n, to its root finder's digits;
  // NormalIndPower().solve_power: 3834.595739884031.
  EXPECT_NEAR(
      ProportionSampleSize(0.1, 0.12, {.count_both_tails = true}, method)
          ->exact_control,
      3834.595739884031, 1e-6);
  // pwr.2p2n.test(h = ES.h(.12, .1), n1 = 2000, n2 = 5000).
  EXPECT_NEAR(ProportionPower(0.1, 0.12, 2000, 5000, {}, method)->both_tails,
              0.676649084366331, 1e-13);
  const auto mde = ProportionMinimumDetectableEffect(
      0.1, 2000, 5000, Direction::kUp, {}, method);
  EXPECT_NEAR(ProportionPower(0.1, 0.1 + *mde, 2000, 5000, {}, method)->power,
              0.8, 1e-12);
}

TEST(PowerTest, OtherRateMethods) {
  // (z + z)^2 (p1 q1 + p2 q2) / d^2.
  EXPECT_NEAR(
      ProportionSampleSize(0.1, 0.12, {}, ProportionPowerMethod::kUnpooled)
          ->exact_control,
      7.848879734349088 * (0.09 + 0.1056) / 0.0004, 1e-7);
  // Fleiss, Levin, Paik (2003), table A.4, alpha .05, power .8, .1 against .2:
  // 219 per group with the correction.
  const auto corrected =
      ContinuityCorrectedSize(*ProportionSampleSize(0.1, 0.2), 0.1, 0.2);
  ASSERT_THAT(corrected, IsOk());
  EXPECT_EQ(corrected->control, 219);
  EXPECT_EQ(corrected->treatment, 219);
}

TEST(PowerTest, RatiosAndCovariatesGiveDeviations) {
  // R = 2, var = 9 - 2 * 2 * 1 + 4 * 4 = 21, over a denominator of 5.
  const auto deviation = RatioUnitDeviation({.n = 100,
                                             .mean_x = 10,
                                             .mean_y = 5,
                                             .var_x = 9,
                                             .var_y = 4,
                                             .cov_xy = 1});
  ASSERT_THAT(deviation, IsOk());
  EXPECT_NEAR(*deviation, std::sqrt(21) / 5, 1e-14);
  EXPECT_NEAR(*AdjustedDeviation(10, -0.6), 8, 1e-14);
  EXPECT_THAT(AdjustedDeviation(10, 1.2),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("correlation is 1.2")));
  EXPECT_THAT(RatioUnitDeviation({.n = 10, .mean_x = 1}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("mean_y is 0")));
}

TEST(PowerTest, MeansAgreeWithTheNormalFormula) {
  // 2 (qnorm(.975) + qnorm(.8))^2 / .5^2 = 62.7910378747927.
  const auto size = MeanSampleSize(0.5, 1, 1);
  ASSERT_THAT(size, IsOk());
  EXPECT_EQ(size->control, 63);
  // pnorm(.3 / sqrt(4/400 + 9/600) - qnorm(.975)) and the other tail.
  const auto power = MeanPower(-0.3, 2, 3, 400, 600);
  ASSERT_THAT(power, IsOk());
  EXPECT_NEAR(power->power, 0.475043554532347, 1e-13);
  EXPECT_NEAR(power->both_tails - power->power, 5.73160402915867e-05, 1e-15);
}

TEST(PowerTest, SizeEffectAndPowerAreInverse) {
  for (const double share : {0.05, 0.5, 0.8}) {
    for (const bool one_sided : {false, true}) {
      const PowerOptions options{
          .one_sided = one_sided, .power = 0.85, .treatment_share = share};
      const auto size = ProportionSampleSize(0.2, 0.23, options);
      ASSERT_THAT(size, IsOk());
      const double power =
          ProportionPower(0.2, 0.23, size->control, size->treatment, options)
              ->power;
      EXPECT_GE(power, 0.85 - 1e-12);
      EXPECT_LT(power, 0.855);
      EXPECT_NEAR(static_cast<double>(size->treatment) / size->total, share,
                  1e-3);
      const auto mde = ProportionMinimumDetectableEffect(
          0.2, size->control, size->treatment, Direction::kUp, options);
      ASSERT_THAT(mde, IsOk());
      EXPECT_NEAR(*mde, 0.03, 1e-4);
      const auto means = MeanSampleSize(0.1, 1, 2, options);
      EXPECT_NEAR(*MeanMinimumDetectableEffect(1, 2, means->control,
                                               means->treatment, options),
                  0.1, 2e-4);
    }
  }
  // Downwards from a rate: the treatment rate is smaller.
  const auto down =
      ProportionMinimumDetectableEffect(0.2, 3000, 3000, Direction::kDown);
  ASSERT_THAT(down, IsOk());
  EXPECT_NEAR(ProportionPower(0.2, 0.2 - *down, 3000, 3000)->power, 0.8, 1e-9);
}

TEST(PowerTest, WithoutAnEffectItIsTheErrorRate) {
  EXPECT_NEAR(MeanPower(0, 1, 1, 100, 100)->power, 0.025, 1e-15);
  EXPECT_NEAR(MeanPower(0, 1, 1, 100, 100)->both_tails, 0.05, 1e-15);
  EXPECT_NEAR(MeanPower(0, 1, 1, 100, 100, {.one_sided = true})->power, 0.05,
              1e-15);
}

TEST(PowerTest, RefusesBadInput) {
  EXPECT_THAT(MeanSampleSize(0, 1, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("difference is 0")));
  EXPECT_THAT(MeanSampleSize(1e-12, 1, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want at most 2^53")));
  EXPECT_THAT(MeanSampleSize(1, 0, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control_sd and treatment_sd are 0")));
  EXPECT_THAT(MeanSampleSize(1, 1, 1, {.power = 0.04}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("power is 0.04, want a number in (alpha = "
                                 "0.05, 1)")));
  EXPECT_THAT(MeanSampleSize(1, 1, 1, {.treatment_share = 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("treatment_share is 1")));
  EXPECT_THAT(MeanPower(1, 1, 1, 1, 10),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control_n is 1, want at least 2")));
  EXPECT_THAT(ProportionPower(1.1, 0.5, 10, 10),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control_rate is 1.1")));
  EXPECT_THAT(ProportionPower(0, 0, 10, 10),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("both rates are 0")));
  EXPECT_THAT(ProportionMinimumDetectableEffect(0.99, 20, 20),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("want more units")));
}

}  // namespace
}  // namespace stagecraft::stats
