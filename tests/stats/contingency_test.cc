// Exact tests of tables. Expected figures: exact rational sums (Python 3.11
// fractions), mpmath 1.2.1 at 40 digits, R 4.2.2 and scipy 1.10.1, calls
// beside.
#include "stats/contingency.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/discrete.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(FisherTest, AgreesWithExactSums) {
  struct Case {
    Proportion treatment, control;
    double two_sided, greater, less;
  };
  // All tables with the margins, by recurrence in mpmath.
  constexpr Case kCases[] = {
      {{25, 35},
       {15, 50},
       0.0001952826841558844,
       0.00016930054372481506,
       0.9999738590907977},
      {{1, 10},
       {9, 10},
       0.001093333910671372,
       0.99999458745588777,
       0.00054666695533568599},
      {{0, 10}, {5, 10}, 0.032507739938080495, 1, 0.016253869969040248},
      {{3, 3}, {0, 3}, 0.1, 0.05, 1},
      {{3894, 21307},
       {2262, 21306},
       5.4373590279522038e-113,
       2.8405462132796465e-113,
       1},
      // R: fisher.test, two-sided and alternative = "greater".
      {{501000, 1000000},
       {500000, 1000000},
       0.15771450478811258,
       0.07885725239405543,
       0.921557855086058},
      {{520000, 1000000},
       {500000, 1000000},
       4.658552581169267e-176,
       2.3292762905845048e-176,
       1},
      {{120, 1000000},
       {60, 2000000},
       9.175561112133726e-20,
       7.2246866330921139e-20,
       1},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.two_sided);
    const auto p = [&](Alternative alternative) {
      return *FisherExactPValue(c.control, c.treatment, alternative);
    };
    EXPECT_NEAR(p(Alternative::kTwoSided) / c.two_sided, 1, 1e-12);
    EXPECT_NEAR(p(Alternative::kGreater) / c.greater, 1, 1e-12);
    EXPECT_NEAR(p(Alternative::kLess) / c.less, 1, 1e-12);
    // Swapped arms swap the sides.
    EXPECT_NEAR(*FisherExactPValue(c.treatment, c.control) / c.two_sided, 1,
                1e-12);
    EXPECT_NEAR(*FisherExactPValue(c.treatment, c.control, Alternative::kLess) /
                    c.greater,
                1, 1e-12);
  }
}

// Naive twin: probabilities by lgamma, every table visited.
double NaiveFisher(const Proportion& control, const Proportion& treatment) {
  const int64_t k = control.successes + treatment.successes;
  const auto log_choose = [](int64_t n, int64_t r) {
    return std::lgamma(n + 1.0) - std::lgamma(r + 1.0) -
           std::lgamma(n - r + 1.0);
  };
  const auto probability = [&](int64_t x) {
    return std::exp(log_choose(treatment.trials, x) +
                    log_choose(control.trials, k - x) -
                    log_choose(treatment.trials + control.trials, k));
  };
  const double observed = probability(treatment.successes);
  double sum = 0;
  for (int64_t x = std::max<int64_t>(0, k - control.trials);
       x <= std::min(k, treatment.trials); ++x) {
    if (probability(x) <= observed * (1 + 1e-7)) sum += probability(x);
  }
  return sum;
}

TEST(FisherTest, AgreesWithANaiveTwin) {
  std::mt19937_64 random(1935);
  for (int round = 0; round < 2000; ++round) {
    const int64_t nc = 1 + static_cast<int64_t>(random() % 80);
    const int64_t nt =
        round % 3 == 0 ? nc : 1 + static_cast<int64_t>(random() % 80);
    const Proportion c{static_cast<int64_t>(random() % (nc + 1)), nc};
    const Proportion t{static_cast<int64_t>(random() % (nt + 1)), nt};
    EXPECT_NEAR(*FisherExactPValue(c, t), std::min(1.0, NaiveFisher(c, t)),
                1e-10)
        << c.successes << "/" << nc << " " << t.successes << "/" << nt;
  }
}

TEST(FisherTest, OneTableHasThePValueOne) {
  EXPECT_EQ(*FisherExactPValue({0, 10}, {0, 20}), 1);
  EXPECT_EQ(*FisherExactPValue({10, 10}, {20, 20}, Alternative::kGreater), 1);
  EXPECT_THAT(FisherExactPValue({0, 0}, {1, 20}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control.trials is 0")));
  EXPECT_THAT(FisherExactPValue({1, 10}, {21, 20}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("treatment.successes is 21")));
}

// The null probability of p <= alpha is at most alpha, exactly.
TEST(FisherTest, KeepsItsLevel) {
  constexpr int64_t kUnits = 15;
  for (double rate : {0.1, 0.35, 0.5}) {
    const auto arm = CountDistribution::Binomial(kUnits, rate, 1 - rate);
    double rejected = 0;
    for (int64_t a = 0; a <= kUnits; ++a) {
      for (int64_t b = 0; b <= kUnits; ++b) {
        if (*FisherExactPValue({a, kUnits}, {b, kUnits}) <= 0.05) {
          rejected += std::exp(arm.LogProbability(a) + arm.LogProbability(b));
        }
      }
    }
    EXPECT_LE(rejected, 0.05);
    EXPECT_GT(rejected, 0.001);
  }
}

TEST(DiscreteTest, StirlingRemainderAndDeviance) {
  // mpmath: loggamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2).
  EXPECT_NEAR(StirlingRemainder(0.5), 0.15342640972002735, 1e-15);
  EXPECT_NEAR(StirlingRemainder(3.7), 0.022468770580143147, 1e-15);
  EXPECT_NEAR(StirlingRemainder(15.5), 0.0053755990329268345, 1e-15);
  EXPECT_NEAR(StirlingRemainder(100), 0.00083333055563491467, 1e-18);
  EXPECT_EQ(Deviance(0, 3), 3);
  EXPECT_EQ(Deviance(5, 5), 0);
  // (x - m)^2 / (2 m) - (x - m)^3 / (6 m^2) to first orders.
  EXPECT_NEAR(Deviance(1e9 + 1, 1e9) / 5e-10, 1, 1e-9);
  EXPECT_NEAR(Deviance(8, 2), 8 * std::log(4.0) - 6, 1e-14);
}

TEST(DiscreteTest, ProbabilitiesSumToOne) {
  for (const auto& d : {CountDistribution::Binomial(50, 0.2, 0.8),
                        CountDistribution::Binomial(2000, 1e-3, 1 - 1e-3),
                        CountDistribution::Hypergeometric(30, 50, 20),
                        CountDistribution::Hypergeometric(5, 3, 6)}) {
    double sum = 0;
    for (int64_t k = d.low(); k <= d.high(); ++k) {
      sum += std::exp(d.LogProbability(k));
      EXPECT_NEAR(d.LowerTail(k), sum, 1e-13);
      EXPECT_NEAR(d.UpperTail(k) + d.LowerTail(k - 1), 1, 1e-13);
    }
    EXPECT_NEAR(sum, 1, 1e-13);
    EXPECT_EQ(d.LowerTail(d.low() - 1), 0);
    EXPECT_EQ(d.UpperTail(d.high() + 1), 0);
  }
}

// R: chisq.test(matrix(c(10, 20, 30, 25, 15, 40), 3)) and prop.test(c(15, 25,
// 5), c(50, 70, 40)).
TEST(IndependenceTest, AgreesWithR) {
  const auto table = TestIndependence({10, 25, 20, 15, 30, 40}, 2);
  ASSERT_THAT(table, IsOk());
  EXPECT_NEAR(table->statistic, 5.83333333333333393, 1e-13);
  EXPECT_NEAR(table->p_value, 0.05411376622282158, 1e-14);
  EXPECT_EQ(table->degrees_of_freedom, 2);
  const auto arms = TestIndependence({15, 35, 25, 45, 5, 35}, 2);
  ASSERT_THAT(arms, IsOk());
  EXPECT_NEAR(arms->statistic, 6.91235334713595595, 1e-13);
  EXPECT_NEAR(arms->p_value, 0.03155015826866683, 1e-14);
  // Two arms: the test of proportion.h.
  const auto two = TestIndependence({15, 35, 25, 10}, 2);
  const auto pearson = CompareProportionsChiSquared({15, 50}, {25, 35});
  ASSERT_THAT(two, IsOk());
  EXPECT_NEAR(two->statistic, pearson->statistic, 1e-12);
  // An outcome that nobody had counts for nothing.
  const auto padded = TestIndependence({15, 35, 0, 25, 10, 0}, 3);
  ASSERT_THAT(padded, IsOk());
  EXPECT_EQ(padded->degrees_of_freedom, 1);
  EXPECT_NEAR(padded->statistic, two->statistic, 1e-12);
}

TEST(IndependenceTest, RefusesWhatIsNoTable) {
  EXPECT_THAT(TestIndependence({1, 2, 3}, 2),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("counts has 3 entries")));
  EXPECT_THAT(
      TestIndependence({1, 2}, 1),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("columns is 1")));
  EXPECT_THAT(TestIndependence({1, 2, -3, 4}, 2),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("counts[2] is -3")));
  EXPECT_THAT(TestIndependence({0, 2, 0, 4}, 2),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("2 rows and 1 columns")));
}

}  // namespace
}  // namespace stagecraft::stats
