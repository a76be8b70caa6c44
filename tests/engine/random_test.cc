#include "engine/random.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

// The reference implementation (S. Vigna, splitmix64.c), seed 1234567.
TEST(RandomTest, IsSplitMix64) {
  Random random(1234567);
  EXPECT_EQ(random.Next(), 6457827717110365317u);
  EXPECT_EQ(random.Next(), 3203168211198807973u);
  EXPECT_EQ(random.Next(), 9817491932198370423u);
}

TEST(RandomTest, BelowIsUniform) {
  Random random(3);
  std::vector<int> counts(7);
  constexpr int kDraws = 70'000;
  for (int i = 0; i < kDraws; ++i) ++counts.at(random.Below(7));
  // 6 degrees of freedom: beyond 50 with probability 5e-9.
  double chi_squared = 0;
  for (const int count : counts) {
    chi_squared += (count - 1e4) * (count - 1e4) / 1e4;
  }
  EXPECT_LT(chi_squared, 50);
}

// Cells against the probabilities themselves, below and above the mean at which
// the algorithm changes.
TEST(RandomTest, PoissonHasItsDistribution) {
  for (const double mean : {0.3, 3.0, 9.9, 10.0, 47.5, 1000.0}) {
    SCOPED_TRACE(mean);
    Random random(17);
    constexpr int kDraws = 60'000;
    const double root = std::sqrt(mean);
    const int low = std::max(0, static_cast<int>(mean - 4 * root));
    const int high = static_cast<int>(mean + 4 * root) + 2;
    std::vector<int> counts(high - low + 1);
    double sum = 0;
    for (int i = 0; i < kDraws; ++i) {
      const int64_t k = random.Poisson(mean);
      ASSERT_GE(k, 0);
      sum += static_cast<double>(k);
      if (k >= low && k <= high) ++counts[k - low];
    }
    // 6 standard errors: once in 5e8.
    EXPECT_NEAR(sum / kDraws, mean, 6 * root / std::sqrt(1.0 * kDraws));
    double chi_squared = 0;
    int cells = 0;
    for (int k = low; k <= high; ++k) {
      const double expected =
          kDraws * std::exp(k * std::log(mean) - mean - std::lgamma(k + 1.0));
      if (expected < 10) continue;
      const double miss = counts[k - low] - expected;
      chi_squared += miss * miss / expected;
      ++cells;
    }
    // Mean `cells`, variance about 2 `cells`, and a heavier tail than normal.
    EXPECT_LT(chi_squared, cells + 8 * std::sqrt(2.0 * cells) + 20);
  }
  Random random(1);
  EXPECT_EQ(random.Poisson(0), 0);
}

}  // namespace
}  // namespace stagecraft::engine
