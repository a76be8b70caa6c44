// Confidence bounds of a quantile, and quantiles of two arms compared.
//
// Independent values. The number of values below the p-quantile of a continuous
// distribution is binomial(n, p), so order statistics bound it exactly:
//   lower = x_l, l the largest rank with P(B <= l - 1) <= alpha / 2,
//   upper = x_u, u the smallest rank with P(B >= u) <= alpha / 2,
// with coverage P(l <= B <= u - 1) >= 1 - alpha (more with ties). If no rank is
// good enough the end is infinite: the median of 5 values has no 95 % bounds.
// A one-sided question puts alpha on one end.
//
// Values clustered by unit (several page loads per user). The share of values
// at or below the quantile q is a ratio over units, sum J_i / sum N_i with J_i
// of the N_i values of unit i at or below q, and its standard error s is that
// of ratio.h. The outer interval of A. Deng, U. Knoblich, J. Lu, KDD (2018)
// 233:
//   ranks l = floor(N (p - z s)), u = floor(N (p + z s)) + 1,
// `variance_inflation` is s^2 / (p (1 - p) / N), 1 for independent values.
//
// Standard error of a quantile, for differences: the width of the outer
// interval at 95 %, whatever alpha, divided by 2 * 1.96, with s of the case at
// hand (p (1 - p) / N for independent values). A large-sample limit: the
// distribution must have a density at q. Heavy ties (many zeros) break it: then
// the width is that of the steps.
//
// Comparison: value q_t - q_c, se^2 = se_t^2 + se_c^2, normal. Interval:
//   kNormal  the default: difference +- z se;
//   kMover   from each arm's own bounds (l, u) (order statistics, not
//            symmetric): q_t - q_c - sqrt((q_t - l_t)^2 + (u_c - q_c)^2) and
//            + sqrt((u_t - q_t)^2 + (q_c - l_c)^2). G. Zou, A. Donner, Stat.
//            Med. 27 (2008) 1693.
// The estimate itself is of type 7 (quantile.h).
#ifndef STAGECRAFT_STATS_QUANTILE_INTERVAL_H_
#define STAGECRAFT_STATS_QUANTILE_INTERVAL_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/effect.h"
#include "stats/estimate.h"
#include "stats/moments.h"
#include "stats/quantile.h"

namespace stagecraft::stats {

struct QuantileOptions {
  double share = 0.5;  // p, in (0, 1).
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  QuantileType type = QuantileType::kType7;
};

struct QuantileEstimate {
  double value = 0;
  // Absent if there are too few values for the ranks of the outer interval.
  std::optional<double> standard_error;
  Interval interval;  // Ends may be infinite.
  // Ranks of its ends, 1 .. n; 0 and n + 1 for infinite ends.
  int64_t lower_rank = 0;
  int64_t upper_rank = 0;
  // Exact for independent values from a continuous distribution; absent for
  // clustered values.
  std::optional<double> coverage;
  int64_t n = 0;  // Values.
  double variance_inflation = 1;
};

// Independent values.
// Errors: kInvalidArgument if the share or alpha is not in (0, 1) or the
// histogram is malformed; kFailedPrecondition if it is empty.
absl::StatusOr<QuantileEstimate> EstimateQuantile(
    absl::Span<const ValueCount> histogram,
    const QuantileOptions& options = {});

// One value of one unit.
struct UnitValue {
  int64_t unit = 0;
  double value = 0;
};

// Values clustered by unit, in any order.
// Errors: as above; kFailedPrecondition if there are fewer than 2 units.
absl::StatusOr<QuantileEstimate> EstimateClusteredQuantile(
    absl::Span<const UnitValue> values, const QuantileOptions& options = {});

// The same from tallies, for a second pass over data that are not kept: the
// histogram of all values, and over units x the number of values at or below
// the quantile (WeightedQuantile of that histogram) and y the number of values.
// Errors: as above; kInvalidArgument if n mean_y is not the number of values in
// the histogram, or n mean_x not those at or below the quantile, to 1e-6.
absl::StatusOr<QuantileEstimate> EstimateClusteredQuantileFromTallies(
    absl::Span<const ValueCount> histogram, const PairedMoments& units,
    const QuantileOptions& options = {});

enum class QuantileDifferenceInterval { kNormal, kMover };

// Treatment minus control of two estimates made above with the same share and,
// for kMover, with the alpha of `options`, two-sided.
//
// Errors: kInvalidArgument for a bad option; kFailedPrecondition if an arm has
// no standard error (too few values), or neither has any spread.
absl::StatusOr<Effect> CompareQuantiles(
    const QuantileEstimate& control, const QuantileEstimate& treatment,
    const TestOptions& options = {},
    QuantileDifferenceInterval interval = QuantileDifferenceInterval::kNormal);

// (q_t - q_c) / |q_c| by the methods of effect.h.
// Errors: as above; kFailedPrecondition if q_c is 0.
absl::StatusOr<Effect> QuantileLift(const QuantileEstimate& control,
                                    const QuantileEstimate& treatment,
                                    const LiftOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_QUANTILE_INTERVAL_H_
