#include "stats/effect.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/fieller.h"

namespace stagecraft::stats {
namespace {

absl::string_view TestName(double degrees_of_freedom) {
  return std::isinf(degrees_of_freedom) ? "normal z" : "Student t";
}

bool Usable(const NormalEstimate& estimate) {
  return std::isfinite(estimate.value) &&
         std::isfinite(estimate.standard_error) && estimate.standard_error >= 0;
}

absl::Status CheckArms(const NormalEstimate& control,
                       const NormalEstimate& treatment,
                       double degrees_of_freedom) {
  // Messages are built only where there is something to say.
  if (!Usable(control) || !Usable(treatment) || !(degrees_of_freedom > 0)) {
    return FirstError({CheckEstimate(control, "control"),
                       CheckEstimate(treatment, "treatment"),
                       CheckDegrees(degrees_of_freedom)});
  }
  if (control.standard_error == 0 && treatment.standard_error == 0) {
    return NotEnough(
        "both standard errors are 0, want at least one arm with variance");
  }
  return absl::OkStatus();
}

// Katz: inference on ln(t / c), told as a lift. With both values negative a
// larger ratio is a lower lift.
absl::StatusOr<Effect> LogRatioLift(const NormalEstimate& control,
                                    const NormalEstimate& treatment,
                                    const LiftOptions& options,
                                    double degrees_of_freedom) {
  const double ratio = treatment.value / control.value;
  if (!(ratio > 0)) {
    return NotEnough(absl::StrCat(
        "the log ratio needs values of one sign, neither 0: control is ",
        control.value, ", treatment is ", treatment.value));
  }
  const double sign = control.value < 0 ? -1 : 1;
  if (!(sign * options.null_value > -1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("null_value is ", options.null_value, ", want ",
                     sign > 0 ? "> -1" : "< 1", " for the log ratio"));
  }
  const double se = std::hypot(treatment.standard_error / treatment.value,
                               control.standard_error / control.value);
  const double log_ratio = std::log(ratio);
  Effect effect;
  effect.value = sign * (ratio - 1);
  effect.standard_error = ratio * se;
  effect.statistic =
      sign * (log_ratio - std::log1p(sign * options.null_value)) / se;
  effect.degrees_of_freedom = degrees_of_freedom;
  effect.interval = SymmetricInterval(sign * log_ratio, se, degrees_of_freedom,
                                      options.alpha, options.alternative);
  effect.interval.lower = sign * std::expm1(sign * effect.interval.lower);
  effect.interval.upper = sign * std::expm1(sign * effect.interval.upper);
  effect.test_method =
      std::isinf(degrees_of_freedom) ? "log ratio z" : "log ratio t";
  effect.interval_method = "log ratio (Katz)";
  return effect;
}

absl::StatusOr<Effect> FiellerLift(const NormalEstimate& control,
                                   const NormalEstimate& treatment,
                                   const LiftOptions& options,
                                   double degrees_of_freedom) {
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  if (!two_sided && options.alpha >= 0.5) {
    return absl::InvalidArgumentError(
        absl::StrCat("alpha is ", options.alpha,
                     ", want < 0.5 for a one-sided Fieller bound"));
  }
  const auto set = FiellerLiftSet(control, treatment,
                                  two_sided ? options.alpha : 2 * options.alpha,
                                  degrees_of_freedom);
  if (!set.ok()) return set.status();
  const double sign = control.value < 0 ? -1 : 1;
  // The null lift L: t - c = L |c|.
  const double factor = 1 + sign * options.null_value;
  const double contrast = treatment.value - factor * control.value;
  const double se =
      std::hypot(treatment.standard_error, factor * control.standard_error);
  if (!(se > 0))
    return NotEnough("the contrast has no variance under the null");
  Effect effect;
  effect.value = (treatment.value - control.value) / std::abs(control.value);
  effect.standard_error =
      std::hypot(treatment.standard_error,
                 treatment.value / control.value * control.standard_error) /
      std::abs(control.value);
  effect.statistic = contrast / se;
  effect.degrees_of_freedom = degrees_of_freedom;
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

Effect DeltaLift(const NormalEstimate& control, const NormalEstimate& treatment,
                 const LiftOptions& options, double degrees_of_freedom) {
  const double size = std::abs(control.value);
  Effect effect;
  effect.value = (treatment.value - control.value) / size;
  effect.standard_error =
      std::hypot(treatment.standard_error,
                 treatment.value / size * control.standard_error) /
      size;
  effect.statistic =
      (effect.value - options.null_value) / effect.standard_error;
  effect.degrees_of_freedom = degrees_of_freedom;
  effect.interval =
      SymmetricInterval(effect.value, effect.standard_error, degrees_of_freedom,
                        options.alpha, options.alternative);
  effect.test_method =
      std::isinf(degrees_of_freedom) ? "delta method z" : "delta method t";
  effect.interval_method = "delta method";
  return effect;
}

}  // namespace

absl::StatusOr<Effect> CompareEstimates(const NormalEstimate& control,
                                        const NormalEstimate& treatment,
                                        const TestOptions& options,
                                        double degrees_of_freedom) {
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  if (auto status = CheckFinite(options.null_value, "null_value");
      !status.ok()) {
    return status;
  }
  if (auto status = CheckArms(control, treatment, degrees_of_freedom);
      !status.ok()) {
    return status;
  }
  Effect effect;
  effect.value = treatment.value - control.value;
  effect.standard_error =
      std::hypot(treatment.standard_error, control.standard_error);
  effect.statistic =
      (effect.value - options.null_value) / effect.standard_error;
  effect.degrees_of_freedom = degrees_of_freedom;
  if (auto status =
          CheckResult({effect.value, effect.standard_error, effect.statistic},
                      "the difference");
      !status.ok()) {
    return status;
  }
  effect.p_value =
      PValue(effect.statistic, degrees_of_freedom, options.alternative);
  effect.interval =
      SymmetricInterval(effect.value, effect.standard_error, degrees_of_freedom,
                        options.alpha, options.alternative);
  effect.alternative = options.alternative;
  effect.test_method = TestName(degrees_of_freedom);
  effect.interval_method = TestName(degrees_of_freedom);
  return effect;
}

absl::StatusOr<Effect> LiftOfEstimates(const NormalEstimate& control,
                                       const NormalEstimate& treatment,
                                       const LiftOptions& options,
                                       double degrees_of_freedom) {
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  if (auto status = CheckFinite(options.null_value, "null_value");
      !status.ok()) {
    return status;
  }
  if (auto status = CheckArms(control, treatment, degrees_of_freedom);
      !status.ok()) {
    return status;
  }
  if (options.method == LiftMethod::kScore ||
      options.method == LiftMethod::kScoreMiettinenNurminen) {
    return absl::InvalidArgumentError(
        "method is kScore, want another: the score interval is for rates");
  }
  if (options.method == LiftMethod::kLogRatioAdjusted) {
    return absl::InvalidArgumentError(
        "method is kLogRatioAdjusted, want another: the adjustment is for "
        "rates");
  }
  if (control.value == 0) {
    return NotEnough(
        "the control value is 0, want another: a relative lift "
        "divides by it");
  }
  LiftMethod method = options.method;
  if (method == LiftMethod::kAutomatic) {
    method = std::abs(control.value) < 3 * control.standard_error
                 ? LiftMethod::kFieller
                 : LiftMethod::kDelta;
  }
  absl::StatusOr<Effect> effect =
      method == LiftMethod::kLogRatio
          ? LogRatioLift(control, treatment, options, degrees_of_freedom)
      : method == LiftMethod::kFieller
          ? FiellerLift(control, treatment, options, degrees_of_freedom)
          : DeltaLift(control, treatment, options, degrees_of_freedom);
  if (!effect.ok()) return effect;
  // A treatment value of 0 without error leaves the lift -1 without error.
  if (effect->standard_error == 0) {
    return NotEnough(
        "the lift has no variance: the treatment value is 0 "
        "without error, so the lift is -1 whatever the control");
  }
  if (auto status = CheckResult(
          {effect->value, effect->standard_error, effect->statistic},
          "the relative lift");
      !status.ok()) {
    return status;
  }
  effect->p_value =
      PValue(effect->statistic, degrees_of_freedom, options.alternative);
  effect->alternative = options.alternative;
  return effect;
}

}  // namespace stagecraft::stats
