// Bayes factors: how many times better one hypothesis predicted the data than
// the other. BF10 > 1 speaks for an effect, BF10 < 1 for none. They are given
// as natural and decimal logarithms, which never overflow.
//
// Two rates, Beta-Binomial:
//   H0: p_t = p_c = p, p ~ common prior; H1: p_t, p_c ~ their own priors
//   BF10 = B(A_c, B_c) / B(a_c, b_c) * B(A_t, B_t) / B(a_t, b_t)
//          / (B(A, B) / B(a, b))
//   with a, b prior and A, B posterior parameters. All uniform (the default) is
//   the independent multinomial Bayes factor of Gunel and Dickey with a = 1:
//   T. Jamil et al., Behav. Res. Methods 49 (2017) 638; R
//   BayesFactor::contingencyTableBF(sampleType = "indepMulti").
// Normal effect, value ~ N(effect, se^2):
//   H0: effect = null; H1: effect ~ N(mean, sd^2)
//   BF10 = N(value; mean, se^2 + sd^2) / N(value; null, se^2)
//   (the Savage-Dickey density ratio at the null, in closed form).
// t test, JZS: effect size ~ Cauchy(0, r) under H1, p(sigma^2) ~ 1 / sigma^2:
//   J. Rouder et al., Psychon. Bull. Rev. 16 (2009) 225, equation 1; R
//   BayesFactor::ttest.tstat, where r = sqrt(2) / 2 ("medium") is the default;
//   Rouder's paper itself uses r = 1.
// One-sided H1 (rates and normal effects): BF10 times the posterior over the
//   prior probability of the side (I. Klugkist et al., Stat. Neerl. 59 (2005)
//   57).
// Accuracy: 1e-11 in ln BF, or 1e-13 of it where it is large.
#ifndef STAGECRAFT_STATS_BAYES_FACTOR_H_
#define STAGECRAFT_STATS_BAYES_FACTOR_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/bayes.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

struct BayesFactor {
  double ln_bf10 = 0;
  double log10_bf10 = 0;
  // P(H1 | data) for equal prior odds: BF10 / (1 + BF10).
  double probability_h1 = 0.5;
};

struct BetaBayesFactorOptions {
  BetaPrior common_prior;  // Of H0.
  BetaPrior control_prior, treatment_prior;
  // Of H1: kGreater means p_t > p_c.
  Alternative alternative = Alternative::kTwoSided;
};

// Errors of all: kInvalidArgument for counts, estimates, priors or options out
// of range; kFailedPrecondition where a standard error is 0 or a result leaves
// the range of double precision.
absl::StatusOr<BayesFactor> BetaBinomialBayesFactor(
    const Proportion& control, const Proportion& treatment,
    const BetaBayesFactorOptions& options = {});

// `prior` is that of the effect under H1, in the effect's unit.
absl::StatusOr<BayesFactor> NormalBayesFactor(
    const NormalEstimate& effect, const NormalPrior& prior,
    double null_value = 0, Alternative alternative = Alternative::kTwoSided);

inline constexpr double kJzsMediumScale = 0.70710678118654752440;

// Two independent samples, pooled t with n_1 + n_2 - 2 degrees of freedom.
absl::StatusOr<BayesFactor> JzsTwoSampleBayesFactor(
    double t, int64_t control_n, int64_t treatment_n,
    double cauchy_scale = kJzsMediumScale);

// One sample, or pairs.
absl::StatusOr<BayesFactor> JzsOneSampleBayesFactor(
    double t, int64_t n, double cauchy_scale = kJzsMediumScale);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BAYES_FACTOR_H_
