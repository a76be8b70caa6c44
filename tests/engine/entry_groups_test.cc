#include "engine/entry_groups.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <set>

#include "gtest/gtest.h"
#include "tests/engine/naive_groups.h"

namespace stagecraft::engine {
namespace {

constexpr DurationGrid kGrid = {kSecond, 7};
constexpr Micros kNow = 20'000 * kDay;

EntryGroups At(Micros moment) { return {.grid = kGrid, .moment = moment}; }

Micros EntryAt(Micros entry, Micros moment) {
  const uint64_t key = DurationKey(DurationKind::kOpen, entry);
  return static_cast<Micros>(At(moment).KeyOf(key));
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

TEST(EntryGroupsTest, WaitsAreKnownToOneIn256) {
  Times times(1);
  for (int i = 0; i < 100'000; ++i) {
    const Micros wait = times.Length(30) * kSecond;
    const Micros begin = EntryAt(kNow - wait, kNow);
    ASSERT_LE(begin, kNow - wait);
    const Micros middle =
        At(kNow).MiddleOf(DurationKey(DurationKind::kOpen, begin));
    ASSERT_LE(std::abs(kNow - middle - wait) * 256, wait) << wait;
    // Two seconds stand together when the second one is 256 over.
    if (wait < 257 * kSecond) {
      ASSERT_EQ(middle, kNow - wait);
    }
  }
}

TEST(EntryGroupsTest, MiddlesAreNeitherEarlyNorLate) {
  // Who came evenly has waited for as long, all in all.
  for (const Micros length : {kHour, kDay, 40 * kDay}) {
    double exact = 0;
    double grouped = 0;
    for (Micros wait = kSecond; wait <= length; wait += kSecond) {
      const auto key = static_cast<uint64_t>(EntryAt(kNow - wait, kNow));
      exact += static_cast<double>(wait);
      grouped += static_cast<double>(kNow - At(kNow).MiddleOf(key));
    }
    EXPECT_NEAR(grouped / exact, 1, 1e-4) << length;
  }
}

TEST(EntryGroupsTest, OfEachDoublingOfTimeThereAreFew) {
  std::set<Micros> entries;
  for (Micros wait = 0; wait < 40 * kDay; wait += kSecond) {
    entries.insert(EntryAt(kNow - wait, kNow));
  }
  // 40 days are 2^21.7 seconds: 2^8 by themselves, then 2^7 each time and a few
  // at the edges.
  EXPECT_LE(entries.size(), 256u + 14 * (128 + 3));
  EXPECT_GE(entries.size(), 256u + 13 * (128 - 3));
}

TEST(EntryGroupsTest, AreTheLargestThatWereOverLongEnoughAgo) {
  Times times(2);
  for (const Micros resolution : {kSecond, 7 * kSecond + 13, kHour, kDay}) {
    for (const int bits : {0, 1, 4, 7, 15}) {
      const EntryGroups groups = {.grid = {resolution, bits}, .moment = kNow};
      for (int i = 0; i < 3000; ++i) {
        const Micros entry = EntryBinOf(
            std::max<Micros>(0, kNow + kDay - times.Length(52)), resolution);
        const NaiveGroup group = FindGroup(entry, kNow, groups.grid);
        const uint64_t key =
            groups.KeyOf(DurationKey(DurationKind::kOpen, entry));
        ASSERT_EQ(static_cast<Micros>(key), group.begin) << entry;
        ASSERT_EQ(groups.MiddleOf(key), group.middle) << entry;
      }
    }
  }
}

TEST(EntryGroupsTest, LaterOnesCanBeMadeOfEarlierOnes) {
  Times times(3);
  for (const Micros resolution : {kSecond, 7 * kSecond + 13, kDay}) {
    for (const int bits : {0, 1, 7, 15}) {
      for (int i = 0; i < 20'000; ++i) {
        const Micros entry =
            EntryBinOf(kNow + times.Length(50), resolution) + resolution;
        const Micros earlier = entry + times.Length(50);
        const Micros later = earlier + times.Length(50);
        const auto at = [&](Micros of, Micros moment) {
          const EntryGroups groups = {{resolution, bits}, moment};
          return static_cast<Micros>(
              groups.KeyOf(DurationKey(DurationKind::kOpen, of)));
        };
        ASSERT_EQ(at(at(entry, earlier), later), at(entry, later));
        // And one that is less does not come after it.
        ASSERT_LE(at(entry - resolution, later), at(entry, later));
      }
    }
  }
}

TEST(EntryGroupsTest, TheLastMomentOfAllIsOne) {
  const EntryGroups groups = {.grid = {kSecond, 0}, .moment = kMaxBin};
  EXPECT_EQ(groups.KeyOf(0), 0u);
  EXPECT_EQ(groups.KeyOf(uint64_t{1} << 54), 0u);
  EXPECT_EQ(groups.KeyOf(kMaxBin), static_cast<uint64_t>(kMaxBin));
  EXPECT_LT(groups.MiddleOf(0), kMaxBin);
}

TEST(EntryGroupsTest, OtherKindsStayAsTheyAre) {
  const uint64_t key = DurationKey(DurationKind::kEvent, 1);
  EXPECT_EQ(At(kNow).KeyOf(key), key);
}

TEST(EntryGroupsTest, BeforeTheFirstMomentNobodyStandsTogether) {
  EXPECT_EQ(EntryAt(5 * kSecond, 0), 5 * kSecond);
  EXPECT_EQ(EntryAt(5 * kSecond, -kDay), 5 * kSecond);
}

}  // namespace
}  // namespace stagecraft::engine
