#include "stats/power_student.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/power_common.h"

namespace stagecraft::stats {
namespace {

// Of a test with noncentrality |effect| / error.
Power TailsOf(double effect, double error, double degrees_of_freedom,
              const PowerOptions& options) {
  const double quantile = StudentUpperQuantile(
      options.one_sided ? options.alpha : options.alpha / 2,
      degrees_of_freedom);
  const double shift = std::abs(effect) / error;
  Power power{
      .power = NoncentralStudentUpperTail(quantile, degrees_of_freedom, shift)};
  power.both_tails = power.power;
  if (!options.one_sided) {
    power.both_tails +=
        NoncentralStudentUpperTail(quantile, degrees_of_freedom, -shift);
  }
  return power;
}

// Sizes may be fractions; both above 1.
Power TwoArmPower(double difference, double control_sd, double treatment_sd,
                  double control_n, double treatment_n,
                  const PowerOptions& options, StudentDesign design) {
  const double c = control_sd / std::sqrt(control_n);
  const double t = treatment_sd / std::sqrt(treatment_n);
  const double error = std::hypot(c, t);
  double degrees = control_n + treatment_n - 2;
  if (design == StudentDesign::kWelch) {
    // Shares of the variance, so that nothing under- or overflows.
    const double wc = (c / error) * (c / error);
    const double wt = (t / error) * (t / error);
    degrees = 1 / (wc * wc / (control_n - 1) + wt * wt / (treatment_n - 1));
  }
  return TailsOf(difference, error, degrees, options);
}

absl::Status CheckDesign(double control_sd, double treatment_sd,
                         StudentDesign design) {
  if (auto status = CheckSpreads(control_sd, treatment_sd); !status.ok()) {
    return status;
  }
  if (design == StudentDesign::kPooled && control_sd != treatment_sd) {
    return absl::InvalidArgumentError(absl::StrCat(
        "control_sd is ", control_sd, " and treatment_sd is ", treatment_sd,
        ", want equal ones for the pooled test (or Welch's)"));
  }
  return absl::OkStatus();
}

// The effect > 0 with reached(effect) >= power, from an error and t quantiles.
template <typename Function>
absl::StatusOr<double> SmallestEffect(const Function& reached, double error,
                                      const PowerOptions& options) {
  double high = 4 * error;
  while (!(reached(high) >= options.power)) {
    high *= 2;
    if (!std::isfinite(high)) {
      return absl::InvalidArgumentError(
          absl::StrCat("no effect is found with power ", options.power));
    }
  }
  return RisingRoot(reached, options.power, 0, high);
}

absl::Status TooLarge() {
  return absl::InvalidArgumentError(
      "the sample size exceeds 2^53, want a larger effect");
}

}  // namespace

absl::StatusOr<Power> StudentPower(double difference, double control_sd,
                                   double treatment_sd, int64_t control_n,
                                   int64_t treatment_n,
                                   const PowerOptions& options,
                                   StudentDesign design) {
  if (auto status = FirstError({CheckPowerOptions(options),
                                CheckFinite(difference, "difference"),
                                CheckDesign(control_sd, treatment_sd, design),
                                CheckArmSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  return TwoArmPower(difference, control_sd, treatment_sd,
                     static_cast<double>(control_n),
                     static_cast<double>(treatment_n), options, design);
}

absl::StatusOr<SampleSize> StudentSampleSize(double difference,
                                             double control_sd,
                                             double treatment_sd,
                                             const PowerOptions& options,
                                             StudentDesign design) {
  if (auto status =
          FirstError({CheckPowerOptions(options), CheckTarget(options),
                      CheckEffect(difference, "difference"),
                      CheckDesign(control_sd, treatment_sd, design)});
      !status.ok()) {
    return status;
  }
  const double share = options.treatment_share;
  const auto reached = [&](double total) {
    return Reached(
        TwoArmPower(difference, control_sd, treatment_sd, total * (1 - share),
                    total * share, options, design),
        options);
  };
  // Welch needs more than one unit per arm, the pooled test more than two.
  const double low = design == StudentDesign::kWelch
                         ? (1 + 1e-6) / std::min(share, 1 - share)
                         : 2 + 1e-6;
  const auto guess =
      MeanSampleSize(difference, control_sd, treatment_sd, options);
  if (!guess.ok()) return guess.status();
  const double total =
      SmallestTotal(reached, options.power, low,
                    guess->exact_control + guess->exact_treatment);
  if (!std::isfinite(total)) return TooLarge();
  return SplitTotal(total, options);
}

absl::StatusOr<double> StudentMinimumDetectableEffect(
    double control_sd, double treatment_sd, int64_t control_n,
    int64_t treatment_n, const PowerOptions& options, StudentDesign design) {
  if (auto status =
          FirstError({CheckPowerOptions(options), CheckTarget(options),
                      CheckDesign(control_sd, treatment_sd, design),
                      CheckArmSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  const double nc = static_cast<double>(control_n);
  const double nt = static_cast<double>(treatment_n);
  return SmallestEffect(
      [&](double effect) {
        return Reached(TwoArmPower(effect, control_sd, treatment_sd, nc, nt,
                                   options, design),
                       options);
      },
      std::hypot(control_sd / std::sqrt(nc), treatment_sd / std::sqrt(nt)),
      options);
}

absl::StatusOr<Power> PairedPower(double mean, double sd, int64_t n,
                                  const PowerOptions& options) {
  if (auto status =
          FirstError({CheckPowerOptions(options), CheckFinite(mean, "mean"),
                      CheckPositive(sd, "sd"), CheckArmSizes(n, n)});
      !status.ok()) {
    return status;
  }
  const double size = static_cast<double>(n);
  return TailsOf(mean, sd / std::sqrt(size), size - 1, options);
}

absl::StatusOr<PairedSize> PairedSampleSize(double mean, double sd,
                                            const PowerOptions& options) {
  if (auto status =
          FirstError({CheckPowerOptions(options), CheckTarget(options),
                      CheckEffect(mean, "mean"), CheckPositive(sd, "sd")});
      !status.ok()) {
    return status;
  }
  const auto reached = [&](double n) {
    return Reached(TailsOf(mean, sd / std::sqrt(n), n - 1, options), options);
  };
  const double n = SmallestTotal(reached, options.power, 1 + 1e-6, 4);
  if (!(n <= 9007199254740992.0)) return TooLarge();
  return PairedSize{
      .n = std::max<int64_t>(
          2, static_cast<int64_t>(std::ceil(n - std::min(n * 1e-13, 1e-3)))),
      .exact_n = n};
}

absl::StatusOr<double> PairedMinimumDetectableEffect(
    double sd, int64_t n, const PowerOptions& options) {
  if (auto status =
          FirstError({CheckPowerOptions(options), CheckTarget(options),
                      CheckPositive(sd, "sd"), CheckArmSizes(n, n)});
      !status.ok()) {
    return status;
  }
  const double size = static_cast<double>(n);
  const double error = sd / std::sqrt(size);
  return SmallestEffect(
      [&](double effect) {
        return Reached(TailsOf(effect, error, size - 1, options), options);
      },
      error, options);
}

}  // namespace stagecraft::stats
