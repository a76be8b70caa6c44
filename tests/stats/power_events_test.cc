// rpact 3.3.4 under R 4.2.2: getSampleSizeSurvival(hazardRatio = .7, pi2 = .3,
// typeOfComputation = ..., allocationRatioPlanned = r, accrualTime = 12,
// eventTime = 12, followUpTime = 6, sided = 2, alpha = .05, beta = .2).
#include "stats/power_events.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(PowerEventsTest, AgreesWithRpact) {
  struct Row {
    EventsMethod method;
    double ratio, events, treatment, control;
  };
  constexpr Row kRows[] = {{EventsMethod::kSchoenfeld, 1, 246.787104547358,
                            479.009791875942, 479.009791875942},
                           {EventsMethod::kSchoenfeld, 2, 277.635492615778,
                            756.374610126131, 378.187305063066},
                           {EventsMethod::kFreedman, 1, 252.036249247432,
                            489.198297125925, 489.198297125925},
                           {EventsMethod::kFreedman, 2, 251.164151499171,
                            684.257568720698, 342.128784360349},
                           {EventsMethod::kHsiehFreedman, 1, 252.036249247432,
                            489.198297125925, 489.198297125925},
                           {EventsMethod::kHsiehFreedman, 2, 283.540780403361,
                            772.462645938601, 386.231322969300}};
  const auto hazard = HazardOfShare(0.3, 12);
  ASSERT_THAT(hazard, IsOk());
  for (const Row& row : kRows) {
    const PowerOptions options{.treatment_share = row.ratio / (1 + row.ratio)};
    const HazardPlan plan{.hazard_ratio = 0.7, .method = row.method};
    const auto events = EventsNeeded(plan, options);
    ASSERT_THAT(events, IsOk());
    EXPECT_NEAR(events->exact, row.events, 1e-9);
    EXPECT_NEAR(EventsPower(plan, events->events, options)->power, 0.8, 2e-3);
    const auto size =
        TimeToEventSampleSize(plan, *EventProbability(*hazard, 12, 6),
                              *EventProbability(0.7 * *hazard, 12, 6), options);
    ASSERT_THAT(size, IsOk());
    EXPECT_NEAR(size->exact_treatment, row.treatment, 1e-8);
    EXPECT_NEAR(size->exact_control, row.control, 1e-8);
    const auto ratio = MinimumDetectableHazardRatio(plan, events->events,
                                                    Direction::kDown, options);
    ASSERT_THAT(ratio, IsOk());
    EXPECT_NEAR(EventsPower({.hazard_ratio = *ratio, .method = row.method},
                            events->events, options)
                    ->power,
                0.8, 1e-12);
    EXPECT_GE(*ratio, 0.7);
  }
}

TEST(PowerEventsTest, DropOutsAgreeWithRpact) {
  // getEventProbabilities(time = 18, accrualTime = 12, lambda2 = .05,
  // hazardRatio = .7, dropoutRate1 = .1, dropoutRate2 = .1, dropoutTime = 12).
  const double dropout = *HazardOfShare(0.1, 12);
  EXPECT_NEAR(*EventProbability(0.05, 12, 6, dropout), 0.421713031321321,
              1e-13);
  EXPECT_NEAR(*EventProbability(0.035, 12, 6, dropout), 0.321246470307744,
              1e-13);
  // getSampleSizeSurvival(..., sided = 1, alpha = .025, beta = .1).
  const auto size = TimeToEventSampleSize(
      {.hazard_ratio = 0.7}, 0.421713031321321, 0.321246470307744,
      {.alpha = 0.025, .one_sided = true, .power = 0.9});
  EXPECT_NEAR(size->exact_control, 444.678227062714, 1e-8);
  // All enter at once: the exponential distribution itself.
  EXPECT_NEAR(*EventProbability(0.05, 0, 10), 1 - std::exp(-0.5), 1e-15);
  // Rare events keep their digits: h (F + A / 2) to first order.
  EXPECT_NEAR(*EventProbability(1e-12, 2, 3) / 4e-12, 1, 1e-11);
}

TEST(PowerEventsTest, MarginsAndShares) {
  // Non-inferiority within 1.3 at a true ratio of 1, one-sided: (1.959964 +
  // .841621)^2 * 4 / ln(1.3)^2.
  const auto events = EventsNeeded({.hazard_ratio = 1, .null_ratio = 1.3},
                                   {.alpha = 0.025, .one_sided = true});
  ASSERT_THAT(events, IsOk());
  EXPECT_NEAR(events->exact, 4 * 7.848879734349088 / std::pow(std::log(1.3), 2),
              1e-9);
  EXPECT_NEAR(*ShareUnderHazardRatio(0.3, 0.7), 1 - std::pow(0.7, 0.7), 1e-15);
  // The same chance of both arms, upwards and downwards.
  EXPECT_NEAR(*MinimumDetectableHazardRatio({}, 300, Direction::kUp) *
                  *MinimumDetectableHazardRatio({}, 300, Direction::kDown),
              1, 1e-13);
}

TEST(PowerEventsTest, RefusesBadInput) {
  EXPECT_THAT(EventsNeeded({.hazard_ratio = 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("want a number that is not null_ratio")));
  EXPECT_THAT(EventsNeeded({.hazard_ratio = 0.7,
                            .null_ratio = 1.3,
                            .method = EventsMethod::kFreedman}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("null_ratio is 1.3")));
  EXPECT_THAT(EventsPower({.hazard_ratio = -1}, 100),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("hazard_ratio is -1")));
  EXPECT_THAT(EventProbability(0.1, 0, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("accrual and follow_up are 0")));
  EXPECT_THAT(TimeToEventSampleSize({.hazard_ratio = 0.7}, 0, 0.5),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("an event probability is 0")));
  EXPECT_THAT(MinimumDetectableHazardRatio({.method = EventsMethod::kFreedman},
                                           3, Direction::kDown),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("want more events")));
}

}  // namespace
}  // namespace stagecraft::stats
