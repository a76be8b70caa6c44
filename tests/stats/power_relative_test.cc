#include "stats/power_relative.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "stats/distributions.h"
#include "stats/effect.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(PowerRelativeTest, KnownControlIsTheAbsoluteTest) {
  const RelativeBaseline baseline{-20, 8, 9};
  EXPECT_NEAR(LiftPower(0.05, baseline, 3000, 2000)->power,
              MeanPower(1, 8, 9, 3000, 2000)->power, 1e-14);
  EXPECT_NEAR(*LiftMinimumDetectableEffect(baseline, 3000, 2000),
              *MeanMinimumDetectableEffect(8, 9, 3000, 2000) / 20, 1e-14);
  EXPECT_EQ(LiftSampleSize(0.05, baseline)->total,
            MeanSampleSize(1, 8, 9)->total);
}

// The delta method's error at the expected means is what the later test uses.
TEST(PowerRelativeTest, DeltaAgreesWithTheTestOfTheLift) {
  for (const double mean : {20.0, -20.0}) {
    for (const double lift : {-0.08, 0.03, 0.4}) {
      const RelativeBaseline baseline{mean, 8, 9};
      const double treatment = mean + lift * std::abs(mean);
      const auto effect = LiftOfEstimates({mean, 8 / std::sqrt(500)},
                                          {treatment, 9 / std::sqrt(700)},
                                          {.method = LiftMethod::kDelta});
      const auto power =
          LiftPower(lift, baseline, 500, 700, {}, RelativePowerMethod::kDelta);
      ASSERT_THAT(power, IsOk());
      EXPECT_NEAR(
          power->power,
          NormalLowerTail(std::abs(effect->statistic) - 1.959963984540054),
          1e-13);
    }
  }
}

TEST(PowerRelativeTest, SizeEffectAndPowerAreInverse) {
  for (const double mean : {5.0, -5.0}) {
    for (const auto method :
         {RelativePowerMethod::kKnownControl, RelativePowerMethod::kDelta}) {
      for (const auto direction : {Direction::kUp, Direction::kDown}) {
        const RelativeBaseline baseline{mean, 4, 6};
        const PowerOptions options{.power = 0.9, .treatment_share = 0.3};
        const auto mde = LiftMinimumDetectableEffect(
            baseline, 700, 300, direction, options, method);
        ASSERT_THAT(mde, IsOk());
        const double lift = direction == Direction::kUp ? *mde : -*mde;
        EXPECT_NEAR(LiftPower(lift, baseline, 700, 300, options, method)->power,
                    0.9, 1e-12);
        EXPECT_NEAR(
            LiftSampleSize(lift, baseline, options, method)->exact_control, 700,
            1e-8);
      }
    }
  }
}

TEST(PowerRelativeTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(LiftPower(0.1, {0, 1, 1}, 10, 10),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control_mean is 0")));
  EXPECT_THAT(LiftMinimumDetectableEffect({0.1, 5, 5}, 50, 50, Direction::kUp,
                                          {}, RelativePowerMethod::kDelta),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("standard errors from 0")));
}

}  // namespace
}  // namespace stagecraft::stats
