#include "stats/lift_of_difference.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/fieller.h"

namespace stagecraft::stats {
namespace {

// The difference relative to the size of the control mean, with what the delta
// method needs.
struct Relative {
  double sign = 1;  // Of the control mean.
  double size = 0;  // Its absolute value.
  double difference = 0;
  double variance = 0;    // Of the difference.
  double covariance = 0;  // Of difference and size.
  double size_variance = 0;

  double ContrastVariance(double lift) const {
    return variance - 2 * lift * covariance + lift * lift * size_variance;
  }
};

absl::StatusOr<Effect> DeltaOrLog(const Relative& r, const LiftOptions& options,
                                  bool log_ratio) {
  Effect effect;
  effect.value = r.difference / r.size;
  const double variance = r.ContrastVariance(effect.value);
  if (!(variance > 0)) return NotEnough("the lift has no variance");
  effect.standard_error = std::sqrt(variance) / r.size;
  if (!log_ratio) {
    effect.statistic =
        (effect.value - options.null_value) / effect.standard_error;
    effect.interval =
        SymmetricInterval(effect.value, effect.standard_error, kInfinity,
                          options.alpha, options.alternative);
    effect.test_method = "delta method z";
    effect.interval_method = "delta method";
    return effect;
  }
  const double ratio = 1 + r.sign * effect.value;
  if (!(ratio > 0)) {
    return NotEnough(absl::StrCat("1 + difference / control mean is ", ratio,
                                  ", want > 0 for the log ratio"));
  }
  if (!(r.sign * options.null_value > -1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("null_value is ", options.null_value, ", want ",
                     r.sign > 0 ? "> -1" : "< 1", " for the log ratio"));
  }
  const double se = effect.standard_error / ratio;
  const double center = r.sign * std::log(ratio);
  effect.statistic =
      (center - r.sign * std::log1p(r.sign * options.null_value)) / se;
  effect.interval = SymmetricInterval(center, se, kInfinity, options.alpha,
                                      options.alternative);
  effect.interval.lower = r.sign * std::expm1(r.sign * effect.interval.lower);
  effect.interval.upper = r.sign * std::expm1(r.sign * effect.interval.upper);
  effect.test_method = "log ratio z";
  effect.interval_method = "log ratio";
  return effect;
}

absl::StatusOr<Effect> Fieller(const Relative& r, const LiftOptions& options) {
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  if (!two_sided && options.alpha >= 0.5) {
    return absl::InvalidArgumentError(
        absl::StrCat("alpha is ", options.alpha,
                     ", want < 0.5 for a one-sided Fieller bound"));
  }
  // Rounding must not push the correlation beyond 1.
  const double limit = std::sqrt(r.variance) * std::sqrt(r.size_variance);
  const auto set = FiellerSet({r.difference, std::sqrt(r.variance)},
                              {r.size, std::sqrt(r.size_variance)},
                              std::clamp(r.covariance, -limit, limit),
                              two_sided ? options.alpha : 2 * options.alpha);
  if (!set.ok()) return set.status();
  const double null_variance = r.ContrastVariance(options.null_value);
  if (!(null_variance > 0)) {
    return NotEnough("the contrast has no variance under the null");
  }
  Effect effect;
  effect.value = r.difference / r.size;
  effect.standard_error =
      std::sqrt(std::max(0.0, r.ContrastVariance(effect.value))) / r.size;
  effect.statistic =
      (r.difference - options.null_value * r.size) / std::sqrt(null_variance);
  effect.interval = Hull(*set);
  effect.interval.level = 1 - options.alpha;
  if (options.alternative == Alternative::kGreater) {
    effect.interval.upper = kInfinity;
  } else if (options.alternative == Alternative::kLess) {
    effect.interval.lower = -kInfinity;
  }
  effect.test_method = "linear contrast";
  effect.interval_method = "Fieller";
  return effect;
}

}  // namespace

absl::StatusOr<Effect> LiftOfDifference(const NormalEstimate& difference,
                                        const NormalEstimate& control,
                                        double covariance,
                                        const LiftOptions& options) {
  if (auto status = FirstError({CheckAlpha(options.alpha),
                                CheckFinite(options.null_value, "null_value"),
                                CheckEstimate(difference, "difference"),
                                CheckEstimate(control, "control"),
                                CheckFinite(covariance, "covariance")});
      !status.ok()) {
    return status;
  }
  const double limit = difference.standard_error * control.standard_error;
  if (std::abs(covariance) > limit * (1 + 1e-9)) {
    return absl::InvalidArgumentError(
        absl::StrCat("covariance is ", covariance,
                     ", want at most the product of the standard errors, ",
                     limit, ", in absolute value"));
  }
  switch (options.method) {
    case LiftMethod::kAutomatic:
    case LiftMethod::kDelta:
    case LiftMethod::kLogRatio:
    case LiftMethod::kFieller:
      break;
    default:
      return absl::InvalidArgumentError(
          "method is one for rates only, want kAutomatic, kDelta, kLogRatio or "
          "kFieller");
  }
  if (control.value == 0) {
    return NotEnough(
        "the control value is 0, want a control that differs from 0 for a "
        "relative lift");
  }
  const double sign = control.value < 0 ? -1 : 1;
  const Relative relative{
      .sign = sign,
      .size = std::abs(control.value),
      .difference = difference.value,
      .variance = difference.standard_error * difference.standard_error,
      .covariance = sign * covariance,
      .size_variance = control.standard_error * control.standard_error};
  LiftMethod method = options.method;
  if (method == LiftMethod::kAutomatic) {
    method = relative.size < 3 * control.standard_error ? LiftMethod::kFieller
                                                        : LiftMethod::kDelta;
  }
  auto effect =
      method == LiftMethod::kFieller
          ? Fieller(relative, options)
          : DeltaOrLog(relative, options, method == LiftMethod::kLogRatio);
  if (!effect.ok()) return effect.status();
  if (auto status = CheckResult(
          {effect->value, effect->standard_error, effect->statistic},
          "the relative lift");
      !status.ok()) {
    return status;
  }
  effect->p_value = PValue(effect->statistic, kInfinity, options.alternative);
  effect->alternative = options.alternative;
  return effect;
}

}  // namespace stagecraft::stats
