#include "engine/duration_series.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
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
  EXPECT_EQ(series_.KeptGroups(0), std::nullopt);
  EXPECT_EQ(series_.KeptGroups(1), std::nullopt);
}

TEST_F(KeptGroupsTest, OfManyThoseOfTwoHoursBeforeTheLastOnes) {
  // The last 256 of 1200 came in the last five hours of twenty.
  Enter(kBegin, 1200);
  EXPECT_EQ(series_.KeptGroups(0), kBegin + 15 * kHour - 2 * kHour);
  // And they move on.
  Enter(kBegin + kDay, 300);
  EXPECT_EQ(series_.KeptGroups(0), kBegin + kDay - 2 * kHour);
}

TEST_F(KeptGroupsTest, FewOfTheFutureDoNotMakeThem) {
  Enter(kBegin, 1200);
  Enter(kBegin + 40 * kDay, 50);
  EXPECT_LE(series_.KeptGroups(0), kBegin + 20 * kHour);
  Enter(kBegin + 40 * kDay, 250);
  EXPECT_GT(series_.KeptGroups(0), kBegin + 39 * kDay);
}

TEST_F(KeptGroupsTest, TheMoreUnitsTheMoreAreFew) {
  Enter(kBegin, 1'000'000);
  const std::optional<Micros> before = series_.KeptGroups(0);
  Enter(kBegin + 1000 * kDay, 900);
  EXPECT_LE(series_.KeptGroups(0).value() - before.value(), 20 * kHour);
  Enter(kBegin + 1000 * kDay, 200);
  EXPECT_GT(series_.KeptGroups(0), kBegin + 999 * kDay);
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
  EXPECT_EQ(parsed.KeptGroups(0), series_.KeptGroups(0));
}

}  // namespace
}  // namespace stagecraft::engine
