// The asymptotic confidence sequence: an interval that may be looked at after
// every unit, forever, and still covers with 1 - alpha; and its p-value.
//
// With n units in both arms together, estimate e and standard error s, put
// sigma^2 = n s^2 and u = n rho^2. The two-sided and the one-sided radius are
//   r  = s sqrt(2 (u + 1) / u * ln(sqrt(u + 1) / alpha))
//   r1 = s sqrt(2 (u + 1) / u * ln(1 + sqrt(u + 1) / (2 alpha)))
// and the always-valid p-value is the alpha at which the null is on the edge,
// rho held fixed.
// rho tunes where the sequence is tightest (SequenceTuning). The default is
//   rho^2 = (-2 ln alpha + ln(1 - 2 ln alpha)) / N*
// N* is the planned total number of units of both arms (5000 without a plan).
// Other packages' `rho` is the reciprocal of this rho^2 times a variance.
//
// Every single value is valid at any stopping time. Over looks the p-value may
// be replaced by its running minimum and the interval by the intersection:
// sequential_path.h. Asymptotic: not to be trusted below kMinimumUnits units.
//
// Source: I. Waudby-Smith, D. Arbour, R. Sinha, E. Kennedy, A. Ramdas, Ann.
//         Stat. 52 (2024) 2613, theorem 2.2 and appendix B (arXiv 2103.06476).
#ifndef STAGECRAFT_STATS_CONFIDENCE_SEQUENCE_H_
#define STAGECRAFT_STATS_CONFIDENCE_SEQUENCE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/estimate.h"
#include "stats/mixture_sprt.h"
#include "stats/moments.h"

namespace stagecraft::stats {

inline constexpr int64_t kDefaultPlannedUnits = 5000;
inline constexpr int64_t kMinimumUnits = 100;

enum class SequenceTuning {
  // rho^2 as above, at alpha, whatever the alternative. The default.
  kPlannedUnits,
  // The same at 2 alpha for one-sided alternatives (alpha < 1/2): what the
  // paper and GrowthBook do there. Two-sided it is kPlannedUnits.
  kPlannedUnitsPerSide,
  // The exact minimiser of the two-sided radius at N* units, at alpha or, one-
  // sided, at 2 alpha: rho^2 = (-W_{-1}(-alpha^2 / e) - 1) / N*, W_{-1} being
  // Lambert's lower branch.
  kExact,
  // `rho_squared` of the options.
  kRhoSquared,
  // `mixing_variance` tau^2 of the options, in squared units of the estimate:
  // u = tau^2 / s^2. The same as the mixture sequential test of mixture_sprt.h.
  kMixingVariance,
};

struct SequenceOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  double null_value = 0;
  int64_t planned_units = kDefaultPlannedUnits;  // N*, > 0, of both arms.
  SequenceTuning tuning = SequenceTuning::kPlannedUnits;
  double rho_squared = 0;      // > 0 with kRhoSquared.
  double mixing_variance = 0;  // > 0 with kMixingVariance.
};

// The tuning parameter rho^2, > 0. Errors: kInvalidArgument.
absl::StatusOr<double> SequenceRhoSquared(double alpha, int64_t planned_units);

// The exact optimum by Lambert's W, 2 to 4 per cent larger at usual levels.
absl::StatusOr<double> ExactSequenceRhoSquared(double alpha,
                                               int64_t planned_units);

// The radius in standard errors, as the normal quantile of a fixed-sample
// interval. `standard_error` is used with kMixingVariance alone.
// Errors: as AnytimeEffect.
absl::StatusOr<double> SequenceCriticalValue(
    double standard_error, int64_t total_units,
    const SequenceOptions& options = {});

// `value` +- the radius (a half-line if one-sided) and the always-valid
// p-value; `statistic` is (value - null) / standard_error. `total_units` counts
// the units of both arms that the estimate rests on; of one arm, if the
// estimate is of one arm.
//
// Errors: kInvalidArgument for bad options or values that are not finite;
// kFailedPrecondition if the standard error is 0 or total_units <
// kMinimumUnits.
absl::StatusOr<Effect> AnytimeEffect(const NormalEstimate& difference,
                                     int64_t total_units,
                                     const SequenceOptions& options = {});

// Of the difference of two means, with se^2 = v_t/n_t + v_c/n_c. Shares, ratios
// and lifts: anytime_comparison.h.
absl::StatusOr<Effect> AnytimeMeanDifference(
    const Moments& control, const Moments& treatment,
    const SequenceOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_CONFIDENCE_SEQUENCE_H_
