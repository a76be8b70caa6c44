// Expected figures: statsmodels 0.13.5 proportion_confint (scipy 1.10.1) and R
// 4.2.2 prop.test and binom.test, calls beside.
#include "stats/proportion_interval.h"

#include <cmath>

#include "gtest/gtest.h"
#include "stats/discrete.h"
#include "stats/distributions.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr RateInterval kAll[] = {
    RateInterval::kWilson,         RateInterval::kWilsonCorrected,
    RateInterval::kClopperPearson, RateInterval::kAgrestiCoull,
    RateInterval::kJeffreys,       RateInterval::kWald,
    RateInterval::kWaldCorrected};

TEST(RateIntervalTest, AgreesWithStatsmodels) {
  struct Case {
    Proportion proportion;
    double alpha;
    RateInterval interval;
    double lower, upper;
  };
  // proportion_confint(x, n, alpha, method = "beta", "agresti_coull",
  // "jeffreys", "normal").
  constexpr auto kExact = RateInterval::kClopperPearson;
  constexpr auto kAgresti = RateInterval::kAgrestiCoull;
  constexpr auto kJeffreys = RateInterval::kJeffreys;
  constexpr auto kWald = RateInterval::kWald;
  constexpr Case kCases[] = {
      {{0, 50}, 0.05, kExact, 0, 0.071121736464197657},
      {{3, 17}, 0.05, kExact, 0.037985068070626002, 0.43431787284428391},
      {{50, 50}, 0.05, kExact, 0.92887826353580238, 1},
      {{2262, 21306}, 0.05, kExact, 0.10206135795688297, 0.11038099174170204},
      {{2262, 21306}, 0.01, kExact, 0.10079621509763852, 0.11171521963134733},
      {{1, 1000000000},
       0.05,
       kExact,
       2.5317807983969383e-11,
       5.5716434291233947e-09},
      {{20, 1000000000},
       0.05,
       kExact,
       1.2216519626839202e-08,
       3.0888377859917717e-08},
      {{0, 50}, 0.05, kAgresti, 0, 0.085216120577956828},
      {{3, 17}, 0.05, kAgresti, 0.053775440937653463, 0.41843041112689772},
      {{50, 50}, 0.05, kAgresti, 0.9147838794220432, 1},
      {{1, 1000000000}, 0.05, kAgresti, 0, 6.2703355904976191e-09},
      {{0, 50}, 0.05, kJeffreys, 9.7716633018040686e-06, 0.048758459444071374},
      {{3, 17}, 0.05, kJeffreys, 0.052347657050673908, 0.40012266262331386},
      {{50, 50}, 0.05, kJeffreys, 0.95124154055592858, 0.99999022833669815},
      {{20, 1000000000},
       0.05,
       kJeffreys,
       1.2607259362505546e-08,
       3.0280285704206813e-08},
      {{3, 17}, 0.05, kWald, 0, 0.35768776250918077},
      {{8, 17}, 0.05, kWald, 0.23331925862666347, 0.70785721196157181},
      {{2262, 21306}, 0.05, kWald, 0.10203089526043679, 0.11030365838642325},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.upper);
    const auto rate = EstimateProportion(
        c.proportion, {.alpha = c.alpha, .interval = c.interval});
    ASSERT_THAT(rate, IsOk());
    EXPECT_NEAR(rate->interval.lower, c.lower, 2e-12 * c.lower);
    EXPECT_NEAR(rate->interval.upper, c.upper, 2e-12 * c.upper);
    EXPECT_EQ(rate->interval.level, 1 - c.alpha);
  }
}

// prop.test(3, 17)$conf.int and so on: with continuity correction.
TEST(RateIntervalTest, CorrectedWilsonAgreesWithR) {
  struct Case {
    Proportion proportion;
    double lower, upper;
  };
  constexpr Case kCases[] = {
      {{3, 17}, 0.04672956971620959, 0.44195591916841398},
      {{0, 50}, 0, 0.08887575885627094},
      {{16, 17}, 0.6923820011953831, 0.9969217186948074},
  };
  for (const Case& c : kCases) {
    const auto rate = EstimateProportion(
        c.proportion, {.interval = RateInterval::kWilsonCorrected});
    ASSERT_THAT(rate, IsOk());
    EXPECT_NEAR(rate->interval.lower, c.lower, 1e-14);
    EXPECT_NEAR(rate->interval.upper, c.upper, 1e-14);
  }
}

// The exact tails at the ends of an exact interval are alpha / 2, by sums of
// binomial probabilities.
TEST(RateIntervalTest, ClopperPearsonInvertsTheBinomialTest) {
  for (const Proportion p : {Proportion{3, 17}, Proportion{1, 400},
                             Proportion{399, 400}, Proportion{5000, 70000}}) {
    const auto rate = EstimateProportion(
        p, {.alpha = 0.02, .interval = RateInterval::kClopperPearson});
    ASSERT_THAT(rate, IsOk());
    const double low = rate->interval.lower, high = rate->interval.upper;
    EXPECT_NEAR(CountDistribution::Binomial(p.trials, low, 1 - low)
                    .UpperTail(p.successes),
                0.01, 1e-12);
    EXPECT_NEAR(CountDistribution::Binomial(p.trials, high, 1 - high)
                    .LowerTail(p.successes),
                0.01, 1e-12);
  }
}

TEST(RateIntervalTest, OneSidedBoundsUseTheWholeAlpha) {
  for (RateInterval interval : kAll) {
    SCOPED_TRACE(std::string(Name(interval)));
    const auto two =
        EstimateProportion({8, 17}, {.alpha = 0.1, .interval = interval});
    const auto greater = EstimateProportion(
        {8, 17}, {.alternative = Alternative::kGreater, .interval = interval});
    const auto less = EstimateProportion(
        {8, 17}, {.alternative = Alternative::kLess, .interval = interval});
    ASSERT_THAT(two, IsOk());
    ASSERT_THAT(greater, IsOk());
    ASSERT_THAT(less, IsOk());
    EXPECT_EQ(greater->interval.lower, two->interval.lower);
    EXPECT_EQ(greater->interval.upper, 1);
    EXPECT_EQ(less->interval.lower, 0);
    EXPECT_EQ(less->interval.upper, two->interval.upper);
  }
}

TEST(RateIntervalTest, MirrorsFailuresAndShrinksWithUnits) {
  for (RateInterval interval : kAll) {
    SCOPED_TRACE(std::string(Name(interval)));
    double width = 2;
    for (int64_t n : {10, 100, 1000, 1000000}) {
      const auto a =
          EstimateProportion({3 * n / 10, n}, {.interval = interval});
      const auto b =
          EstimateProportion({n - 3 * n / 10, n}, {.interval = interval});
      ASSERT_THAT(a, IsOk());
      ASSERT_THAT(b, IsOk());
      EXPECT_NEAR(a->interval.lower, 1 - b->interval.upper, 1e-14);
      EXPECT_NEAR(a->interval.upper, 1 - b->interval.lower, 1e-14);
      EXPECT_LT(a->interval.lower, 0.3);
      EXPECT_GT(a->interval.upper, 0.3);
      EXPECT_LT(a->interval.upper - a->interval.lower, width);
      width = a->interval.upper - a->interval.lower;
    }
  }
}

// Exact coverage at n = 40: the sum of the probabilities of the x whose
// interval holds p. Clopper and Pearson never fall below the level; Wilson and
// Jeffreys stay near it (Brown, Cai, DasGupta (2001), fig. 5), Wald does not.
TEST(RateIntervalTest, CoversAsPublished) {
  constexpr int64_t kTrials = 40;
  double worst[3] = {1, 1, 1};
  constexpr RateInterval kMethods[] = {RateInterval::kClopperPearson,
                                       RateInterval::kWilson,
                                       RateInterval::kWald};
  for (int m = 0; m < 3; ++m) {
    for (double p = 0.02; p < 0.981; p += 0.005) {
      const auto binomial = CountDistribution::Binomial(kTrials, p, 1 - p);
      double coverage = 0;
      for (int64_t x = 0; x <= kTrials; ++x) {
        const auto rate =
            EstimateProportion({x, kTrials}, {.interval = kMethods[m]});
        if (!rate.ok()) continue;
        if (rate->interval.lower <= p && p <= rate->interval.upper) {
          coverage += std::exp(binomial.LogProbability(x));
        }
      }
      worst[m] = std::min(worst[m], coverage);
    }
  }
  EXPECT_GE(worst[0], 0.95);
  EXPECT_GE(worst[1], 0.83);
  EXPECT_LT(worst[2], 0.6);
}

TEST(RateIntervalTest, RefusesWhatIsUndefined) {
  EXPECT_THAT(
      EstimateProportion({0, 9}, {.interval = RateInterval::kWald}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("the rate is 0, want successes and failures")));
  EXPECT_THAT(EstimateProportion({0, 0}, RateOptions{}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("proportion.trials is 0")));
  EXPECT_THAT(
      EstimateProportion({1, 9}, {.alpha = 1}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("alpha is 1")));
}

// binom.test(x, n, p, alternative)$p.value.
TEST(RateTestTest, ExactAgreesWithR) {
  const auto p = [](const Proportion& proportion, double null,
                    Alternative alternative) {
    const auto result =
        TestProportion(proportion, null, RateTest::kExact, alternative);
    EXPECT_THAT(result, IsOk());
    EXPECT_FALSE(result->statistic.has_value());
    return result->p_value;
  };
  EXPECT_NEAR(p({3, 17}, 0.4, Alternative::kTwoSided), 8.123565937917950e-02,
              1e-15);
  EXPECT_NEAR(p({3, 17}, 0.4, Alternative::kLess), 0.04642293081047037, 1e-15);
  EXPECT_NEAR(p({12, 17}, 0.4, Alternative::kGreater), 1.059420255551489e-02,
              1e-15);
  EXPECT_NEAR(
      p({600, 1000}, 0.5, Alternative::kTwoSided) / 2.728464156066027e-10, 1,
      1e-12);
  EXPECT_NEAR(p({500000000, 1000100000}, 0.5, Alternative::kTwoSided),
              0.001566422523018152, 1e-14);
}

TEST(RateTestTest, ScoreIsWhatWilsonInverts) {
  const auto rate = EstimateProportion({3, 17}, RateOptions{});
  ASSERT_THAT(rate, IsOk());
  for (double end : {rate->interval.lower, rate->interval.upper}) {
    const auto test = TestProportion({3, 17}, end, RateTest::kScore);
    ASSERT_THAT(test, IsOk());
    EXPECT_NEAR(test->p_value, 0.05, 1e-13);
  }
  EXPECT_THAT(TestProportion({3, 17}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("null_value is 0")));
}

}  // namespace
}  // namespace stagecraft::stats
