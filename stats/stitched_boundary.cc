#include "stats/stitched_boundary.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/boundary_math.h"
#include "stats/check.h"

namespace stagecraft::stats {

absl::StatusOr<double> StitchedBound(double v, double alpha,
                                     const StitchedOptions& options) {
  if (auto status = FirstError({CheckNotNegative(v, "v"), CheckAlpha(alpha),
                                CheckPositive(options.v_min, "v_min"),
                                CheckFinite(options.c, "c")});
      !status.ok()) {
    return status;
  }
  if (!(options.s > 1) || !std::isfinite(options.s)) {
    return absl::InvalidArgumentError(
        absl::StrCat("s is ", options.s, ", want a finite number > 1"));
  }
  if (!(options.eta > 1) || !std::isfinite(options.eta)) {
    return absl::InvalidArgumentError(
        absl::StrCat("eta is ", options.eta, ", want a finite number > 1"));
  }
  const double eta = options.eta, s = options.s;
  const double time = std::max(v, options.v_min);
  const double quarter = std::pow(eta, 0.25);
  const double k1 = (quarter + 1 / quarter) * M_SQRT1_2;
  const double k2 = (std::sqrt(eta) + 1) / 2;
  const double log_eta = std::log(eta);
  // s ln ln(eta x) - s ln ln(eta) = s ln(1 + ln(x) / ln(eta)).
  const double l = s * std::log1p(std::log(time / options.v_min) / log_eta) +
                   std::log(RiemannZeta(s)) - std::log(alpha);
  const double linear = k2 * options.c * l;
  const double root = std::hypot(k1 * std::sqrt(time * l), linear);
  // For c < 0 the two terms would cancel.
  const double bound =
      linear >= 0 ? root + linear : k1 * k1 * time * l / (root - linear);
  if (auto status = CheckResult({bound}, "the stitched boundary");
      !status.ok()) {
    return status;
  }
  return bound;
}

}  // namespace stagecraft::stats
