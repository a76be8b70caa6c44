// K tables of 2 x 2: two arms, success or not, within K strata. Is there a
// common odds ratio, and is it 1?
//
// Stratum h: a successes of n1 in the treatment, c successes of n0 in the
// control, b = n1 - a, d = n0 - c, N = n1 + n0, m = a + c.
//
//   Cochran-Mantel-Haenszel: with E = n1 m / N and
//   V = n1 n0 m (N - m) / (N^2 (N - 1)),
//     chi^2 = (|sum (a - E)| - k)^2 / sum V, 1 degree of freedom,
//   k = 1/2 with the continuity correction (0 if |sum (a - E)| < 1/2, as R).
//
//   Mantel-Haenszel odds ratio: R / S, R = sum a d / N, S = sum b c / N, with
//   the variance of its logarithm by Robins, Breslow and Greenland:
//     sum P R_h / (2 R^2) + sum (P S_h + Q R_h) / (2 R S) + sum Q S_h / (2 S^2)
//   where P = (a + d) / N, Q = (b + c) / N.
//
//   Mantel-Haenszel difference of the rates: sum w (a/n1 - c/n0) / sum w,
//   w = n1 n0 / N, with the variance of Sato, consistent for few large and for
//   many small strata:
//     (D sum P' + sum Q') / (sum w)^2, D the difference,
//     P' = (n1^2 c - n0^2 a + n1 n0 (n0 - n1) / 2) / N^2,
//     Q' = (a (n0 - c) + c (n1 - a)) / (2 N).
//
//   Breslow-Day test of one odds ratio in all strata, with Tarone's correction.
//
// Source: N. Mantel, W. Haenszel, J. Natl. Cancer Inst. 22 (1959) 719;
//         J. Robins, N. Breslow, S. Greenland, Biometrics 42 (1986) 311;
//         T. Sato, Biometrics 45 (1989) 1323; N. Breslow, N. Day, IARC Sci.
//         Publ. 32 (1980) 142; R. Tarone, Biometrika 72 (1985) 91.
// Same:   R's mantelhaen.test(exact = FALSE); statsmodels' StratifiedTable.
#ifndef STAGECRAFT_STATS_STRATIFIED_TABLE_H_
#define STAGECRAFT_STATS_STRATIFIED_TABLE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/proportion.h"

namespace stagecraft::stats {

struct StratifiedTable {
  Proportion control;
  Proportion treatment;
};

struct MantelHaenszelOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  bool continuity_correction = true;  // The default of R.
};

struct MantelHaenszelTest {
  double statistic = 0;  // chi^2, 1 degree of freedom.
  // Of `alternative`; one-sided by the signed root of the statistic.
  double p_value = 1;
  Alternative alternative = Alternative::kTwoSided;
  // Strata that take part: at least 2 units, units in both arms, and both a
  // success and a failure. Others say nothing about an odds ratio.
  int64_t informative_strata = 0;
};

struct MantelHaenszelOddsRatio {
  double value = 0;               // Treatment over control, > 0.
  double log_standard_error = 0;  // Of its logarithm.
  Interval interval;              // On the scale of the ratio.
};

struct HomogeneityTest {
  double statistic = 0;            // Breslow-Day with Tarone's correction.
  int64_t degrees_of_freedom = 0;  // Informative strata - 1.
  double p_value = 1;
};

// The test. Errors: kInvalidArgument if there are no strata, a count is
// negative or above its trials, or alpha is bad; kFailedPrecondition if no
// stratum is informative.
absl::StatusOr<MantelHaenszelTest> CompareStratified(
    absl::Span<const StratifiedTable> strata,
    const MantelHaenszelOptions& options = {});

// The common odds ratio. Errors: as above; kFailedPrecondition if it is 0 or
// infinite (sum of a d or of b c is 0).
absl::StatusOr<MantelHaenszelOddsRatio> CommonOddsRatio(
    absl::Span<const StratifiedTable> strata,
    const MantelHaenszelOptions& options = {});

// The common difference of the rates, treatment minus control, with the normal
// interval of Sato. Errors: kInvalidArgument as above; kFailedPrecondition if
// no stratum has units in both arms, or its variance is 0.
absl::StatusOr<Estimate> CommonRateDifference(
    absl::Span<const StratifiedTable> strata, double alpha = 0.05);

// Do the strata share one odds ratio? Errors: as CommonOddsRatio;
// kFailedPrecondition if fewer than 2 strata are informative.
absl::StatusOr<HomogeneityTest> TestHomogeneity(
    absl::Span<const StratifiedTable> strata);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_STRATIFIED_TABLE_H_
