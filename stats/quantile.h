// Quantiles of values with counts.
//
// Types 1 to 9 of Hyndman and Fan, Am. Stat. 50 (1996) 361, as in R. With the N
// values sorted x_1 <= ... <= x_N and p the share:
//   kType7  the default (of R and numpy too): h = (N - 1) p + 1,
//           q = x_floor(h) + (h - floor(h)) (x_{floor(h)+1} - x_floor(h));
//   kType1  the inverse of the empirical distribution function: x_ceil(N p);
//   kType2  the same with averages where N p is whole (SAS default);
//   kType3  the nearest order statistic, even ones at ties;
//   kType4  h = N p;            kType5  h = N p + 1/2;
//   kType6  h = (N + 1) p;      kType8  h = (N + 1/3) p + 1/3;
//   kType9  h = (N + 1/4) p + 3/8, all interpolated as kType7, within x_1, x_N.
// For all but kType7, h within 4 units of rounding of a whole number is whole.
//
// Intervals and comparisons of quantiles: quantile_interval.h.
#ifndef STAGECRAFT_STATS_QUANTILE_H_
#define STAGECRAFT_STATS_QUANTILE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/quantile_histogram.h"

namespace stagecraft::stats {

enum class QuantileType {
  kType1 = 1,
  kType2,
  kType3,
  kType4,
  kType5,
  kType6,
  kType7,
  kType8,
  kType9
};

// Of a histogram in any order; equal values may repeat. Exact for any count up
// to 2^53 in total.
// Errors: kInvalidArgument if the share is not in [0, 1], a value is not finite
// or a count is negative; kFailedPrecondition if the histogram is empty.
absl::StatusOr<double> WeightedQuantile(
    absl::Span<const ValueCount> histogram, double share,
    QuantileType type = QuantileType::kType7);

// Several at a time, in the order of `shares`.
absl::StatusOr<std::vector<double>> WeightedQuantiles(
    absl::Span<const ValueCount> histogram, absl::Span<const double> shares,
    QuantileType type = QuantileType::kType7);

// Of plain values.
absl::StatusOr<double> Quantile(absl::Span<const double> values, double share,
                                QuantileType type = QuantileType::kType7);

// The same of order statistics, 0 <= share <= 1.
double QuantileOf(const OrderStatistics& order, double share,
                  QuantileType type = QuantileType::kType7);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_QUANTILE_H_
