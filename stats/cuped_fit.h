// Least squares on a covariance matrix, with the drop of covariates that add
// nothing. For cuped.h and regression_adjustment.h.
#ifndef STAGECRAFT_STATS_CUPED_FIT_H_
#define STAGECRAFT_STATS_CUPED_FIT_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace stagecraft::stats {

// A Cholesky factor of the covariates that were kept, in their order.
//
// Covariate j is dropped if it is constant (its variance is 0) or if the share
// of its variance that the kept ones before it do not predict is below 1e-10.
class CovariateFit {
 public:
  // `covariance` is p x p, row-major, symmetric.
  // Errors: kInvalidArgument if it is not positive semidefinite to rounding.
  static absl::StatusOr<CovariateFit> Make(absl::Span<const double> covariance,
                                           size_t p);

  // The covariance^-1 b on the kept covariates, 0 for the dropped.
  std::vector<double> Solve(absl::Span<const double> b) const;

  // d' covariance^-1 d over the kept covariates.
  double Quadratic(absl::Span<const double> d) const;

  const std::vector<size_t>& kept() const { return kept_; }
  bool IsKept(size_t j) const;

 private:
  std::vector<double> Forward(absl::Span<const double> b) const;

  size_t p_ = 0;
  std::vector<size_t> kept_;
  std::vector<double> scale_;   // Standard deviations of the kept.
  std::vector<double> factor_;  // Lower triangle, r x r, of the correlations.
};

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_CUPED_FIT_H_
