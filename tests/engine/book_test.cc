#include "engine/book.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/engine/naive_groups.h"
#include "tests/engine/random_contributions.h"

namespace stagecraft::engine {
namespace {

// Tallies in the simplest form.
class NaiveTallies {
 public:
  void Apply(const Contribution& contribution, int sign) {
    for (const int slot : contribution.slots) {
      for (const Change& change : contribution.changes) {
        const Key key = {slot, change.group, change.column};
        const int by = change.sign * sign;
        const Column column = TestColumns()[change.column];
        if (column.durations) {
          counts_[key][change.tick][{change.kind, change.value[0]}] += by;
        } else {
          auto [it, inserted] =
              sums_[key].try_emplace(change.tick, column.components);
          it->second.Add(change.value, by);
        }
      }
    }
  }
  Sums ReadSums(int slot, int group, int column, Tick tick) const {
    Sums result(TestColumns()[column].components);
    const auto it = sums_.find({slot, group, column});
    if (it == sums_.end()) return result;
    for (const auto& [at, sums] : it->second) {
      if (at <= tick) result += sums;
    }
    return result;
  }
  DurationCounts ReadDurations(int slot, int group, int column,
                               Tick tick) const {
    DurationCounts result;
    const auto horizon = TestColumns()[column].horizon;
    for (const auto& [key, count] : Counts(slot, group, column, tick)) {
      const auto [kind, bin] = key;
      // No look at the tick is before its hour.
      const bool is_over = kind == DurationKind::kOpen && horizon.has_value() &&
                           bin + *horizon <= tick / 2 * kHour;
      result.Add(kind, is_over ? 0 : bin, count);
    }
    return result;
  }
  std::vector<DurationBin> ReadBins(int slot, int group, int column,
                                    Micros as_of) const {
    const Micros horizon =
        TestColumns()[column].horizon.value_or(10'000'000 * kDay);
    std::map<Micros, DurationBin> bins;
    auto counts = Counts(slot, group, column, AsOfTick(as_of));
    const auto& grid = TestColumns()[column].groups;
    if (grid.has_value() && UnitsOf(counts) > grid->exact_units) {
      counts = MeansOf(counts, as_of / kHour * kHour, grid->grid);
    }
    for (const auto& [key, count] : counts) {
      if (count == 0) continue;
      const auto [kind, bin] = key;
      const Micros duration =
          kind == DurationKind::kOpen
              ? std::min(std::max<Micros>(as_of - bin, 0), horizon)
              : bin;
      DurationBin& result = bins[duration];
      result.duration = duration;
      (kind == DurationKind::kEvent      ? result.events
       : kind == DurationKind::kOtherEnd ? result.other_ends
                                         : result.censored) += count;
    }
    std::vector<DurationBin> list;
    for (const auto& [duration, bin] : bins) list.push_back(bin);
    return list;
  }

 private:
  using Key = std::tuple<int, int, int>;
  using KindAndBin = std::pair<DurationKind, Micros>;
  using CountOf = std::map<KindAndBin, int64_t>;

  static int64_t UnitsOf(const CountOf& counts) {
    int64_t units = 0;
    for (const auto& [key, count] : counts) units += count;
    return units;
  }
  static CountOf MeansOf(const CountOf& counts, Micros moment,
                         const DurationGrid& grid) {
    NaiveGroups groups(moment, grid);
    for (const auto& [key, count] : counts) {
      groups.Add(key.first, key.second, count);
    }
    const DurationCounts of_groups = groups.Means();
    CountOf means;
    for (const DurationCounts::Count& mean : of_groups.counts()) {
      means[{mean.kind(), mean.bin()}] = mean.count;
    }
    return means;
  }
  CountOf Counts(int slot, int group, int column, Tick tick) const {
    CountOf result;
    const auto it = counts_.find({slot, group, column});
    if (it == counts_.end()) return result;
    for (const auto& [at, counts] : it->second) {
      if (at > tick) continue;
      for (const auto& [key, count] : counts) result[key] += count;
    }
    return result;
  }

  std::map<Key, std::map<Tick, Sums>> sums_;
  std::map<Key, std::map<Tick, CountOf>> counts_;
};

// A unit that left without having entered, as there may be here, can cancel out
// another one at the horizon.
std::vector<DurationBin> WithoutZeros(std::vector<DurationBin> bins) {
  bins.erase(std::remove_if(bins.begin(), bins.end(),
                            [](const DurationBin& bin) {
                              return bin == DurationBin{bin.duration};
                            }),
             bins.end());
  return bins;
}

void ExpectSameReads(const Tallies& tallies, const NaiveTallies& naive,
                     Random* random, int reads) {
  for (int i = 0; i < reads; ++i) {
    const int slot = static_cast<int>(random->Below(kSlots));
    const int group = static_cast<int>(random->Below(kGroups));
    const int column = static_cast<int>(random->Below(TestColumns().size()));
    const Tick tick = kBegin - 70 + static_cast<Tick>(random->Below(900));
    SCOPED_TRACE(::testing::Message() << slot << " " << group << " " << column
                                      << " at " << tick - kBegin);
    if (!TestColumns()[column].durations) {
      ASSERT_EQ(tallies.ReadSums(slot, group, column, tick),
                naive.ReadSums(slot, group, column, tick));
      continue;
    }
    ASSERT_EQ(tallies.ReadDurations(slot, group, column, tick),
              naive.ReadDurations(slot, group, column, tick));
    const Micros as_of = 19'999 * kDay + random->Below(20 * kDay);
    ASSERT_EQ(WithoutZeros(tallies.ReadBins(slot, group, column, as_of)),
              WithoutZeros(naive.ReadBins(slot, group, column, as_of)));
  }
}

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
  for (int i = 0; i < 4000; ++i) {
    add(/*is_late=*/random.OneIn(2));
    if (random.OneIn(50)) apply();
  }
  apply();
  const Tallies without = book.ReadWithoutLate();
  EXPECT_TRUE(without == early);
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
