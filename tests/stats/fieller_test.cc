#include "stats/fieller.h"

#include <cmath>
#include <random>

#include "gtest/gtest.h"
#include "stats/distributions.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// Naive twin: the definition, ratio by ratio.
bool InSet(const NormalEstimate& a, const NormalEstimate& b, double covariance,
           double ratio, double alpha) {
  const double q = NormalUpperQuantile(alpha / 2);
  const double variance = a.standard_error * a.standard_error -
                          2 * ratio * covariance +
                          ratio * ratio * b.standard_error * b.standard_error;
  const double miss = a.value - ratio * b.value;
  return miss * miss <= q * q * variance;
}

TEST(FiellerTest, IsTheDefinitionInEveryShape) {
  std::mt19937_64 random(1954);
  const auto uniform = [&] {
    return static_cast<double>(random() >> 11) * 0x1p-53;
  };
  int seen[3] = {0, 0, 0};
  for (int i = 0; i < 400; ++i) {
    const NormalEstimate a{4 * uniform() - 2, 0.1 + uniform()};
    const NormalEstimate b{4 * uniform() - 2, 0.1 + uniform()};
    const double covariance =
        (1.8 * uniform() - 0.9) * a.standard_error * b.standard_error;
    const auto set = FiellerSet(a, b, covariance, 0.05);
    ASSERT_THAT(set, IsOk());
    ++seen[static_cast<int>(set->shape)];
    for (int k = 0; k < 60; ++k) {
      const double ratio = std::tan(3.1 * (uniform() - 0.5));
      // At the very edge rounding decides.
      if (std::abs(ratio - set->lower) < 1e-9 ||
          std::abs(ratio - set->upper) < 1e-9) {
        continue;
      }
      ASSERT_EQ(Contains(*set, ratio), InSet(a, b, covariance, ratio, 0.05))
          << "ratio " << ratio << " shape " << static_cast<int>(set->shape);
    }
  }
  for (int count : seen) EXPECT_GT(count, 20);
}

TEST(FiellerTest, SolvesAByHandExample) {
  // a = 3, b = 2, errors 1 and q = 1 on the denominator alone: with no error in
  // a, |3 - 2 R| <= q se_b |R|: R in [3 / (2 + h), 3 / (2 - h)], h = q 0.5.
  const double h = 0.5 * 1.959963984540054;
  const auto set = FiellerSet({3, 0}, {2, 0.5}, 0, 0.05);
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->shape, ConfidenceShape::kBounded);
  EXPECT_NEAR(set->lower, 3 / (2 + h), 1e-12);
  EXPECT_NEAR(set->upper, 3 / (2 - h), 1e-12);
  // A denominator within its error of 0: the complement of what lies between.
  const auto gap = FiellerSet({3, 0}, {2, 1.5}, 0, 0.05);
  ASSERT_THAT(gap, IsOk());
  EXPECT_EQ(gap->shape, ConfidenceShape::kComplement);
  EXPECT_NEAR(gap->upper, 3 / (2 + 3 * h), 1e-12);
  EXPECT_NEAR(gap->lower, 3 / (2 - 3 * h), 1e-12);
  EXPECT_FALSE(Contains(*gap, 0));
  EXPECT_TRUE(Contains(*gap, 1.5));
  EXPECT_EQ(Hull(*gap).lower, -kInfinity);
  EXPECT_EQ(Hull(*gap).upper, kInfinity);
  // Neither differs from 0.
  const auto line = FiellerSet({0.1, 1}, {0.1, 1}, 0, 0.05);
  ASSERT_THAT(line, IsOk());
  EXPECT_EQ(line->shape, ConfidenceShape::kWholeLine);
}

TEST(FiellerTest, LiftOfANegativeControlIsMirrored) {
  const auto up = FiellerLiftSet({10, 1}, {12, 1}, 0.05);
  const auto down = FiellerLiftSet({-10, 1}, {-12, 1}, 0.05);
  ASSERT_THAT(up, IsOk());
  ASSERT_THAT(down, IsOk());
  EXPECT_NEAR(up->lower, -down->upper, 1e-14);
  EXPECT_NEAR(up->upper, -down->lower, 1e-14);
  EXPECT_TRUE(Contains(*up, 0.2));
}

TEST(FiellerTest, RefusesBadArguments) {
  EXPECT_THAT(FiellerSet({1, 1}, {0, 0}, 0, 0.05),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("denominator is exactly 0")));
  EXPECT_THAT(FiellerSet({1, 1}, {1, 1}, 2, 0.05),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("covariance is 2, want at most 1")));
  EXPECT_THAT(FiellerSet({1, -1}, {1, 1}, 0, 0.05),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("numerator.standard_error is -1")));
  EXPECT_THAT(FiellerSet({1, 1}, {1, 1}, 0, 0.05, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("degrees_of_freedom is 0")));
}

}  // namespace
}  // namespace stagecraft::stats
