#include "engine/funnel.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

using ::testing::Eq;
using ::testing::Optional;

constexpr double kDaySeconds = 86400;

// A stage with these ends, and a last stage that all who advanced are in.
JourneyLook LookWith(const std::vector<DurationBin>& bins) {
  JourneyLook look;
  JourneyLook::Stage stage;
  stage.bins = bins;
  for (const DurationBin& bin : bins) {
    stage.entered += bin.events + bin.other_ends + bin.censored;
    stage.advanced += bin.events;
    stage.dropped_out += bin.other_ends;
  }
  JourneyLook::Stage last;
  last.entered = stage.advanced;
  look.stages = {stage, last};
  return look;
}

// The 6-mercaptopurine arm of Freireich et al., Blood 21 (1963) 699, as in
// every textbook on survival (Collett, table 1.3), in days instead of weeks. R:
//   survfit(Surv(t, d) ~ 1): n 21, events 9, median 23, 0.95LCL 16, 0.95UCL NA
//   quantile(fit, c(0.25, 0.5, 0.75)): 13, 23, NA
std::vector<DurationBin> Remissions() {
  struct Row {
    int day, events, censored;
  };
  constexpr Row kRows[] = {{6, 3, 1},  {7, 1, 0},  {9, 0, 1},  {10, 1, 1},
                           {11, 0, 1}, {13, 1, 0}, {16, 1, 0}, {17, 0, 1},
                           {19, 0, 1}, {20, 0, 1}, {22, 1, 0}, {23, 1, 0},
                           {25, 0, 1}, {32, 0, 2}, {34, 0, 1}, {35, 0, 1}};
  std::vector<DurationBin> bins;
  for (const Row& row : kRows) {
    bins.push_back({.duration = row.day * kDay,
                    .events = row.events,
                    .censored = row.censored});
  }
  return bins;
}

TEST(FunnelTest, TimesOfRemissionsAreThoseOfTheTextbook) {
  const auto stages = AnalyzeFunnel(LookWith(Remissions()));
  ASSERT_EQ(stages.size(), 2);
  EXPECT_EQ(stages[0].entered, 21);
  EXPECT_EQ(stages[0].advanced, 9);
  EXPECT_EQ(stages[0].open, 12);
  EXPECT_THAT(stages[0].conversion, Optional(Eq(9.0 / 21)));
  EXPECT_THAT(stages[0].drop_off, Optional(Eq(12.0 / 21)));
  ASSERT_TRUE(stages[0].time.has_value());
  const TimeInStage& time = *stages[0].time;
  // Of 6 6 6 7 10 13 16 22 23: the elements 2, 4 and 6.
  EXPECT_THAT(time.completed_lower_quartile, Optional(6 * kDaySeconds));
  EXPECT_THAT(time.completed_median, Optional(10 * kDaySeconds));
  EXPECT_THAT(time.completed_upper_quartile, Optional(16 * kDaySeconds));
  EXPECT_THAT(time.lower_quartile, Optional(13 * kDaySeconds));
  EXPECT_THAT(time.median, Optional(23 * kDaySeconds));
  EXPECT_EQ(time.upper_quartile, std::nullopt);
  ASSERT_TRUE(time.median_interval.has_value());
  EXPECT_EQ(time.median_interval->lower, 16 * kDaySeconds);
  EXPECT_EQ(time.median_interval->upper, stats::kInfinity);
  EXPECT_DOUBLE_EQ(time.median_interval->level, 0.95);
  // The area below the curve up to day 30, step by step.
  double survival = 1, area = 6;
  const auto step = [&](double days, double kept) {
    survival *= kept;
    area += survival * days;
  };
  step(1, 18.0 / 21);
  step(3, 16.0 / 17);
  step(3, 14.0 / 15);
  step(3, 11.0 / 12);
  step(6, 10.0 / 11);
  step(1, 6.0 / 7);
  step(7, 5.0 / 6);
  ASSERT_TRUE(time.restricted_mean.has_value());
  EXPECT_NEAR(*time.restricted_mean / kDaySeconds, area, 1e-12);
  EXPECT_THAT(time.restricted_mean_horizon, Optional(30 * kDaySeconds));
}

TEST(FunnelTest, WhoDroppedOutNeverAdvances) {
  // Of 8 units: 2 advance after a day, 4 drop out after two, 2 advance after
  // three. A quarter has advanced from day 1 to day 3, half from then on, and
  // never more. (With drop-outs as censored all would have.)
  const auto stages =
      AnalyzeFunnel(LookWith({{.duration = 1 * kDay, .events = 2},
                              {.duration = 2 * kDay, .other_ends = 4},
                              {.duration = 3 * kDay, .events = 2}}));
  EXPECT_EQ(stages[0].dropped_out, 4);
  EXPECT_EQ(stages[0].open, 0);
  const TimeInStage& time = *stages[0].time;
  EXPECT_THAT(time.lower_quartile, Optional(2 * kDaySeconds));  // The middle.
  EXPECT_THAT(time.median, Optional(3 * kDaySeconds));
  EXPECT_EQ(time.upper_quartile, std::nullopt);
  EXPECT_FALSE(time.median_interval.has_value());
  // 1 day of all and 2 days of three quarters.
  ASSERT_TRUE(time.restricted_mean.has_value());
  EXPECT_NEAR(*time.restricted_mean, 2.5 * kDaySeconds, 1e-6);
  EXPECT_THAT(time.restricted_mean_horizon, Optional(3 * kDaySeconds));
  // Completed: 1 1 3 3.
  EXPECT_THAT(time.completed_median, Optional(2 * kDaySeconds));
  EXPECT_THAT(time.completed_lower_quartile, Optional(1 * kDaySeconds));
  EXPECT_THAT(time.completed_upper_quartile, Optional(3 * kDaySeconds));
}

TEST(FunnelTest, TheMeanEndsAtThirtyDaysWithDropOutsToo) {
  // Half advance after 10 days, the others drop out after 40: 10 days of all
  // and 20 of half.
  const auto stages =
      AnalyzeFunnel(LookWith({{.duration = 10 * kDay, .events = 3},
                              {.duration = 40 * kDay, .other_ends = 3}}));
  EXPECT_NEAR(*stages[0].time->restricted_mean, 20 * kDaySeconds, 1e-6);
  EXPECT_THAT(stages[0].time->restricted_mean_horizon,
              Optional(30 * kDaySeconds));
}

TEST(FunnelTest, NobodyAdvancedYet) {
  const auto stages =
      AnalyzeFunnel(LookWith({{.duration = 5 * kDay, .censored = 4}}));
  EXPECT_THAT(stages[0].conversion, Optional(0.0));
  EXPECT_THAT(stages[0].drop_off, Optional(1.0));
  EXPECT_THAT(stages[1].reached, Optional(0.0));
  const TimeInStage& time = *stages[0].time;
  EXPECT_EQ(time.completed_median, std::nullopt);
  EXPECT_EQ(time.median, std::nullopt);
  EXPECT_FALSE(time.median_interval.has_value());
  EXPECT_THAT(time.restricted_mean, Optional(5 * kDaySeconds));
  EXPECT_THAT(time.restricted_mean_horizon, Optional(5 * kDaySeconds));
}

TEST(FunnelTest, NobodyWasFollowedForAnyTime) {
  const auto stages = AnalyzeFunnel(LookWith({{.duration = 0, .events = 2}}));
  EXPECT_THAT(stages[0].time->completed_median, Optional(0.0));
  EXPECT_THAT(stages[0].time->median, Optional(0.0));
  EXPECT_EQ(stages[0].time->restricted_mean, std::nullopt);
  EXPECT_EQ(stages[0].time->restricted_mean_horizon, std::nullopt);
}

TEST(FunnelTest, WithoutUnitsThereAreNoShares) {
  JourneyLook look;
  look.stages.resize(3);
  for (const StageAnalysis& stage : AnalyzeFunnel(look)) {
    EXPECT_EQ(stage.entered, 0);
    EXPECT_EQ(stage.conversion, std::nullopt);
    EXPECT_EQ(stage.drop_off, std::nullopt);
    EXPECT_EQ(stage.reached, std::nullopt);
    EXPECT_FALSE(stage.time.has_value());
  }
}

TEST(FunnelTest, TheLastStageHasNeitherConversionNorTime) {
  const auto stages = AnalyzeFunnel(LookWith(Remissions()));
  EXPECT_EQ(stages[1].entered, 9);
  EXPECT_EQ(stages[1].open, 9);
  EXPECT_EQ(stages[1].conversion, std::nullopt);
  EXPECT_FALSE(stages[1].time.has_value());
  EXPECT_THAT(stages[0].reached, Optional(1.0));
  EXPECT_THAT(stages[1].reached, Optional(Eq(9.0 / 21)));
}

}  // namespace
}  // namespace stagecraft::engine
