#include "engine/duration_groups.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/engine/naive_groups.h"

namespace stagecraft::engine {
namespace {

using Count = DurationCounts::Count;

constexpr DurationGrid kGrid = {kSecond, 7};
constexpr Micros kNow = 20'000 * kDay;
constexpr DurationKind kKinds[] = {DurationKind::kOpen, DurationKind::kEvent,
                                   DurationKind::kOtherEnd};

DurationGroups At(Micros moment, const DurationGrid& grid = kGrid) {
  return {grid, moment};
}

uint64_t FirstAt(uint64_t key, Micros moment,
                 const DurationGrid& grid = kGrid) {
  return At(moment, grid).GroupOf(key).begin;
}

// The key of a unit that took, or has waited, so long by kNow.
uint64_t KeyOfTime(DurationKind kind, Micros time) {
  return DurationKey(kind, kind == DurationKind::kOpen ? kNow - time : time);
}

class Times {
 public:
  explicit Times(uint64_t seed) : random_(seed) {}
  // Of all lengths below 2^bits.
  Micros Length(int bits) {
    return static_cast<Micros>(random_() %
                               (uint64_t{1} << (1 + random_() % bits)));
  }

 private:
  std::mt19937_64 random_;
};

TEST(DurationGroupsTest, TimesAreKnownToOneIn128) {
  for (const DurationKind kind : kKinds) {
    Times times(1);
    for (int i = 0; i < 100'000; ++i) {
      const Micros time = times.Length(30) * kSecond;
      const uint64_t key = KeyOfTime(kind, time);
      const DurationGroups::Range range = At(kNow).GroupOf(key);
      ASSERT_LE(range.begin, key);
      ASSERT_GT(range.end, key);
      ASSERT_LE((range.end - range.begin - kSecond) * 128,
                static_cast<uint64_t>(time))
          << time;
      if (time < 256 * kSecond) {
        ASSERT_EQ(range.end - range.begin, uint64_t{kSecond});
      }
      ASSERT_EQ(At(kNow).GroupOf(range.begin).begin, range.begin);
      ASSERT_EQ(At(kNow).GroupOf(range.end - kSecond).begin, range.begin);
    }
  }
}

TEST(DurationGroupsTest, OfEachDoublingOfTimeThereAreFew) {
  for (const DurationKind kind : kKinds) {
    std::set<uint64_t> groups;
    for (Micros time = 0; time < 40 * kDay; time += kSecond) {
      groups.insert(FirstAt(KeyOfTime(kind, time), kNow));
    }
    // 40 days are 2^21.7 seconds: 2^8 by themselves, then 2^7 each time and a
    // few at the edges.
    EXPECT_LE(groups.size(), 256u + 14 * (128 + 3));
    EXPECT_GE(groups.size(), 256u + 13 * (128 - 3));
  }
}

TEST(DurationGroupsTest, AreTheLargestThatAreSmallBesideTheirTimes) {
  Times times(2);
  for (const Micros resolution : {kSecond, 7 * kSecond + 13, kHour, kDay}) {
    for (const int bits : {0, 1, 4, 7, 15}) {
      for (const DurationKind kind : kKinds) {
        for (int i = 0; i < 3000; ++i) {
          const Micros time = times.Length(52);
          const Micros bin =
              EntryBinOf(kind == DurationKind::kOpen
                             ? std::max<Micros>(0, kNow + kDay - time)
                             : time,
                         resolution);
          const DurationGrid grid = {resolution, bits};
          ASSERT_EQ(FirstAt(DurationKey(kind, bin), kNow, grid),
                    DurationKey(kind, FirstOfGroup(kind, bin, kNow, grid)))
              << bin;
        }
      }
    }
  }
}

TEST(DurationGroupsTest, LaterOnesCanBeMadeOfEarlierOnes) {
  Times times(3);
  for (const Micros resolution : {kSecond, 7 * kSecond + 13, kDay}) {
    for (const int bits : {0, 1, 7, 15}) {
      const DurationGrid grid = {resolution, bits};
      for (int i = 0; i < 20'000; ++i) {
        const Micros entry =
            EntryBinOf(kNow + times.Length(50), resolution) + resolution;
        const Micros earlier = entry + times.Length(50);
        const Micros later = earlier + times.Length(50);
        const uint64_t key = DurationKey(DurationKind::kOpen, entry);
        const DurationGroups::Range range = At(earlier, grid).GroupOf(key);
        const DurationGroups::Range of_all = At(later, grid).GroupOf(key);
        ASSERT_LE(of_all.begin, range.begin);
        ASSERT_GE(of_all.end, range.end);
      }
    }
  }
}

TEST(DurationGroupsTest, TheLastMomentOfAllIsOne) {
  const DurationGroups groups = At(kMaxBin, {kSecond, 0});
  EXPECT_EQ(groups.GroupOf(0).begin, 0u);
  EXPECT_EQ(groups.GroupOf(uint64_t{1} << 54).begin, 0u);
  EXPECT_LT(groups.GroupOf(0).end, static_cast<uint64_t>(kMaxBin));
}

TEST(DurationGroupsTest, NoneHasUnitsOfTwoKinds) {
  for (const int bits : {0, 7}) {
    for (const DurationKind kind : kKinds) {
      const uint64_t last = DurationKey(kind, kMaxBin);
      const DurationGroups::Range range = At(kNow, {kDay, bits}).GroupOf(last);
      EXPECT_LE(range.begin, last);
      EXPECT_EQ(range.end, last + 1);
    }
  }
}

TEST(DurationGroupsTest, BinsAreThoseOfDivision) {
  // Times just below a multiple of the resolution, and anywhere.
  std::mt19937_64 random(8);
  for (int i = 0; i < 200'000; ++i) {
    const uint64_t resolution =
        kSecond + random() % static_cast<uint64_t>(kDay - kSecond + 1);
    const uint64_t bins = random() % (kMaxBin / resolution);
    const uint64_t time = bins * resolution +
                          (i % 2 == 0 ? resolution - 1 : random() % resolution);
    const DurationGrid grid = {static_cast<Micros>(resolution), 62};
    ASSERT_EQ(FirstAt(DurationKey(DurationKind::kEvent, time), 0, grid),
              DurationKey(DurationKind::kEvent, bins * resolution))
        << resolution;
  }
  // Who entered in the last bin but one of a moment like this stands alone.
  const Micros resolution = 10'003 * kSecond;
  const Micros moment = 528'678 * kHour;
  const Micros last = moment / resolution;
  for (Micros bin = last - 8; bin <= last; ++bin) {
    const Micros entry = bin * resolution;
    EXPECT_EQ(FirstAt(DurationKey(DurationKind::kOpen, entry), moment,
                      {resolution, 0}),
              static_cast<uint64_t>(FirstOfGroup(DurationKind::kOpen, entry,
                                                 moment, {resolution, 0})));
  }
}

TEST(DurationGroupsTest, BeforeTheFirstMomentNobodyStandsTogether) {
  const uint64_t key = DurationKey(DurationKind::kOpen, 5 * kSecond);
  EXPECT_EQ(FirstAt(key, 0), key);
  EXPECT_EQ(FirstAt(key, -kDay), key);
}

TEST(DurationGroupsTest, TheDurationsOfThoseWhoWentOnDoNotDependOnTheMoment) {
  const uint64_t key = DurationKey(DurationKind::kEvent, 3 * kDay + kSecond);
  EXPECT_LT(FirstAt(key, kNow), key);
  EXPECT_EQ(FirstAt(key, 0), FirstAt(key, kNow));
}

std::vector<Count> RandomCounts(uint64_t seed) {
  Times times(seed);
  std::vector<Count> counts;
  for (int i = 0; i < 20'000; ++i) {
    const Micros time = times.Length(21) * kSecond;
    counts.push_back({KeyOfTime(kKinds[i % 3], time), 1 + times.Length(8)});
  }
  DurationCounts sorted;
  sorted.AddAll(&counts);
  return sorted.counts();
}

DurationGroupSums Group(const std::vector<Count>& counts, Micros moment) {
  DurationGrouping grouping(At(moment));
  for (const Count& count : counts) grouping.Add(count.key, count.count);
  return grouping.Take();
}

TEST(DurationGroupingTest, GroupsOfGroupsAreThoseOfUnits) {
  const std::vector<Count> counts = RandomCounts(4);
  const DurationGroupSums now = Group(counts, kNow);
  for (const Micros between : {Micros{0}, kSecond, kHour, 30 * kDay}) {
    DurationGrouping grouping(At(kNow + between));
    for (const DurationGroup& group : now.entries()) {
      grouping.Add(group.key, group.count, group.excess);
    }
    EXPECT_EQ(grouping.Take(), Group(counts, kNow + between)) << between;
  }
}

TEST(DurationGroupingTest, MeansAreThoseOfTheUnits) {
  const std::vector<Count> counts = RandomCounts(5);
  NaiveGroups naive(kNow, kGrid);
  for (const Count& count : counts) {
    naive.Add(count.kind(), count.bin(), count.count);
  }
  const DurationCounts means = MeansOf(Group(counts, kNow));
  EXPECT_EQ(means, naive.Means());
  EXPECT_LT(means.counts().size(), counts.size() / 2);
}

TEST(DurationGroupingTest, OfAnyOrderAreTheSame) {
  for (const size_t size : {100, 5'000, 20'000}) {
    std::vector<Count> counts = RandomCounts(6);
    counts.resize(std::min(size, counts.size()));
    const DurationGroupSums sorted = Group(counts, kNow);
    // Each of them in two parts, and some that cancel out.
    for (size_t i = 0, n = counts.size(); i < n; ++i) {
      counts.push_back({counts[i].key, 3});
      counts[i].count -= 3;
      counts.push_back({counts[i].key + 1'000'000'000, 1});
      counts.push_back({counts[i].key + 1'000'000'000, -1});
    }
    std::shuffle(counts.begin(), counts.end(), std::mt19937_64(7));
    EXPECT_EQ(GroupsOf(std::move(counts), At(kNow)), sorted);
  }
}

TEST(DurationGroupingTest, WhoTookTheSameTimeStaysExact) {
  for (const Micros time : {kDay, 7 * kDay + 13 * kSecond}) {
    for (const DurationKind kind : kKinds) {
      const std::vector<Count> counts = {{KeyOfTime(kind, time), 64'000}};
      EXPECT_EQ(MeansOf(Group(counts, kNow)).counts(), counts);
    }
  }
}

TEST(DurationGroupingTest, SumsGoBeyond64Bits) {
  // Two times of one group, of very many units.
  const DurationGroups groups = At(kNow, {kSecond, 0});
  const uint64_t first = DurationKey(DurationKind::kEvent, Micros{1} << 55);
  const uint64_t begin = groups.GroupOf(first).begin;
  const int64_t many = int64_t{1} << 40;
  DurationGrouping grouping(groups);
  grouping.Add(begin, many);
  grouping.Add(begin + 1'000'000'000 * uint64_t{kSecond}, many);
  const std::vector<Count> expected = {
      {begin + 500'000'000 * uint64_t{kSecond}, 2 * many}};
  EXPECT_EQ(MeansOf(grouping.Take()).counts(), expected);
}

}  // namespace
}  // namespace stagecraft::engine
