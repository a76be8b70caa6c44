// Means and rates when the unit of analysis is finer than the unit of
// randomisation: sessions of randomised users, users of randomised companies.
//
// Units of one cluster are alike, so that counting them as independent makes
// errors too small. Only sums per cluster are needed: the total S of the metric
// (successes, for a rate) and the number of units m, as PairedMoments with x =
// S and y = m over the clusters of an arm. With mean R = sum S / sum m,
//
//   se_arm^2 = f sum over clusters (S - R m)^2 / (sum m)^2
//   difference R_t - R_c, se^2 = se_t^2 + se_c^2
//
// the sandwich of the regression of the metric on the arm. Small-sample factor
// f, with G clusters and N units in both arms together:
//   kCr0      1: too small with few clusters;
//   kCr1      the default: G / (G - 1) (N - 1) / (N - 2), as Stata and
//             statsmodels' cov_type="cluster";
//   kCr1Arm   G_arm / (G_arm - 1): the delta method of ratio.h.
// Reference distribution: Student's t with G - 1 degrees of freedom, or G - 2,
// or the normal.
//
// Source:   K.-Y. Liang, S. Zeger, Biometrika 73 (1986) 13; A. Cameron, D.
//           Miller, J. Hum. Resour. 50 (2015) 317. A limit in the number of
//           clusters: below about 40, or with clusters of very unequal size,
//           errors are too small whatever f.
#ifndef STAGECRAFT_STATS_CLUSTER_H_
#define STAGECRAFT_STATS_CLUSTER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/effect.h"
#include "stats/estimate.h"
#include "stats/moments.h"

namespace stagecraft::stats {

enum class ClusterCorrection { kCr0, kCr1, kCr1Arm };
enum class ClusterDegrees { kClustersMinusOne, kClustersMinusTwo, kNormal };

struct ClusterMethod {
  ClusterCorrection correction = ClusterCorrection::kCr1;
  ClusterDegrees degrees = ClusterDegrees::kClustersMinusOne;
};

// One cluster: total of the metric over its units, and their number, > 0.
struct ClusterTotal {
  double sum = 0;
  int64_t size = 0;
};

// The summary of an arm's clusters.
// Errors: kInvalidArgument if a sum is not finite or a size is not positive.
absl::StatusOr<PairedMoments> ClusterMoments(
    absl::Span<const ClusterTotal> clusters);

// R_t - R_c.
//
// Errors: kInvalidArgument for a bad option or summary; kFailedPrecondition if
// an arm has fewer than two clusters or no units, or neither arm has variance
// between clusters.
absl::StatusOr<Effect> CompareClusteredMeans(const PairedMoments& control,
                                             const PairedMoments& treatment,
                                             const TestOptions& options = {},
                                             const ClusterMethod& method = {});

// (R_t - R_c) / |R_c| by the methods of effect.h. Also kFailedPrecondition if
// R_c is 0.
absl::StatusOr<Effect> ClusteredMeanLift(const PairedMoments& control,
                                         const PairedMoments& treatment,
                                         const LiftOptions& options = {},
                                         const ClusterMethod& method = {});

// By how much clustering inflates the variance of an arm's rate: se_arm^2 with
// f = G / (G - 1) over R (1 - R) / sum m. For sums that count successes.
// Errors: kInvalidArgument if the rate is not in [0, 1]; kFailedPrecondition if
// it is 0 or 1, or as above.
absl::StatusOr<double> RateDesignEffect(const PairedMoments& arm);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_CLUSTER_H_
