#include "stats/survey.h"

#include <cmath>

#include "gtest/gtest.h"
#include "stats/moments.h"
#include "stats/ratio.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(SurveyTest, TheScaleIsReichhelds) {
  const int expected[] = {-1, -1, -1, -1, -1, -1, -1, 0, 0, 1, 1};
  for (int rating = 0; rating <= 10; ++rating) {
    EXPECT_EQ(*NetPromoterContribution(rating), expected[rating]) << rating;
  }
  for (const double bad : {-1.0, 10.5, 11.0, 7.5, std::nan("")}) {
    EXPECT_THAT(NetPromoterContribution(bad),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("want a whole number from 0 to 10")));
  }
}

TEST(SurveyTest, CountsAgreeWithTheMeanOfContributions) {
  MomentsAccumulator contributions;
  contributions.AddRepeated(1, 70);
  contributions.AddRepeated(0, 20);
  contributions.AddRepeated(-1, 10);
  const Moments moments = contributions.Summary();
  const auto score = EstimateNetPromoterScore({70, 20, 10});
  ASSERT_THAT(score, IsOk());
  EXPECT_NEAR(score->value, 0.6, 1e-15);
  EXPECT_NEAR(score->standard_error, std::sqrt(moments.variance / 100), 1e-14);
  // (p + d - (p - d)^2) / (n - 1) = (.8 - .36) / 99.
  EXPECT_NEAR(score->standard_error, std::sqrt(0.44 / 99), 1e-14);
}

TEST(SurveyTest, OneAnswerPerUnitIsTheRatio) {
  PairedMomentsAccumulator units;
  for (int i = 0; i < 7; ++i) units.Add(1, 1);
  for (int i = 0; i < 2; ++i) units.Add(0, 1);
  for (int i = 0; i < 4; ++i) units.Add(-1, 1);
  const auto ratio = EstimateRatio(units.Summary());
  const auto score = EstimateNetPromoterScore({7, 2, 4});
  EXPECT_NEAR(ratio->value, score->value, 1e-15);
  EXPECT_NEAR(ratio->standard_error, score->standard_error, 1e-14);
}

TEST(SurveyTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(EstimateNetPromoterScore({1, 0, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("there are 1 answers")));
  EXPECT_THAT(EstimateNetPromoterScore({10, 0, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("all answers are alike")));
  EXPECT_THAT(EstimateNetPromoterScore({10, -1, 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("passives is -1")));
}

}  // namespace
}  // namespace stagecraft::stats
