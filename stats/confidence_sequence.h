// The asymptotic confidence sequence: an interval that may be looked at after
// every unit, forever, and still covers with 1 - alpha; and its p-value.
//
// With n units in both arms together, estimate e and standard error s, put
// sigma^2 = n s^2 and u = n rho^2. The two-sided and the one-sided radius are
//   r  = s sqrt(2 (u + 1) / u * ln(sqrt(u + 1) / alpha))
//   r1 = s sqrt(2 (u + 1) / u * ln(1 + sqrt(u + 1) / (2 alpha)))
// and the always-valid p-value is the alpha at which the null is on the edge.
// rho tunes where the sequence is tightest:
//   rho^2 = (-2 ln alpha + ln(1 - 2 ln alpha)) / N*
// N* is the planned total number of units of both arms (5000 without a plan).
// Other packages' `rho` is the reciprocal of this rho^2 times a variance.
//
// Over looks the p-value is the running minimum of the looks' p-values: the
// caller keeps it; every single value is already valid at any stopping time.
// Asymptotic: not to be trusted below kMinimumUnits units.
//
// Source: I. Waudby-Smith, D. Arbour, R. Sinha, E. Kennedy, A. Ramdas, Ann.
//         Stat. 52 (2024) 2613, theorem 2.2 and appendix B (arXiv 2103.06476).
#ifndef STAGECRAFT_STATS_CONFIDENCE_SEQUENCE_H_
#define STAGECRAFT_STATS_CONFIDENCE_SEQUENCE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/estimate.h"
#include "stats/moments.h"

namespace stagecraft::stats {

inline constexpr int64_t kDefaultPlannedUnits = 5000;
inline constexpr int64_t kMinimumUnits = 100;

struct SequenceOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  double null_value = 0;
  int64_t planned_units = kDefaultPlannedUnits;  // N*, > 0, of both arms.
};

// The tuning parameter rho^2, > 0. Errors: kInvalidArgument.
absl::StatusOr<double> SequenceRhoSquared(double alpha, int64_t planned_units);

// `value` +- the radius (a half-line if one-sided) and the always-valid
// p-value; `statistic` is (value - null) / standard_error. `total_units` counts
// the units of both arms that the estimate rests on.
//
// Errors: kInvalidArgument for bad options or values that are not finite;
// kFailedPrecondition if the standard error is 0 or total_units <
// kMinimumUnits.
absl::StatusOr<Effect> AnytimeEffect(const NormalEstimate& difference,
                                     int64_t total_units,
                                     const SequenceOptions& options = {});

// Of the difference of two means, with se^2 = v_t/n_t + v_c/n_c.
absl::StatusOr<Effect> AnytimeMeanDifference(
    const Moments& control, const Moments& treatment,
    const SequenceOptions& options = {});

// The mixture sequential probability ratio test with normal mixture N(0, tau^2)
// of the difference and variances taken as known:
//   n = 2 / (1/n_c + 1/n_t),  v = v_c + v_t   (the variance of one PAIR)
//   L = sqrt(v / (v + n tau^2)) exp(n^2 tau^2 d^2 / (2 v (v + n tau^2)))
//   p = min(1, 1 / L); the p-value over looks is the running minimum.
// Source: R. Johari, P. Koomen, L. Pekelis, D. Walsh, Oper. Res. 70 (2022)
// 1806.
struct MixtureSprt {
  double log_likelihood_ratio = 0;  // ln L.
  double p_value = 1;
};

// Errors: kInvalidArgument if tau_squared is not > 0 and finite or a summary is
// bad; kFailedPrecondition if an arm has n < 2 or neither has variance.
absl::StatusOr<MixtureSprt> TestMixtureSprt(const Moments& control,
                                            const Moments& treatment,
                                            double tau_squared);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_CONFIDENCE_SEQUENCE_H_
