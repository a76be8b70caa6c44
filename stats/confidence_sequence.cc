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

}  // namespace

absl::StatusOr<double> SequenceRhoSquared(double alpha, int64_t planned_units) {
  if (auto status = CheckAlpha(alpha); !status.ok()) return status;
  if (planned_units <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("planned_units is ", planned_units, ", want > 0"));
  }
  const double log_term = -2 * std::log(alpha);
  return (log_term + std::log1p(log_term)) / static_cast<double>(planned_units);
}

absl::StatusOr<Effect> AnytimeEffect(const NormalEstimate& difference,
                                     int64_t total_units,
                                     const SequenceOptions& options) {
  const auto rho_squared =
      SequenceRhoSquared(options.alpha, options.planned_units);
  if (!rho_squared.ok()) return rho_squared.status();
  if (auto status = FirstError({CheckFinite(options.null_value, "null_value"),
                                CheckEstimate(difference, "difference"),
                                CheckNotNegative(total_units, "total_units")});
      !status.ok()) {
    return status;
  }
  if (total_units < kMinimumUnits) {
    return NotEnough(absl::StrCat("total_units is ", total_units,
                                  ", want at least ", kMinimumUnits,
                                  ": the sequence is asymptotic"));
  }
  if (difference.standard_error == 0) {
    return NotEnough("difference.standard_error is 0, want > 0");
  }
  const double u = static_cast<double>(total_units) * *rho_squared;
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  const double radius =
      difference.standard_error * RelativeRadius(u, options.alpha, two_sided);
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
  effect.p_value = two_sided ? TwoSidedPValue(u, effect.statistic)
                   : options.alternative == Alternative::kGreater
                       ? OneSidedPValue(u, effect.statistic)
                       : OneSidedPValue(u, -effect.statistic);
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

absl::StatusOr<MixtureSprt> TestMixtureSprt(const Moments& control,
                                            const Moments& treatment,
                                            double tau_squared) {
  if (auto status = CheckPositive(tau_squared, "tau_squared"); !status.ok()) {
    return status;
  }
  const auto c = MeanWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = MeanWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  const double variance = control.variance + treatment.variance;
  if (!(variance > 0)) {
    return NotEnough(
        "both variances are 0, want at least one arm with variance");
  }
  const double n = 2 / (1 / static_cast<double>(control.n) +
                        1 / static_cast<double>(treatment.n));
  const double difference = treatment.mean - control.mean;
  const double information = n * tau_squared / variance;
  const double weight = information / (1 + information);
  MixtureSprt result;
  result.log_likelihood_ratio =
      -0.5 * std::log1p(information) +
      0.5 * n * difference * (difference / variance) * weight;
  if (auto status = CheckResult({result.log_likelihood_ratio}, "the mSPRT");
      !status.ok()) {
    return status;
  }
  result.p_value = std::exp(-std::max(0.0, result.log_likelihood_ratio));
  return result;
}

}  // namespace stagecraft::stats
