#include "stats/power_relative.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/power_common.h"

namespace stagecraft::stats {
namespace {

absl::Status Check(const RelativeBaseline& baseline,
                   const PowerOptions& options) {
  if (auto status = FirstError(
          {CheckPowerOptions(options),
           CheckEffect(baseline.control_mean, "control_mean"),
           CheckSpreads(baseline.control_sd, baseline.treatment_sd)});
      !status.ok()) {
    return status;
  }
  if (options.count_both_tails) {
    return absl::InvalidArgumentError(
        "count_both_tails is set, want it unset for lifts");
  }
  return absl::OkStatus();
}

// The factor of the control's relative error: |m_t / m_c|, or 1 if the control
// is taken as known.
double ControlFactor(double lift, const RelativeBaseline& baseline,
                     RelativePowerMethod method) {
  if (method == RelativePowerMethod::kKnownControl) return 1;
  return std::abs(baseline.control_mean > 0 ? 1 + lift : 1 - lift);
}

// Of the lift.
double LiftError(double lift, const RelativeBaseline& baseline, double nc,
                 double nt, RelativePowerMethod method) {
  return std::hypot(ControlFactor(lift, baseline, method) *
                        baseline.control_sd / std::sqrt(nc),
                    baseline.treatment_sd / std::sqrt(nt)) /
         std::abs(baseline.control_mean);
}

}  // namespace

absl::StatusOr<Power> LiftPower(double lift, const RelativeBaseline& baseline,
                                int64_t control_n, int64_t treatment_n,
                                const PowerOptions& options,
                                RelativePowerMethod method) {
  if (auto status =
          FirstError({Check(baseline, options), CheckFinite(lift, "lift"),
                      CheckArmSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  const double error = LiftError(lift, baseline, static_cast<double>(control_n),
                                 static_cast<double>(treatment_n), method);
  return NormalPower(lift, error, error, options);
}

absl::StatusOr<SampleSize> LiftSampleSize(double lift,
                                          const RelativeBaseline& baseline,
                                          const PowerOptions& options,
                                          RelativePowerMethod method) {
  if (auto status = FirstError({Check(baseline, options), CheckTarget(options),
                                CheckEffect(lift, "lift")});
      !status.ok()) {
    return status;
  }
  const double unit_error =
      LiftError(lift, baseline, 1 - options.treatment_share,
                options.treatment_share, method);
  const double root =
      (TestQuantile(options) + PowerQuantile(options)) * (unit_error / lift);
  return SplitTotal(root * root, options);
}

absl::StatusOr<double> LiftMinimumDetectableEffect(
    const RelativeBaseline& baseline, int64_t control_n, int64_t treatment_n,
    Direction direction, const PowerOptions& options,
    RelativePowerMethod method) {
  if (auto status = FirstError({Check(baseline, options), CheckTarget(options),
                                CheckArmSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  const double k = TestQuantile(options) + PowerQuantile(options);
  const double mean = std::abs(baseline.control_mean);
  // Relative errors of the arms, times k.
  const double c = k * baseline.control_sd /
                   (mean * std::sqrt(static_cast<double>(control_n)));
  const double t = k * baseline.treatment_sd /
                   (mean * std::sqrt(static_cast<double>(treatment_n)));
  if (method == RelativePowerMethod::kKnownControl) return std::hypot(c, t);
  if (!(c < 1)) {
    return NotEnough(absl::StrCat("the control mean ", baseline.control_mean,
                                  " is only ", k / c,
                                  " standard errors from 0, want more than ", k,
                                  ": no lift would be found"));
  }
  // L^2 = t^2 + c^2 (1 + s L)^2, s the sign of m_t / m_c's change with L > 0.
  const double s =
      (direction == Direction::kUp) == (baseline.control_mean > 0) ? 1 : -1;
  const double a = 1 - c * c;
  const double root = std::sqrt(c * c + a * t * t);
  // (s c^2 + sqrt(c^4 + a (c^2 + t^2))) / a, without cancellation for s < 0.
  return s > 0 ? (c * c + root) / a : (c * c + t * t) / (c * c + root);
}

}  // namespace stagecraft::stats
