// The restricted mean survival time: the mean time without the event, up to a
// horizon; its difference and ratio.
//
//   RMST(tau) = integral of S over [0, tau]          (S: Kaplan-Meier)
//   RMTL(tau) = tau - RMST(tau), the restricted mean time lost
//   var RMST  = sum_{t_i <= tau} (integral of S over [t_i, tau])^2 v_i
//
// Variances:
//   kGreenwood  v = d / (n (n - d)), the default, as R's survRM2 and
//               survfit(...)$rmean; a last time where all have the event adds
//               nothing;
//   kUnbiased   the same times m / (m - 1), m the events up to tau: Kaplan and
//               Meier (1958), 4.2; as SAS LIFETEST. Needs m >= 2;
//   kAalen      v = d / n^2.
// Beyond the last follow-up the curve is unknown and so is the mean: an error,
// unless the curve has reached 0.
//
// Source:   P. Royston, M. Parmar, BMC Med. Res. Methodol. 13 (2013) 152; L.
//           Tian, L. Zhao, L. Wei, Biostatistics 15 (2014) 222; R package
//           survRM2 (difference, and ratios on the log scale).
// Accuracy: exact to rounding; sums of positive terms only.
#ifndef STAGECRAFT_STATS_SURVIVAL_RESTRICTED_MEAN_H_
#define STAGECRAFT_STATS_SURVIVAL_RESTRICTED_MEAN_H_

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/survival_bins.h"

namespace stagecraft::stats {

enum class RestrictedMeanVariance { kGreenwood, kUnbiased, kAalen };

// RMST(horizon) with a normal interval. The standard error is 0, and the
// interval a point, only if no event happens before the horizon: then no unit
// that was seen tells of any loss.
//
// Errors: as OrderedBins; kInvalidArgument unless horizon > 0 and finite, or
// for a bad alpha; kFailedPrecondition without units, if the horizon is beyond
// the last follow-up while the curve is above 0, or for kUnbiased with one
// event.
absl::StatusOr<Estimate> RestrictedMean(
    absl::Span<const DurationBin> bins, double horizon, double alpha = 0.05,
    RestrictedMeanVariance variance = RestrictedMeanVariance::kGreenwood);

// Treatment minus control, normal. Errors: as above for either arm;
// kFailedPrecondition if neither has variance.
absl::StatusOr<Effect> CompareRestrictedMeans(
    absl::Span<const DurationBin> control,
    absl::Span<const DurationBin> treatment, double horizon,
    const TestOptions& options = {},
    RestrictedMeanVariance variance = RestrictedMeanVariance::kGreenwood);

enum class RestrictedMeanQuantity { kSurvivalTime, kTimeLost };

// The ratio, treatment over control, of RMST or of RMTL: value, interval and
// test on the log scale. `standard_error` and `statistic` are those of
// ln(ratio); `value` and the interval are ratios, not lifts.
//
// Errors: as above; kFailedPrecondition if either mean is 0.
struct RestrictedMeanRatioOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  double null_ratio = 1;  // > 0.
  RestrictedMeanQuantity quantity = RestrictedMeanQuantity::kSurvivalTime;
  RestrictedMeanVariance variance = RestrictedMeanVariance::kGreenwood;
};
absl::StatusOr<Effect> RestrictedMeanRatio(
    absl::Span<const DurationBin> control,
    absl::Span<const DurationBin> treatment, double horizon,
    const RestrictedMeanRatioOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SURVIVAL_RESTRICTED_MEAN_H_
