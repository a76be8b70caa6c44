// Expected figures: exact rational sums over all outcomes (Python 3.11
// fractions), R 4.2.2 binom.test.
#include "stats/sample_ratio_exact.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/sample_ratio.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ExactSampleRatioTest, AgreesWithExactSums) {
  const struct {
    std::vector<int64_t> counts;
    std::vector<double> shares;
    double p_value;
  } cases[] = {
      {{3, 7, 2}, {.3, .3, .4}, 0.097942818304},
      {{10, 0, 0, 1}, {.25, .25, .25, .25}, 3.24249267578125e-5},
      {{1, 9, 3, 0, 4}, {.1, .2, .3, .2, .2}, 0.0085995409586752},
      {{40, 0, 0}, {.2, .3, .5}, 1.099511627776e-28},
      {{5, 4, 3, 2}, {.25, .25, .25, .25}, 0.80892524123191833},
      // Two arms: binom.test(500000000, 1000100000, 0.5) and so on.
      {{500000000, 500100000}, {.5, .5}, 0.001566422523018152},
      {{3, 17}, {.35, .65}, 0.06395495878134308},
      {{600, 400}, {.5, .5}, 2.728464156066027e-10},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.p_value);
    const auto p = ExactSampleRatioPValue(c.counts, c.shares);
    ASSERT_THAT(p, IsOk());
    EXPECT_NEAR(*p / c.p_value, 1, 2e-12);
    // The order of the arms says nothing.
    const std::vector<int64_t> counts(c.counts.rbegin(), c.counts.rend());
    const std::vector<double> shares(c.shares.rbegin(), c.shares.rend());
    EXPECT_NEAR(*ExactSampleRatioPValue(counts, shares) / *p, 1, 1e-12);
  }
}

// Naive twin: every outcome, probabilities by lgamma.
double Naive(const std::vector<int64_t>& counts,
             const std::vector<double>& shares) {
  int64_t total = 0;
  for (int64_t count : counts) total += count;
  const auto probability = [&](const std::vector<int64_t>& outcome) {
    double log = std::lgamma(total + 1.0);
    for (size_t i = 0; i < outcome.size(); ++i) {
      log += static_cast<double>(outcome[i]) * std::log(shares[i]) -
             std::lgamma(outcome[i] + 1.0);
    }
    return std::exp(log);
  };
  const double observed = probability(counts);
  double sum = 0;
  std::vector<int64_t> outcome(counts.size());
  const auto visit = [&](auto& self, size_t arm, int64_t left) -> void {
    if (arm + 1 == counts.size()) {
      outcome[arm] = left;
      const double p = probability(outcome);
      if (p <= observed * (1 + 1e-7)) sum += p;
      return;
    }
    for (int64_t i = 0; i <= left; ++i) {
      outcome[arm] = i;
      self(self, arm + 1, left - i);
    }
  };
  visit(visit, 0, total);
  return std::min(1.0, sum);
}

TEST(ExactSampleRatioTest, AgreesWithANaiveTwin) {
  std::mt19937_64 random(1900);
  for (int round = 0; round < 300; ++round) {
    const size_t arms = 2 + random() % 4;
    std::vector<double> weights(arms);
    double sum = 0;
    for (double& w : weights) {
      w = round % 2 == 0 ? 1 : 1 + static_cast<double>(random() % 9);
      sum += w;
    }
    for (double& w : weights) w /= sum;
    std::vector<int64_t> counts(arms);
    for (int64_t& count : counts) count = static_cast<int64_t>(random() % 8);
    counts[0] += 1;
    EXPECT_NEAR(*ExactSampleRatioPValue(counts, weights),
                Naive(counts, weights), 1e-11);
  }
}

TEST(ExactSampleRatioTest, NearsTheChiSquaredAtManyUnits) {
  const std::vector<int64_t> counts = {33000, 33400, 33599};
  const std::vector<double> shares = {1. / 3, 1. / 3, 1 - 2. / 3};
  const auto exact = ExactSampleRatioPValue(counts, shares);
  const auto limit = CompareSampleRatio(counts, shares);
  ASSERT_THAT(exact, IsOk());
  EXPECT_NEAR(*exact, limit->p_value, 1e-3);
}

TEST(ExactSampleRatioTest, DropsAnArmOfShareZero) {
  EXPECT_EQ(*ExactSampleRatioPValue({3, 0, 17}, {.35, 0, .65}),
            *ExactSampleRatioPValue({3, 17}, {.35, .65}));
}

TEST(ExactSampleRatioTest, SaysWhatIsTooLarge) {
  EXPECT_THAT(
      ExactSampleRatioPValue({500, 500, 500, 12}, {.25, .25, .25, .25}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("1512 units in 4 arms needs 1.14534e+06 visits, want "
                         "at most 1000000")));
  EXPECT_THAT(ExactSampleRatioPValue({0, 0}, {.5, .5}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("at least one unit")));
  EXPECT_THAT(ExactSampleRatioPValue({1, 2}, {.5, .4}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("shares sum to 0.9, want 1")));
}

}  // namespace
}  // namespace stagecraft::stats
