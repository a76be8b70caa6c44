#include "engine/book.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/engine/naive_tallies.h"
#include "tests/engine/random_contributions.h"

namespace stagecraft::engine {
namespace {

TEST(BookTest, RandomBatchesGiveWhatUnitsOneByOneGive) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    NaiveTallies naive;
    // Every other time the sums of slot 0 are those of its parts.
    const Tallies zero(TestShape(seed % 2 == 0 ? kParts : SlotRange()));
    Tallies one_by_one = zero;
    Book book(zero);
    BookDelta delta = book.NewDelta();
    std::vector<Contribution> units(300);
    for (int step = 0; step < 2000; ++step) {
      Contribution& unit = units[random.Below(units.size())];
      Contribution after = random.Vary(unit);
      naive.Apply(unit, -1);
      naive.Apply(after, 1);
      one_by_one.Apply(unit, -1);
      one_by_one.Apply(after, 1);
      delta.Replace(unit, after);
      unit = std::move(after);
      if (!random.OneIn(static_cast<int>(1 + step / 10))) continue;
      book.Apply(delta);
      delta.Clear();
      EXPECT_TRUE(delta.empty());
    }
    book.Apply(delta);
    book.Read([&](const Tallies& tallies) {
      EXPECT_TRUE(tallies == one_by_one);
      ExpectSameReads(tallies, naive, &random, 500);
      ExpectSameReads(one_by_one, naive, &random, 100);
    });
    // Nothing is left when all are taken out.
    delta.Clear();
    for (const Contribution& unit : units) delta.Add(unit, -1);
    book.Apply(delta);
    book.Read([&](const Tallies& tallies) {
      EXPECT_TRUE(tallies == zero);
      ExpectSameReads(tallies, NaiveTallies(), &random, 100);
    });
  }
}

TEST(BookTest, WhatCameLateIsTakenOut) {
  Random random(5);
  NaiveTallies naive;  // Of what was not late.
  Tallies early = Zero();
  Book book(Zero());
  BookDelta delta = book.NewDelta();
  BookDelta late = book.NewDelta();
  const auto add = [&](bool is_late) {
    const Contribution unit = random.MakeContribution();
    (is_late ? late : delta).Add(unit, 1);
    if (is_late) return;
    naive.Apply(unit, 1);
    early.Apply(unit, 1);
  };
  const auto apply = [&] {
    book.Apply(delta, late);
    delta.Clear();
    late.Clear();
  };
  for (int i = 0; i < 200; ++i) add(false);
  apply();
  book.BeginLate();
  for (int i = 0; i < 12'000; ++i) {
    add(/*is_late=*/random.OneIn(2));
    if (random.OneIn(50)) apply();
  }
  apply();
  Tallies without = book.ReadWithoutLate();
  EXPECT_TRUE(without == early);
  // As a snapshot has it.
  const std::string bytes = without.Serialize();
  const auto parsed =
      Tallies::Parse(bytes, Zero().shape(), without.SerializeTotals());
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(*parsed == early);
  ExpectSameReads(without, naive, &random, 300);
  book.Read([&](const Tallies& tallies) { EXPECT_FALSE(tallies == early); });
}

TEST(BookTest, ReplacingIsTakingOutAndPuttingIn) {
  Random random(17);
  for (int i = 0; i < 300; ++i) {
    const Contribution before = random.MakeContribution();
    const Contribution after = random.Vary(before);
    BookDelta replaced(TestColumns());
    replaced.Replace(before, after);
    BookDelta added(TestColumns());
    added.Add(before, -1);
    added.Add(after, 1);
    Tallies a = Zero();
    a.Apply(replaced);
    Tallies b = Zero();
    b.Apply(added);
    ASSERT_TRUE(a == b) << i;
    ASSERT_EQ(a == Zero(), before == after) << i;
  }
}

TEST(BookTest, EqualContributionsChangeNothing) {
  Random random(3);
  const Contribution unit = random.MakeContribution();
  BookDelta delta(TestColumns());
  delta.Replace(unit, unit);
  EXPECT_TRUE(delta.empty());
  // Slots do not matter of who contributes nothing.
  Contribution nothing;
  nothing.slots = {0, 2};
  delta.Replace(nothing, Contribution());
  EXPECT_TRUE(delta.empty());
}

TEST(BookTest, ManyDifferentSlotsKeepApart) {
  BookDelta delta(TestColumns());
  Tallies expected = Zero();
  Random random(5);
  for (int i = 0; i < 2000; ++i) {
    Contribution unit = random.MakeContribution();
    // Any number of slots, in any order.
    unit.slots.clear();
    for (int slot = kSlots - 1; slot >= 0; --slot) {
      if (random.OneIn(2)) unit.slots.push_back(slot);
    }
    delta.Add(unit, 1);
    expected.Apply(unit, 1);
  }
  Tallies tallies = Zero();
  tallies.Apply(delta);
  EXPECT_TRUE(tallies == expected);
}

TEST(BookTest, ADeltaCanBeUsedAgainAfterALargeOne) {
  Random random(6);
  BookDelta delta(TestColumns());
  for (int i = 0; i < 3000; ++i) delta.Add(random.MakeContribution(), 1);
  for (int i = 0; i < 50; ++i) {
    delta.Clear();
    const Contribution unit = random.MakeContribution();
    delta.Add(unit, 1);
    Tallies tallies = Zero();
    tallies.Apply(delta);
    Tallies expected = Zero();
    expected.Apply(unit, 1);
    ASSERT_TRUE(tallies == expected) << i;
  }
}

TEST(BookTest, TalliesDifferByOneTickOrOneUnit) {
  const Tallies tallies = RandomTallies(8, 50);
  Random random(9);
  for (int i = 0; i < 15; ++i) {
    Contribution unit;
    unit.slots = {static_cast<int>(random.Below(kSlots))};
    unit.changes = {random.MakeChange()};
    Tallies other = tallies;
    other.Apply(unit, 1);
    EXPECT_FALSE(other == tallies);
    unit.changes[0].tick += 2;
    other.Apply(unit, -1);
    EXPECT_FALSE(other == tallies);
  }
}

TEST(BookTest, SeriesWithManyChangesOfFewBinsAreReadAtAnyTick) {
  Random random(31);
  NaiveTallies naive;
  Tallies tallies = Zero();
  BookDelta delta(TestColumns());
  for (int i = 0; i < 20'000; ++i) {
    Contribution unit;
    unit.slots = {0};
    Change change;
    change.column = random.OneIn(2) ? 2 : 5;
    change.tick = kBegin + static_cast<Tick>(random.Below(kTicks));
    change.sign = random.OneIn(3) ? -1 : 1;
    change.kind = static_cast<DurationKind>(random.Below(kDurationKinds));
    change.value[0] = random.Below(40) * kMinute;
    unit.changes = {change};
    naive.Apply(unit, 1);
    delta.Add(unit, 1);
    if (i % 500 != 499) continue;
    tallies.Apply(delta);
    delta.Clear();
  }
  for (int i = 0; i < 400; ++i) {
    const int column = i % 2 == 0 ? 2 : 5;
    const Tick tick = kBegin - 70 + static_cast<Tick>(random.Below(900));
    ASSERT_EQ(tallies.ReadDurations(0, 0, column, tick),
              naive.ReadDurations(0, 0, column, tick))
        << tick - kBegin;
    const Micros as_of = 20'000 * kDay + random.Below(16 * kDay);
    ASSERT_EQ(WithoutZeros(tallies.ReadBins(0, 0, column, as_of)),
              WithoutZeros(naive.ReadBins(0, 0, column, as_of)))
        << as_of;
  }
  const auto parsed = Tallies::Parse(tallies.Serialize(), TestShape());
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(*parsed == tallies);
}

TEST(BookTest, SumsGoBeyond64BitsAndBack) {
  Contribution unit;
  unit.slots = {1};
  Change change;
  change.column = 3;
  change.tick = kBegin;
  change.value = {kMaxMicroValue, -kMaxMicroValue};
  unit.changes = {change};
  Tallies tallies = Zero();
  BookDelta delta(TestColumns());
  // In steps that need 64 bits, and in ones that need more.
  for (int i = 0; i < 20'000; ++i) tallies.Apply(unit, 1);
  for (int i = 0; i < 20'000; ++i) delta.Add(unit, 1);
  tallies.Apply(delta);
  const Sums sums = tallies.ReadSums(1, 0, 3, kBegin);
  const absl::int128 square = absl::int128(kMaxMicroValue) * kMaxMicroValue;
  EXPECT_EQ(sums.count(), 40'000);
  EXPECT_EQ(sums.sum(0), absl::int128(kMaxMicroValue) * 40'000);
  EXPECT_EQ(sums.sum(1), absl::int128(kMaxMicroValue) * -40'000);
  EXPECT_EQ(sums.product(0, 0), square * 40'000);
  EXPECT_EQ(sums.product(0, 1), -square * 40'000);
  EXPECT_TRUE(tallies.ReadSums(1, 0, 3, kBegin - 1).IsZero());
  // Also where only parts of the past are summed.
  change.tick = kBegin + 2000;
  Contribution later;
  later.slots = {1};
  later.changes = {change};
  tallies.Apply(later, 1);
  EXPECT_EQ(tallies.ReadSums(1, 0, 3, kBegin + 10), sums);
  EXPECT_EQ(tallies.ReadSums(1, 0, 3, kBegin + 1999), sums);
  for (int i = 0; i < 40'000; ++i) tallies.Apply(unit, -1);
  tallies.Apply(later, -1);
  EXPECT_TRUE(tallies == Zero());
}

TEST(BookTest, CountsGoBeyond32Bits) {
  DurationCounts counts;
  const int64_t many = int64_t{1} << 31;
  counts.Add(DurationKind::kOpen, kMinute, many - 1);
  counts.Add(DurationKind::kOpen, 2 * kMinute, -7);
  counts.Add(DurationKind::kOpen, kMinute, many);
  EXPECT_EQ(counts.Total(DurationKind::kOpen), 2 * many - 1 - 7);
  DurationCounts copy = counts;
  copy.Add(DurationKind::kOpen, kMinute, 1 - 2 * many);
  EXPECT_EQ(copy.Total(DurationKind::kOpen), -7);
  EXPECT_EQ(counts.Total(DurationKind::kOpen), 2 * many - 8);
}

}  // namespace
}  // namespace stagecraft::engine
