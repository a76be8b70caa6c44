// The relative lift of a difference that is correlated with the control value
// it is divided by: adjusted differences (cuped.h), post-stratified ones.
//
//   L = difference / |c|
//   se^2 = (var_d - 2 L cov(d, |c|) + L^2 var_c) / c^2
//
// With difference = t - c of independent estimates, cov(d, c) = -var_c, this is
// the lift of effect.h. Methods and tests as there: kDelta; kLogRatio on
// ln(1 + d / c); kFieller, the set of all L with d - L |c| not different from
// 0; kAutomatic is kFieller when |c| is below 3 of its standard errors, else
// kDelta.
#ifndef STAGECRAFT_STATS_LIFT_OF_DIFFERENCE_H_
#define STAGECRAFT_STATS_LIFT_OF_DIFFERENCE_H_

#include "absl/status/statusor.h"
#include "stats/effect.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

// `covariance` is that of `difference` and `control` (with its sign, not its
// absolute value).
//
// Errors: kInvalidArgument for a bad option, a method for rates only (kScore
// and the like), a bad estimate or |covariance| above the product of the
// standard errors; kFailedPrecondition if the control value is 0, the lift has
// no variance, or for kLogRatio unless 1 + difference / control > 0.
absl::StatusOr<Effect> LiftOfDifference(const NormalEstimate& difference,
                                        const NormalEstimate& control,
                                        double covariance,
                                        const LiftOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_LIFT_OF_DIFFERENCE_H_
