#include "stats/survey.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {

absl::StatusOr<int> NetPromoterContribution(double rating) {
  if (!(rating >= 0 && rating <= 10) || rating != std::floor(rating)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "rating is ", rating, ", want a whole number from 0 to 10"));
  }
  return rating >= 9 ? 1 : rating >= 7 ? 0 : -1;
}

absl::StatusOr<Estimate> EstimateNetPromoterScore(
    const NetPromoterCounts& counts, double alpha) {
  if (auto status = FirstError(
          {CheckAlpha(alpha), CheckNotNegative(counts.promoters, "promoters"),
           CheckNotNegative(counts.passives, "passives"),
           CheckNotNegative(counts.detractors, "detractors")});
      !status.ok()) {
    return status;
  }
  const double up = static_cast<double>(counts.promoters);
  const double none = static_cast<double>(counts.passives);
  const double down = static_cast<double>(counts.detractors);
  const double n = up + none + down;
  if (n < 2) {
    return NotEnough(
        absl::StrCat("there are ", n, " answers, want at least 2"));
  }
  // p + d - (p - d)^2 as a sum of products: p z + d z + 4 p d, z the passives.
  const double p = up / n, d = down / n, z = none / n;
  const double variance = (p + d) * z + 4 * p * d;
  if (!(variance > 0)) {
    return NotEnough("all answers are alike, want at least two kinds");
  }
  Estimate estimate{.value = (up - down) / n,
                    .standard_error = std::sqrt(variance / (n - 1))};
  estimate.interval =
      SymmetricInterval(estimate.value, estimate.standard_error, kInfinity,
                        alpha, Alternative::kTwoSided);
  estimate.interval.lower = std::max(-1.0, estimate.interval.lower);
  estimate.interval.upper = std::min(1.0, estimate.interval.upper);
  return estimate;
}

}  // namespace stagecraft::stats
