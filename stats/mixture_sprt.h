// The mixture sequential probability ratio test (mSPRT) of a difference: the
// likelihood of the data with effect ~ N(null, tau^2) over that of the null.
//
// With the difference d - null = x and its variance V:
//   two-sided  L = sqrt(V / (V + tau^2)) exp(x^2 tau^2 / (2 V (V + tau^2)))
//   one-sided  L1 = 2 L Phi(x tau / sqrt(V (V + tau^2))): the mixture is the
//              half of the normal that lies on the alternative's side
//   p = min(1, 1 / L); the p-value over looks is the running minimum
//   interval: all effects that have L < 1 / alpha, in closed form two-sided
//     d +- sqrt(V (V + tau^2) / tau^2 (ln((V + tau^2) / V) - 2 ln alpha))
//
// V, where respected tools differ:
//   kPair      V = (v_c + v_t) / n, n = 2 / (1/n_c + 1/n_t): n pairs, each of
//              variance v_c + v_t, "2 sigma^2 per pair". The default;
//   kUnpooled  V = v_c / n_c + v_t / n_t, the variance of the difference.
// They agree if the arms are of one size or of one variance. The likelihood is
// often written per pair, sqrt(v / (v + n tau^2)) exp(n^2 tau^2 x^2 / (2 v (v +
// n tau^2))) with v = n V: the same number.
//
// Variances are known (unit variances given) or plugged in from the summaries;
// plug-in is valid asymptotically, known for normal data at every n >= 1.
//
// tau^2 is the variance of effects that the test is tuned for, in squared units
// of the difference. Fixed before the data: MixtureVarianceForPlan for a
// planned size, MixtureVarianceForPrior for a known spread of effects.
//
// Source: R. Johari, P. Koomen, L. Pekelis, D. Walsh, Oper. Res. 70 (2022)
//         1806; R. Johari, L. Pekelis, D. Walsh, arXiv 1512.04922, theorem 5
//         (tau^2 for a prior); H. Robbins, Ann. Math. Stat. 41 (1970) 1397.
#ifndef STAGECRAFT_STATS_MIXTURE_SPRT_H_
#define STAGECRAFT_STATS_MIXTURE_SPRT_H_

#include <optional>

#include "absl/status/statusor.h"
#include "stats/estimate.h"
#include "stats/moments.h"

namespace stagecraft::stats {

enum class SprtVariance { kPair, kUnpooled };

// Variances of one unit's value, known beforehand; >= 0, not both 0.
struct KnownVariances {
  double control = 0;
  double treatment = 0;
};

struct MixtureSprtOptions {
  double tau_squared = 0;  // > 0. Required.
  double alpha = 0.05;     // Of the interval.
  Alternative alternative = Alternative::kTwoSided;
  double null_value = 0;
  SprtVariance variance = SprtVariance::kPair;
  std::optional<KnownVariances> known;  // Absent: plugged in.
};

struct MixtureSprt {
  double log_likelihood_ratio = 0;  // ln L; L is an e-value.
  double p_value = 1;               // Of this look alone.
  double value = 0;                 // Treatment minus control.
  double standard_error = 0;        // sqrt(V).
  Interval interval;
};

// Errors: kInvalidArgument if tau_squared is not > 0 and finite, an option or a
// summary is bad; kFailedPrecondition if an arm has n < 2 (plug-in) or n < 1
// (known), or neither has variance.
absl::StatusOr<MixtureSprt> TestMixtureSprt(const Moments& control,
                                            const Moments& treatment,
                                            const MixtureSprtOptions& options);

// Two-sided, plug-in, kPair, alpha 0.05.
absl::StatusOr<MixtureSprt> TestMixtureSprt(const Moments& control,
                                            const Moments& treatment,
                                            double tau_squared);

// Of any normal estimate with V = standard_error^2: one mean against a null, a
// lift, a ratio. `options.variance` and `options.known` are not used.
// Errors: as above; kFailedPrecondition if the standard error is 0.
absl::StatusOr<MixtureSprt> TestMixtureSprt(const NormalEstimate& difference,
                                            const MixtureSprtOptions& options);

// The tau^2 with the narrowest two-sided interval when the difference has the
// variance V: V (-W_{-1}(-alpha^2 / e) - 1), see ExactSequenceRhoSquared.
// Errors: kInvalidArgument.
absl::StatusOr<double> MixtureVarianceForPlan(double alpha, double variance);

// The tau^2 that minimises the expected time to a verdict, to first order, if
// effects come from N(0, prior_variance), a pair has the variance
// `pair_variance` (v_c + v_t) and the test ends after `pairs`:
//   prior_variance Phi(-b) / (phi(b) / b - Phi(-b)),
//   b^2 = 2 ln(1 / alpha) pair_variance / (pairs prior_variance)
// Errors: kInvalidArgument.
absl::StatusOr<double> MixtureVarianceForPrior(double alpha,
                                               double prior_variance,
                                               double pair_variance,
                                               double pairs);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_MIXTURE_SPRT_H_
