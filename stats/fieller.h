// Fieller's confidence set of a ratio of two correlated normal estimates.
//
// The set of all R with (a - R b)^2 <= q^2 (va - 2 R vab + R^2 vb), where q is
// the two-sided quantile of level 1 - alpha. It is
//   kBounded     [lower, upper], if b differs from 0 (b^2 > q^2 vb);
//   kComplement  (-inf, lower] and [upper, inf), if not, and a differs from R b
//                for some R;
//   kWholeLine   everything, otherwise.
//
// Source: E. Fieller, J. R. Stat. Soc. B 16 (1954) 175; shapes: U. von Luxburg,
//         V. Franz, Stat. Sin. 19 (2009) 1095.
#ifndef STAGECRAFT_STATS_FIELLER_H_
#define STAGECRAFT_STATS_FIELLER_H_

#include "absl/status/statusor.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

enum class ConfidenceShape { kBounded, kComplement, kWholeLine };

// `lower` < `upper` are the ends of the interval (kBounded) or of the GAP
// (kComplement: what lies strictly between is excluded); infinite for
// kWholeLine. Either end of a gap may be infinite: then the set is a half-line.
struct ConfidenceSet {
  ConfidenceShape shape = ConfidenceShape::kWholeLine;
  double lower = -kInfinity;
  double upper = kInfinity;
  double level = 0;
};

// True if `ratio` is in the set.
bool Contains(const ConfidenceSet& set, double ratio);

// The smallest interval that holds the set: itself, or the whole line.
Interval Hull(const ConfidenceSet& set);

// Of numerator / denominator. `covariance` is between the two estimates.
//
// Errors: kInvalidArgument for a bad alpha, values that are not finite,
// negative variances or |covariance| > sqrt of their product;
// kFailedPrecondition if both the denominator and its variance are 0.
absl::StatusOr<ConfidenceSet> FiellerSet(const NormalEstimate& numerator,
                                         const NormalEstimate& denominator,
                                         double covariance, double alpha,
                                         double degrees_of_freedom = kInfinity);

// Of the relative lift (t - c) / |c| of two independent estimates.
absl::StatusOr<ConfidenceSet> FiellerLiftSet(
    const NormalEstimate& control, const NormalEstimate& treatment,
    double alpha, double degrees_of_freedom = kInfinity);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_FIELLER_H_
