// R 4.2.2: the closed forms with pnorm, and mvtnorm 1.1.3 for looks to come, at
// Z = 1.2, t = 0.4, two-sided 5 %.
#include "stats/conditional_power.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr Interim kNow{1.2, 0.4};

TEST(ConditionalPowerTest, AgreesWithTheClosedForms) {
  const auto outlook = OutlookOf(kNow, 0.8);
  ASSERT_THAT(outlook, IsOk());
  EXPECT_NEAR(outlook->under_trend.up, 4.67795382017919e-01, 1e-13);
  EXPECT_NEAR(outlook->under_trend.down / 3.18262632567473e-07, 1, 1e-11);
  EXPECT_NEAR(outlook->under_plan.up, 7.32236733724509e-01, 1e-13);
  EXPECT_NEAR(outlook->under_plan.down / 6.72698068382494e-09, 1, 1e-11);
  EXPECT_NEAR(outlook->under_null.up, 0.060509970121087560, 1e-14);
  EXPECT_NEAR(outlook->under_null.down, 0.000223970345189308, 1e-15);
  EXPECT_NEAR(outlook->predictive.up, 0.479618713200338886, 1e-13);
  EXPECT_NEAR(outlook->predictive.down, 0.000817758293440597, 1e-14);
  EXPECT_NEAR(outlook->futility_index, 1 - outlook->under_plan.up, 1e-15);
  EXPECT_NEAR(outlook->under_null.both_tails,
              outlook->under_null.up + outlook->under_null.down, 1e-16);
}

// Averaged over what may be seen at t, conditional power is power.
TEST(ConditionalPowerTest, AveragesToThePower) {
  const double drift = *PlannedDrift(0.8);
  double sum = 0;
  const double step = 0.01;
  for (double e = -9; e <= 9; e += step) {
    const double z = drift * std::sqrt(0.3) + e;
    sum += step * std::exp(-e * e / 2) / std::sqrt(2 * M_PI) *
           PowerGivenInterim({z, 0.3}, drift)->up;
  }
  EXPECT_NEAR(sum, 0.8, 1e-9);
}

TEST(ConditionalPowerTest, PriorsSpanFromFixedToFlat) {
  const auto fixed = PredictivePower(kNow, NormalEstimate{2.5, 0});
  EXPECT_NEAR(fixed->up, PowerGivenInterim(kNow, 2.5)->up, 1e-14);
  const auto flat = PredictivePower(kNow, NormalEstimate{2.5, 1e9});
  EXPECT_NEAR(flat->up, PredictivePower(kNow)->up, 1e-9);
  // By quadrature over the posterior of a N(1, 2^2) prior: precision 1/4 + .4.
  const double variance = 1 / (0.25 + 0.4);
  const double mean = variance * (1 * 0.25 + 1.2 * std::sqrt(0.4));
  double sum = 0;
  for (double e = -9; e <= 9; e += 0.01) {
    sum += 0.01 * std::exp(-e * e / 2) / std::sqrt(2 * M_PI) *
           PowerGivenInterim(kNow, mean + std::sqrt(variance) * e)->up;
  }
  EXPECT_NEAR(PredictivePower(kNow, NormalEstimate{1, 2})->up, sum, 1e-12);
}

TEST(ConditionalPowerTest, LooksToComeAgreeWithMvtnorm) {
  // Looks at .7 and 1 with bounds 2.4 and 2, drift 2.5; GenzBretz to 1e-10.
  const FutureLook looks[] = {{0.7, 2.4}, {1, 2}};
  const auto power = PowerGivenInterim(kNow, 2.5, looks, true);
  ASSERT_THAT(power, IsOk());
  EXPECT_NEAR(power->up, 0.637650643166, 1e-8);
  EXPECT_EQ(power->down, 0);
  // With a futility stop at Z <= .2 at .7.
  const FutureLook futile[] = {{0.7, 2.4, 0.2}, {1, 2}};
  EXPECT_NEAR(PowerGivenInterim(kNow, 2.5, futile, true)->up, 0.637557896109,
              1e-8);
  // One look at the end is the closed form.
  const FutureLook end[] = {{1, 1.959963984540054, -1.959963984540054}};
  const auto plain = PowerGivenInterim(kNow, 1.3);
  const auto same = PowerGivenInterim(kNow, 1.3, end, false);
  EXPECT_NEAR(same->up, plain->up, 1e-12);
  EXPECT_NEAR(same->down, plain->down, 1e-12);
}

TEST(ConditionalPowerTest, FromEstimates) {
  const auto interim = InterimOf({0.5, 0.2}, 0.1, 0.1);
  ASSERT_THAT(interim, IsOk());
  EXPECT_NEAR(interim->z, 2, 1e-14);
  EXPECT_NEAR(interim->information_fraction, 0.25, 1e-15);
  EXPECT_NEAR(*CurrentTrendDrift(*interim), 4, 1e-13);  // .4 / .1.
  EXPECT_THAT(InterimOf({0.5, 0.2}, 0.2),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("want more than the final one")));
}

TEST(ConditionalPowerTest, RefusesBadInput) {
  EXPECT_THAT(PowerGivenInterim({1, 1}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("information_fraction is 1")));
  EXPECT_THAT(
      PowerGivenInterim({NAN, 0.5}, 0),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("z is nan")));
  const FutureLook looks[] = {{0.3, 2}};
  EXPECT_THAT(PowerGivenInterim(kNow, 0, looks, true),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("looks[0].time is 0.3")));
  EXPECT_THAT(PowerGivenInterim(kNow, 0, {}, true),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("looks is empty")));
}

}  // namespace
}  // namespace stagecraft::stats
