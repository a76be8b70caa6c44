// Count, mean vector and covariance matrix of k variables of the same units:
// several covariates beside a metric, or the parts of a linear contrast.
//
//   covariance[i * k + j] = sum (x_i - mean_i)(x_j - mean_j) / (n - 1)
//
// Shapes:   k = mean.size(), 1 <= k <= kMaxVariables; covariance is row-major,
//           k x k, symmetric. It is all 0 when n < 2, where it is undefined;
//           whoever needs it checks n.
// Units:    n counts units; covariance[i, j] in unit_i times unit_j.
// Source:   as moments.h.
// Accuracy: means carry a compensation term, so 1e9 + {1, 2, 3}, repeated as
//           often as one likes, keeps its variance to rounding.
#ifndef STAGECRAFT_STATS_MULTI_MOMENTS_H_
#define STAGECRAFT_STATS_MULTI_MOMENTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "stats/moments.h"

namespace stagecraft::stats {

inline constexpr int kMaxVariables = 32;

struct MultiMoments {
  int64_t n = 0;
  std::vector<double> mean;
  std::vector<double> covariance;  // Row-major, unbiased.

  size_t size() const { return mean.size(); }
  double Covariance(size_t i, size_t j) const {
    return covariance[i * mean.size() + j];
  }
};

// Takes rows one by one. A value type; not for use by two threads at a time.
class MultiMomentsAccumulator {
 public:
  explicit MultiMomentsAccumulator(int variables);

  // `row` holds one value of each variable. A row of another size, or with a
  // value that is not finite, is refused with kInvalidArgument and not counted.
  absl::Status Add(absl::Span<const double> row);

  // Takes what `other` has taken. Errors: kInvalidArgument if it has another
  // number of variables.
  absl::Status Merge(const MultiMomentsAccumulator& other);

  MultiMoments Summary() const;

 private:
  size_t k_;
  int64_t n_ = 0;
  std::vector<double> mean_, mean_low_;  // The mean is their sum.
  std::vector<double> products_;         // Upper triangle of k x k is used.
  std::vector<double> delta_;            // Scratch.
};

// The summary of both parts together. Commutative; associative to rounding. A
// part of n = 0 gives the other part, whatever its shape.
// Errors: kInvalidArgument if the sizes differ or a part is malformed.
absl::StatusOr<MultiMoments> Merge(const MultiMoments& a,
                                   const MultiMoments& b);

// The summary of what remains of `total` without `part`. Loses the digits that
// the two share.
// Errors: kInvalidArgument if `part` is not a part: another size, more units,
// or more spread by more than rounding.
absl::StatusOr<MultiMoments> Subtract(const MultiMoments& total,
                                      const MultiMoments& part);

// One variable, and a pair of them; the indexes are below m.size().
Moments Margin(const MultiMoments& m, size_t i);
PairedMoments Margin(const MultiMoments& m, size_t i, size_t j);

// Of sum_i weights[i] x_i; weights.size() = m.size().
Moments LinearCombination(const MultiMoments& m,
                          absl::Span<const double> weights);

// Checks n >= 0, 1 <= k <= kMaxVariables, the size of the matrix, finite
// entries, variances >= 0, symmetry and |covariance| <= sqrt of the variances'
// product, the last two to rounding. `name` begins the message.
// Errors: kInvalidArgument.
absl::Status CheckMoments(const MultiMoments& m, absl::string_view name);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_MULTI_MOMENTS_H_
