#include "stats/log_rank.h"

#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// R's `aml`: maintained and not maintained.
const std::vector<DurationBin> kMaintained = {
    {9, 1, 0},  {13, 1, 1}, {18, 1, 0}, {23, 1, 0}, {28, 0, 1},
    {31, 1, 0}, {34, 1, 0}, {45, 0, 1}, {48, 1, 0}, {161, 0, 1}};
const std::vector<DurationBin> kNotMaintained = {
    {5, 2, 0},  {8, 2, 0},  {12, 1, 0}, {16, 0, 1}, {23, 1, 0},
    {27, 1, 0}, {30, 1, 0}, {33, 1, 0}, {43, 1, 0}, {45, 1, 0}};

// R 4.2.2, survival 3.5.3: survdiff(Surv(time, status) ~ x, data = aml).
TEST(LogRankTest, AgreesWithR) {
  const std::vector<DurationBin> groups[] = {kMaintained, kNotMaintained};
  const auto test = LogRankTest(groups);
  ASSERT_THAT(test, IsOk());
  EXPECT_NEAR(test->statistic, 3.3963886989776, 1e-12);
  EXPECT_EQ(test->degrees_of_freedom, 1);
  EXPECT_NEAR(test->p_value, 0.065339322040505, 1e-13);
  EXPECT_NEAR(test->expected[0], 10.6893359923007, 1e-12);
  EXPECT_NEAR(test->expected[1], 7.3106640076993, 1e-12);
  EXPECT_EQ(test->observed[0], 7);
}

TEST(LogRankTest, DoesNotDependOnTheOrderOfGroups) {
  std::vector<std::vector<DurationBin>> groups = {
      kMaintained, kNotMaintained, {{4, 3, 1}, {23, 2, 2}, {60, 5, 0}}};
  const auto first = LogRankTest(groups);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->degrees_of_freedom, 2);
  std::swap(groups[0], groups[2]);
  EXPECT_NEAR(LogRankTest(groups)->statistic, first->statistic, 1e-11);
  std::swap(groups[1], groups[2]);
  EXPECT_NEAR(LogRankTest(groups)->statistic, first->statistic, 1e-11);
}

TEST(LogRankTest, GroupsThatAreNeverAtRiskDropOut) {
  const std::vector<DurationBin> groups[] = {
      kMaintained, kNotMaintained, {{1, 0, 10}}};
  const auto test = LogRankTest(groups);
  ASSERT_THAT(test, IsOk());
  EXPECT_EQ(test->degrees_of_freedom, 1);
  EXPECT_NEAR(test->statistic, 3.3963886989776, 1e-12);
  EXPECT_EQ(test->expected[2], 0);
}

TEST(LogRankTest, RefusesWhatIsUndefined) {
  const std::vector<DurationBin> one[] = {kMaintained};
  EXPECT_THAT(LogRankTest(one), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("want at least 2")));
  const std::vector<DurationBin> empty[] = {kMaintained, {}};
  EXPECT_THAT(LogRankTest(empty),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("groups[1] holds no units")));
  const std::vector<DurationBin> none[] = {{{1, 0, 5}}, {{2, 0, 5}}};
  EXPECT_THAT(LogRankTest(none),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("no events while two groups")));
  const std::vector<DurationBin> same[] = {{{1, 5, 0}}, {{1, 5, 0}}};
  EXPECT_THAT(LogRankTest(same), StatusIs(absl::StatusCode::kFailedPrecondition,
                                          HasSubstr("no variance")));
  const std::vector<DurationBin> bad[] = {kMaintained, {{1, -5, 0}}};
  EXPECT_THAT(LogRankTest(bad),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("groups[1]: bins[0].events is -5")));
}

}  // namespace
}  // namespace stagecraft::stats
