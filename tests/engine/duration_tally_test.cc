#include "engine/duration_tally.h"

#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

constexpr Micros kMinute = 60 * kSecond;

TEST(DurationBinTest, IsExactOnTheGridUpTo65536Bins) {
  for (const Micros bins : {0, 1, 2, 1000, 11547, 32767, 32768, 65535}) {
    const Micros duration = bins * kMinute;
    EXPECT_EQ(DurationBinOf(duration, kMinute), duration) << bins;
    EXPECT_EQ(DurationBinOf(duration + kMinute - 1, kMinute), duration) << bins;
  }
}

TEST(DurationBinTest, IsTooShortByLessThanItsRelativeWidthBeyond) {
  for (int bits = 16; bits < 40; ++bits) {
    for (const Micros offset : {0, 1, 12345}) {
      const Micros duration = ((Micros{1} << bits) + offset) * kSecond;
      const Micros bin = DurationBinOf(duration, kSecond);
      EXPECT_LE(bin, duration);
      EXPECT_LT(static_cast<double>(duration - bin),
                std::ldexp(static_cast<double>(duration), -15) + kSecond);
    }
  }
}

TEST(DurationBinTest, HasFewBinsIfFewBitsAreAskedFor) {
  std::set<Micros> bins;
  for (Micros minutes = 0; minutes <= 14 * 24 * 60; ++minutes) {
    const Micros bin = DurationBinOf(minutes * kMinute, kMinute, 7);
    bins.insert(bin);
    if (minutes < 256) {
      EXPECT_EQ(bin, minutes * kMinute);
    }
    EXPECT_LE(bin, minutes * kMinute);
    EXPECT_LE(128 * (minutes * kMinute - bin), minutes * kMinute);
  }
  // 256, then 128 for each doubling.
  EXPECT_EQ(bins.size(), 256 + 6 * 128 + (20160 - 16384) / 128 + 1);
}

TEST(DurationBinTest, NeverGrowsSmallerWithTheDuration) {
  Micros last = 0;
  for (Micros seconds = 0; seconds < 2'000'000; seconds += 777) {
    const Micros bin = DurationBinOf(seconds * kSecond, kSecond);
    EXPECT_GE(bin, last);
    last = bin;
  }
}

TEST(DurationCountsTest, WaitsMayBeRoundedAsDurationsAre) {
  const DurationGrid grid = {kMinute, 7};
  const Micros horizon = 14 * kDay;
  const Micros as_of = 40 * kDay + 30 * kSecond;
  DurationCounts counts;
  std::map<Micros, DurationBin> expected;
  const auto at = [&expected](Micros duration) -> DurationBin& {
    DurationBin& bin = expected[duration];
    bin.duration = duration;
    return bin;
  };
  for (Micros minutes = 0; minutes < 20 * 24 * 60; ++minutes) {
    const Micros duration = minutes * kMinute;
    counts.Add(DurationKind::kOpen, 40 * kDay - duration, 3);
    at(duration < horizon ? grid.BinOf(duration) : horizon).censored += 3;
    if (duration >= horizon) continue;
    counts.Add(DurationKind::kEvent, grid.BinOf(duration), 2);
    at(grid.BinOf(duration)).events += 2;
  }
  const std::vector<DurationBin> bins = counts.AsOf(as_of, horizon, grid);
  ASSERT_EQ(bins.size(), expected.size());
  for (const DurationBin& bin : bins) {
    EXPECT_EQ(bin, expected.at(bin.duration)) << bin.duration;
  }
  // However many entries there are.
  EXPECT_LT(bins.size(), 1100);
  EXPECT_GT(counts.AsOf(as_of, horizon).size(), 20'000);
}

TEST(DurationCountsTest, OpenUnitsAreCensoredAtTheLook) {
  DurationCounts counts;
  counts.Add(DurationKind::kOpen, 100 * kSecond, 2);
  counts.Add(DurationKind::kEvent, 30 * kSecond, 1);
  counts.Add(DurationKind::kOtherEnd, 40 * kSecond, 4);
  counts.Add(DurationKind::kHorizon, 90 * kSecond, 3);
  const std::vector<DurationBin> expected = {{30 * kSecond, 1, 0, 0},
                                             {40 * kSecond, 0, 4, 0},
                                             {50 * kSecond, 0, 0, 2},
                                             {90 * kSecond, 0, 0, 3}};
  EXPECT_EQ(counts.AsOf(150 * kSecond, std::nullopt), expected);
  // Not later than the horizon.
  const std::vector<DurationBin> cut = {{30 * kSecond, 1, 0, 0},
                                        {40 * kSecond, 0, 4, 0},
                                        {90 * kSecond, 0, 0, 5}};
  EXPECT_EQ(counts.AsOf(1000 * kSecond, 90 * kSecond), cut);
}

TEST(DurationCountsTest, TakingOutLeavesNothing) {
  DurationCounts counts;
  counts.Add(DurationKind::kOpen, 5, 1);
  DurationCounts other = counts;
  other.Add(DurationKind::kEvent, 7, 2);
  counts += other;
  EXPECT_EQ(counts.Total(DurationKind::kOpen), 2);
  counts -= other;
  counts.Add(DurationKind::kOpen, 5, -1);
  EXPECT_TRUE(counts.IsZero());
}

TEST(DurationCountsTest, CountsOfTwoAddUpToTheirSum) {
  DurationCounts counts;
  DurationCounts more;
  DurationCounts sum;
  for (int i = 0; i < 200; ++i) {
    const auto kind = static_cast<DurationKind>(i % 4);
    const Micros bin = i * 7919 % 101 * kMinute;
    (i % 3 == 0 ? more : counts).Add(kind, bin, i - 60);
    sum.Add(kind, bin, i - 60);
  }
  counts += more;
  EXPECT_EQ(counts, sum);
  counts -= more;
  EXPECT_NE(counts, sum);
}

}  // namespace
}  // namespace stagecraft::engine
