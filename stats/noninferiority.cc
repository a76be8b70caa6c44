#include "stats/noninferiority.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/mean.h"
#include "stats/proportion_score.h"

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
    const NonInferiorityOptions& options, MeanTest test) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  const auto arms = PrepareMeans(control, treatment, test);
  if (!arms.ok()) return arms.status();
  const Contrast weights = ContrastOf(arms->control.value, options);
  // Without variance there is nothing to weigh: the error is said below.
  const bool flat =
      weights.control_weight * arms->control.standard_error == 0 &&
      weights.treatment_weight * arms->treatment.standard_error == 0;
  return TestNonInferiority(
      arms->control, arms->treatment, options,
      flat ? kInfinity
           : ContrastDegrees(*arms, control, treatment, test,
                             weights.control_weight, weights.treatment_weight));
}

absl::StatusOr<NonInferiority> TestProportionNonInferiority(
    const Proportion& control, const Proportion& treatment,
    const NonInferiorityOptions& options,
    ProportionNonInferiorityMethod method) {
  if (auto status = FirstError({CheckOptions(options),
                                CheckProportion(control, "control"),
                                CheckProportion(treatment, "treatment")});
      !status.ok()) {
    return status;
  }
  const Rate c = RateOf(control), t = RateOf(treatment);
  if (method == ProportionNonInferiorityMethod::kUnpooled) {
    return TestNonInferiority({c.p, std::sqrt(c.Variance())},
                              {t.p, std::sqrt(t.Variance())}, options);
  }
  const bool up = options.direction == Direction::kUp;
  if (options.margin >= 1 && (up || !options.relative)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "margin is ", options.margin, ", want below 1: rates end at 0 and 1"));
  }
  if (options.relative && control.successes == 0) {
    return NotEnough(
        "control.successes is 0, want at least 1: the margin is relative to "
        "the control rate");
  }
  const double inflation =
      method == ProportionNonInferiorityMethod::kMiettinenNurminen
          ? MiettinenNurminenInflation(c, t)
          : 1;
  const double good = up ? 1 : -1;
  const double null = (options.relative ? 1 : 0) - good * options.margin;
  const ScoreStatistic score = options.relative
                                   ? ScoreOfRatio(c, t, null, inflation)
                                   : ScoreOfDifference(c, t, null, inflation);
  if (!(score.standard_error > 0)) {
    return NotEnough(
        "the contrast has no variance at the margin, want successes and "
        "failures");
  }
  NonInferiority result;
  result.contrast = good * score.contrast;
  result.standard_error = score.standard_error;
  result.statistic = result.contrast / result.standard_error;
  result.p_value = NormalUpperTail(result.statistic);
  const auto side = up ? Alternative::kGreater : Alternative::kLess;
  const Interval interval =
      options.relative
          ? ScoreRatioInterval(c, t, options.one_sided_alpha, side, inflation)
          : ScoreDifferenceInterval(c, t, options.one_sided_alpha, side,
                                    inflation);
  const double end = up ? interval.lower : interval.upper;
  result.bound = good * (end - null) * (options.relative ? c.p : 1);
  result.non_inferior = result.p_value < options.one_sided_alpha;
  return result;
}

}  // namespace stagecraft::stats
