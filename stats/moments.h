// Count, mean and variance of one variable over units, and of a pair of them:
// what a tally hands to the tests, and how such summaries are built and joined.
//
//   variance = sum (x - mean)^2 / (n - 1)         (unbiased)
//   cov_xy   = sum (x - mean_x)(y - mean_y) / (n - 1)
//
// Units:    n counts units; mean in the variable's unit, variance in its
//           square.
// Source:   B. P. Welford, Technometrics 4 (1962) 419; joining and splitting by
//           T. Chan, G. Golub, R. LeVeque, Am. Stat. 37 (1983) 242.
// Accuracy: no raw sum of squares is ever formed and the accumulators carry
//           compensation terms, so 1e9 + {1, 2, 3}, repeated as often as one
//           likes, keeps its variance to rounding. Merge of two summaries knows
//           their means to rounding only; Merge of two accumulators knows
//           more. Subtract loses the digits that the two totals share.
// More than two variables: multi_moments.h.
#ifndef STAGECRAFT_STATS_MOMENTS_H_
#define STAGECRAFT_STATS_MOMENTS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "stats/compensated.h"

namespace stagecraft::stats {

// Of one variable. `variance` is 0 when n < 2, where it is undefined; whoever
// needs it checks n.
struct Moments {
  int64_t n = 0;
  double mean = 0;
  double variance = 0;
};

// Of two variables of the same units: x and y. For a ratio metric x is the
// numerator and y the denominator; for CUPED x is the metric and y the
// covariate.
struct PairedMoments {
  int64_t n = 0;
  double mean_x = 0;
  double mean_y = 0;
  double var_x = 0;
  double var_y = 0;
  double cov_xy = 0;
};

// Takes values one by one. A value type; not for use by two threads at a time.
class MomentsAccumulator {
 public:
  void Add(double x);
  // Adds `x` `count` times, count >= 0 (a negative one is ignored).
  void AddRepeated(double x, int64_t count);
  // Takes what `other` has taken.
  void Merge(const MomentsAccumulator& other);
  Moments Summary() const;

 private:
  int64_t n_ = 0;
  DoublePair mean_;
  DoublePair squares_;  // sum (x - mean)^2.
};

class PairedMomentsAccumulator {
 public:
  void Add(double x, double y);
  // Takes what `other` has taken.
  void Merge(const PairedMomentsAccumulator& other);
  PairedMoments Summary() const;

 private:
  int64_t n_ = 0;
  DoublePair mean_x_, mean_y_;
  DoublePair squares_x_, squares_y_, products_;
};

Moments MomentsOf(absl::Span<const double> values);

// The summary of both parts together. Commutative; associative to rounding.
Moments Merge(const Moments& a, const Moments& b);
PairedMoments Merge(const PairedMoments& a, const PairedMoments& b);

// The summary of what remains of `total` without `part`.
// Errors: kInvalidArgument if `part` is not a part: it has more units, or its
// spread exceeds the total's by more than rounding.
absl::StatusOr<Moments> Subtract(const Moments& total, const Moments& part);
absl::StatusOr<PairedMoments> Subtract(const PairedMoments& total,
                                       const PairedMoments& part);

// One variable of a pair.
Moments MarginX(const PairedMoments& pair);
Moments MarginY(const PairedMoments& pair);

// Of the linear combination a x + b y.
Moments LinearCombination(const PairedMoments& pair, double a, double b);

// Checks n >= 0, finite means and variances, variances >= 0 and, of a pair,
// |cov_xy| <= sqrt(var_x var_y) to rounding. `name` begins the message.
// Errors: kInvalidArgument.
absl::Status CheckMoments(const Moments& moments, absl::string_view name);
absl::Status CheckMoments(const PairedMoments& moments, absl::string_view name);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_MOMENTS_H_
