// Validity, by seeded simulation: how often does a method with alpha = 0.05 err
// EVER, looked at after every unit (the slow ones after every tenth or
// twentieth)? If the error probability is at most 0.05, more than kMostErrors
// of kRuns runs err with probability P(Binomial(300, 0.05) > 38) = 6.3e-8
// (scipy 1.10.1, binom.sf(38, 300, .05)); with some 15 such statements in this
// file a chance failure is below 1e-6. The seeds are fixed, so that a run
// either always passes or never. A test that could not fail would be no test:
// the uncorrected z test, looked at the same way, must err far more often.
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "stats/anytime_proportion.h"
#include "stats/anytime_rate.h"
#include "stats/betting.h"
#include "stats/boundary_mixture.h"
#include "stats/confidence_sequence.h"
#include "stats/e_value.h"
#include "stats/empirical_bernstein.h"
#include "stats/mixture_sprt.h"
#include "stats/sequential_sample_ratio.h"
#include "stats/stitched_boundary.h"

namespace stagecraft::stats {
namespace {

constexpr int kRuns = 300;
constexpr int kMostErrors = 38;
const double kThreshold = std::log(20);

double Uniform(std::mt19937_64& random) {
  return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53;
}

// Values of the standard normal: Box and Muller, the same on every machine up
// to rounding.
double Normal(std::mt19937_64& random) {
  const double radius = std::sqrt(-2 * std::log(Uniform(random)));
  return radius * std::cos(2 * M_PI * Uniform(random));
}

TEST(SequentialCoverageTest, MeansAfterEveryUnit) {
  int peeking = 0, sequence = 0, one_sided = 0, exact = 0, sprt = 0,
      plug_in = 0, sprt_one_sided = 0, stitched = 0, missed = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::mt19937_64 random(1000 + run);
    MomentsAccumulator arms[2];
    bool z_err = false, s_err = false, o_err = false, x_err = false,
         m_err = false, p_err = false, mo_err = false, st_err = false,
         out = false;
    double difference_sum = 0;
    for (int pair = 1; pair <= 2000; ++pair) {
      const double c = Normal(random), t = Normal(random);
      arms[0].Add(c);
      arms[1].Add(t);
      difference_sum += t - c;
      const Moments control = arms[0].Summary(), treatment = arms[1].Summary();
      MixtureSprtOptions known{.tau_squared = 0.005,
                               .known = KnownVariances{1, 1}};
      m_err |= TestMixtureSprt(control, treatment, known)->p_value <= 0.05;
      if (pair % 20 == 0) {
        known.alternative = Alternative::kGreater;
        mo_err |= TestMixtureSprt(control, treatment, known)->p_value <= 0.05;
        // The sum has the variance 2 per pair.
        st_err |= std::abs(difference_sum) >=
                  *StitchedBound(2.0 * pair, 0.025, {.v_min = 20});
      }
      if (pair < 50) continue;
      const auto two = AnytimeMeanDifference(control, treatment);
      s_err |= two->p_value <= 0.05;
      // The same event told by the interval.
      out |= !(two->interval.lower < 0 && two->interval.upper > 0);
      o_err |= AnytimeMeanDifference(control, treatment,
                                     {.alternative = Alternative::kGreater})
                   ->p_value <= 0.05;
      x_err |= AnytimeMeanDifference(control, treatment,
                                     {.tuning = SequenceTuning::kExact})
                   ->p_value <= 0.05;
      p_err |= TestMixtureSprt(control, treatment, 0.005)->p_value <= 0.05;
      z_err |= std::abs(two->statistic) > 1.959963984540054;
    }
    peeking += z_err;
    sequence += s_err;
    missed += out;
    one_sided += o_err;
    exact += x_err;
    sprt += m_err;
    sprt_one_sided += mo_err;
    plug_in += p_err;
    stitched += st_err;
  }
  EXPECT_LE(sequence, kMostErrors);
  EXPECT_EQ(sequence, missed);
  EXPECT_LE(one_sided, kMostErrors);
  EXPECT_LE(exact, kMostErrors);
  EXPECT_LE(sprt, kMostErrors);
  EXPECT_LE(sprt_one_sided, kMostErrors);
  EXPECT_LE(plug_in, kMostErrors);
  EXPECT_LE(stitched, kMostErrors);
  EXPECT_GT(peeking, 3 * kMostErrors);
  // They are not so careful as to be useless: some runs do err.
  EXPECT_GT(sequence + sprt + one_sided, 0);
}

TEST(SequentialCoverageTest, SharesAfterEveryUnit) {
  for (const double p : {0.02, 0.5}) {
    int centered = 0, fixed = 0, greater = 0, pair_errors = 0, ratio = 0;
    for (int run = 0; run < kRuns; ++run) {
      std::mt19937_64 random(2000 + run);
      Proportion share, control;
      auto split = SequentialSampleRatio::Create({p, 1 - p}, 1000);
      bool c_err = false, f_err = false, g_err = false, d_err = false;
      for (int n = 1; n <= 800; ++n) {
        const bool success = Uniform(random) < p;
        share.successes += success;
        ++share.trials;
        control.successes += Uniform(random) < p;
        ++control.trials;
        ASSERT_TRUE(split->Add({success, !success}).ok());
        c_err |= *AnytimeShareLogEValue(share, p) >= kThreshold;
        f_err |= *AnytimeShareLogEValue(
                     share, p, {.mixture = ShareMixture::kFixed}) >= kThreshold;
        if (n % 10 == 0) {
          g_err |= *AnytimeShareLogEValue(
                       share, p, {.alternative = Alternative::kGreater}) >=
                   kThreshold;
        }
        // Wherever the smallest product is, that at the true p is no smaller.
        d_err |= *AnytimeShareLogEValue(share, p) +
                     *AnytimeShareLogEValue(control, p) >=
                 kThreshold;
        if (n % 400 == 0) {
          EXPECT_LE(*AnytimeShareDifferenceLogEValue(control, share),
                    *AnytimeShareLogEValue(share, p) +
                        *AnytimeShareLogEValue(control, p) + 1e-9);
        }
      }
      centered += c_err;
      fixed += f_err;
      greater += g_err;
      pair_errors += d_err;
      ratio += split->PValue() <= 0.05;
    }
    EXPECT_LE(centered, kMostErrors) << p;
    EXPECT_LE(fixed, kMostErrors) << p;
    EXPECT_LE(greater, kMostErrors) << p;
    EXPECT_LE(pair_errors, kMostErrors) << p;
    EXPECT_LE(ratio, kMostErrors) << p;
    EXPECT_GT(centered + fixed + greater, 0) << p;
  }
}

// Skewed values in [0, 1] with a point mass at 0: the mean is 0.1.
double Skewed(std::mt19937_64& random) {
  const double u = Uniform(random);
  return Uniform(random) < 0.3 ? u * u : 0;
}

TEST(SequentialCoverageTest, BoundedMeansAfterEveryValue) {
  int plug_in = 0, mixture = 0, stitched = 0, betting = 0, one_sided = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::mt19937_64 random(3000 + run);
    auto a = EmpiricalBernsteinSequence::Create();
    auto b = EmpiricalBernsteinSequence::Create(
        {.boundary = BernsteinBoundary::kMixture, .v_opt = 30});
    auto c = EmpiricalBernsteinSequence::Create(
        {.boundary = BernsteinBoundary::kStitched});
    auto d = HedgedCapital::Create();
    auto e =
        HedgedCapital::Create({.bounded = {.alternative = Alternative::kLess}});
    for (int n = 1; n <= 700; ++n) {
      const double x = Skewed(random);
      ASSERT_TRUE(a->Add(x).ok() && b->Add(x).ok() && c->Add(x).ok() &&
                  d->Add(x).ok() && e->Add(x).ok());
    }
    const auto misses = [](const Interval& interval) {
      return !(interval.lower <= 0.1 && interval.upper >= 0.1);
    };
    plug_in += misses(a->Running());
    mixture += misses(b->Running());
    stitched += misses(c->Running());
    betting += misses(d->Running());
    one_sided += misses(e->Running());
    if (run == 0) {
      // Bounds that say something.
      EXPECT_LT(a->Running().upper - a->Running().lower, 0.12);
      EXPECT_LT(b->Running().upper - b->Running().lower, 0.12);
      EXPECT_LT(d->Running().upper - d->Running().lower, 0.11);
    }
  }
  EXPECT_LE(plug_in, kMostErrors);
  EXPECT_LE(mixture, kMostErrors);
  EXPECT_LE(stitched, kMostErrors);
  EXPECT_LE(betting, kMostErrors);
  EXPECT_LE(one_sided, kMostErrors);
  EXPECT_GT(betting + one_sided + plug_in, 0);
}

TEST(SequentialCoverageTest, WaitingTimesAfterEveryEvent) {
  int two = 0, greater = 0, less = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::mt19937_64 random(4000 + run);
    EventRate rate;
    bool t_err = false, g_err = false, l_err = false;
    for (int n = 1; n <= 800; ++n) {
      ++rate.events;
      rate.exposure -= std::log(Uniform(random)) / 3;
      const auto errs = [&](Alternative alternative) {
        return *AnytimeRateLogEValue(rate, 3,
                                     {.alternative = alternative,
                                      .planned_events = 200}) >= kThreshold;
      };
      t_err |= errs(Alternative::kTwoSided);
      g_err |= errs(Alternative::kGreater);
      l_err |= errs(Alternative::kLess);
    }
    two += t_err;
    greater += g_err;
    less += l_err;
  }
  EXPECT_LE(two, kMostErrors);
  EXPECT_LE(greater, kMostErrors);
  EXPECT_LE(less, kMostErrors);
  EXPECT_GT(two + greater + less, 0);
}

// Under the global null any rejection is false. The e-values are strongly
// dependent: all from the same data.
TEST(SequentialCoverageTest, EBenjaminiHochbergUnderDependence) {
  int errors = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::mt19937_64 random(5000 + run);
    const double shared = Normal(random);
    std::vector<double> e_values;
    for (int i = 0; i < 50; ++i) {
      const double z = 0.9 * shared + std::sqrt(0.19) * Normal(random);
      const auto test =
          TestMixtureSprt(NormalEstimate{z, 1}, {.tau_squared = 4});
      e_values.push_back(std::exp(test->log_likelihood_ratio));
    }
    errors += RejectByEBenjaminiHochberg(e_values)->rejections > 0;
  }
  EXPECT_LE(errors, kMostErrors);
}

}  // namespace
}  // namespace stagecraft::stats
