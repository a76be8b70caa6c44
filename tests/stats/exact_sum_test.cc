// Sums whose exact values are known, in many orders and groupings.
#include "stats/exact_sum.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace stagecraft::stats {
namespace {

double Sum(const std::vector<double>& values) {
  ExactSum sum;
  for (const double value : values) sum.Add(value);
  return sum.Value();
}

TEST(ExactSumTest, KeepsWhatDoublesLose) {
  EXPECT_EQ(Sum({}), 0);
  EXPECT_EQ(Sum({1e100, 1, -1e100}), 1);
  EXPECT_EQ(Sum({1e16, 1, -1e16, -1}), 0);
  EXPECT_EQ(Sum({-3.5, 1.25}), -2.25);
  EXPECT_EQ(Sum({0x1.0p-1074, 0x1.0p-1074}), 0x1.0p-1073);
  const double most = std::numeric_limits<double>::max();
  EXPECT_EQ(Sum({most, most, -most}), most);
  EXPECT_EQ(Sum({-most, 0x1.0p-1074, most}), 0x1.0p-1074);
}

TEST(ExactSumTest, NeitherOrderNorGroupingMatters) {
  std::mt19937_64 random(5);
  std::vector<double> values;
  for (int i = 0; i < 2000; ++i) {
    // Any finite double but the very large ones.
    const uint64_t bits = random();
    const double value = std::bit_cast<double>(bits & ~(uint64_t{1} << 62));
    values.push_back(value);
  }
  const double first = Sum(values);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(values.begin(), values.end(), random);
    ExactSum left;
    ExactSum right;
    const size_t split = random() % values.size();
    for (size_t i = 0; i < values.size(); ++i) {
      (i < split ? left : right).Add(values[i]);
    }
    left.Merge(right);
    EXPECT_EQ(left.Value(), first);
  }
  // All of it taken away again leaves nothing.
  ExactSum sum;
  for (const double value : values) sum.Add(value);
  for (const double value : values) sum.Add(-value);
  EXPECT_EQ(sum.Value(), 0);
}

// Integers below 2^53 are exact in 128 bits too.
TEST(ExactSumTest, AgreesWithIntegers) {
  std::mt19937_64 random(6);
  ExactSum sum;
  __int128 exact = 0;
  for (int i = 0; i < 5000; ++i) {
    const int64_t value =
        static_cast<int64_t>(random() >> 11) - (int64_t{1} << 52);
    sum.Add(static_cast<double>(value));
    exact += value;
  }
  EXPECT_EQ(sum.Value(), static_cast<double>(exact));
}

}  // namespace
}  // namespace stagecraft::stats
