// Ratio metrics: sum of x over sum of y, clustered by unit (average order
// value, abandonment per cart, mean rating of people who rate many times).
//
//   R = mean_x / mean_y
//   se^2 = (var_x - 2 R cov_xy + R^2 var_y) / (n mean_y^2)
//
// Source: first-order delta method; A. Deng, U. Knoblich, J. Lu, KDD (2018)
//         233. A large-sample limit in the number of units, not of events.
// As a mean per event with small-sample corrections: cluster.h.
#ifndef STAGECRAFT_STATS_RATIO_H_
#define STAGECRAFT_STATS_RATIO_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/effect.h"
#include "stats/estimate.h"
#include "stats/fieller.h"
#include "stats/moments.h"

namespace stagecraft::stats {

// R and its standard error. Errors: kInvalidArgument as CheckMoments;
// kFailedPrecondition if n < 2 or mean_y is 0.
absl::StatusOr<NormalEstimate> RatioWithError(
    const PairedMoments& moments, absl::string_view name = "moments");

// With a normal interval.
absl::StatusOr<Estimate> EstimateRatio(const PairedMoments& moments,
                                       double alpha = 0.05);

// With Fieller's confidence set, for denominators that may be 0. It is normal
// unless `degrees_of_freedom` (of Student's t, say n - 1) is finite.
absl::StatusOr<ConfidenceSet> RatioFiellerSet(
    const PairedMoments& moments, double alpha = 0.05,
    double degrees_of_freedom = kInfinity);

// R_t - R_c. Errors: as above for either arm; kFailedPrecondition if neither
// has variance.
absl::StatusOr<Effect> CompareRatios(const PairedMoments& control,
                                     const PairedMoments& treatment,
                                     const TestOptions& options = {});

// (R_t - R_c) / |R_c|. Also kFailedPrecondition if R_c is 0.
absl::StatusOr<Effect> RatioLift(const PairedMoments& control,
                                 const PairedMoments& treatment,
                                 const LiftOptions& options = {});

// The lift's confidence set, whatever its shape; RatioLift with kFieller tells
// the smallest interval that holds it.
absl::StatusOr<ConfidenceSet> RatioLiftFiellerSet(
    const PairedMoments& control, const PairedMoments& treatment,
    double alpha = 0.05, double degrees_of_freedom = kInfinity);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_RATIO_H_
