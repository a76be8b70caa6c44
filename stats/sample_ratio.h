// Sample ratio: did each variant receive the share of units it was meant to?
//
// Pearson's chi-squared test of observed counts against planned shares. A tiny
// p-value means that assignment or logging is broken: mend that first.
//
//   X^2 = sum_i (counts[i] - N * shares[i])^2 / (N * shares[i]), N = sum counts
//
// Shapes:   counts[V] and shares[V], same order, V >= 2. An arm of planned
//           share 0 is dropped; a unit found there is an error of its own.
// Units:    counts in randomised units, not events; shares are fractions of 1.
// Source:   K. Pearson, Phil. Mag. 50 (1900) 157. A large-sample limit: rely on
//           it when every expected count is at least 5; below, take
//           sample_ratio_exact.h.
// Accuracy: p_value is computed as an upper tail, so 1e-40 keeps its digits.
#ifndef STAGECRAFT_STATS_SAMPLE_RATIO_H_
#define STAGECRAFT_STATS_SAMPLE_RATIO_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace stagecraft::stats {

struct SampleRatio {
  double statistic = 0;        // X^2, in [0, inf).
  int degrees_of_freedom = 0;  // Arms of positive share - 1.
  double p_value = 1;          // P(chi-squared >= X^2 | the plan), in [0, 1].
};

// Compares `counts` with `shares`. Pure; safe from any thread.
//
// Errors: kInvalidArgument if sizes differ or V < 2, a count is negative, a
// share is not in [0, 1), fewer than two are positive, or the shares miss 1 by
// more than 1e-9. kFailedPrecondition if every count is zero (nothing to
// compare yet), and if an arm of planned share 0 has units ("counts[2] is 5
// where ...").
absl::StatusOr<SampleRatio> CompareSampleRatio(absl::Span<const int64_t> counts,
                                               absl::Span<const double> shares);

// The same question, asked after every unit if one likes: a p-value that is
// valid at every look at once, for any number of units, also small ones.
//
//   1 / p = B(alpha + counts) / B(alpha) / prod_i shares[i]^counts[i], p at
//   most 1
//
// where B is the multivariate beta function and alpha[i] = concentration *
// shares[i]: the Bayes factor of a Dirichlet prior about the planned shares, a
// martingale under the plan (Ville's inequality). The larger the concentration,
// the smaller the deviations that it is tuned for: 1000 finds 1 to 2 per cent.
//
// Source: M. Lindon, A. Malek, NeurIPS 2022, "Anytime-valid inference for
// multinomial count data".
// Accuracy: about 1e-12 relative, also for counts in the billions: deviances
// and Stirling remainders instead of differences of log-gammas.
// Errors: as above; kInvalidArgument if the concentration is not > 0.
absl::StatusOr<double> SequentialSampleRatioPValue(
    absl::Span<const int64_t> counts, absl::Span<const double> shares,
    double concentration = 1000);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SAMPLE_RATIO_H_
