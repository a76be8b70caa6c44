#include "engine/grouped_total.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
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

std::vector<Count> GroupedAt(const std::map<uint64_t, int64_t>& map,
                             Micros moment) {
  std::map<uint64_t, int64_t> grouped;
  for (const auto& [key, count] : map) {
    const bool open = key <= static_cast<uint64_t>(kMaxBin);
    grouped[open ? static_cast<uint64_t>(
                       FindGroup(static_cast<Micros>(key), moment, kGrid).begin)
                 : key] += count;
  }
  return CountsOf(grouped);
}

// Whatever groups are kept, counts are those of a map.
TEST(GroupedTotalTest, CountsAreThoseOfAMap) {
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
        total.KeepGroups({.grid = kGrid, .moment = moment});
        kept = first ? moment : std::max(kept, moment);
        ASSERT_EQ(total.kept_moment(), kept);
      }
      ASSERT_EQ(total.total().Counts(-1).counts(), CountsOf(naive));
      for (const Micros moment :
           {kept - kDay, kept - kMinute, kept, kept + kMinute, kept + kDay}) {
        ASSERT_EQ(total.Counts({.grid = kGrid, .moment = moment}).counts(),
                  GroupedAt(naive, moment))
            << round << ", " << moment - kept;
      }
    }
  }
}

TEST(GroupedTotalTest, GroupsTakeLittleRoom) {
  std::vector<Count> counts;
  for (int i = 0; i < 200'000; ++i) {
    counts.push_back({static_cast<uint64_t>(kBegin + i * kSecond), 1});
  }
  GroupedTotal total;
  total.AddSorted(counts);
  const int64_t before = total.bytes();
  const EntryGroups groups = {.grid = kGrid, .moment = kBegin + 3 * kDay};
  total.KeepGroups(groups);
  EXPECT_LT(total.bytes(), before + 20'000);
  EXPECT_LT(total.Counts(groups).counts().size(), 200u);
  EXPECT_EQ(total.units(), 200'000);
}

}  // namespace
}  // namespace stagecraft::engine
