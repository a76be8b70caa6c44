#include "engine/grouped_total.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/engine/naive_groups.h"

namespace stagecraft::engine {
namespace {

using Count = DurationCounts::Count;

constexpr DurationGrid kGrid = {kSecond, 3};
constexpr Micros kBegin = 20'000 * kDay;
constexpr Micros kMinute = 60 * kSecond;

std::vector<Count> CountsOf(const std::map<uint64_t, int64_t>& map) {
  std::vector<Count> counts;
  for (const auto& [key, count] : map) {
    if (count != 0) counts.push_back({key, count});
  }
  return counts;
}

DurationCounts MeansAt(const std::map<uint64_t, int64_t>& map, Micros moment) {
  NaiveGroups groups(moment, kGrid);
  for (const auto& [key, count] : map) {
    const Count of = {key, count};
    groups.Add(of.kind(), of.bin(), count);
  }
  return groups.Means();
}

// Whatever groups are kept, units and groups are those of a map.
TEST(GroupedTotalTest, AreThoseOfAMap) {
  for (const int length : {300, 20'000}) {
    SCOPED_TRACE(length);
    std::mt19937_64 random(length);
    GroupedTotal total;
    std::map<uint64_t, int64_t> naive;
    int64_t units = 0;
    Micros kept = kBegin;
    for (int round = 0; round < 80; ++round) {
      std::vector<Count> some(random() % 800);
      for (Count& count : some) {
        const auto kind = static_cast<DurationKind>(random() % 3);
        auto bin = static_cast<Micros>(random() % length) * kSecond;
        if (kind == DurationKind::kOpen) bin += kBegin;
        count = {DurationKey(kind, bin), 1};
        // Mostly what is there goes.
        if (random() % 2 == 0) count.count = -naive[count.key];
        naive[count.key] += count.count;
        units += count.count;
      }
      std::sort(some.begin(), some.end(),
                [](const Count& a, const Count& b) { return a.key < b.key; });
      total.AddSorted(some);
      ASSERT_EQ(total.units(), units);
      if (round >= 20 && round % 7 == 0) {
        // Earlier ones are not kept.
        const Micros moment =
            kept +
            (static_cast<Micros>(random() % length) - length / 4) * kSecond / 8;
        const bool first = !total.kept_moment().has_value();
        total.KeepGroups({kGrid, moment});
        kept = first ? moment : std::max(kept, moment);
        ASSERT_EQ(total.kept_moment(), kept);
      }
      ASSERT_EQ(total.total().Counts(-1).counts(), CountsOf(naive));
      for (const Micros moment :
           {kept - kDay, kept - kMinute, kept, kept + kMinute, kept + kDay}) {
        ASSERT_EQ(MeansOf(total.Groups({kGrid, moment})),
                  MeansAt(naive, moment))
            << round << ", " << moment - kept;
      }
    }
  }
}

TEST(GroupedTotalTest, GroupsTakeLittleRoom) {
  std::vector<Count> counts;
  for (const auto& [kind, begin] : {std::pair(DurationKind::kOpen, kBegin),
                                    std::pair(DurationKind::kEvent, Micros{0}),
                                    std::pair(DurationKind::kOtherEnd, kDay)}) {
    for (int i = 0; i < 200'000; ++i) {
      counts.push_back({DurationKey(kind, begin + i * kSecond), 1});
    }
  }
  GroupedTotal total;
  total.AddSorted(counts);
  const int64_t before = total.bytes();
  const DurationGroups groups(kGrid, kBegin + 3 * kDay);
  total.KeepGroups(groups);
  EXPECT_LT(total.bytes(), before + 20'000);
  EXPECT_LT(total.Groups(groups).entries().size(), 300u);
  EXPECT_EQ(total.units(), 600'000);
}

}  // namespace
}  // namespace stagecraft::engine
