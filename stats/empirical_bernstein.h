// The mean of bounded values, looked at after every value: empirical-Bernstein
// confidence sequences. They adapt to the variance that is seen and need no
// model, no large sample and no independence beyond: given the past, the
// expectation of the next value is the mean.
//
// With values y in [0, 1] (others are scaled), m_i = (1/2 + y_1 + ... + y_i) /
// (i + 1) and A = alpha / 2 (alpha one-sided):
//   kPlugIn    l_t = min(c, sqrt(2 ln(1/A) / (v_{t-1} t ln(1 + t)))),
//              v_t = (1/4 + sum (y_i - m_i)^2) / (t + 1), v_0 = 1/4;
//              centre sum l_i y_i / sum l_i, radius
//              (ln(1/A) + sum (y_i - m_{i-1})^2 (-ln(1 - l_i) - l_i)) / sum
//              l_i. The predictable plug-in of Waudby-Smith and Ramdas, c =
//              1/2. The default;
//   kMixture   mean +- bound(V) / t, V = sum (y_i - m_{i-1})^2, bound the
//              gamma-exponential mixture with c = 1 at A, tuned for V = v_opt;
//   kStitched  the same with the polynomial stitched boundary, c = 1, v_min.
// The hedged bets of betting.h are narrower in the first hundreds of values;
// they keep all values in memory.
//
// Source: I. Waudby-Smith, A. Ramdas, J. R. Stat. Soc. B 86 (2024) 1, theorem
//         2; S. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, Ann. Stat. 49
//         (2021) 1055, theorem 4.
#ifndef STAGECRAFT_STATS_EMPIRICAL_BERNSTEIN_H_
#define STAGECRAFT_STATS_EMPIRICAL_BERNSTEIN_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/boundary_mixture.h"
#include "stats/bounded_options.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

enum class BernsteinBoundary { kPlugIn, kMixture, kStitched };

struct BernsteinOptions {
  BoundedOptions bounded;
  BernsteinBoundary boundary = BernsteinBoundary::kPlugIn;
  double truncation = 0.5;  // c of kPlugIn, in (0, 1).
  // Of kMixture, > 0, in squared widths of the range: planned values times
  // their variance. The default suits 2500 values with a deviation of a quarter
  // of the range.
  double v_opt = 156.25;
  double v_min = 1;  // Of kStitched, > 0, in squared widths of the range.
};

// Takes values one by one, in the order they came. A value type; not for use by
// two threads at a time. Constant memory.
class EmpiricalBernsteinSequence {
 public:
  // Errors: kInvalidArgument for bad options.
  static absl::StatusOr<EmpiricalBernsteinSequence> Create(
      const BernsteinOptions& options = {});

  // Errors: kInvalidArgument if x is outside of the bounds; then it is not
  // taken.
  absl::Status Add(double x);

  int64_t n() const { return n_; }

  // Of the values so far, at this moment; within the bounds. Before the first
  // value it is the bounds.
  Interval Look() const;

  // The intersection of the intervals after every value so far; valid if the
  // mean is constant. Empty (lower > upper) with probability below alpha.
  Interval Running() const;

 private:
  explicit EmpiricalBernsteinSequence(const BernsteinOptions& options)
      : options_(options) {}

  double SideAlpha() const;
  // The bound of the centred sum, kMixture and kStitched.
  double SumBound() const;
  struct Ends {
    double low, high;
  };
  Ends Unit() const;  // In [0, 1], both sides.

  BernsteinOptions options_;
  BoundaryMixture mixture_;
  int64_t n_ = 0;
  double sum_ = 0;
  double regular_squares_ = 0.25;  // 1/4 + sum (y_i - m_i)^2.
  double previous_squares_ = 0;    // V.
  double weight_ = 0;              // sum l_i.
  double weighted_ = 0;            // sum l_i y_i.
  double penalty_ = 0;  // sum (y_i - m_{i-1})^2 (-ln(1 - l_i) - l_i).
  double running_low_ = 0, running_high_ = 1;
};

// Of a whole sequence: the last running interval. Errors: kInvalidArgument;
// kFailedPrecondition if there are no values.
absl::StatusOr<Interval> EmpiricalBernsteinInterval(
    absl::Span<const double> values, const BernsteinOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_EMPIRICAL_BERNSTEIN_H_
