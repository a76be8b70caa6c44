#include "stats/fieller.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {

bool Contains(const ConfidenceSet& set, double ratio) {
  if (std::isnan(ratio)) return false;
  switch (set.shape) {
    case ConfidenceShape::kBounded:
      return ratio >= set.lower && ratio <= set.upper;
    case ConfidenceShape::kComplement:
      return ratio <= set.lower || ratio >= set.upper;
    case ConfidenceShape::kWholeLine:
      break;
  }
  return true;
}

Interval Hull(const ConfidenceSet& set) {
  Interval hull{.level = set.level};
  if (set.shape == ConfidenceShape::kBounded) {
    hull.lower = set.lower;
    hull.upper = set.upper;
  } else if (set.shape == ConfidenceShape::kComplement) {
    if (std::isinf(set.lower)) hull.lower = set.upper;
    if (std::isinf(set.upper)) hull.upper = set.lower;
  }
  return hull;
}

absl::StatusOr<ConfidenceSet> FiellerSet(const NormalEstimate& numerator,
                                         const NormalEstimate& denominator,
                                         double covariance, double alpha,
                                         double degrees_of_freedom) {
  if (auto status =
          FirstError({CheckAlpha(alpha), CheckEstimate(numerator, "numerator"),
                      CheckEstimate(denominator, "denominator"),
                      CheckFinite(covariance, "covariance"),
                      CheckDegrees(degrees_of_freedom)});
      !status.ok()) {
    return status;
  }
  const double limit = numerator.standard_error * denominator.standard_error;
  if (std::abs(covariance) > limit * (1 + 1e-9)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "covariance is ", covariance, ", want at most ", limit,
        " (the product of the standard errors) in absolute value"));
  }
  if (denominator.value == 0 && denominator.standard_error == 0) {
    return NotEnough(
        "denominator is exactly 0 without error, want one that differs from 0");
  }
  const double q = StudentUpperQuantile(alpha / 2, degrees_of_freedom);
  const double a = numerator.value, b = denominator.value;
  // c2 R^2 - 2 c1 R + c0 <= 0.
  const double qa = q * numerator.standard_error;
  const double qb = q * denominator.standard_error;
  const double c2 = (b - qb) * (b + qb);
  const double c1 = a * b - q * q * covariance;
  const double c0 = (a - qa) * (a + qa);
  if (auto status = CheckResult({c2, c1, c0}, "Fieller's equation");
      !status.ok()) {
    return status;
  }
  ConfidenceSet set{.level = 1 - alpha};
  // c1^2 - c0 c2, by a fused product so that close roots stay apart.
  const double product = c0 * c2;
  const double discriminant =
      std::fma(c1, c1, -product) - std::fma(c0, c2, -product);
  if (c2 == 0) {
    // A half-line: -2 c1 R + c0 <= 0.
    if (c1 == 0) return set;
    set.shape = ConfidenceShape::kComplement;
    if (c1 > 0) {
      set.upper = c0 / (2 * c1);
    } else {
      set.lower = c0 / (2 * c1);
    }
    return set;
  }
  if (c2 < 0 && discriminant <= 0) return set;
  // For c2 > 0 the ratio a / b is in the set: a negative value is rounding.
  const double root = std::sqrt(std::max(0.0, discriminant));
  // No cancellation: the root of larger size first, the other by Vieta.
  const double larger = c1 >= 0 ? c1 + root : c1 - root;
  double one = larger / c2;
  double two = larger == 0 ? 0 : c0 / larger;
  if (one > two) std::swap(one, two);
  set.shape = c2 > 0 ? ConfidenceShape::kBounded : ConfidenceShape::kComplement;
  set.lower = one;
  set.upper = two;
  return set;
}

absl::StatusOr<ConfidenceSet> FiellerLiftSet(const NormalEstimate& control,
                                             const NormalEstimate& treatment,
                                             double alpha,
                                             double degrees_of_freedom) {
  // (t - c) / |c| = s (t / c - 1) with s the sign of c.
  auto set = FiellerSet(treatment, control, 0, alpha, degrees_of_freedom);
  if (!set.ok() || set->shape == ConfidenceShape::kWholeLine) return set;
  if (control.value < 0) {
    const double lower = set->lower;
    set->lower = 1 - set->upper;
    set->upper = 1 - lower;
  } else {
    set->lower -= 1;
    set->upper -= 1;
  }
  return set;
}

}  // namespace stagecraft::stats
