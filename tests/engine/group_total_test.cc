#include "engine/group_total.h"

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

DurationCounts MeansAt(const std::map<uint64_t, int64_t>& map, Micros moment) {
  NaiveGroups groups(moment, kGrid);
  for (const auto& [key, count] : map) {
    const Count of = {key, count};
    groups.Add(of.kind(), of.bin(), count);
  }
  return groups.Means();
}

// Whatever groups are kept, those of later moments are those of a map.
TEST(GroupTotalTest, AreThoseOfAMap) {
  for (const int length : {300, 20'000}) {
    SCOPED_TRACE(length);
    std::mt19937_64 random(length);
    DurationTotal units_by_themselves;
    GroupTotal total;
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
      units_by_themselves.AddSorted(some);
      total.AddSorted(some);
      ASSERT_EQ(total.units(), total.moment().has_value() ? units : 0);
      if (round >= 20 && round % 7 == 0) {
        // Earlier ones are not kept.
        const Micros moment =
            kept +
            (static_cast<Micros>(random() % length) - length / 4) * kSecond / 8;
        const bool first = !total.moment().has_value();
        total.Keep({kGrid, moment}, units_by_themselves);
        kept = first ? moment : std::max(kept, moment);
        ASSERT_EQ(total.moment(), kept);
      }
      if (!total.moment().has_value()) continue;
      for (const Micros moment :
           {kept, kept + kMinute, kept + kHour, kept + kDay}) {
        ASSERT_EQ(MeansOf(total.At({kGrid, moment})), MeansAt(naive, moment))
            << round << ", " << moment - kept;
      }
    }
  }
}

TEST(GroupTotalTest, HasGrownByAQuarter) {
  const auto entered = [](int first, int size) {
    std::vector<Count> counts;
    for (int i = first; i < first + size; ++i) {
      counts.push_back(
          {DurationKey(DurationKind::kOpen, kBegin + i * kSecond), 1});
    }
    return counts;
  };
  DurationTotal units;
  units.AddSorted(entered(0, 100));
  GroupTotal total;
  EXPECT_TRUE(total.has_grown());
  total.Keep({kGrid, kBegin}, units);  // Each a group of its own.
  EXPECT_FALSE(total.has_grown());
  total.AddSorted(entered(100, 24));
  total.AddSorted(entered(0, 100));  // In groups that there are.
  EXPECT_FALSE(total.has_grown());
  total.AddSorted(entered(124, 1));
  EXPECT_TRUE(total.has_grown());
  total.Keep({kGrid, kBegin + kSecond}, units);
  EXPECT_FALSE(total.has_grown());
}

TEST(GroupTotalTest, GroupsTakeLittleRoom) {
  std::vector<Count> counts;
  for (const auto& [kind, begin] : {std::pair(DurationKind::kOpen, kBegin),
                                    std::pair(DurationKind::kEvent, Micros{0}),
                                    std::pair(DurationKind::kOtherEnd, kDay)}) {
    for (int i = 0; i < 200'000; ++i) {
      counts.push_back({DurationKey(kind, begin + i * kSecond), 1});
    }
  }
  DurationTotal units;
  units.AddSorted(counts);
  const DurationGroups groups(kGrid, kBegin + 3 * kDay);
  GroupTotal total;
  total.Keep(groups, units);
  EXPECT_LT(total.bytes(), 20'000);
  EXPECT_LT(total.At(groups).entries().size(), 300u);
  EXPECT_EQ(total.units(), 600'000);
}

}  // namespace
}  // namespace stagecraft::engine
