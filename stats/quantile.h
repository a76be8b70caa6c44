// Quantiles of values with counts.
//
// Type 7 of Hyndman and Fan, Am. Stat. 50 (1996) 361 (the default of R and
// numpy): with the N values sorted x_0 <= ... <= x_{N-1} and h = (N - 1) share,
//   q = x_floor(h) + (h - floor(h)) (x_{floor(h)+1} - x_floor(h)).
#ifndef STAGECRAFT_STATS_QUANTILE_H_
#define STAGECRAFT_STATS_QUANTILE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace stagecraft::stats {

struct ValueCount {
  double value = 0;
  int64_t count = 0;
};

// Of a histogram in any order; equal values may repeat. Exact for any count up
// to 2^53 in total.
// Errors: kInvalidArgument if the share is not in [0, 1], a value is not finite
// or a count is negative; kFailedPrecondition if the histogram is empty.
absl::StatusOr<double> WeightedQuantile(absl::Span<const ValueCount> histogram,
                                        double share);

// Several at a time, in the order of `shares`.
absl::StatusOr<std::vector<double>> WeightedQuantiles(
    absl::Span<const ValueCount> histogram, absl::Span<const double> shares);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_QUANTILE_H_
