#include "stats/bayes_effect.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/gamma_contrast.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr EffectScale kScales[] = {EffectScale::kDifference, EffectScale::kLift,
                                   EffectScale::kOddsRatio};

absl::StatusOr<EffectPosterior> Effect(const Proportion& control,
                                       const Proportion& treatment,
                                       EffectScale scale, CredibleKind kind,
                                       const BetaPrior& prior = {}) {
  return BetaBinomialEffect(control, treatment, prior, prior,
                            {.scale = scale, .credible = {.kind = kind}});
}

// Exact: the ratio r of two uniforms has P(r <= x) = x / 2 below 1 and
// 1 - 1 / (2 x) above; the difference is triangular; the odds ratio has
// P(odds ratio > x) = (x ln x - x + 1) / (x - 1)^2.
TEST(BetaEffectTest, UniformRates) {
  const auto lift =
      Effect({0, 0}, {0, 0}, EffectScale::kLift, CredibleKind::kEqualTailed);
  ASSERT_THAT(lift, IsOk());
  EXPECT_NEAR(lift->interval.lower, -0.95, 1e-11);
  EXPECT_NEAR(lift->interval.upper, 19, 1e-8);
  EXPECT_NEAR(lift->median, 0, 1e-11);
  EXPECT_FALSE(lift->mean.has_value());
  const auto shortest =
      Effect({0, 0}, {0, 0}, EffectScale::kLift, CredibleKind::kHighestDensity);
  ASSERT_THAT(shortest, IsOk());
  // The density falls from the end of the support.
  EXPECT_EQ(shortest->interval.lower, -1);
  EXPECT_NEAR(shortest->interval.upper, 9, 1e-8);
  const auto difference = Effect({0, 0}, {0, 0}, EffectScale::kDifference,
                                 CredibleKind::kHighestDensity);
  ASSERT_THAT(difference, IsOk());
  EXPECT_NEAR(difference->interval.upper, 1 - std::sqrt(0.05), 1e-9);
  const auto odds = Effect({0, 0}, {0, 0}, EffectScale::kOddsRatio,
                           CredibleKind::kEqualTailed);
  ASSERT_THAT(odds, IsOk());
  const double x = odds->interval.upper;
  EXPECT_NEAR((x * std::log(x) - x + 1) / ((x - 1) * (x - 1)), 0.025, 1e-12);
  EXPECT_NEAR(odds->interval.lower * x, 1, 1e-11);
}

// mpmath 1.2.1: the distribution function by quad over beta and betainc at 22
// digits, its quantiles by Newton's method, the highest density interval as
// the solution of equal densities and mass 0.95. Beta(142, 860) and
// Beta(122, 880).
TEST(BetaEffectTest, IntervalsAgreeWithMpmath) {
  struct Row {
    EffectScale scale;
    double lower, upper, hdi_lower, hdi_upper;
  };
  const Row rows[] = {
      {EffectScale::kDifference, -0.00961267223948818, 0.0495849628715859,
       -0.00963056717402948, 0.0495670263137618},
      {EffectScale::kLift, -0.0704927005043063, 0.461018555903743,
       -0.0845482442921499, 0.443230168486173},
      {EffectScale::kOddsRatio, 0.919257205572533, 1.54638960194362,
       0.900873880333142, 1.52236133832374},

  };
  for (const Row& row : rows) {
    const auto equal =
        Effect({121, 1000}, {141, 1000}, row.scale, CredibleKind::kEqualTailed);
    const auto densest = Effect({121, 1000}, {141, 1000}, row.scale,
                                CredibleKind::kHighestDensity);
    ASSERT_THAT(equal, IsOk());
    ASSERT_THAT(densest, IsOk());
    EXPECT_NEAR(equal->interval.lower, row.lower, 1e-12);
    EXPECT_NEAR(equal->interval.upper, row.upper, 1e-12);
    EXPECT_NEAR(densest->interval.lower, row.hdi_lower, 1e-10);
    EXPECT_NEAR(densest->interval.upper, row.hdi_upper, 1e-10);
  }
}

// The two ways to compute (nearly normal variables and tables) meet where the
// smallest parameter passes 30: both against one control.
TEST(BetaEffectTest, BothWaysAgreeOverTheirBorder) {
  for (const EffectScale scale : kScales) {
    double last = 0, change = 0;
    for (int k = 0; k < 5; ++k) {
      // 29.999998 ... 30.000002.
      const BetaEffect effect({30 + 1e-6 * (k - 2), 400}, {45, 500}, scale);
      const double lower = effect.Quantile(0.025, 0.975);
      if (k == 1) change = lower - last;
      // The quantile moves smoothly, so equal steps make equal changes.
      if (k > 1) {
        EXPECT_NEAR(lower - last, change, 2e-11);
      }
      last = lower;
    }
  }
}

TEST(BetaEffectTest, QuantilesInvertTails) {
  std::mt19937_64 random(7);
  const auto uniform = [&] {
    return static_cast<double>(random() >> 11) * 0x1p-53;
  };
  for (int i = 0; i < 60; ++i) {
    const double a = std::pow(10, 6 * uniform() - 0.3);
    const double b = std::pow(10, 6 * uniform() - 0.3);
    const double share = 0.3 + 0.5 * uniform();
    const BetaShape t{a, b}, c{a * share + 0.4, b / share + 0.4};
    for (const EffectScale scale : kScales) {
      const BetaEffect effect(t, c, scale);
      for (const double tail : {0.001, 0.3, 0.9}) {
        const double x = effect.Quantile(tail, 1 - tail);
        if (!std::isfinite(x)) continue;
        const TailsAt at = effect.At(x);
        EXPECT_NEAR(at.lower, tail, 1e-9) << a << " " << b;
        EXPECT_NEAR(at.lower + at.upper, 1, 1e-12);
      }
    }
  }
}

TEST(BetaEffectTest, SwappingArmsMirrorsTheEffect) {
  for (const Proportion& arm :
       {Proportion{3, 40}, Proportion{400, 5000}, Proportion{30000, 1000000}}) {
    const Proportion other{arm.successes * 5 / 4, arm.trials};
    for (const EffectScale scale : kScales) {
      const auto one = Effect(arm, other, scale, CredibleKind::kEqualTailed);
      const auto two = Effect(other, arm, scale, CredibleKind::kEqualTailed);
      ASSERT_THAT(one, IsOk());
      ASSERT_THAT(two, IsOk());
      if (scale == EffectScale::kDifference) {
        EXPECT_NEAR(one->interval.lower, -two->interval.upper, 1e-12);
      } else {
        const double shift = scale == EffectScale::kLift ? 1 : 0;
        EXPECT_NEAR(
            (shift + one->interval.lower) * (shift + two->interval.upper), 1,
            1e-10);
      }
      EXPECT_NEAR(one->probability_above, two->probability_below, 1e-13);
    }
  }
}

TEST(BetaEffectTest, HighestDensityIsTheShortest) {
  for (const Proportion& arm :
       {Proportion{0, 20}, Proportion{3, 40}, Proportion{400, 5000},
        Proportion{30000, 1000000}}) {
    const Proportion other{arm.successes + 2, arm.trials};
    for (const EffectScale scale : kScales) {
      const auto densest =
          Effect(arm, other, scale, CredibleKind::kHighestDensity);
      ASSERT_THAT(densest, IsOk());
      const BetaEffect effect(
          {other.successes + 1.0, other.trials - other.successes + 1.0},
          {arm.successes + 1.0, arm.trials - arm.successes + 1.0}, scale);
      const double width = densest->interval.upper - densest->interval.lower;
      EXPECT_NEAR(effect.At(densest->interval.upper).lower -
                      effect.At(densest->interval.lower).lower,
                  0.95, 1e-9);
      for (const double below : {0.0005, 0.01, 0.02, 0.03, 0.045}) {
        EXPECT_LE(width, (effect.Quantile(0.95 + below, 0.05 - below) -
                          effect.Quantile(below, 1 - below)) *
                             (1 + 1e-9));
      }
    }
  }
}

TEST(BetaEffectTest, MeansOfLiftsAndOddsRatios) {
  const auto lift = Effect({121, 1000}, {141, 1000}, EffectScale::kLift,
                           CredibleKind::kEqualTailed);
  ASSERT_THAT(lift, IsOk());
  // E p_t E 1 / p_c - 1 = 142 / 1002 * 1001 / 121 - 1.
  EXPECT_NEAR(lift->mean.value(), 142.0 / 1002 * 1001 / 121 - 1, 1e-14);
  const auto odds = Effect({121, 1000}, {141, 1000}, EffectScale::kOddsRatio,
                           CredibleKind::kEqualTailed);
  EXPECT_NEAR(odds->mean.value(), 142.0 / 859 * 880 / 121, 1e-14);
}

TEST(BetaEffectTest, ThresholdsAreOnTheScaleAsked) {
  // P(p_t / p_c - 1 > 0.1) and P(p_t - p_c > 0.1) of uniforms.
  const auto lift = BetaBinomialEffect(
      {0, 0}, {0, 0}, {}, {}, {.scale = EffectScale::kLift, .threshold = 0.1});
  ASSERT_THAT(lift, IsOk());
  EXPECT_NEAR(lift->probability_above, 0.5 / 1.1, 1e-12);
  const auto difference =
      BetaBinomialEffect({0, 0}, {0, 0}, {}, {},
                         {.scale = EffectScale::kDifference, .threshold = 0.1});
  ASSERT_THAT(difference, IsOk());
  EXPECT_NEAR(difference->probability_above, 0.9 * 0.9 / 2, 1e-12);
  EXPECT_THAT(
      BetaBinomialEffect({0, 0}, {0, 0}, {}, {}, {.threshold = std::nan("")}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("threshold is nan")));
}

// R 4.2.2: qbeta(c(.025, .975), 2263, 19045). Highest density: Beta(1, b) falls
// from 0, P(p <= x) = 1 - (1 - x)^b; Beta(a, a) is symmetric.
TEST(BetaRateTest, IntervalsOfOneRate) {
  const auto rate = BetaBinomialRate({2262, 21306});
  ASSERT_THAT(rate, IsOk());
  EXPECT_NEAR(rate->interval.lower, 0.1021026780596224, 1e-14);
  EXPECT_NEAR(rate->interval.upper, 0.1103758234628620, 1e-14);
  const CredibleOptions densest{.kind = CredibleKind::kHighestDensity};
  const auto none = BetaBinomialRate({0, 50}, {}, densest);
  ASSERT_THAT(none, IsOk());
  EXPECT_EQ(none->interval.lower, 0);
  EXPECT_NEAR(none->interval.upper, 1 - std::pow(0.05, 1.0 / 51), 1e-12);
  const auto all = BetaBinomialRate({50, 50}, {}, densest);
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(all->interval.upper, 1);
  EXPECT_NEAR(all->interval.lower, std::pow(0.05, 1.0 / 51), 1e-12);
  const auto even = BetaBinomialRate({20, 40}, {}, densest);
  ASSERT_THAT(even, IsOk());
  EXPECT_NEAR(even->interval.lower + even->interval.upper, 1, 1e-11);
  // A rate of 1e-9 keeps its digits: the exponential limit, to 1 / n.
  const auto tiny = BetaBinomialRate({0, 1000000000});
  ASSERT_THAT(tiny, IsOk());
  EXPECT_NEAR(tiny->interval.upper * 1e9, -std::log(0.025), 1e-7);
  EXPECT_NEAR(tiny->interval.lower * 1e9, -std::log1p(-0.025), 1e-9);
}

TEST(BetaRateTest, RoughPriorsAndBadInput) {
  // Jeffreys with no data is the arcsine law: sin^2(pi p / 2).
  const auto arcsine = BetaBinomialRate({0, 0}, {0.5, 0.5});
  ASSERT_THAT(arcsine, IsOk());
  EXPECT_NEAR(arcsine->interval.lower, std::pow(std::sin(M_PI * 0.0125), 2),
              1e-13);
  EXPECT_THAT(BetaBinomialRate({3, 2}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("arm has 3 successes of 2 trials")));
  EXPECT_THAT(
      BetaBinomialRate({1, 2}, {}, {.alpha = 0}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("alpha is 0")));
}

// Coverage: with rates drawn from the prior, the 90 % interval of the lift
// holds the true lift in 90 % of the experiments exactly. 4000 of them: the
// count has a standard deviation of 19, so 100 off has a chance below 1.5e-7.
TEST(BetaEffectTest, CoversUnderThePrior) {
  std::mt19937_64 random(11);
  const auto uniform = [&] {
    return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53;
  };
  int covered = 0;
  constexpr int kRuns = 4000, kTrials = 60;
  for (int run = 0; run < kRuns; ++run) {
    const double p_c = uniform(), p_t = uniform();
    Proportion c{0, kTrials}, t{0, kTrials};
    for (int i = 0; i < kTrials; ++i) {
      c.successes += uniform() < p_c;
      t.successes += uniform() < p_t;
    }
    const BetaEffect effect({t.successes + 1.0, kTrials - t.successes + 1.0},
                            {c.successes + 1.0, kTrials - c.successes + 1.0},
                            EffectScale::kLift);
    const double below = effect.At(p_t / p_c - 1).lower;
    covered += below > 0.05 && below < 0.95;
  }
  EXPECT_NEAR(covered, 0.9 * kRuns, 100);
}

TEST(ValueRemainingTest, TwoArmsAreAQuantileOfTheLift) {
  const Proportion arms[] = {{121, 1000}, {141, 1000}};
  const auto value = BetaBinomialValueRemaining(arms);
  ASSERT_THAT(value, IsOk());
  // max(p_1, p_2) / p_2 - 1 exceeds v > 0 where p_1 / p_2 - 1 does.
  const BetaEffect lift({122, 880}, {142, 860}, EffectScale::kLift);
  EXPECT_NEAR(*value, lift.Quantile(0.95, 0.05), 1e-9);
  // Down: the second is the worse one.
  const auto down =
      BetaBinomialValueRemaining(arms, {}, 0.95, Direction::kDown);
  ASSERT_THAT(down, IsOk());
  const BetaEffect other({122, 880}, {142, 860}, EffectScale::kLift);
  EXPECT_NEAR(*down, other.Quantile(0.95, 0.05), 1e-9);
  // Three equal arms leave more than two of them.
  const Proportion three[] = {{121, 1000}, {141, 1000}, {121, 1000}};
  const auto more = BetaBinomialValueRemaining(three);
  ASSERT_THAT(more, IsOk());
  EXPECT_GT(*more, *value);
  // A clear winner leaves nothing.
  const Proportion clear[] = {{100, 1000}, {400, 1000}};
  EXPECT_EQ(*BetaBinomialValueRemaining(clear), 0);
}

TEST(ChooseByExpectedLossTest, ChoosesTheSmallestBelowTheThreshold) {
  const double losses[] = {0.02, 0.001, 0.001, 0.3};
  EXPECT_EQ(**ChooseByExpectedLoss(losses, 0.002), 1);
  EXPECT_FALSE(ChooseByExpectedLoss(losses, 0.001)->has_value());
  EXPECT_THAT(ChooseByExpectedLoss({}, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("expected_losses has 0")));
  EXPECT_THAT(ChooseByExpectedLoss(losses, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("threshold_of_caring is 0")));
  const double bad[] = {-1};
  EXPECT_THAT(ChooseByExpectedLoss(bad, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("expected_losses[0] is -1")));
}

}  // namespace
}  // namespace stagecraft::stats
