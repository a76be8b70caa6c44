// Exact values: E. Miller, "Formulas for Bayesian A/B Testing" (2014), the
// finite sum over Beta functions, evaluated with 40 digits (mpmath), and the
// expected loss by C. Stucchio (2015) from the same sum.
#include "stats/bayes.h"

#include <algorithm>
#include <boost/math/quadrature/tanh_sinh.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <optional>
#include <vector>

#include "gtest/gtest.h"
#include "stats/beta_posterior.h"
#include "stats/distributions.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

struct Exact {
  Proportion control, treatment;
  double beat, control_better, loss_treatment, loss_control;
};

// Both sides are computed as such, so both keep their digits.
constexpr Exact kExact[] = {
    {{0, 0}, {0, 0}, 0.5, 0.5, 0.16666666666666666667, 0.16666666666666666667},
    {{121, 1000},
     {141, 1000},
     0.90715944207248923354,
     0.09284055792751076646,
     0.00065428839113908852147,
     0.020614368231458449799},
    {{2, 3},
     {1, 5},
     0.11904761904761904762,
     0.88095238095238095238,
     0.33030303030303030303,
     0.016017316017316017316},
    {{12, 400},
     {31, 500},
     0.9872307029047302,
     0.012769297095269803,
     6.6411116458981254e-5,
     0.031473122579066264},
    {{2, 3},
     {60, 61},
     0.99178321678321678,
     0.0082167832167832168,
     0.00016964793084196069,
     0.36842361618481021},
    {{5, 200},
     {80, 200},
     1.0,
     5.3263822636508836e-23,
     2.3390041483245615e-25,
     0.37128712871287129},
    {{100, 1000},
     {260, 1000},
     1.0,
     1.9384735554343697e-21,
     3.5058678187429085e-24,
     0.15968063872255489},
    {{1000, 10000},
     {1350, 10000},
     0.99999999999999301,
     6.9891718706886805e-15,
     4.0136347172918597e-18,
     0.03499300139972006},
    {{0, 1000},
     {0, 10},
     0.9891304347826087,
     0.010869565217391304,
     1.0837160821496198e-5,
     0.082346166502138861},
    {{2262, 21306},
     {3894, 21307},
     1.0,
     2.1481977646480881e-113,
     3.2417980613330007e-117,
     0.076582373445842695},
};

TEST(BetaBinomialTest, AgreesWithExactSums) {
  for (const Exact& row : kExact) {
    SCOPED_TRACE(row.control_better);
    const auto result = CompareBetaBinomial(row.control, row.treatment);
    ASSERT_THAT(result, IsOk());
    EXPECT_NEAR(result->probability_to_beat_control, row.beat,
                1e-11 * row.beat);
    EXPECT_NEAR(result->probability_control_better, row.control_better,
                1e-11 * row.control_better);
    EXPECT_NEAR(result->expected_loss_treatment, row.loss_treatment,
                1e-10 * row.loss_treatment);
    EXPECT_NEAR(result->expected_loss_control, row.loss_control,
                1e-11 * row.loss_control);
    EXPECT_NEAR(result->log_probability_control_better,
                std::log(row.control_better), 1e-10);
    // E max(d, 0) - E max(-d, 0) = E d.
    EXPECT_NEAR(result->expected_loss_control - result->expected_loss_treatment,
                result->effect_mean, 1e-15);
  }
}

TEST(BetaBinomialTest, TailsBelowTheSmallestDoubleKeepTheirLogarithm) {
  // The exact sum is 3.1584549550651542e-442.
  const auto result = CompareBetaBinomial({40000, 100000}, {50000, 100000});
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->probability_control_better, 0);
  EXPECT_NEAR(result->log_probability_control_better,
              std::log(3.1584549550651542) - 442 * std::log(10), 1e-10);
  EXPECT_EQ(result->log_probability_to_beat_control, 0);
}

// The inversion integral of gamma_contrast.h with 40 digits by mpmath 1.2.1,
// loggamma and a step of a twelfth of the saddle point; one prior for both
// arms, Beta(prior, prior).
struct Inverted {
  Proportion control, treatment;
  double prior, beat, control_better, loss_treatment, loss_control;
};

constexpr Inverted kInverted[] = {
    {{100, 1000},
     {120, 1000},
     0.5,
     0.92360523214208637,
     0.076394767857913633,
     0.00048096590249451756,
     0.020460985882514498},
    {{0, 50},
     {3, 60},
     0.5,
     0.95570878899859702,
     0.044291211001402982,
     0.00070252531455665197,
     0.04827565292625707},
    {{0, 1000},
     {0, 1000},
     0.5,
     0.5,
     0.5,
     0.00031791244597484773,
     0.00031791244597484773},
    {{100000000, 1000000000},
     {100020000, 1000000000},
     1,
     0.93197273478297613,
     0.068027265217023867,
     4.0167047841572869e-7,
     2.0401670438415729e-5},
    {{100000000, 1000000000},
     {100200000, 1000000000},
     1,
     1.0,
     1.6355925309237225e-50,
     1.4603590658804047e-56,
     0.0001999999996},
    {{1000, 1000000000},
     {1300, 1000000000},
     0.5,
     0.99999999981254565,
     1.8745435319846528e-10,
     1.3721887460661483e-18,
     2.9999999970137219e-7},
    {{5, 1000000000},
     {0, 1000000000},
     1,
     0.0156249998828125,
     0.9843750001171875,
     5.0156249898046875e-9,
     1.5624999804687501e-11},
};

TEST(BetaBinomialTest, AgreesWithInversionAtManyDigits) {
  for (const Inverted& row : kInverted) {
    SCOPED_TRACE(row.beat);
    const BetaPrior prior{row.prior, row.prior};
    const auto result =
        CompareBetaBinomial(row.control, row.treatment, prior, prior);
    ASSERT_THAT(result, IsOk());
    EXPECT_NEAR(result->probability_to_beat_control, row.beat,
                1e-10 * row.beat);
    EXPECT_NEAR(result->probability_control_better, row.control_better,
                1e-10 * row.control_better);
    EXPECT_NEAR(result->expected_loss_treatment, row.loss_treatment,
                1e-10 * row.loss_treatment);
    EXPECT_NEAR(result->expected_loss_control, row.loss_control,
                1e-10 * row.loss_control);
  }
}

TEST(BetaBinomialTest, UniformPriorsAloneGiveTheTriangle) {
  // p_t - p_c of two uniforms: P(d <= x) = (1 + x)^2 / 2 for x < 0.
  const auto result = CompareBetaBinomial({0, 0}, {0, 0});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->effect.lower, std::sqrt(0.05) - 1, 1e-10);
  EXPECT_NEAR(result->effect.upper, 1 - std::sqrt(0.05), 1e-10);
  EXPECT_NEAR(result->effect_sd, std::sqrt(1.0 / 6), 1e-14);
}

TEST(BetaBinomialTest, ABillionTrialsAgreeWithTheNormalLimit) {
  // At these sizes the posterior of the difference is normal to 1e-6 or so.
  const Proportion c{100000000, 1000000000}, t{100020000, 1000000000};
  const auto result = CompareBetaBinomial(c, t);
  ASSERT_THAT(result, IsOk());
  const double sd = std::sqrt(0.1 * 0.9 / 1e9 + 0.10002 * 0.89998 / 1e9);
  const double z = 2e-5 / sd;
  EXPECT_NEAR(result->probability_to_beat_control, NormalLowerTail(z), 1e-6);
  EXPECT_NEAR(result->expected_loss_treatment / sd,
              NormalDensity(z) - z * NormalUpperTail(z), 1e-6);
  EXPECT_NEAR((result->effect.lower - 2e-5) / sd, -1.95996398, 1e-4);
  EXPECT_NEAR((result->effect.upper - 2e-5) / sd, 1.95996398, 1e-4);
}

TEST(BetaBinomialTest, EqualArmsAreEven) {
  for (const int64_t n : {10, 100000, 1000000000}) {
    const auto result = CompareBetaBinomial({n / 5, n}, {n / 5, n});
    ASSERT_THAT(result, IsOk());
    EXPECT_NEAR(result->probability_to_beat_control, 0.5, 1e-13);
    EXPECT_NEAR(result->effect.lower, -result->effect.upper,
                1e-10 * result->effect_sd);
  }
}

TEST(BetaBinomialTest, SwappingArmsAndDirectionsIsTheSameQuestion) {
  const Proportion c{12, 400}, t{31, 500};
  const auto up = CompareBetaBinomial(c, t);
  const auto swapped = CompareBetaBinomial(t, c);
  const auto down =
      CompareBetaBinomial(c, t, {}, {}, {.direction = Direction::kDown});
  ASSERT_THAT(up, IsOk());
  ASSERT_THAT(swapped, IsOk());
  ASSERT_THAT(down, IsOk());
  EXPECT_NEAR(up->probability_to_beat_control,
              1 - swapped->probability_to_beat_control, 1e-13);
  EXPECT_NEAR(up->probability_to_beat_control,
              1 - down->probability_to_beat_control, 1e-13);
  EXPECT_NEAR(up->expected_loss_treatment, down->expected_loss_control, 1e-15);
  EXPECT_NEAR(up->effect.lower, -swapped->effect.upper, 1e-11);
  EXPECT_EQ(up->effect.lower, down->effect.lower);
}

TEST(BetaBinomialTest, VeryDifferentWidthsAndRoughPriors) {
  // P(p_t > p_c) with p_c known is the upper tail of p_t: R 4.2.2,
  // qbeta(c(.025, .975), .5, 10.5) = 4.789043315758193e-05, 0.2171962675092105.
  for (const auto& [known, tail] : {std::pair(4.789043315758193e-05, 0.975),
                                    std::pair(0.2171962675092105, 0.025)}) {
    const double n = 1e12;
    const auto result = CompareBetaBinomial(
        {0, 0}, {0, 10}, {known * n, (1 - known) * n}, {0.5, 0.5});
    ASSERT_THAT(result, IsOk());
    EXPECT_NEAR(result->probability_to_beat_control, tail, 1e-6);
    // And the interval is that of p_t, moved.
    EXPECT_NEAR(result->effect.lower, 4.789043315758193e-05 - known, 1e-6);
    EXPECT_NEAR(result->effect.upper, 0.2171962675092105 - known, 1e-6);
  }
}

TEST(BetaBinomialTest, IntervalsOfUniformAndExponentialDifferences) {
  // A known 0 (to 1e-12) minus a uniform rate.
  const auto uniform = CompareBetaBinomial({0, 0}, {0, 1000000000000});
  ASSERT_THAT(uniform, IsOk());
  EXPECT_NEAR(uniform->effect.lower, -0.975, 5e-12);
  EXPECT_NEAR(uniform->effect.upper, -0.025, 5e-12);
  // n failures times n is exponential in the limit, the difference of two is
  // Laplace's: P(n d > x) = exp(-x) / 2, to 1/n.
  for (const int64_t successes : {int64_t{0}, int64_t{1000000000}}) {
    const Proportion arm{successes, 1000000000};
    const auto laplace = CompareBetaBinomial(arm, arm);
    ASSERT_THAT(laplace, IsOk());
    EXPECT_NEAR(laplace->effect.upper * 1e9, std::log(20), 2e-8);
    EXPECT_NEAR(laplace->effect.lower * 1e9, -std::log(20), 2e-8);
  }
}

// P(t - c <= d), d < 0, of t ~ Beta(a, b) and c ~ Beta(g, h): Boost's double
// exponential rule and incomplete beta function, over s = (1 - p_c)^h.
double NaiveLowerTail(double a, double b, double g, double h, double d) {
  boost::math::quadrature::tanh_sinh<double> rule(15);
  const auto f = [&](double s) {
    const double q = std::pow(s, 1 / h);
    const double p_t = std::max(0.0, 1 - q + d);
    return std::pow(1 - q, g - 1) * boost::math::ibeta(a, b, p_t);
  };
  const double end = std::pow(1 + d, h);
  const double total = h * boost::math::beta(g, h);
  return rule.integrate(f, 0.0, end, 1e-13) / total;
}

TEST(BetaBinomialTest, IntervalsUnderRoughPriorsAgreeWithATwin) {
  const auto tiny = CompareBetaBinomial({3, 3}, {0, 1}, {0.01, 0.02},
                                        {0.01, 0.02}, {.alpha = 0.05});
  ASSERT_THAT(tiny, IsOk());
  ASSERT_LT(tiny->effect.upper, 0);
  EXPECT_NEAR(NaiveLowerTail(0.01, 1.02, 3.01, 0.02, tiny->effect.upper), 0.975,
              1e-6);
  const auto jeffreys =
      CompareBetaBinomial({3, 3}, {15, 30}, {0.5, 0.5}, {0.5, 0.5});
  ASSERT_THAT(jeffreys, IsOk());
  EXPECT_NEAR(NaiveLowerTail(15.5, 15.5, 3.5, 0.5, jeffreys->effect.lower),
              0.025, 1e-10);
}

TEST(BetaBinomialTest, RareTailsKeepTheirDigits) {
  // Beta(10, 1) is the largest of 10 uniforms, Beta(1, 10) the smallest of 10
  // others: above it in one of choose(20, 10) = 184756 orders.
  const auto result = CompareBetaBinomial({9, 9}, {0, 9});
  ASSERT_THAT(result, IsOk());
  EXPECT_NEAR(result->probability_to_beat_control * 184756, 1, 1e-7);
}

TEST(BetaBinomialTest, PosteriorTailsAgreeWithTheIncompleteBeta) {
  for (const auto& [a, b] : {std::pair(1.0, 1.0), std::pair(0.5, 10.5),
                             std::pair(3.0, 0.01), std::pair(2263.0, 19045.0),
                             std::pair(0.001, 0.001), std::pair(1e5, 3e5)}) {
    SCOPED_TRACE(a);
    const BetaPosterior posterior(a, b);
    for (const double p : {1e-9, 0.01, 0.1, 0.106, 0.25, 0.251, 0.5, 0.9}) {
      const double v = posterior.AtOffset(p - posterior.Mean());
      EXPECT_NEAR(posterior.LowerTail(v), BetaLowerTail(p, a, b), 2e-10);
      EXPECT_NEAR(posterior.UpperTail(v), BetaUpperTail(p, a, b), 2e-10);
      EXPECT_NEAR(posterior.OffsetAt(v), p - posterior.Mean(), 1e-12);
    }
  }
}

TEST(BetaBinomialTest, RefusesBadInput) {
  EXPECT_THAT(CompareBetaBinomial({5, 3}, {1, 2}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control has 5 successes of 3 trials")));
  EXPECT_THAT(CompareBetaBinomial({1, 3}, {1, 2}, {0, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("control_prior.alpha is 0")));
  EXPECT_THAT(CompareBetaBinomial({1, 3}, {1, 2}, {}, {1, std::nan("")}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("treatment_prior.beta is nan")));
  EXPECT_THAT(
      CompareBetaBinomial({1, 3}, {1, 2}, {}, {}, {.alpha = 1}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("alpha is 1")));
  const Proportion one[] = {{1, 2}};
  EXPECT_THAT(RankBetaBinomial(one),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("arms has 1 arms, want at least 2")));
}

TEST(RankTest, TwoArmsAgreeWithTheComparison) {
  const Proportion arms[] = {{121, 1000}, {141, 1000}};
  for (const Direction direction : {Direction::kUp, Direction::kDown}) {
    const auto rank = RankBetaBinomial(arms, {}, {.direction = direction});
    const auto two =
        CompareBetaBinomial(arms[0], arms[1], {}, {}, {.direction = direction});
    ASSERT_THAT(rank, IsOk());
    ASSERT_THAT(two, IsOk());
    EXPECT_NEAR((*rank)[1].probability_best, two->probability_to_beat_control,
                1e-12);
    EXPECT_NEAR((*rank)[1].expected_loss, two->expected_loss_treatment, 1e-14);
    EXPECT_NEAR((*rank)[0].expected_loss, two->expected_loss_control, 1e-14);
  }
}

TEST(RankTest, SmallProbabilitiesAgreeWithTheComparison) {
  constexpr Proportion kPairs[][2] = {{{1, 100}, {35, 100}},
                                      {{1000, 10000}, {1350, 10000}},
                                      {{100000, 1000000}, {110100, 1000000}}};
  for (const auto& pair : kPairs) {
    const auto rank = RankBetaBinomial(pair);
    const auto two = CompareBetaBinomial(pair[0], pair[1]);
    ASSERT_THAT(rank, IsOk());
    ASSERT_THAT(two, IsOk());
    EXPECT_NEAR((*rank)[0].probability_best / two->probability_control_better,
                1, 1e-9);
    EXPECT_NEAR((*rank)[1].expected_loss / two->expected_loss_treatment, 1,
                1e-9);
  }
}

TEST(RankTest, EachArmMayHaveItsOwnPrior) {
  // A prior of (a, b) is as good as a - 1 successes and b - 1 failures more.
  const Proportion arms[] = {{10, 100}, {14, 100}, {9, 80}};
  const BetaPrior priors[] = {{3, 5}, {1, 1}, {2, 9}};
  const Proportion moved[] = {{12, 106}, {14, 100}, {10, 89}};
  const auto rank = RankBetaBinomialPriors(arms, priors);
  const auto same = RankBetaBinomial(moved);
  ASSERT_THAT(rank, IsOk());
  ASSERT_THAT(same, IsOk());
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*rank)[i].probability_best, (*same)[i].probability_best);
    EXPECT_EQ((*rank)[i].expected_loss, (*same)[i].expected_loss);
  }
  EXPECT_THAT(RankBetaBinomialPriors(arms, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("priors has 0 priors")));
}

TEST(RankTest, RoughPriorsAgreeWithTheComparison) {
  // The prior alone, all but two atoms, against a rate that is known.
  const Proportion arms[] = {{0, 0}, {500000, 1000000}};
  const BetaPrior prior{0.01, 0.02};
  for (const Direction direction : {Direction::kUp, Direction::kDown}) {
    const auto rank = RankBetaBinomial(arms, prior, {.direction = direction});
    const auto two = CompareBetaBinomial(arms[0], arms[1], prior, prior,
                                         {.direction = direction});
    ASSERT_THAT(rank, IsOk());
    ASSERT_THAT(two, IsOk());
    EXPECT_NEAR((*rank)[1].probability_best, two->probability_to_beat_control,
                1e-11);
    EXPECT_NEAR((*rank)[1].expected_loss, two->expected_loss_treatment, 1e-11);
    EXPECT_NEAR((*rank)[0].expected_loss, two->expected_loss_control, 1e-11);
  }
}

TEST(RankTest, UniformArmsAreOrderStatistics) {
  // k uniforms: each best with 1/k; E max - E p = k/(k+1) - 1/2.
  for (const size_t k : {2, 3, 7, 20}) {
    const std::vector<Proportion> arms(k, {0, 0});
    const auto rank = RankBetaBinomial(arms);
    ASSERT_THAT(rank, IsOk());
    const double n = static_cast<double>(k);
    for (const BayesRank& arm : *rank) {
      EXPECT_NEAR(arm.probability_best, 1 / n, 1e-12);
      EXPECT_NEAR(arm.expected_loss, n / (n + 1) - 0.5, 1e-12);
      EXPECT_NEAR(arm.interval.lower, 0.025, 1e-12);
    }
  }
}

TEST(RankTest, ProbabilitiesSumToOneAtAnySize) {
  const Proportion arms[] = {{1000000, 10000000},
                             {1000900, 10000000},
                             {3, 20},
                             {100000000, 1000000000},
                             {900, 1000}};
  const auto rank = RankBetaBinomial(arms);
  ASSERT_THAT(rank, IsOk());
  double sum = 0;
  for (const BayesRank& arm : *rank) sum += arm.probability_best;
  EXPECT_NEAR(sum, 1, 1e-11);
  EXPECT_GT((*rank)[4].probability_best, 0.999);
}

// R 4.2.2: qbeta(c(.025, .975), 2263, 19045).
TEST(RankTest, ArmIntervalsAgreeWithR) {
  const Proportion arms[] = {{2262, 21306}, {3894, 21307}};
  const auto rank = RankBetaBinomial(arms);
  ASSERT_THAT(rank, IsOk());
  EXPECT_NEAR((*rank)[0].interval.lower, 0.1021026780596224, 1e-13);
  EXPECT_NEAR((*rank)[0].interval.upper, 0.1103758234628620, 1e-13);
  EXPECT_NEAR((*rank)[0].posterior_mean, 2263.0 / 21308, 1e-15);
}

TEST(NormalEffectTest, AgreesWithClosedForms) {
  // Flat prior: N(1, 2^2). phi(.5) = .3520653267642995, Phi(.5) =
  // .6914624612740131 (scipy 1.10.1): loss 2 (phi - .5 (1 - Phi)).
  const auto flat = UpdateNormalEffect({1, 2});
  ASSERT_THAT(flat, IsOk());
  EXPECT_NEAR(flat->probability_to_beat_control, 0.6914624612740131, 1e-14);
  EXPECT_NEAR(flat->expected_loss_treatment,
              2 * (0.3520653267642995 - 0.5 * 0.3085375387259869), 1e-14);
  EXPECT_NEAR(flat->expected_loss_control - flat->expected_loss_treatment, 1,
              1e-14);
  // Prior N(0, 1) and measurement 3 +- 1: posterior N(1.5, 1/2).
  const auto proper = UpdateNormalEffect({3, 1}, NormalPrior{0, 1});
  ASSERT_THAT(proper, IsOk());
  EXPECT_NEAR(proper->effect_mean, 1.5, 1e-14);
  EXPECT_NEAR(proper->effect_sd, std::sqrt(0.5), 1e-14);
  EXPECT_NEAR(proper->effect.lower, 1.5 - 1.959963984540054 * std::sqrt(0.5),
              1e-12);
  // A very wide prior is flat.
  const auto wide = UpdateNormalEffect({1, 2}, NormalPrior{5, 1e12});
  EXPECT_NEAR(wide->effect_mean, 1, 1e-12);
  EXPECT_NEAR(wide->expected_loss_treatment, flat->expected_loss_treatment,
              1e-12);
  const auto down =
      UpdateNormalEffect({1, 2}, std::nullopt, {.direction = Direction::kDown});
  EXPECT_NEAR(down->probability_to_beat_control, 0.3085375387259869, 1e-14);
  EXPECT_EQ(down->expected_loss_treatment, flat->expected_loss_control);
}

TEST(NormalEffectTest, RelativePriorsAreRescaledByTheSizeOfTheMean) {
  const auto prior = RescaleRelativePrior({0.01, 0.1}, -50);
  ASSERT_THAT(prior, IsOk());
  EXPECT_DOUBLE_EQ(prior->mean, 0.5);
  EXPECT_DOUBLE_EQ(prior->sd, 5);
  EXPECT_THAT(RescaleRelativePrior({0, 1}, 0),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("control_mean is 0")));
}

TEST(NormalEffectTest, RanksLikeTheComparison) {
  // P(t > c) = Phi(d / sqrt(s^2 + r^2)) exactly.
  const NormalEstimate arms[] = {{1e6, 3}, {1e6 + 2, 4}};
  const auto rank = RankNormal(arms);
  ASSERT_THAT(rank, IsOk());
  EXPECT_NEAR((*rank)[1].probability_best, NormalLowerTail(0.4), 1e-12);
  EXPECT_NEAR((*rank)[1].expected_loss,
              5 * (NormalDensity(0.4) - 0.4 * NormalUpperTail(0.4)), 1e-11);
  // Three alike.
  const NormalEstimate three[] = {{5, 1}, {5, 1}, {5, 1}};
  const auto even = RankNormal(three, {.direction = Direction::kDown});
  ASSERT_THAT(even, IsOk());
  // E max of 3 standard normals is 3 / (2 sqrt(pi)).
  EXPECT_NEAR((*even)[2].probability_best, 1.0 / 3, 1e-13);
  EXPECT_NEAR((*even)[2].expected_loss, 1.5 / std::sqrt(M_PI), 1e-12);
  // Far apart: the loss is the distance.
  const NormalEstimate far[] = {{0, 1e-3}, {1e6, 1e-3}};
  const auto apart = RankNormal(far);
  ASSERT_THAT(apart, IsOk());
  EXPECT_NEAR((*apart)[0].expected_loss, 1e6, 1e-6);
  EXPECT_NEAR((*apart)[1].probability_best, 1, 1e-12);
}

TEST(NormalEffectTest, RefusesBadInput) {
  EXPECT_THAT(UpdateNormalEffect({1, 0}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("effect.standard_error is 0")));
  EXPECT_THAT(
      UpdateNormalEffect({1, 1}, NormalPrior{0, 0}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("prior.sd is 0")));
  EXPECT_THAT(UpdateNormalEffect({std::nan(""), 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("effect.value is nan")));
  const NormalEstimate arms[] = {{1, 1}, {1, 0}};
  EXPECT_THAT(RankNormal(arms),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("arms[1].standard_error is 0")));
}

}  // namespace
}  // namespace stagecraft::stats
