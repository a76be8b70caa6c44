#include "stats/peeking.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/recursive_integration.h"

namespace stagecraft::stats {

absl::StatusOr<double> PeekingError(int looks, const PeekingOptions& options) {
  if (looks < 1 || looks > 2000) {
    return absl::InvalidArgumentError(
        absl::StrCat("looks is ", looks, ", want a number in [1, 2000]"));
  }
  if (!(std::abs(options.drift) <= 100)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "drift is ", options.drift, ", want a number in [-100, 100]"));
  }
  const double sides = options.one_sided ? 1 : 2;
  if (absl::Status status = CheckBetween(options.alpha, 0, sides / 2, "alpha");
      !status.ok()) {
    return status;
  }
  const double z = NormalUpperQuantile(options.alpha / sides);
  ExitRecursion path(0, 0);
  double error = 0;
  for (int k = 1; k <= looks; ++k) {
    const double time = static_cast<double>(k) / looks;
    const double mean = options.drift * time;
    const double bound = z * std::sqrt(time);
    path.Next(time);
    Continuation region{.upper = bound - mean};
    error += path.Above(region.upper, 0);
    if (!options.one_sided) {
      region.lower = -bound - mean;
      error += path.Below(region.lower, 0);
    }
    path.Continue(region);
  }
  return error;
}

}  // namespace stagecraft::stats
