#include "stats/confidence_sequence.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/mean.h"

namespace stagecraft::stats {
namespace {

// With u = n rho^2 and the statistic z, the radius over the standard error.
double RelativeRadius(double u, double alpha, bool two_sided) {
  const double root = 0.5 * std::log1p(u);  // ln sqrt(u + 1).
  const double log_term = two_sided ? root - std::log(alpha)
                                    : std::log1p(std::exp(root) / (2 * alpha));
  return std::sqrt(2 * (1 + 1 / u) * log_term);
}

double TwoSidedPValue(double u, double z) {
  const double log_p = 0.5 * std::log1p(u) - 0.5 * z * z * u / (u + 1);
  return std::exp(std::min(0.0, log_p));
}

// alpha with 1 + sqrt(u + 1) / (2 alpha) = exp(x).
double OneSidedPValue(double u, double z) {
  if (!(z > 0)) return 1;
  const double x = 0.5 * z * z * u / (u + 1);
  const double log_expm1 =
      x > 1 ? x + std::log1p(-std::exp(-x)) : std::log(std::expm1(x));
  const double log_p = 0.5 * std::log1p(u) - M_LN2 - log_expm1;
  return std::exp(std::min(0.0, log_p));
}

absl::Status CheckPlan(double alpha, int64_t planned_units) {
  if (auto status = CheckAlpha(alpha); !status.ok()) return status;
  if (planned_units <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("planned_units is ", planned_units, ", want > 0"));
  }
  return absl::OkStatus();
}

// The options alone: n rho^2 is this times the units. Not for kMixingVariance.
absl::StatusOr<double> RhoSquaredOf(const SequenceOptions& options) {
  const bool per_side =
      options.alternative != Alternative::kTwoSided &&
      (options.tuning == SequenceTuning::kExact ||
       options.tuning == SequenceTuning::kPlannedUnitsPerSide);
  if (per_side && options.alpha >= 0.5) {
    return absl::InvalidArgumentError(
        absl::StrCat("alpha is ", options.alpha,
                     ", want < 0.5 to tune a one-sided sequence at 2 alpha"));
  }
  const double alpha = per_side ? 2 * options.alpha : options.alpha;
  if (options.tuning == SequenceTuning::kRhoSquared) {
    if (auto status = CheckPositive(options.rho_squared, "rho_squared");
        !status.ok()) {
      return status;
    }
    return options.rho_squared;
  }
  return options.tuning == SequenceTuning::kExact
             ? ExactSequenceRhoSquared(alpha, options.planned_units)
             : SequenceRhoSquared(alpha, options.planned_units);
}

// u of the formulas, all arguments checked.
absl::StatusOr<double> MixingRatio(double standard_error, int64_t total_units,
                                   const SequenceOptions& options) {
  if (auto status = FirstError({CheckAlpha(options.alpha),
                                CheckFinite(options.null_value, "null_value"),
                                CheckNotNegative(total_units, "total_units")});
      !status.ok()) {
    return status;
  }
  double per_unit = 0;
  if (options.tuning == SequenceTuning::kMixingVariance) {
    if (auto status = CheckPositive(options.mixing_variance, "mixing_variance");
        !status.ok()) {
      return status;
    }
  } else {
    const auto rho_squared = RhoSquaredOf(options);
    if (!rho_squared.ok()) return rho_squared.status();
    per_unit = *rho_squared;
  }
  if (total_units < kMinimumUnits) {
    return NotEnough(absl::StrCat("total_units is ", total_units,
                                  ", want at least ", kMinimumUnits,
                                  ": the sequence is asymptotic"));
  }
  if (options.tuning != SequenceTuning::kMixingVariance) {
    return static_cast<double>(total_units) * per_unit;
  }
  return options.mixing_variance / standard_error / standard_error;
}

}  // namespace

absl::StatusOr<double> SequenceRhoSquared(double alpha, int64_t planned_units) {
  if (auto status = CheckPlan(alpha, planned_units); !status.ok()) {
    return status;
  }
  const double log_term = -2 * std::log(alpha);
  return (log_term + std::log1p(log_term)) / static_cast<double>(planned_units);
}

absl::StatusOr<double> ExactSequenceRhoSquared(double alpha,
                                               int64_t planned_units) {
  if (auto status = CheckPlan(alpha, planned_units); !status.ok()) {
    return status;
  }
  // u = L + ln(1 + u) with L = -2 ln alpha; Newton from above is monotone.
  const double log_term = -2 * std::log(alpha);
  double u = 2 * log_term + 2 * std::sqrt(log_term);
  for (int i = 0; i < 100; ++i) {
    const double step = (u - log_term - std::log1p(u)) * (1 + u) / u;
    u -= step;
    if (!(std::abs(step) > 1e-16 * u)) break;
  }
  return u / static_cast<double>(planned_units);
}

absl::StatusOr<double> SequenceCriticalValue(double standard_error,
                                             int64_t total_units,
                                             const SequenceOptions& options) {
  if (options.tuning == SequenceTuning::kMixingVariance) {
    if (auto status = CheckPositive(standard_error, "standard_error");
        !status.ok()) {
      return status;
    }
  }
  const auto u = MixingRatio(standard_error, total_units, options);
  if (!u.ok()) return u.status();
  const double radius = RelativeRadius(
      *u, options.alpha, options.alternative == Alternative::kTwoSided);
  if (auto status = CheckResult({radius}, "the critical value"); !status.ok()) {
    return status;
  }
  return radius;
}

absl::StatusOr<Effect> AnytimeEffect(const NormalEstimate& difference,
                                     int64_t total_units,
                                     const SequenceOptions& options) {
  if (auto status = CheckEstimate(difference, "difference"); !status.ok()) {
    return status;
  }
  const auto u = MixingRatio(difference.standard_error, total_units, options);
  if (!u.ok()) return u.status();
  if (difference.standard_error == 0) {
    return NotEnough("difference.standard_error is 0, want > 0");
  }
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  const double radius =
      difference.standard_error * RelativeRadius(*u, options.alpha, two_sided);
  Effect effect;
  effect.value = difference.value;
  effect.standard_error = difference.standard_error;
  effect.statistic =
      (difference.value - options.null_value) / difference.standard_error;
  if (auto status =
          CheckResult({effect.statistic, radius}, "the confidence sequence");
      !status.ok()) {
    return status;
  }
  effect.interval.level = 1 - options.alpha;
  if (options.alternative != Alternative::kLess) {
    effect.interval.lower = difference.value - radius;
  }
  if (options.alternative != Alternative::kGreater) {
    effect.interval.upper = difference.value + radius;
  }
  effect.p_value = two_sided ? TwoSidedPValue(*u, effect.statistic)
                   : options.alternative == Alternative::kGreater
                       ? OneSidedPValue(*u, effect.statistic)
                       : OneSidedPValue(*u, -effect.statistic);
  effect.alternative = options.alternative;
  effect.test_method = "asymptotic confidence sequence";
  effect.interval_method = "asymptotic confidence sequence";
  return effect;
}

absl::StatusOr<Effect> AnytimeMeanDifference(const Moments& control,
                                             const Moments& treatment,
                                             const SequenceOptions& options) {
  const auto c = MeanWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = MeanWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  return AnytimeEffect(
      {.value = t->value - c->value,
       .standard_error = std::hypot(t->standard_error, c->standard_error)},
      control.n + treatment.n, options);
}

}  // namespace stagecraft::stats
