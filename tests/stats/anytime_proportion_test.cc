// Expected figures: M(p) by mpmath 1.2.1 with 30 digits (beta, betainc), ends
// by bisection. kCentered at t_opt = planned_trials is what confseq's
// bernoulli_confidence_interval defines.
#include "stats/anytime_proportion.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::stats {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(AnytimeProportionTest, AgreesWithTheDefinition) {
  struct Row {
    Proportion share;
    int64_t planned;
    double alpha, lower, upper, log_e, one_lower, one_upper, flat_lower,
        flat_upper;
  };
  constexpr Row kRows[] = {{{30, 100},
                            100,
                            0.05,
                            0.17363490841227162,
                            0.44767669778957837,
                            -0.63589381197274781,
                            0.18520095971390445,
                            0.43435428447994677,
                            0.16944647804429562,
                            0.45724598759675586},
                           {{2, 1000},
                            2500,
                            0.05,
                            9.1865198210995301e-6,
                            0.01010407279122989,
                            163.54064094061695,
                            0.00010517107515275811,
                            0.0093770125672477002,
                            1.0050282152535213e-5,
                            0.01447907326283192},
                           {{1, 50},
                            100,
                            0.01,
                            0,
                            0.17638948394820423,
                            7.9016009595804058,
                            2.1472660876928037e-5,
                            0.1661427683083784,
                            3.9223224025299281e-6,
                            0.19831827965656591},
                           {{0, 40},
                            1000,
                            0.05,
                            0,
                            0.37800574623131948,
                            1.6785650396712691,
                            -1,
                            -1,
                            0,
                            0.15442009466757592},
                           {{40, 40},
                            1000,
                            0.05,
                            0.62199425376868052,
                            1,
                            12.638262203146144,
                            -1,
                            -1,
                            0.84557990533242408,
                            1}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.share.successes);
    AnytimeShareOptions options{.alpha = row.alpha,
                                .planned_trials = row.planned};
    const auto near = [](double value, double expected) {
      EXPECT_NEAR(value, expected, 1e-12 * std::max(expected, 1e-3));
    };
    const auto two = AnytimeShareInterval(row.share, options);
    ASSERT_THAT(two, IsOk());
    near(two->lower, row.lower);
    near(two->upper, row.upper);
    EXPECT_NEAR(*AnytimeShareLogEValue(row.share, 0.25, options), row.log_e,
                1e-11);
    if (row.one_lower >= 0) {
      options.alternative = Alternative::kGreater;
      const auto greater = AnytimeShareInterval(row.share, options);
      near(greater->lower, row.one_lower);
      EXPECT_EQ(greater->upper, 1);
      options.alternative = Alternative::kLess;
      const auto less = AnytimeShareInterval(row.share, options);
      near(less->upper, row.one_upper);
      EXPECT_EQ(less->lower, 0);
    }
    options.alternative = Alternative::kTwoSided;
    options.mixture = ShareMixture::kFixed;
    const auto flat = AnytimeShareInterval(row.share, options);
    near(flat->lower, row.flat_lower);
    near(flat->upper, row.flat_upper);
  }
}

// The set of p with M(p) < 1/alpha, scanned, is the interval and nothing else.
TEST(AnytimeProportionTest, TheSetIsAnInterval) {
  for (const ShareMixture mixture :
       {ShareMixture::kCentered, ShareMixture::kFixed}) {
    for (const Alternative alternative :
         {Alternative::kTwoSided, Alternative::kGreater, Alternative::kLess}) {
      for (const auto& share :
           {Proportion{1, 3}, Proportion{1, 400}, Proportion{0, 7},
            Proportion{250, 1000}, Proportion{5, 5}}) {
        for (const int64_t planned : {3, 100, 10000}) {
          AnytimeShareOptions options{.alpha = 0.1,
                                      .alternative = alternative,
                                      .mixture = mixture,
                                      .planned_trials = planned};
          const auto interval = AnytimeShareInterval(share, options);
          ASSERT_THAT(interval, IsOk());
          if (mixture == ShareMixture::kFixed) {
            options.alternative = Alternative::kTwoSided;
          }
          for (double p = 0.0005; p < 1; p += 0.001) {
            const bool inside =
                *AnytimeShareLogEValue(share, p, options) < std::log(10);
            const bool told = p > interval->lower && p < interval->upper;
            // One-sided kFixed tells one end of the two-sided set.
            if (mixture == ShareMixture::kFixed && told && !inside) continue;
            EXPECT_EQ(told, inside)
                << p << " of " << share.successes << "/" << share.trials;
          }
        }
      }
    }
  }
}

TEST(AnytimeProportionTest, MirrorsNestsAndShrinks) {
  double width = 1;
  for (int64_t n = 10; n <= 1000000000; n *= 10) {
    AnytimeShareOptions options;
    const auto one = AnytimeShareInterval({3 * n / 10, n}, options);
    const auto other = AnytimeShareInterval({n - 3 * n / 10, n}, options);
    EXPECT_NEAR(one->lower, 1 - other->upper, 1e-12);
    EXPECT_NEAR(one->upper, 1 - other->lower, 1e-12);
    EXPECT_LT(one->upper - one->lower, width);
    width = one->upper - one->lower;
    options.alpha = 0.01;
    const auto wider = AnytimeShareInterval({3 * n / 10, n}, options);
    EXPECT_LT(wider->lower, one->lower);
    EXPECT_GT(wider->upper, one->upper);
  }
  EXPECT_LT(width, 2e-4);
  const auto nothing = AnytimeShareInterval({0, 0});
  EXPECT_EQ(nothing->lower, 0);
  EXPECT_EQ(nothing->upper, 1);
  // n = 1e9, one success, none.
  const auto rare = AnytimeShareInterval({1, 1000000000});
  EXPECT_EQ(rare->lower, 0);
  EXPECT_LT(rare->upper, 1e-7);
  EXPECT_GT(rare->upper, 1e-9);
}

// E[M] = 1 at every n under p: exactly, by the binomial sum.
TEST(AnytimeProportionTest, HasExpectationOne) {
  for (const Alternative alternative :
       {Alternative::kTwoSided, Alternative::kGreater, Alternative::kLess}) {
    const AnytimeShareOptions options{.alternative = alternative,
                                      .planned_trials = 60};
    for (const int n : {1, 7, 90}) {
      double expectation = 0;
      for (int s = 0; s <= n; ++s) {
        const double log_mass = std::lgamma(n + 1) - std::lgamma(s + 1) -
                                std::lgamma(n - s + 1) + s * std::log(0.2) +
                                (n - s) * std::log(0.8);
        expectation +=
            std::exp(log_mass + *AnytimeShareLogEValue({s, n}, 0.2, options));
      }
      EXPECT_NEAR(expectation, 1, 1e-11);
    }
  }
}

// The slow twin: the smallest product over a fine grid of p.
TEST(AnytimeShareDifferenceTest, IsTheSmallestProduct) {
  for (const ShareMixture mixture :
       {ShareMixture::kCentered, ShareMixture::kFixed}) {
    const AnytimeShareOptions options{.mixture = mixture,
                                      .planned_trials = 300};
    for (const auto& [c, t] :
         {std::pair(Proportion{20, 200}, Proportion{45, 220}),
          std::pair(Proportion{0, 50}, Proportion{9, 60}),
          std::pair(Proportion{90, 100}, Proportion{2, 9})}) {
      for (const double d : {-0.3, 0.0, 0.05, 0.2}) {
        double smallest = kInfinity;
        for (double p = std::max(0.0, -d) + 1e-4; p + d < 1 && p < 1;
             p += 2e-4) {
          smallest =
              std::min(smallest, *AnytimeShareLogEValue(c, p, options) +
                                     *AnytimeShareLogEValue(t, p + d, options));
        }
        const auto fast = AnytimeShareDifferenceLogEValue(c, t, d, options);
        ASSERT_THAT(fast, IsOk());
        EXPECT_NEAR(*fast, smallest, 0.05) << d << " of " << c.successes;
        EXPECT_LE(*fast, smallest + 1e-9) << d << " of " << c.successes;
      }
      const auto interval = AnytimeShareDifference(c, t, options);
      ASSERT_THAT(interval, IsOk());
      for (const double end : {interval->lower, interval->upper}) {
        if (std::abs(end) >= 1) continue;
        EXPECT_NEAR(*AnytimeShareDifferenceLogEValue(c, t, end, options),
                    std::log(20), 1e-7);
      }
    }
  }
}

TEST(AnytimeShareDifferenceTest, OneSidedIsOneEnd) {
  const Proportion c{120, 1000}, t{190, 1000};
  const auto two = AnytimeShareDifference(c, t);
  const auto greater =
      AnytimeShareDifference(c, t, {.alternative = Alternative::kGreater});
  EXPECT_EQ(greater->lower, two->lower);
  EXPECT_EQ(greater->upper, 1);
  const auto less =
      AnytimeShareDifference(c, t, {.alternative = Alternative::kLess});
  EXPECT_EQ(less->upper, two->upper);
  EXPECT_EQ(less->lower, -1);
  const auto e = [&](double null_value, Alternative alternative) {
    return *AnytimeShareDifferenceLogEValue(c, t, null_value,
                                            {.alternative = alternative});
  };
  EXPECT_EQ(e(0, Alternative::kGreater), e(0, Alternative::kTwoSided));
  EXPECT_LT(e(0, Alternative::kLess), 0);
  EXPECT_LT(e(0.2, Alternative::kGreater), 0);
  EXPECT_EQ(e(0.2, Alternative::kLess), e(0.2, Alternative::kTwoSided));
}

TEST(AnytimeShareDifferenceTest, SwapsMirrorsAndIsNarrowerThanTheUnion) {
  const Proportion c{120, 1000}, t{150, 1000};
  const auto product = AnytimeShareDifference(c, t);
  const auto swapped = AnytimeShareDifference(t, c);
  ASSERT_THAT(product, IsOk());
  EXPECT_NEAR(product->lower, -swapped->upper, 1e-9);
  EXPECT_NEAR(product->upper, -swapped->lower, 1e-9);
  const auto both =
      AnytimeShareDifference(c, t, {.difference = DifferenceRule::kUnion});
  EXPECT_LT(product->upper - product->lower,
            0.85 * (both->upper - both->lower));
  // The union is of the arms' intervals at alpha / 2.
  const auto ci = AnytimeShareInterval(c, {.alpha = 0.025});
  const auto ti = AnytimeShareInterval(t, {.alpha = 0.025});
  EXPECT_EQ(both->lower, ti->lower - ci->upper);
  EXPECT_EQ(both->upper, ti->upper - ci->lower);
  EXPECT_EQ(both->level, 0.95);
  // No conversions at all is defined.
  const auto none = AnytimeShareDifference({0, 100}, {0, 100});
  ASSERT_THAT(none, IsOk());
  EXPECT_LT(none->lower, -0.01);
  EXPECT_GT(none->lower, -0.5);
  EXPECT_NEAR(none->upper, -none->lower, 1e-9);
}

TEST(AnytimeProportionTest, RefusesWhatIsUndefined) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(AnytimeShareInterval({3, 2}),
              StatusIs(invalid, HasSubstr("share.successes is 3")));
  EXPECT_THAT(AnytimeShareInterval({-1, 2}),
              StatusIs(invalid, HasSubstr("share.successes is -1")));
  EXPECT_THAT(AnytimeShareInterval({1, 2}, {.alpha = 1}),
              StatusIs(invalid, HasSubstr("alpha is 1")));
  EXPECT_THAT(AnytimeShareInterval(
                  {1, 2}, {.alpha = 0.6, .alternative = Alternative::kLess}),
              StatusIs(invalid, HasSubstr("alpha_opt is 0.6")));
  EXPECT_THAT(AnytimeShareInterval({1, 2}, {.planned_trials = 0}),
              StatusIs(invalid, HasSubstr("planned_trials is 0")));
  EXPECT_THAT(AnytimeShareInterval(
                  {1, 2}, {.mixture = ShareMixture::kFixed, .prior_a = 0}),
              StatusIs(invalid, HasSubstr("prior_a is 0")));
  EXPECT_THAT(AnytimeShareLogEValue({1, 2}, 0),
              StatusIs(invalid, HasSubstr("null_value is 0")));
  EXPECT_THAT(AnytimeShareDifference({1, 2}, {5, 4}),
              StatusIs(invalid, HasSubstr("treatment.successes is 5")));
  EXPECT_THAT(AnytimeShareDifferenceLogEValue({1, 2}, {1, 4}, 1),
              StatusIs(invalid, HasSubstr("null_value is 1")));
}

}  // namespace
}  // namespace stagecraft::stats
