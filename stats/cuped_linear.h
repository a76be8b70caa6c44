// One arm of an adjustment with its ratios linearised. For cuped.cc.
#ifndef STAGECRAFT_STATS_CUPED_LINEAR_H_
#define STAGECRAFT_STATS_CUPED_LINEAR_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/cuped.h"
#include "stats/multi_moments.h"

namespace stagecraft::stats {

// Below this share of the terms that it is a difference of, a variance is
// rounding.
inline constexpr double kVarianceRounding = 1.5e-14;

// One arm with every variable linearised: y, then p covariates.
struct LinearArm {
  double n = 0;
  double y = 0;             // The mean or ratio.
  double variance = 0;      // S_yy.
  std::vector<double> x;    // Means or ratios of the covariates.
  std::vector<double> sxy;  // p.
  std::vector<double> sxx;  // p x p.
};

// Errors: kFailedPrecondition if a denominator has the mean 0.
absl::StatusOr<LinearArm> Linearise(const MultiMoments& arm,
                                    const CupedOptions& options,
                                    absl::string_view name);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_CUPED_LINEAR_H_
