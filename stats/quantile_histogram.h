// Values with counts: what quantiles, capped means and rank tests are made of.
#ifndef STAGECRAFT_STATS_QUANTILE_HISTOGRAM_H_
#define STAGECRAFT_STATS_QUANTILE_HISTOGRAM_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace stagecraft::stats {

struct ValueCount {
  double value = 0;
  int64_t count = 0;
};

// `values` sorted, equal ones together.
// Errors: kInvalidArgument if a value is not finite.
absl::StatusOr<std::vector<ValueCount>> HistogramOf(
    absl::Span<const double> values, absl::string_view name = "values");

// `histogram` sorted, equal values together, empty entries left out.
// Errors: kInvalidArgument if a value is not finite, a count is negative or the
// counts sum to more than 2^53.
absl::StatusOr<std::vector<ValueCount>> SortedHistogram(
    absl::Span<const ValueCount> histogram,
    absl::string_view name = "histogram");

int64_t CountOf(absl::Span<const ValueCount> histogram);

// Order statistics of a sorted histogram.
class OrderStatistics {
 public:
  // `sorted` as made by the functions above, not empty.
  explicit OrderStatistics(absl::Span<const ValueCount> sorted);

  int64_t n() const { return entries_.back().count; }
  // The `rank`-th smallest value, 1 <= rank <= n.
  double At(int64_t rank) const;
  // How many values are <= `value`.
  int64_t AtMost(double value) const;

 private:
  std::vector<ValueCount> entries_;  // Counts cumulated.
};

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_QUANTILE_HISTOGRAM_H_
