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
  Book::Saved saved = book.Save(/*file=*/1, /*follows=*/0);
  EXPECT_TRUE(saved.whole);
  Tallies without = std::move(saved.tallies);
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

// Books that are saved time and again, each time in a file that follows the one
// before, while some of what happens is late for it: what the files have
// together is always what was not late.
TEST(BookTest, WhatIsSavedSinceTheFileBeforeIsEnough) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    Random random(seed);
    Tallies expected = Zero();  // Without what is late for the next file.
    Book book(Zero());
    BookDelta delta = book.NewDelta();
    BookDelta late = book.NewDelta();
    std::vector<Contribution> units;
    std::vector<Tallies::Saved> chain;
    int parts = 0;
    for (uint64_t file = 1; file <= 12; ++file) {
      std::vector<std::pair<Contribution, int>> are_late;
      const auto change = [&](const Contribution& unit, int sign,
                              bool is_late) {
        (is_late ? late : delta).Add(unit, sign);
        if (is_late) {
          are_late.emplace_back(unit, sign);
        } else {
          expected.Apply(unit, sign);
        }
      };
      const auto act = [&](int times, int late_of_ten) {
        for (int i = 0; i < times; ++i) {
          const bool is_late = random.Below(10) < late_of_ten;
          if (!units.empty() && random.OneIn(2)) {
            // Some ticks have nothing left.
            change(units.back(), -1, is_late);
            units.pop_back();
          } else {
            units.push_back(random.MakeContribution());
            change(units.back(), 1, is_late);
          }
          if (!random.OneIn(4)) continue;
          book.Apply(delta, late);
          delta.Clear();
          late.Clear();
        }
        book.Apply(delta, late);
        delta.Clear();
        late.Clear();
      };
      act(file == 1 ? 200 : 12, 0);
      book.BeginLate();
      act(10, 5);
      Book::Saved saved = book.Save(file, file - 1);
      act(5, 10);
      book.EndLate();
      if (file == 1) EXPECT_TRUE(saved.whole);
      if (saved.whole) chain.clear();
      if (!saved.whole) ++parts;
      chain.push_back({saved.tallies.Serialize(),
                       saved.whole ? saved.tallies.SerializeTotals()
                                   : saved.tallies.SerializeTicks()});
      auto read = Tallies::ReadChain(chain, TestShape());
      ASSERT_TRUE(read.ok()) << read.status();
      for (int i = 0; i < read->series(); ++i) read->Settle(i);
      ASSERT_TRUE(*read == expected) << file << ", seed " << seed;
      for (const auto& [unit, sign] : are_late) expected.Apply(unit, sign);
      // A start goes on from there.
      if (file % 5 == 0) {
        Book restored(Zero());
        restored.Restore(*read, file);
        BookDelta rest = restored.NewDelta();
        for (const auto& [unit, sign] : are_late) rest.Add(unit, sign);
        restored.Apply(rest);
        Book::Saved next = restored.Save(file + 1, file);
        EXPECT_FALSE(next.whole);
        std::vector<Tallies::Saved> longer = chain;
        longer.push_back(
            {next.tallies.Serialize(), next.tallies.SerializeTicks()});
        auto again = Tallies::ReadChain(longer, TestShape());
        ASSERT_TRUE(again.ok());
        for (int i = 0; i < again->series(); ++i) again->Settle(i);
        EXPECT_TRUE(*again == expected);
      }
    }
    EXPECT_GT(parts, 3);
  }
}

TEST(BookTest, IsSavedAsAWholeUnlessTheFileBeforeHasIt) {
  Random random(5);
  Book book(Zero());
  const auto add = [&](int units) {
    BookDelta delta = book.NewDelta();
    for (int i = 0; i < units; ++i) delta.Add(random.MakeContribution(), 1);
    book.Apply(delta);
  };
  add(400);
  EXPECT_TRUE(book.Save(1, 0).whole);
  add(1);
  EXPECT_FALSE(book.Save(2, 1).whole);
  EXPECT_TRUE(book.Save(4, 3).whole) << "not saved in file 3";
  EXPECT_FALSE(book.Save(5, 4).whole);
  EXPECT_TRUE(book.Save(6, 0).whole) << "it is the first one";
  EXPECT_FALSE(book.Save(7, 6).whole);
}

// Who changes a book that somebody else has need not wait, and whoever reads it
// afterwards sees the change.
TEST(BookTest, WhatWaitsIsThereWhenSomebodyReads) {
  Random random(6);
  Tallies expected = Zero();
  Book book(Zero());
  BookDelta delta = book.NewDelta();
  BookDelta late = book.NewDelta();
  // Calls TryTake with another change, and says whether it was taken.
  const auto take = [&] {
    const Contribution unit = random.MakeContribution();
    const Contribution late_unit = random.MakeContribution();
    delta.Add(unit, 1);
    late.Add(late_unit, 1);
    if (!book.TryTake(&delta, &late)) {
      delta.Clear();
      late.Clear();
      return false;
    }
    EXPECT_TRUE(delta.empty());
    EXPECT_TRUE(late.empty());
    expected.Apply(unit, 1);
    expected.Apply(late_unit, 1);
    return true;
  };
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(take());
    int waiting = 0;
    book.Read([&](const Tallies& before) {
      const Tallies copy = before;
      while (waiting < 1000 && take()) ++waiting;
      EXPECT_TRUE(before == copy) << "of one moment";
    });
    EXPECT_GT(waiting, 4);
    EXPECT_LT(waiting, 100);
    switch (round) {
      case 0:
        break;
      case 1:
        ASSERT_TRUE(take());
        break;
      case 2:
        book.BeginLate();
        book.EndLate();
        break;
      case 3:
        EXPECT_TRUE(book.Save(1, 0).tallies == expected);
        break;
      default:
        book.Apply(book.NewDelta());
    }
    book.Read([&](const Tallies& tallies) {
      EXPECT_TRUE(tallies == expected) << round;
    });
  }
}

// Whether it was late is decided when it came, not when it was applied.
TEST(BookTest, WhatWaitsIsLateIfItCameAfterTheBegin) {
  Random random(7);
  Tallies expected = Zero();
  Book book(Zero());
  BookDelta delta = book.NewDelta();
  BookDelta late = book.NewDelta();
  std::vector<Tallies::Saved> chain;
  // Both wait; `late` is in the next file then, or in the one after it.
  const auto wait = [&](bool late_is_in) {
    const Contribution unit = random.MakeContribution();
    const Contribution late_unit = random.MakeContribution();
    delta.Add(unit, 1);
    late.Add(late_unit, 1);
    book.Read(
        [&](const Tallies&) { ASSERT_TRUE(book.TryTake(&delta, &late)); });
    expected.Apply(unit, 1);
    if (late_is_in) expected.Apply(late_unit, 1);
    return late_unit;
  };
  const auto save = [&] {
    const uint64_t file = chain.size() + 1;
    const Book::Saved saved = book.Save(file, file - 1);
    Tallies tallies = saved.tallies;
    chain.push_back({tallies.Serialize(), saved.whole
                                              ? tallies.SerializeTotals()
                                              : tallies.SerializeTicks()});
    auto read = Tallies::ReadChain(chain, TestShape());
    ASSERT_TRUE(read.ok());
    for (int i = 0; i < read->series(); ++i) read->Settle(i);
    EXPECT_TRUE(*read == expected) << file;
  };
  for (int i = 0; i < 20; ++i) {
    wait(/*late_is_in=*/true);
    book.BeginLate();
    std::vector<Contribution> next;
    for (int k = 0; k < 3; ++k) next.push_back(wait(/*late_is_in=*/false));
    save();
    for (const Contribution& unit : next) expected.Apply(unit, 1);
    wait(/*late_is_in=*/true);
    book.EndLate();
  }
  // What is there goes, whatever waits.
  wait(true);
  book.Restore(Zero());
  book.Read([&](const Tallies& of) { EXPECT_TRUE(of == Zero()); });
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
