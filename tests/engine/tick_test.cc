#include "engine/tick.h"

#include "engine/sums.h"
#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

constexpr Micros kNoon = 1000 * kDay + 12 * kHour;

TEST(TickTest, ALookAtAFullHourSeesWhatCameBeforeIt) {
  const Tick look = AsOfTick(kNoon);
  EXPECT_LE(EventTick(kNoon - 1), look);
  EXPECT_GT(EventTick(kNoon), look);
  EXPECT_LE(TimedTick(kNoon), look);
  EXPECT_GT(TimedTick(kNoon + 1), look);
}

TEST(TickTest, ALookWithinAnHourSeesItsEventsButNotWhatIsOverLater) {
  const Tick look = AsOfTick(kNoon + 10 * 60 * kSecond);
  EXPECT_LE(EventTick(kNoon + 5 * 60 * kSecond), look);
  EXPECT_GT(TimedTick(kNoon + 5 * 60 * kSecond), look);
  EXPECT_GT(EventTick(kNoon + kHour), look);
}

TEST(TickTest, WhatEndsAWindowComesAfterWhatBeganIt) {
  for (const Micros begin : {kNoon, kNoon + 1, kNoon + kHour - 1}) {
    for (const Micros length : {Micros{1}, kSecond, kHour, kDay + 1}) {
      EXPECT_LT(EventTick(begin), TimedTick(begin + length))
          << begin << " + " << length;
    }
  }
}

TEST(SumsTest, KeepsProductsOfTheLargestValuesExactly) {
  Sums sums(3);
  const UnitValue value = {kMaxMicroValue, -kMaxMicroValue, 3};
  for (int i = 0; i < 1000; ++i) sums.Add(value, 1);
  const absl::int128 square =
      absl::int128(kMaxMicroValue) * absl::int128(kMaxMicroValue);
  EXPECT_EQ(sums.count(), 1000);
  EXPECT_EQ(sums.sum(1), absl::int128(-kMaxMicroValue) * 1000);
  EXPECT_EQ(sums.product(0, 0), square * 1000);
  EXPECT_EQ(sums.product(0, 1), -square * 1000);
  EXPECT_EQ(sums.product(1, 2), absl::int128(-kMaxMicroValue) * 3000);
  EXPECT_EQ(sums.product(2, 2), 9000);
}

}  // namespace
}  // namespace stagecraft::engine
