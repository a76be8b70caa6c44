#include "engine/duration_total.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

using Count = DurationCounts::Count;

// The counts of a map, those up to `merged` together.
std::vector<Count> CountsOf(const std::map<uint64_t, int64_t>& map,
                            Micros merged) {
  std::map<uint64_t, int64_t> together;
  for (const auto& [key, count] : map) {
    together[static_cast<int64_t>(key) <= merged ? 0 : key] += count;
  }
  std::vector<Count> counts;
  for (const auto& [key, count] : together) {
    if (count != 0) counts.push_back({key, count});
  }
  return counts;
}

TEST(DurationTotalTest, CountsAreThoseOfAMap) {
  constexpr uint64_t kKinds = kDurationKinds;
  for (const uint64_t bins : {3, 2'000, 40'000}) {
    SCOPED_TRACE(bins);
    std::mt19937_64 random(bins);
    DurationTotal total;
    std::map<uint64_t, int64_t> naive;
    Micros merged = -1;
    for (int round = 0; round < 150; ++round) {
      std::vector<Count> some(random() % 1500);
      for (Count& count : some) {
        const auto kind = static_cast<DurationKind>(random() % kKinds);
        const auto bin = static_cast<Micros>(random() % bins);
        count = {DurationKey(kind, bin), 1};
        // Mostly what is there goes; what is chosen twice must not grow for
        // ever.
        if (round % 2 == 1) {
          count.count = -std::clamp<int64_t>(naive[count.key], -1000, 1000);
        }
        count.key = MergedKey(count.key, merged);
      }
      std::sort(some.begin(), some.end(),
                [](const Count& a, const Count& b) { return a.key < b.key; });
      for (const Count& count : some) naive[count.key] += count.count;
      total.AddSorted(some);
      if (round % 50 == 49) {
        merged += static_cast<Micros>(random() % (bins / 3));
        total.MergeOpen(merged);
      }
      if (round % 10 != 9) continue;
      const std::vector<Count> expected = CountsOf(naive, merged);
      ASSERT_EQ(total.size(), expected.size());
      int64_t units = 0;
      for (const Count& count : expected) units += count.count;
      ASSERT_EQ(total.units(), units);
      EXPECT_EQ(total.Counts(-1).counts(), expected);
      std::vector<Count> all;
      total.ForEach([&](const Count& count) { all.push_back(count); });
      EXPECT_EQ(all, expected);
      for (const Micros later :
           {merged + 1, std::max(merged, static_cast<Micros>(bins) / 2)}) {
        EXPECT_EQ(total.Counts(later).counts(), CountsOf(naive, later));
      }
    }
    // All of them go.
    std::vector<Count> less = total.Counts(-1).counts();
    for (Count& count : less) count.count = -count.count;
    total.AddSorted(less);
    EXPECT_EQ(total.size(), 0u);
    EXPECT_TRUE(total.Counts(-1).IsZero());
  }
}

// As entries do: nearly all of them leave some time after they came.
TEST(DurationTotalTest, MemoryOfThoseWhoLeftIsGivenBack) {
  DurationTotal total;
  constexpr int64_t kBatch = 1000;
  constexpr int64_t kStay = 5;  // Batches.
  for (int64_t batch = 0; batch < 1000; ++batch) {
    std::vector<Count> changes;
    for (int64_t i = 0; i < kBatch && batch >= kStay; ++i) {
      if (i % 100 == 0) continue;  // Stays for ever.
      const int64_t key = (batch - kStay) * kBatch + i;
      changes.push_back({static_cast<uint64_t>(key), -1});
    }
    for (int64_t i = 0; i < kBatch; ++i) {
      changes.push_back({static_cast<uint64_t>(batch * kBatch + i), 1});
    }
    total.AddSorted(changes);
  }
  EXPECT_EQ(total.size(), 10u * 995 + 5000);
  EXPECT_LT(total.bytes(), int64_t{5 * 16 * 15'000});
}

}  // namespace
}  // namespace stagecraft::engine
