#include "stats/mixture_sprt.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/boundary_mixture.h"
#include "stats/check.h"
#include "stats/confidence_sequence.h"
#include "stats/distributions.h"
#include "stats/mean.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckOptions(const MixtureSprtOptions& options) {
  return FirstError({CheckPositive(options.tau_squared, "tau_squared"),
                     CheckAlpha(options.alpha),
                     CheckFinite(options.null_value, "null_value")});
}

// All arguments checked, error > 0.
absl::StatusOr<MixtureSprt> Test(double difference, double error,
                                 const MixtureSprtOptions& options) {
  MixtureSprt result{.value = difference, .standard_error = error};
  const double u = options.tau_squared / error / error;
  const double z = (difference - options.null_value) / error;
  if (auto status = CheckResult({z, u}, "the mSPRT"); !status.ok()) {
    return status;
  }
  // In units of the error: s = z sqrt(u) at time u of a mixture with rho = 1.
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  const double sign = options.alternative == Alternative::kLess ? -1 : 1;
  const auto mixture = MakeMixtureWithRho(
      two_sided ? BoundaryKind::kNormalTwoSided : BoundaryKind::kNormalOneSided,
      1);
  if (!mixture.ok()) return mixture.status();
  const double root = std::sqrt(u);
  const auto log_ratio = LogSupermartingale(*mixture, sign * z * root, u);
  if (!log_ratio.ok()) return log_ratio.status();
  const auto bound = MixtureBound(*mixture, u, options.alpha);
  if (!bound.ok()) return bound.status();
  const double radius = *bound / root * error;
  if (auto status = CheckResult({*log_ratio, radius}, "the mSPRT");
      !status.ok()) {
    return status;
  }
  result.log_likelihood_ratio = *log_ratio;
  result.p_value = std::exp(-std::max(0.0, *log_ratio));
  result.interval.level = 1 - options.alpha;
  if (options.alternative != Alternative::kLess) {
    result.interval.lower = difference - radius;
  }
  if (options.alternative != Alternative::kGreater) {
    result.interval.upper = difference + radius;
  }
  return result;
}

}  // namespace

absl::StatusOr<MixtureSprt> TestMixtureSprt(const NormalEstimate& difference,
                                            const MixtureSprtOptions& options) {
  if (auto status = FirstError(
          {CheckOptions(options), CheckEstimate(difference, "difference")});
      !status.ok()) {
    return status;
  }
  if (difference.standard_error == 0) {
    return NotEnough("difference.standard_error is 0, want > 0");
  }
  return Test(difference.value, difference.standard_error, options);
}

absl::StatusOr<MixtureSprt> TestMixtureSprt(const Moments& control,
                                            const Moments& treatment,
                                            const MixtureSprtOptions& options) {
  if (auto status =
          FirstError({CheckOptions(options), CheckMoments(control, "control"),
                      CheckMoments(treatment, "treatment")});
      !status.ok()) {
    return status;
  }
  KnownVariances unit{control.variance, treatment.variance};
  if (options.known.has_value()) {
    unit = *options.known;
    if (auto status =
            FirstError({CheckNotNegative(unit.control, "known.control"),
                        CheckNotNegative(unit.treatment, "known.treatment")});
        !status.ok()) {
      return status;
    }
    if (unit.control + unit.treatment == 0) {
      return absl::InvalidArgumentError(
          "known variances are both 0, want at least one > 0");
    }
  }
  const int64_t smallest = options.known.has_value() ? 1 : 2;
  for (const auto& [n, name] : {std::pair(control.n, "control.n"),
                                std::pair(treatment.n, "treatment.n")}) {
    if (n < smallest) {
      return NotEnough(
          absl::StrCat(name, " is ", n, ", want at least ", smallest));
    }
  }
  if (!(unit.control + unit.treatment > 0)) {
    return NotEnough(
        "both variances are 0, want at least one arm with variance");
  }
  const double per_control = 1 / static_cast<double>(control.n);
  const double per_treatment = 1 / static_cast<double>(treatment.n);
  const double variance =
      options.variance == SprtVariance::kPair
          ? (unit.control + unit.treatment) * (per_control + per_treatment) / 2
          : unit.control * per_control + unit.treatment * per_treatment;
  return Test(treatment.mean - control.mean, std::sqrt(variance), options);
}

absl::StatusOr<MixtureSprt> TestMixtureSprt(const Moments& control,
                                            const Moments& treatment,
                                            double tau_squared) {
  return TestMixtureSprt(control, treatment,
                         MixtureSprtOptions{.tau_squared = tau_squared});
}

absl::StatusOr<double> MixtureVarianceForPlan(double alpha, double variance) {
  if (auto status = CheckPositive(variance, "variance"); !status.ok()) {
    return status;
  }
  const auto u = ExactSequenceRhoSquared(alpha, 1);
  if (!u.ok()) return u.status();
  return *u * variance;
}

absl::StatusOr<double> MixtureVarianceForPrior(double alpha,
                                               double prior_variance,
                                               double pair_variance,
                                               double pairs) {
  if (auto status = FirstError({CheckAlpha(alpha),
                                CheckPositive(prior_variance, "prior_variance"),
                                CheckPositive(pair_variance, "pair_variance"),
                                CheckPositive(pairs, "pairs")});
      !status.ok()) {
    return status;
  }
  const double b = std::sqrt(-2 * std::log(alpha) / pairs) *
                   std::sqrt(pair_variance / prior_variance);
  double ratio = 0;
  if (b < 30) {
    const double tail = NormalUpperTail(b);
    ratio = tail / (NormalDensity(b) / b - tail);
  } else {
    // Both are phi(b) times an asymptotic series in y = 1 / b^2.
    const double y = 1 / (b * b);
    const double tail =
        1 -
        y * (1 -
             3 * y * (1 - 5 * y * (1 - 7 * y * (1 - 9 * y * (1 - 11 * y)))));
    const double rest =
        1 - 3 * y * (1 - 5 * y * (1 - 7 * y * (1 - 9 * y * (1 - 11 * y))));
    ratio = tail / (y * rest);
  }
  const double tau_squared = prior_variance * ratio;
  if (auto status = CheckResult({tau_squared}, "the mixture variance");
      !status.ok()) {
    return status;
  }
  return tau_squared;
}

}  // namespace stagecraft::stats
