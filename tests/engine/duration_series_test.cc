#include "engine/duration_series.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

constexpr Micros kBegin = 20'000 * kDay;

// What is read from groups that are kept is what is read without them
// (duration_horizon_test.cc): here it is about which are kept.
class KeptGroupsTest : public ::testing::Test {
 protected:
  KeptGroupsTest() : number_(combinations_.NumberOf({0})) {}

  // Units that enter from then on, one a minute.
  void Enter(Micros from, int units) {
    for (int i = 0; i < units; ++i) {
      const Micros entry = from + i * 60 * kSecond;
      const Tick tick = EventTick(entry);
      present_ = std::max(present_, tick);
      series_.Add(tick, DurationKey(DurationKind::kOpen, entry), number_, 1,
                  combinations_, present_);
    }
    series_.Settle(combinations_, present_);
  }

  SlotCombinations combinations_;
  uint32_t number_;
  DurationSeries series_{std::nullopt, std::nullopt,
                         GroupGrid{.grid = {kSecond, 7}, .exact_units = 1000}};
  Tick present_ = std::numeric_limits<Tick>::min();
};

TEST_F(KeptGroupsTest, NoneOfFewUnits) {
  Enter(kBegin, 1000);
  EXPECT_EQ(series_.KeptMoment(0), std::nullopt);
  EXPECT_EQ(series_.KeptMoment(1), std::nullopt);
}

TEST_F(KeptGroupsTest, OfManyThoseOfTwoHoursBeforeTheLastOnes) {
  // The last 256 of 1200 came in the last five hours of twenty.
  Enter(kBegin, 1200);
  EXPECT_EQ(series_.KeptMoment(0), kBegin + 15 * kHour - 2 * kHour);
  // And they move on.
  Enter(kBegin + kDay, 300);
  EXPECT_EQ(series_.KeptMoment(0), kBegin + kDay - 2 * kHour);
}

TEST_F(KeptGroupsTest, StayUntilThereAreAQuarterMore) {
  Enter(kBegin, 4000);
  const std::optional<Micros> before = series_.KeptMoment(0);
  ASSERT_TRUE(before.has_value());
  Enter(kBegin + 10 * kDay, 200);
  EXPECT_EQ(series_.KeptMoment(0), before);
  Enter(kBegin + 20 * kDay, 1000);
  EXPECT_EQ(series_.KeptMoment(0), kBegin + 20 * kDay + 12 * kHour - 2 * kHour);
}

TEST_F(KeptGroupsTest, FewOfTheFutureDoNotMakeThem) {
  Enter(kBegin, 1200);
  Enter(kBegin + 40 * kDay, 50);
  EXPECT_LE(series_.KeptMoment(0), kBegin + 20 * kHour);
  Enter(kBegin + 40 * kDay, 250);
  EXPECT_GT(series_.KeptMoment(0), kBegin + 39 * kDay);
}

TEST_F(KeptGroupsTest, TheMoreUnitsTheMoreAreFew) {
  Enter(kBegin, 1'000'000);
  const std::optional<Micros> before = series_.KeptMoment(0);
  Enter(kBegin + 1000 * kDay, 900);
  EXPECT_LE(series_.KeptMoment(0).value() - before.value(), 20 * kHour);
  Enter(kBegin + 1000 * kDay, 2000);
  EXPECT_GT(series_.KeptMoment(0), kBegin + 999 * kDay);
}

TEST_F(KeptGroupsTest, WhatIsReadAgainKeepsThem) {
  Enter(kBegin, 1200);
  std::string changes;
  series_.Serialize(combinations_, &changes);
  std::string totals;
  series_.SerializeTotals(&totals);
  DurationSeries parsed{std::nullopt, std::nullopt,
                        GroupGrid{.grid = {kSecond, 7}, .exact_units = 1000}};
  SlotCombinations of;
  Tick newest = std::numeric_limits<Tick>::min();
  absl::string_view in = changes;
  ASSERT_TRUE(parsed.Parse(1, &in, &of, &newest));
  in = totals;
  ASSERT_TRUE(parsed.ParseTotals(1, newest, &in));
  EXPECT_EQ(parsed.KeptMoment(0), series_.KeptMoment(0));
}

// Of very many durations sums in groups have what those of units by themselves
// do not have yet. Whatever they have, all reads are the same.
TEST_F(KeptGroupsTest, ReadTheSameWhenTheyAreAhead) {
  constexpr int kUnits = 300'000;
  Enter(kBegin, kUnits);
  const uint32_t of_segment = combinations_.NumberOf({0, 1});
  const auto put = [&](Micros time, uint32_t number, DurationKind kind,
                       Micros bin, int count) {
    present_ = std::max(present_, EventTick(time));
    series_.Add(EventTick(time), DurationKey(kind, bin), number, count,
                combinations_, present_);
  };
  std::mt19937_64 random(1);
  // 80,000 changes: those of units by themselves are added at 75,000.
  for (int i = 0; i < 48'000; ++i) {
    const Micros unit = i * Micros{7919} % kUnits;  // Each of them once.
    const Micros entry = kBegin + unit * 60 * kSecond;
    if (i % 3 == 0) {
      // Late, or a little later than all before.
      const Micros at =
          i % 2 == 0 ? entry : kBegin + (kUnits * 60 + i) * kSecond;
      put(at, of_segment, DurationKind::kOpen, at, 1);
    } else {
      const auto duration = static_cast<Micros>(random() % 90'000) * kSecond;
      put(entry + duration, number_, DurationKind::kOpen, entry, -1);
      put(entry + duration, number_, DurationKind::kEvent, duration, 1);
    }
    if (i % 4'000 != 3'999) continue;
    DurationSeries settled = series_;
    settled.Settle(combinations_, present_);
    const Micros now = Micros{present_ >> 1} * kTickLength;
    for (const Micros as_of : {now + 5 * kHour + 1, now, now - 3 * kHour,
                               now - 40 * kDay, kBegin + 3 * kDay}) {
      for (const int slot : {0, 1}) {
        SCOPED_TRACE(::testing::Message()
                     << i << ", " << as_of - now << ", " << slot);
        const Tick tick = AsOfTick(as_of);
        ASSERT_EQ(series_.BinsAt(slot, as_of, combinations_),
                  settled.BinsAt(slot, as_of, combinations_));
        ASSERT_EQ(series_.GroupsAt(slot, tick, combinations_),
                  settled.GroupsAt(slot, tick, combinations_));
        ASSERT_EQ(series_.At(slot, tick, combinations_),
                  settled.At(slot, tick, combinations_));
      }
    }
  }
}

}  // namespace
}  // namespace stagecraft::engine
