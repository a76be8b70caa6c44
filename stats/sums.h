// Summaries from raw sums, as a warehouse query returns them: count, sum, sum
// of squares, sum of products.
//
//   variance = (sum_squares - sum^2 / n) / (n - 1)
//   cov_xy   = (sum_products - sum_x sum_y / n) / (n - 1)
//
// Raw sums lose digits when the mean is large beside the spread. The difference
// is formed in twice the working precision, so what the sums still hold is
// kept; if their own rounding has eaten it, the answer is an error instead of a
// variance of noise.
//
// Accuracy: sums that are whole numbers up to 2^53 are taken as exact. Others
//           are taken as rounded once to double; fewer than four digits left
//           in a variance is an error. What was lost while the caller summed
//           cannot be seen here: sum deviations from a rough mean, or use
//           moments.h, where that matters.
#ifndef STAGECRAFT_STATS_SUMS_H_
#define STAGECRAFT_STATS_SUMS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/moments.h"

namespace stagecraft::stats {

struct Sums {
  int64_t n = 0;
  double sum = 0;
  double sum_squares = 0;
};

struct PairedSums {
  int64_t n = 0;
  double sum_x = 0;
  double sum_y = 0;
  double sum_xx = 0;
  double sum_yy = 0;
  double sum_xy = 0;
};

// `name` begins the messages. n = 0 with sums of 0 is the empty summary.
//
// Errors: kInvalidArgument if n < 0, a sum is not finite, n = 0 with a sum that
// is not 0, or the sums contradict each other (sum_squares < sum^2 / n by more
// than rounding; |sum of products| beyond Cauchy-Schwarz).
// kFailedPrecondition if cancellation left fewer than four digits.
absl::StatusOr<Moments> MomentsFromSums(const Sums& sums,
                                        absl::string_view name = "sums");
absl::StatusOr<PairedMoments> MomentsFromSums(const PairedSums& sums,
                                              absl::string_view name = "sums");

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SUMS_H_
