#include "engine/hash.h"

#include <algorithm>
#include <bit>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace stagecraft::engine {
namespace {

// Every statistical test here fails by chance with a probability below this,
// were the hash a random function. The bounds are exact quantiles divided by
// the number of comparisons (Bonferroni). All inputs are fixed.
constexpr double kChance = 1e-8;

double ChiSquaredBound(int degrees_of_freedom, double comparisons) {
  return boost::math::quantile(boost::math::complement(
      boost::math::chi_squared(degrees_of_freedom), kChance / comparisons));
}

double NormalBound(double comparisons) {
  return boost::math::quantile(boost::math::complement(
      boost::math::normal(), kChance / comparisons / 2));
}

// Pearson's statistic against equal expected counts.
double ChiSquared(const std::vector<int>& counts, double total) {
  const double expected = total / counts.size();
  double sum = 0;
  for (const int count : counts) {
    sum += (count - expected) * (count - expected) / expected;
  }
  return sum;
}

std::vector<uint64_t> Units(int count) {
  std::vector<uint64_t> units;
  for (int i = 0; i < count; ++i) {
    units.push_back(UnitHash(absl::StrCat("user-", i)));
  }
  return units;
}

// Values that xxHash's own sanity checks and bindings publish.
TEST(HashTest, IsXxh3) {
  EXPECT_EQ(HashBytes(""), 0x2d06800538d394c2);
  EXPECT_EQ(HashBytes("a"), 0xe6c632b61e964e1f);
  EXPECT_EQ(HashBytes("abc"), 0x78af5f94892f3950);
}

// Computed by testdata/assignment_golden.py with Python's integers.
TEST(HashTest, PublishedVectors) {
  struct Row {
    uint64_t unit_hash, salt_hash, mixed;
    int bucket;
  };
  const Row rows[] = {
      {UnitHash("user-1"), SplitSaltHash("exp-1"), 0xa25aa77c6279d0dd, 634195},
      {UnitHash("user-1"), CoverageSaltHash("exp-1"), 0x0b3ba93cd2da08e4,
       43879},
      {UnitHash("user-1"), LayerSaltHash("layers/checkout"), 0xba32aeb359b3197f,
       727335},
      {UnitHash("user-1"), HoldoutSaltHash("journeys/onboarding"),
       0x5e6f14ed0fdf7d0f, 368882},
      {UnitHash("jos\xc3\xa9"), SplitSaltHash("exp-1"), 0xc26f66f670abd221,
       759512},
      {UnitHash("\xf0\x9f\x98\x80"), SplitSaltHash("exp-1"), 0x4c2821e03aee2581,
       297487},
      {0, 0, 0, 0},
      {1, 0, 0x4dd3e55fc77d5aa9, 304014},
      {0, 1, 0x8eab2a8c7aac299c, 557299},
      {~0ull, ~0ull, 0xb4d055fcf2cbbd7b, 706303},
      {~0ull, 0, 0xb8ce764db58cf855, 721900},
      {0x0123456789abcdef, 0xfedcba9876543210, 0x044023d1086e017b, 16603},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.mixed);
    EXPECT_EQ(Mix(row.unit_hash, row.salt_hash), row.mixed);
    EXPECT_EQ(BucketPpm(row.unit_hash, row.salt_hash), row.bucket);
  }
  EXPECT_EQ(UnitHash("user-1"), 0x7c7615c11438e5c9);
  EXPECT_EQ(SplitSaltHash("exp-1"), 0xf4b584c12bff4dec);
  EXPECT_EQ(CoverageSaltHash("exp-1"), 0x796294724277d902);
  EXPECT_EQ(LayerSaltHash("layers/checkout"), 0x4c041a019349b9a5);
  EXPECT_EQ(HoldoutSaltHash("journeys/onboarding"), 0x01466c84d783fb4b);
}

// The first mixed hash of bucket k is the least x with x * 10^6 >= k * 2^64.
TEST(HashTest, BucketsBeginWhereTheyShould) {
  EXPECT_EQ(ToPpm(0), 0);
  EXPECT_EQ(ToPpm(~0ull), 999'999);
  for (int k = 1; k < 1'000'000; k += 37) {
    const uint64_t first = static_cast<uint64_t>(
        ((static_cast<unsigned __int128>(k) << 64) + 999'999) / 1'000'000);
    ASSERT_EQ(ToPpm(first), k);
    ASSERT_EQ(ToPpm(first - 1), k - 1);
  }
}

TEST(HashTest, BucketsAreUniform) {
  constexpr int kUnits = 1'000'000;
  constexpr int kCells = 1000;
  const std::vector<uint64_t> units = Units(kUnits);
  const std::vector<std::string> salts = {"exp-1", "exp-2", "", "x", "exp-1/"};
  for (const std::string& salt : salts) {
    SCOPED_TRACE(salt);
    const uint64_t salt_hash = SplitSaltHash(salt);
    std::vector<int> counts(kCells);
    for (const uint64_t unit : units) {
      ++counts[BucketPpm(unit, salt_hash) / (1'000'000 / kCells)];
    }
    EXPECT_LT(ChiSquared(counts, kUnits),
              ChiSquaredBound(kCells - 1, salts.size()));
  }
}

// Even unit hashes that are nearly the same are spread: the mix needs no help
// from XXH3.
TEST(HashTest, MixSpreadsSequences) {
  constexpr int kUnits = 1'000'000;
  constexpr int kCells = 1000;
  for (const int shift : {0, 20, 44}) {
    SCOPED_TRACE(shift);
    std::vector<int> counts(kCells);
    for (uint64_t i = 0; i < kUnits; ++i) {
      ++counts[BucketPpm(i << shift, 0x9e3779b97f4a7c15) /
               (1'000'000 / kCells)];
    }
    EXPECT_LT(ChiSquared(counts, kUnits), ChiSquaredBound(kCells - 1, 3));
  }
}

// All pairs of 60 salts: the buckets of two experiments, as a 10 x 10 table of
// equal expected counts (99 degrees of freedom, since the margins are known)
// and as a 2 x 2 table of halves (correlation of the signs).
TEST(HashTest, SaltsAreIndependent) {
  constexpr int kUnits = 20'000;
  constexpr int kSalts = 60;
  constexpr double kPairs = kSalts * (kSalts - 1) / 2;
  const std::vector<uint64_t> units = Units(kUnits);
  std::vector<std::vector<int>> tenths(kSalts, std::vector<int>(kUnits));
  for (int s = 0; s < kSalts; ++s) {
    // Half of the salts are other purposes of the same text.
    const std::string text = absl::StrCat("exp-", s / 2);
    const uint64_t salt =
        s % 2 == 0 ? SplitSaltHash(text) : CoverageSaltHash(text);
    for (int u = 0; u < kUnits; ++u) {
      tenths[s][u] = BucketPpm(units[u], salt) / 100'000;
    }
  }
  double worst = 0;
  double worst_sign = 0;
  for (int a = 0; a < kSalts; ++a) {
    for (int b = a + 1; b < kSalts; ++b) {
      std::vector<int> table(100);
      int same_half = 0;
      for (int u = 0; u < kUnits; ++u) {
        ++table[tenths[a][u] * 10 + tenths[b][u]];
        same_half += (tenths[a][u] < 5) == (tenths[b][u] < 5);
      }
      worst = std::max(worst, ChiSquared(table, kUnits));
      worst_sign =
          std::max(worst_sign, std::abs(2.0 * same_half - kUnits) /
                                   std::sqrt(static_cast<double>(kUnits)));
    }
  }
  EXPECT_LT(worst, ChiSquaredBound(99, kPairs));
  EXPECT_LT(worst_sign, NormalBound(kPairs));
}

// Salt hashes that differ in one bit only: the worst case for a mix that merely
// joins unit and salt with an exclusive or.
TEST(HashTest, SaltsOfOneBitDifferenceAreIndependent) {
  constexpr int kUnits = 20'000;
  const std::vector<uint64_t> units = Units(kUnits);
  const uint64_t salt = SplitSaltHash("exp-1");
  for (int bit = 0; bit < 64; ++bit) {
    std::vector<int> table(100);
    for (const uint64_t unit : units) {
      ++table[BucketPpm(unit, salt) / 100'000 * 10 +
              BucketPpm(unit, salt ^ (1ull << bit)) / 100'000];
    }
    EXPECT_LT(ChiSquared(table, kUnits), ChiSquaredBound(99, 64)) << bit;
  }
}

// Flipping any bit of the unit or of the salt flips each bit of the result with
// a probability of one half.
TEST(HashTest, Avalanches) {
  constexpr int kSamples = 20'000;
  const std::vector<uint64_t> units = Units(kSamples);
  const double bound = NormalBound(2 * 64 * 64);
  double worst = 0;
  for (const bool in_salt : {false, true}) {
    for (int in = 0; in < 64; ++in) {
      std::vector<int> flips(64);
      for (int i = 0; i < kSamples; ++i) {
        const uint64_t salt = units[(i + 1) % kSamples];
        const uint64_t flip = 1ull << in;
        uint64_t changed =
            Mix(units[i], salt) ^ Mix(in_salt ? units[i] : units[i] ^ flip,
                                      in_salt ? salt ^ flip : salt);
        while (changed != 0) {
          ++flips[std::countr_zero(changed)];
          changed &= changed - 1;
        }
      }
      for (const int count : flips) {
        worst = std::max(worst, std::abs(count - kSamples / 2.0) /
                                    std::sqrt(kSamples / 4.0));
      }
    }
  }
  EXPECT_LT(worst, bound);
}

TEST(HashTest, PurposesDiffer) {
  std::vector<uint64_t> salts = {SplitSaltHash("a"), CoverageSaltHash("a"),
                                 LayerSaltHash("a"), HoldoutSaltHash("a")};
  std::sort(salts.begin(), salts.end());
  EXPECT_EQ(std::unique(salts.begin(), salts.end()), salts.end());
}

}  // namespace
}  // namespace stagecraft::engine
