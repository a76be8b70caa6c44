#include "stats/competing_risks.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "stats/survival.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// Times 1 2 2 3 4 4 5 6 7 8 9 10 with causes 1 2 1 0 1 2 0 2 1 0 2 0 (0:
// censored).
const std::vector<CompetingBin> kBins = {
    {10, {0, 0}, 1}, {1, {1, 0}, 0}, {2, {0, 1}, 0}, {2, {1, 0}, 0},
    {3, {0, 0}, 1},  {4, {1, 1}, 0}, {5, {0, 0}, 1}, {6, {0, 1}, 0},
    {7, {1, 0}, 0},  {8, {0, 0}, 1}, {9, {0, 1}, 0}};

// R 4.2.2, survival 3.5.3: survfit(Surv(t, factor(cause)) ~ 1), whose standard
// errors (infinitesimal jackknife) are the delta method's.
TEST(CompetingRisksTest, AgreesWithR) {
  struct Row {
    double time, survival, first, second, first_error, second_error;
  };
  constexpr Row kRows[] = {
      {1, 0.91666666666667, 0.083333333333333, 0, 0.079785592313028, 0},
      {2, 0.75, 0.166666666666667, 0.083333333333333, 0.107582870727984,
       0.079785592313028},
      {4, 0.5625, 0.260416666666667, 0.177083333333333, 0.130017220859036,
       0.114009770282671},
      {7, 0.3375, 0.372916666666667, 0.289583333333333, 0.150773348838272,
       0.142789539952713},
      {9, 0.16875, 0.372916666666667, 0.458333333333333, 0.150773348838272,
       0.173276065593051},
  };
  const auto incidence = EstimateCumulativeIncidence(kBins);
  ASSERT_THAT(incidence, IsOk());
  EXPECT_EQ(incidence->units, 12);
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.time);
    const auto first = IncidenceAt(*incidence, 0, row.time);
    const auto second = IncidenceAt(*incidence, 1, row.time + 0.5);
    ASSERT_THAT(first, IsOk());
    ASSERT_THAT(second, IsOk());
    EXPECT_NEAR(first->value, row.first, 1e-13);
    EXPECT_NEAR(second->value, row.second, 1e-13);
    EXPECT_NEAR(first->standard_error, row.first_error, 1e-12);
    EXPECT_NEAR(second->standard_error, row.second_error, 1e-12);
    EXPECT_NEAR(first->value + second->value + row.survival, 1, 1e-13);
  }
  EXPECT_EQ(IncidenceAt(*incidence, 1, 0.5)->value, 0);
}

TEST(CompetingRisksTest, OneCauseIsKaplanMeier) {
  const std::vector<DurationBin> bins = {{2, 3, 1}, {3, 1, 0}, {5, 0, 4},
                                         {8, 2, 2}, {9, 1, 0}, {11, 0, 3}};
  std::vector<CompetingBin> competing;
  for (const DurationBin& bin : bins) {
    competing.push_back({bin.time, {bin.events}, bin.censored});
  }
  const auto curve = KaplanMeier(bins);
  const auto incidence = EstimateCumulativeIncidence(competing);
  ASSERT_THAT(incidence, IsOk());
  ASSERT_EQ(incidence->points.size(), curve->points.size());
  for (size_t i = 0; i < curve->points.size(); ++i) {
    EXPECT_NEAR(incidence->points[i].incidence[0],
                1 - curve->points[i].survival, 1e-14);
    EXPECT_NEAR(incidence->points[i].standard_error[0],
                curve->points[i].standard_error, 1e-14);
  }
}

TEST(CompetingRisksTest, WithoutCensoringItIsTheBinomial) {
  const auto incidence = EstimateCumulativeIncidence(
      {{1, {3, 2}, 0}, {2, {1, 0}, 0}, {5, {0, 4}, 0}});
  ASSERT_THAT(incidence, IsOk());
  const auto last = IncidenceAt(*incidence, 0, 5);
  ASSERT_THAT(last, IsOk());
  EXPECT_NEAR(last->value, 0.4, 1e-15);
  EXPECT_NEAR(last->standard_error, std::sqrt(0.4 * 0.6 / 10), 1e-14);
}

TEST(CompetingRisksTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(EstimateCumulativeIncidence({}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("bins is empty")));
  EXPECT_THAT(EstimateCumulativeIncidence({{1, {1, 0}, 0}, {2, {1}, 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("bins[1].events has 1 causes, want 2")));
  EXPECT_THAT(EstimateCumulativeIncidence({{1, {1, -1}, 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("bins[0].events[1] is -1")));
  const auto incidence = EstimateCumulativeIncidence(kBins);
  EXPECT_THAT(IncidenceAt(*incidence, 2, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("cause is 2, want 0 to 1")));
  EXPECT_THAT(IncidenceAt(*incidence, 0, 11),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("last follow-up 10")));
}

}  // namespace
}  // namespace stagecraft::stats
