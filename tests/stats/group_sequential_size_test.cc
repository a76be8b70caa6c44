// rpact 3.3.4 under R 4.2.2, design getDesignGroupSequential(typeOfDesign =
// "asOF", alpha = .05, sided = 2, kMax = 5, beta = .2); calls beside. Sizes
// agree to the 1e-8 of rpact's shift, relatively.
#include "stats/group_sequential_size.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr double kRelative = 3e-8;

GroupSequentialDesign Design(const GroupSequentialOptions& options = {}) {
  return *DesignGroupSequential(options);
}

TEST(GroupSequentialSizeTest, MeansAgreeWithRpact) {
  // getSampleSizeMeans(d, alternative = .2, stDev = 1, normalApproximation = T)
  const auto size = GroupSequentialMeanSize(Design(), 0.2, 1, 1);
  ASSERT_THAT(size, IsOk());
  EXPECT_NEAR(size->fixed / 784.887973435, 1, 1e-11);
  EXPECT_NEAR(size->maximum / 804.290310761, 1, kRelative);
  EXPECT_NEAR(size->expected_h0 / 799.009487261, 1, kRelative);
  EXPECT_NEAR(size->expected_h01 / 768.075662909, 1, kRelative);
  EXPECT_NEAR(size->expected_h1 / 646.482650944, 1, kRelative);
  EXPECT_NEAR(size->by_look[1] / 321.716124304, 1, kRelative);
  EXPECT_EQ(size->control[4], 403);
  EXPECT_EQ(size->total[4], 806);
  const double expected[] = {0.769043825492, 0.374322958895, 0.244021520357,
                             0.180542443627, 0.143232098078};
  for (int k = 0; k < 5; ++k) {
    EXPECT_NEAR(size->effect_to_reject[k] / expected[k], 1, kRelative);
    EXPECT_NEAR(size->opposite_effect_to_reject[k] / -expected[k], 1,
                kRelative);
  }
  // The same, allocationRatioPlanned = 3.
  const auto uneven = GroupSequentialMeanSize(Design(), -0.2, 1, 1, 0.75);
  ASSERT_THAT(uneven, IsOk());
  EXPECT_NEAR(uneven->fixed / 1046.51729791, 1, 1e-11);
  EXPECT_NEAR(uneven->maximum / 1072.38708101, 1, kRelative);
  EXPECT_LT(uneven->effect_to_reject[4], 0);
  EXPECT_EQ(uneven->control[4], 269);
  EXPECT_EQ(uneven->treatment[4], 805);
}

TEST(GroupSequentialSizeTest, RatesAgreeWithRpact) {
  // getSampleSizeRates(d, pi1 = .12, pi2 = .1)
  const auto size = GroupSequentialProportionSize(Design(), 0.1, 0.12);
  ASSERT_THAT(size, IsOk());
  EXPECT_NEAR(size->fixed / 7681.69496487, 1, 1e-11);
  EXPECT_NEAR(size->maximum / 7871.58555052, 1, kRelative);
  EXPECT_NEAR(size->expected_h0 / 7819.90215536, 1, kRelative);
  EXPECT_NEAR(size->expected_h1 / 6327.12271396, 1, kRelative);
  const double up[] = {0.0860648563364, 0.0387982293182, 0.0246292438685,
                       0.0179842761386, 0.0141570741809};
  const double down[] = {-0.0622525890507, -0.0330919629489, -0.0221992434883,
                         -0.0166531857293, -0.0133190360419};
  for (int k = 0; k < 5; ++k) {
    EXPECT_NEAR(size->effect_to_reject[k] / up[k], 1, 1e-6);
    EXPECT_NEAR(size->opposite_effect_to_reject[k] / down[k], 1, 1e-6);
  }
  // allocationRatioPlanned = 2.
  const auto uneven =
      GroupSequentialProportionSize(Design(), 0.1, 0.12, 2.0 / 3);
  ASSERT_THAT(uneven, IsOk());
  EXPECT_NEAR(uneven->fixed / 8731.53849256, 1, 1e-11);
  EXPECT_NEAR(uneven->maximum / 8947.38108531, 1, kRelative);
}

TEST(GroupSequentialSizeTest, EventsAgreeWithRpact) {
  // getSampleSizeSurvival(d, hazardRatio = .75, pi2 = .3, eventTime = 12,
  // accrualTime = 12, followUpTime = 6), typeOfComputation and
  // allocationRatioPlanned = 2 in turn.
  const auto size = GroupSequentialEvents(Design(), 0.75);
  ASSERT_THAT(size, IsOk());
  EXPECT_NEAR(size->fixed / 379.351729597, 1, 1e-11);
  EXPECT_NEAR(size->maximum / 388.729259222, 1, kRelative);
  EXPECT_NEAR(size->expected_h0 / 386.1769338, 1, kRelative);
  EXPECT_NEAR(size->expected_h1 / 312.457726568, 1, kRelative);
  EXPECT_EQ(size->total[4], 389);
  EXPECT_TRUE(size->control.empty());
  const double ratios[] = {0.330813466551, 0.583663872345, 0.703981583128,
                           0.771287469795, 0.813811482255};
  for (int k = 0; k < 5; ++k) {
    EXPECT_NEAR(std::exp(size->effect_to_reject[k]), ratios[k], 1e-7);
    EXPECT_NEAR(std::exp(size->opposite_effect_to_reject[k]), 1 / ratios[k],
                1e-6);
  }
  EXPECT_NEAR(
      GroupSequentialEvents(Design(), 0.75, 0.5, EventFormula::kFreedman)
              ->maximum /
          394.102252273,
      1, kRelative);
  EXPECT_NEAR(GroupSequentialEvents(Design(), 0.75, 2.0 / 3)->fixed,
              426.770695797, 1e-8);
  EXPECT_NEAR(
      GroupSequentialEvents(Design(), 0.75, 2.0 / 3, EventFormula::kFreedman)
          ->fixed,
      392.443986717, 1e-8);
}

TEST(GroupSequentialSizeTest, OneLookIsTheFixedSize) {
  const auto design = Design({.looks = 1});
  // R: ((qnorm(.975) + qnorm(.8)) / .5)^2 * (4 / .5 + 9 / .5) = 816.283492372.
  const auto means = GroupSequentialMeanSize(design, 0.5, 2, 3);
  EXPECT_NEAR(means->maximum, 816.283492372, 1e-7);
  EXPECT_EQ(means->total[0], 2 * 409);
  // power.prop.test(p1 = .2, p2 = .25, power = .8)$n = 1093.73904583.
  const auto rates = GroupSequentialProportionSize(design, 0.2, 0.25);
  EXPECT_NEAR(rates->maximum / 2, 1093.73904583, 1e-5);
  EXPECT_EQ(rates->control[0], 1094);
}

TEST(GroupSequentialSizeTest, ScalesAndLimits) {
  const auto size = GroupSequentialMeanSize(Design(), 1, 3, 4);
  EXPECT_NEAR(GroupSequentialMeanSize(Design(), 1e200, 3e200, 4e200)->maximum,
              size->maximum, 1e-9);
  EXPECT_NEAR(GroupSequentialMeanSize(Design(), -1, 3, 4)->maximum,
              size->maximum, 1e-9);
  // A rate that cannot be reached is no bound.
  const auto rare = GroupSequentialProportionSize(Design(), 0.9, 0.99);
  ASSERT_THAT(rare, IsOk());
  EXPECT_EQ(rare->effect_to_reject[0], kInfinity);
  EXPECT_LT(rare->effect_to_reject[4], 0.1);
}

TEST(GroupSequentialSizeTest, RefusesBadArguments) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const auto design = Design();
  EXPECT_THAT(GroupSequentialMeanSize(design, 0, 1, 1),
              StatusIs(kInvalid, HasSubstr("difference is 0")));
  EXPECT_THAT(GroupSequentialMeanSize(design, 1, 0, 0),
              StatusIs(kInvalid, HasSubstr("at least one > 0")));
  EXPECT_THAT(GroupSequentialMeanSize(design, 1, 1, 1, 1),
              StatusIs(kInvalid, HasSubstr("treatment_share is 1")));
  EXPECT_THAT(GroupSequentialMeanSize(design, 1e-12, 1, 1),
              StatusIs(kInvalid, HasSubstr("2^53")));
  EXPECT_THAT(GroupSequentialProportionSize(design, 0, 0.1),
              StatusIs(kInvalid, HasSubstr("control_rate is 0")));
  EXPECT_THAT(GroupSequentialProportionSize(design, 0.1, 0.1),
              StatusIs(kInvalid, HasSubstr("differs from control_rate")));
  EXPECT_THAT(GroupSequentialEvents(design, 1),
              StatusIs(kInvalid, HasSubstr("hazard_ratio is 1")));
  EXPECT_THAT(GroupSequentialEvents(design, -1),
              StatusIs(kInvalid, HasSubstr("hazard_ratio is -1")));
  EXPECT_THAT(GroupSequentialEvents({}, 2),
              StatusIs(kInvalid, HasSubstr("design has no looks")));
}

}  // namespace
}  // namespace stagecraft::stats
