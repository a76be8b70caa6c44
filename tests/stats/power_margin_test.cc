// rpact 3.3.4 under R 4.2.2; the call stands beside.
#include "stats/power_margin.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(PowerMarginTest, MeansAgreeWithRpact) {
  // getSampleSizeMeans(groups = 2, normalApproximation = TRUE, thetaH0 = -0.5,
  // alternative = 0.1, stDev = 2, sided = 1, alpha = .025, beta = .2).
  const auto size = MeanNonInferioritySize({10, 10.1, 2, 2}, {.margin = 0.5});
  ASSERT_THAT(size, IsOk());
  EXPECT_NEAR(size->exact_control, 174.419549652202, 1e-8);
  EXPECT_EQ(size->treatment, 175);
  // Down is good: the mirror image.
  EXPECT_EQ(MeanNonInferioritySize(
                {10, 9.9, 2, 2}, {.margin = 0.5, .direction = Direction::kDown})
                ->total,
            size->total);
  // meanRatio = TRUE, thetaH0 = .9, alternative = 1, stDev = .5 (of the control
  // mean): a relative margin of 10 %.
  EXPECT_NEAR(
      MeanNonInferioritySize({4, 4, 2, 2}, {.margin = 0.1, .relative = true})
          ->exact_control,
      355.161807979296, 1e-8);
}

TEST(PowerMarginTest, RatesAgreeWithRpact) {
  // getSampleSizeRates(groups = 2, thetaH0 = -.05, pi1 = .3, pi2 = .3, sided =
  // 1, alpha = .025, beta = .2), Farrington and Manning.
  const auto size = ProportionNonInferioritySize(
      0.3, 0.3, {.margin = 0.05}, MarginRateVariance::kRestricted);
  ASSERT_THAT(size, IsOk());
  EXPECT_NEAR(size->exact_control, 1317.94103292751, 1e-6);
  // pi1 = .32, beta = .1, allocationRatioPlanned = 2: treatment first.
  const auto unequal = ProportionNonInferioritySize(
      0.3, 0.32, {.margin = 0.05, .power = 0.9, .treatment_share = 2.0 / 3},
      MarginRateVariance::kRestricted);
  EXPECT_NEAR(unequal->exact_treatment, 1399.929319991128, 1e-6);
  EXPECT_NEAR(unequal->exact_control, 699.964659995564, 1e-6);
  // Unpooled: (z_.975 + z_.8)^2 (.21 + .21) / .05^2 = 1318.612.
  EXPECT_NEAR(
      ProportionNonInferioritySize(0.3, 0.3, {.margin = 0.05})->exact_control,
      1318.6117953706467, 1e-8);
  // A restricted rate at its end: from 0 against a margin of 0.1.
  const auto end = ProportionNonInferiorityPower(
      0, 0, 100, 100, {.margin = 0.1}, MarginRateVariance::kRestricted);
  EXPECT_FALSE(end.ok());  // Both rates at one end.
}

TEST(PowerMarginTest, PowerAndSizeAreInverse) {
  for (const bool relative : {false, true}) {
    for (const double control : {8.0, -8.0}) {
      for (const auto direction : {Direction::kUp, Direction::kDown}) {
        const MarginOptions options{.margin = relative ? 0.05 : 0.4,
                                    .relative = relative,
                                    .direction = direction,
                                    .power = 0.85,
                                    .treatment_share = 0.4};
        const ExpectedMeans means{control, control + 0.02, 3, 4};
        const auto size = MeanNonInferioritySize(means, options);
        ASSERT_THAT(size, IsOk());
        EXPECT_NEAR(*MeanNonInferiorityPower(means, size->control,
                                             size->treatment, options),
                    0.85, 2e-3);
        const auto margin =
            MeanSmallestMargin(means, size->control, size->treatment, options);
        ASSERT_THAT(margin, IsOk());
        MarginOptions exact = options;
        exact.margin = *margin;
        EXPECT_NEAR(*MeanNonInferiorityPower(means, size->control,
                                             size->treatment, exact),
                    0.85, 1e-10);
        EXPECT_NEAR(*margin, options.margin, 2e-3);
      }
    }
  }
}

// P(accept) of two one-sided t tests, by R's integrate over the estimated
// deviation: sum over s of dchisq(nu s^2, nu) 2 nu s (pnorm((U - d) / se - q s)
// - pnorm((L - d) / se + q s)), rel.tol = 1e-12.
TEST(PowerMarginTest, EquivalenceIsExact) {
  const auto power = [](double d, double margin, double sd, int64_t n1,
                        int64_t n2) {
    return *EquivalencePower(d, sd, sd, n1, n2,
                             {.lower = -margin, .upper = margin},
                             EquivalenceMethod::kStudent);
  };
  EXPECT_NEAR(power(0.05, 0.223, 0.25, 12, 12), 0.329722379271341, 1e-9);
  EXPECT_NEAR(power(0, 1, 1.2, 30, 20), 0.770181656965949, 1e-9);
  EXPECT_NEAR(power(0, 1, 1, 6, 6), 0.108897336277335, 1e-9);
  EXPECT_NEAR(power(0.02, 0.2, 1, 400, 400), 0.743932288185109, 1e-9);
  EXPECT_NEAR(power(-0.02, 0.2, 1, 400, 400), 0.743932288185109, 1e-9);
  // Many units: the normal one.
  EXPECT_NEAR(power(0.02, 0.1, 1, 50000, 50000),
              *EquivalencePower(0.02, 1, 1, 50000, 50000,
                                {.lower = -0.1, .upper = 0.1}),
              1e-4);
}

TEST(PowerMarginTest, EquivalenceSizeReachesThePower) {
  for (const auto method :
       {EquivalenceMethod::kNormal, EquivalenceMethod::kStudent}) {
    const EquivalenceOptions options{
        .lower = -0.3, .upper = 0.2, .power = 0.9, .treatment_share = 0.5};
    const auto size = EquivalenceSampleSize(0, 1, 1, options, method);
    ASSERT_THAT(size, IsOk());
    EXPECT_GE(*EquivalencePower(0, 1, 1, size->control, size->treatment,
                                options, method),
              0.9);
    EXPECT_LT(*EquivalencePower(0, 1, 1, size->control - 2, size->treatment - 2,
                                options, method),
              0.9);
  }
  EXPECT_THAT(
      EquivalenceSampleSize(0.2, 1, 1, {.lower = -0.3, .upper = 0.2}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("want a number strictly between -0.3 and 0.2")));
}

TEST(PowerMarginTest, RefusesBadInput) {
  EXPECT_THAT(MeanNonInferioritySize({10, 9, 2, 2}, {.margin = 0.5}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("outside of the margin")));
  EXPECT_THAT(MeanNonInferiorityPower({0, 9, 2, 2}, 10, 10,
                                      {.margin = 0.5, .relative = true}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the control is 0")));
  EXPECT_THAT(MeanNonInferiorityPower({1, 1, 2, 2}, 10, 10,
                                      {.margin = 0.5, .one_sided_alpha = 0.6}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("one_sided_alpha is 0.6")));
}

}  // namespace
}  // namespace stagecraft::stats
