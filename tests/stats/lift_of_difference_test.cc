#include "stats/lift_of_difference.h"

#include <cmath>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(LiftOfDifferenceTest, IsTheLiftOfIndependentEstimates) {
  struct Arms {
    NormalEstimate control, treatment;
  };
  const Arms kArms[] = {{{10, 0.5}, {11, 0.7}},
                        {{-10, 0.5}, {-12, 0.1}},
                        {{1, 0.6}, {2, 0.3}},
                        {{3, 0}, {3.1, 0.2}}};
  for (const Arms& arms : kArms) {
    for (const LiftMethod method :
         {LiftMethod::kAutomatic, LiftMethod::kDelta, LiftMethod::kLogRatio,
          LiftMethod::kFieller}) {
      for (const Alternative alternative :
           {Alternative::kTwoSided, Alternative::kGreater,
            Alternative::kLess}) {
        SCOPED_TRACE(::testing::Message()
                     << arms.control.value << " " << static_cast<int>(method));
        const LiftOptions options{.alpha = 0.1,
                                  .alternative = alternative,
                                  .null_value = 0.02,
                                  .method = method};
        const auto plain =
            LiftOfEstimates(arms.control, arms.treatment, options);
        ASSERT_THAT(plain, IsOk());
        const double vc =
            arms.control.standard_error * arms.control.standard_error;
        const auto lift =
            LiftOfDifference({arms.treatment.value - arms.control.value,
                              std::hypot(arms.control.standard_error,
                                         arms.treatment.standard_error)},
                             arms.control, -vc, options);
        ASSERT_THAT(lift, IsOk());
        EXPECT_NEAR(lift->value, plain->value, 1e-13);
        EXPECT_NEAR(lift->standard_error, plain->standard_error, 1e-12);
        EXPECT_NEAR(lift->p_value, plain->p_value, 1e-12);
        if (std::isfinite(plain->interval.lower)) {
          EXPECT_NEAR(lift->interval.lower, plain->interval.lower, 1e-11);
        } else {
          EXPECT_EQ(lift->interval.lower, plain->interval.lower);
        }
        if (std::isfinite(plain->interval.upper)) {
          EXPECT_NEAR(lift->interval.upper, plain->interval.upper, 1e-11);
        } else {
          EXPECT_EQ(lift->interval.upper, plain->interval.upper);
        }
      }
    }
  }
}

TEST(LiftOfDifferenceTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(LiftOfDifference({1, 1}, {0, 1}, 0),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control value is 0")));
  EXPECT_THAT(LiftOfDifference({1, 1}, {5, 1}, 1.1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("covariance is 1.1")));
  EXPECT_THAT(LiftOfDifference({1, 0}, {5, 0}, 0),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no variance")));
  EXPECT_THAT(LiftOfDifference({1, NAN}, {5, 1}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nan")));
  for (const LiftMethod method :
       {LiftMethod::kScore, LiftMethod::kScoreMiettinenNurminen,
        LiftMethod::kLogRatioAdjusted}) {
    EXPECT_THAT(LiftOfDifference({1, 1}, {5, 1}, 0, {.method = method}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("for rates only")));
  }
  EXPECT_THAT(
      LiftOfDifference({-6, 1}, {5, 1}, 0, {.method = LiftMethod::kLogRatio}),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("want > 0")));
}

}  // namespace
}  // namespace stagecraft::stats
