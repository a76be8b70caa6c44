#include "stats/plan_duration.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(PlanDurationTest, CountsDays) {
  const auto even = DaysToReach(1000, {100.0});
  ASSERT_THAT(even, IsOk());
  EXPECT_EQ(even->days, 10);
  EXPECT_EQ(even->units, 1000);
  const auto half = DaysToReach(1001, {100.0}, {.exposure = 0.5});
  EXPECT_EQ(half->days, 21);
  EXPECT_NEAR(half->exact_days, 20.02, 1e-12);
  EXPECT_EQ(half->units, 1050);
  EXPECT_EQ(DaysToReach(1001, {100.0}, {.whole_weeks = true})->days, 14);
  EXPECT_EQ(DaysToReach(0.5, {100.0})->days, 1);
  // Fewer new people every day: 100, 50, then 20 a day.
  const auto fading = DaysToReach(200, {100.0, 50.0, 20.0});
  EXPECT_NEAR(fading->exact_days, 4.5, 1e-12);
  EXPECT_EQ(fading->days, 5);
  EXPECT_NEAR(*UnitsAfter(4.5, {100.0, 50.0, 20.0}), 200, 1e-12);
  EXPECT_NEAR(DaysToReach(120, {100.0, 50.0, 20.0})->exact_days, 1.4, 1e-12);
  // A day without traffic.
  EXPECT_NEAR(DaysToReach(120, {100.0, 0.0, 20.0})->exact_days, 3, 1e-12);
}

TEST(PlanDurationTest, RefusesBadInput) {
  EXPECT_THAT(DaysToReach(1000, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("daily_units is empty")));
  EXPECT_THAT(DaysToReach(1000, {10.0, 0.0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the last of daily_units is 0")));
  EXPECT_THAT(DaysToReach(1000, {10.0, -1.0, 3.0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("daily_units[1] is -1")));
  EXPECT_THAT(DaysToReach(1e9, {10.0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("want at most 3650")));
  EXPECT_THAT(
      UnitsAfter(-1, {10.0}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("days is -1")));
}

}  // namespace
}  // namespace stagecraft::stats
