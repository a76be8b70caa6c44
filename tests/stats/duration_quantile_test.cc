// R 4.2.2, survival 3.5.3; integers where nobody is censored; and the quantile
// of the whole curve, which has tests of its own.
#include "stats/duration_quantile.h"

#include <optional>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/survival.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(DurationQuantileTest, AgreesWithR) {
  // quantile(survfit(Surv(time, status) ~ 1, data = aml), share).
  const std::vector<DurationBin> aml = {
      {5, 2, 0},  {8, 2, 0},  {9, 1, 0},  {12, 1, 0}, {13, 1, 1}, {16, 0, 1},
      {18, 1, 0}, {23, 2, 0}, {27, 1, 0}, {28, 0, 1}, {30, 1, 0}, {31, 1, 0},
      {33, 1, 0}, {34, 1, 0}, {43, 1, 0}, {45, 1, 1}, {48, 1, 0}, {161, 0, 1}};
  EXPECT_EQ(**DurationQuantileValue(aml, 0.25), 12);
  EXPECT_EQ(**DurationQuantileValue(aml, 0.5), 27);
  EXPECT_EQ(**DurationQuantileValue(aml, 0.75), 43);
  // The curve ends above 0.08.
  EXPECT_EQ(*DurationQuantileValue(aml, 0.95), std::nullopt);
}

TEST(DurationQuantileTest, MedianOfUncensoredTimesIsThatOfCounts) {
  std::mt19937_64 random(7);
  int midpoints = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<DurationBin> bins;
    int64_t left = 0;
    for (int time = 1; time <= 6; ++time) {
      const auto events = static_cast<int64_t>(random() % 4);
      bins.push_back({static_cast<double>(time), events, 0});
      left += events;
    }
    if (left == 0) continue;
    const int64_t units = left;
    double want = 0;
    for (size_t i = 0; i < bins.size(); ++i) {
      left -= bins[i].events;
      if (2 * left > units) continue;
      want = bins[i].time;
      if (2 * left == units) {
        size_t next = i + 1;
        while (bins[next].events == 0) ++next;
        want = (bins[i].time + bins[next].time) / 2;
        ++midpoints;
      }
      break;
    }
    const auto median = DurationQuantileValue(bins, 0.5);
    ASSERT_THAT(median, IsOk());
    EXPECT_EQ(*median, want) << "round " << round;
  }
  EXPECT_GT(midpoints, 100);
}

TEST(DurationQuantileTest, IsThatOfTheCurve) {
  std::mt19937_64 random(8);
  int absent = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<DurationBin> bins;
    const size_t count = 1 + random() % 30;
    for (size_t i = 0; i < count; ++i) {
      // Not sorted, with ties and empty bins.
      bins.push_back({static_cast<double>(random() % 40),
                      static_cast<int64_t>(random() % 3),
                      static_cast<int64_t>(random() % 3)});
    }
    const auto curve = KaplanMeier(bins);
    for (const double share : {1e-12, 0.1, 0.25, 0.5, 0.75, 0.99}) {
      const auto value = DurationQuantileValue(bins, share);
      EXPECT_EQ(value.status(), curve.status());
      if (!curve.ok()) continue;
      EXPECT_EQ(*value, DurationQuantile(*curve, share)->value);
      absent += value->has_value() ? 0 : 1;
    }
  }
  EXPECT_GT(absent, 100);
}

TEST(DurationQuantileTest, RefusesBadInput) {
  EXPECT_THAT(
      DurationQuantileValue({{1, 1, 0}}, 0),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("share is 0")));
  EXPECT_THAT(
      DurationQuantileValue({{-1, 1, 0}}, 0.5),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("bins[0].time")));
  EXPECT_THAT(DurationQuantileValue({{1, 0, 0}}, 0.5),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("bins hold no units")));
}

}  // namespace
}  // namespace stagecraft::stats
