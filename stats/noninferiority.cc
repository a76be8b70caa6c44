#include "stats/noninferiority.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/mean.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckOptions(const NonInferiorityOptions& options) {
  return FirstError(
      {CheckNotNegative(options.margin, "margin"),
       CheckBetween(options.one_sided_alpha, 0, 0.5, "one_sided_alpha")});
}

// The contrast is treatment_weight t + control_weight c + constant.
struct Contrast {
  double treatment_weight, control_weight, constant;
};

Contrast ContrastOf(double control, const NonInferiorityOptions& options) {
  const double good = options.direction == Direction::kUp ? 1 : -1;
  if (!options.relative) return {good, -good, options.margin};
  // margin |c| = margin sign(c) c.
  return {good, -good + (control < 0 ? -options.margin : options.margin), 0};
}

}  // namespace

absl::StatusOr<NonInferiority> TestNonInferiority(
    const NormalEstimate& control, const NormalEstimate& treatment,
    const NonInferiorityOptions& options, double degrees_of_freedom) {
  if (auto status =
          FirstError({CheckOptions(options), CheckEstimate(control, "control"),
                      CheckEstimate(treatment, "treatment"),
                      CheckDegrees(degrees_of_freedom)});
      !status.ok()) {
    return status;
  }
  if (options.relative && control.value == 0) {
    return NotEnough(
        "the control value is 0, want another: the margin is relative to it");
  }
  const Contrast weights = ContrastOf(control.value, options);
  NonInferiority result;
  // The difference first: the margin must not swallow its digits.
  result.contrast =
      options.relative
          ? weights.treatment_weight * treatment.value +
                weights.control_weight * control.value
          : weights.treatment_weight * (treatment.value - control.value) +
                weights.constant;
  result.standard_error =
      std::hypot(weights.treatment_weight * treatment.standard_error,
                 weights.control_weight * control.standard_error);
  if (!(result.standard_error > 0)) {
    return NotEnough(
        "the contrast has no variance, want some in an arm that "
        "it depends on");
  }
  result.statistic = result.contrast / result.standard_error;
  if (auto status = CheckResult(
          {result.contrast, result.standard_error, result.statistic},
          "the non-inferiority contrast");
      !status.ok()) {
    return status;
  }
  result.degrees_of_freedom = degrees_of_freedom;
  result.p_value = StudentUpperTail(result.statistic, degrees_of_freedom);
  result.bound =
      result.contrast -
      result.standard_error *
          StudentUpperQuantile(options.one_sided_alpha, degrees_of_freedom);
  result.non_inferior = result.bound > 0;
  return result;
}

absl::StatusOr<NonInferiority> TestMeanNonInferiority(
    const Moments& control, const Moments& treatment,
    const NonInferiorityOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  const auto c = MeanWithError(control, "control");
  if (!c.ok()) return c.status();
  const auto t = MeanWithError(treatment, "treatment");
  if (!t.ok()) return t.status();
  const Contrast weights = ContrastOf(c->value, options);
  const double ec = std::abs(weights.control_weight) * c->standard_error;
  const double et = std::abs(weights.treatment_weight) * t->standard_error;
  const double larger = std::max(ec, et);
  if (!(larger > 0)) return TestNonInferiority(*c, *t, options);
  const double rc = ec / larger, rt = et / larger;
  return TestNonInferiority(
      *c, *t, options,
      SatterthwaiteDegrees(rc * rc, control.n, rt * rt, treatment.n));
}

absl::StatusOr<NonInferiority> TestProportionNonInferiority(
    const Proportion& control, const Proportion& treatment,
    const NonInferiorityOptions& options) {
  if (auto status = FirstError({CheckProportion(control, "control"),
                                CheckProportion(treatment, "treatment")});
      !status.ok()) {
    return status;
  }
  const auto c = EstimateProportion(control);
  if (!c.ok()) return c.status();
  const auto t = EstimateProportion(treatment);
  if (!t.ok()) return t.status();
  return TestNonInferiority({c->value, c->standard_error},
                            {t->value, t->standard_error}, options);
}

}  // namespace stagecraft::stats
