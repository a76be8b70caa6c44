#include "engine/duration_changes.h"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <utility>

#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

using Sums = std::map<std::pair<uint64_t, uint32_t>, int64_t>;

Sums SumsOf(const DurationChanges& changes, Tick after, Tick until) {
  Sums sums;
  changes.ForEachIn(after, until, [&](const DurationChanges::Change& change) {
    const auto place = std::make_pair(change.key, change.combination);
    if ((sums[place] += change.count) == 0) sums.erase(place);
  });
  return sums;
}

TEST(DurationChangesTest, SumsAreThoseOfAMap) {
  std::mt19937_64 random(3);
  for (const uint64_t keys : {5, 100'000}) {
    DurationChanges changes;
    std::map<Tick, Sums> naive;
    const auto note = [&](Tick tick, uint64_t key, uint32_t combination,
                          int64_t count) {
      const auto place = std::make_pair(key, combination);
      if ((naive[tick][place] += count) == 0) naive[tick].erase(place);
    };
    for (int i = 0; i < 30'000; ++i) {
      const Tick tick = static_cast<Tick>(random() % 9) - 3;
      const uint64_t key = random() % keys;
      const auto combination = static_cast<uint32_t>(random() % 3);
      // Also more than a record holds, and what takes it away again.
      const int64_t count = (random() % 100 == 0 ? int64_t{1} << 33 : 1) *
                            (random() % 3 == 0 ? -1 : 1);
      note(tick, key, combination, count);
      if (i % 1000 != 0) {
        changes.Add(tick, key, combination, count);
        continue;
      }
      DurationChanges::Changes some;
      DurationChanges::Put(key, combination, count, &some);
      changes.AddCombined(tick, &some);
      EXPECT_TRUE(some.empty());
    }
    changes.Shrink(-4, 2);
    for (const auto& [after, until] :
         {std::pair<Tick, Tick>{-9, 9}, {-1, 2}, {4, 4}, {5, 3}, {-9, -3}}) {
      Sums expected;
      for (const auto& [tick, sums] : naive) {
        if (tick <= after || tick > until) continue;
        for (const auto& [place, count] : sums) {
          if ((expected[place] += count) == 0) expected.erase(place);
        }
      }
      EXPECT_EQ(SumsOf(changes, after, until), expected);
    }
  }
}

TEST(DurationChangesTest, FewLateTicksAreNotTheLastWithMany) {
  DurationChanges changes;
  for (uint64_t key = 0; key < 10; ++key) changes.Add(5, key, 0, 1);
  for (uint64_t key = 0; key < 3; ++key) changes.Add(9, key, 0, 1);
  changes.Add(1000, 0, 0, 1);
  EXPECT_EQ(changes.LastWith(1, 2000), 1000);
  EXPECT_EQ(changes.LastWith(2, 2000), 9);
  EXPECT_EQ(changes.LastWith(4, 2000), 9);
  EXPECT_EQ(changes.LastWith(5, 2000), 5);
  EXPECT_EQ(changes.LastWith(14, 2000), 5);
  EXPECT_EQ(changes.LastWith(15, 2000), std::nullopt);
  // What comes after `until` does not count.
  EXPECT_EQ(changes.LastWith(1, 999), 9);
  EXPECT_EQ(changes.LastWith(1, 9), 9);
  EXPECT_EQ(changes.LastWith(1, 8), 5);
  EXPECT_EQ(changes.LastWith(1, 4), std::nullopt);
}

TEST(DurationChangesTest, EqualOnesMeet) {
  DurationChanges changes;
  for (int i = 0; i < 1'000'000; ++i) changes.Add(1, i % 50, i % 2, 1);
  EXPECT_LT(changes.SizeOf(0, 1), 3000);
  EXPECT_LT(changes.bytes(), 100'000);
  // What comes and goes leaves nothing.
  DurationChanges passing;
  for (int i = 0; i < 100'000; ++i) passing.Add(1, i / 2, 0, i % 2 ? -1 : 1);
  EXPECT_LT(passing.SizeOf(0, 1), 3000);
}

TEST(DurationChangesTest, CombineLeavesSortedSums) {
  DurationChanges::Changes changes;
  DurationChanges::Put(2, 1, 1, &changes);
  DurationChanges::Put(2, 0, 4, &changes);
  DurationChanges::Put(1, 0, 1, &changes);
  DurationChanges::Put(2, 1, 2, &changes);
  DurationChanges::Put(3, 0, 7, &changes);
  DurationChanges::Put(3, 0, -7, &changes);
  DurationChanges::Combine(&changes);
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0].key, 1u);
  EXPECT_EQ(changes[1].combination, 0u);
  EXPECT_EQ(changes[1].count, 4);
  EXPECT_EQ(changes[2].combination, 1u);
  EXPECT_EQ(changes[2].count, 3);
}

TEST(DurationChangesTest, LargeCountsAreSeveralRecords) {
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  for (const int64_t count : {kMax, kMax + 1, -kMax - 1, 5 * kMax + 3}) {
    DurationChanges changes;
    changes.Add(7, 1, 0, count);
    EXPECT_EQ(SumsOf(changes, 6, 7), (Sums{{{1, 0}, count}}));
    changes.Add(7, 1, 0, -count);
    EXPECT_EQ(SumsOf(changes, 6, 7), Sums());
  }
}

}  // namespace
}  // namespace stagecraft::engine
