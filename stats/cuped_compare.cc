// Comparisons of adjusted arms.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/cuped.h"
#include "stats/distributions.h"
#include "stats/lift_of_difference.h"
#include "stats/mean.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckPair(const CupedAdjustment& adjustment, size_t control,
                       size_t treatment) {
  const size_t arms = adjustment.arms.size();
  if (adjustment.covariance.size() != arms * arms ||
      adjustment.covariance_with_unadjusted.size() != arms * arms) {
    return absl::InvalidArgumentError(absl::StrCat(
        "adjustment has ", arms, " arms and ", adjustment.covariance.size(),
        " covariances, want one made by AdjustArms"));
  }
  if (std::max(control, treatment) >= arms) {
    return absl::InvalidArgumentError(
        absl::StrCat("control is ", control, " and treatment is ", treatment,
                     ", want indices below ", arms));
  }
  if (control == treatment) {
    return absl::InvalidArgumentError(absl::StrCat(
        "control and treatment are both ", control, ", want two arms"));
  }
  return absl::OkStatus();
}

double VarianceOfDifference(const CupedAdjustment& a, size_t c, size_t t) {
  const size_t k = a.arms.size();
  return a.covariance[t * k + t] + a.covariance[c * k + c] -
         2 * a.covariance[t * k + c];
}

absl::string_view MethodName(const CupedAdjustment& adjustment) {
  const bool ratio = adjustment.metric == CupedMetric::kRatio;
  switch (adjustment.method) {
    case CupedMethod::kPooledTheta:
      return ratio ? "CUPED, pooled theta, delta method z"
                   : "CUPED, pooled theta, Welch t";
    case CupedMethod::kTotalTheta:
      return ratio ? "CUPED, total theta, delta method z"
                   : "CUPED, total theta, Welch t";
    case CupedMethod::kPerArmTheta:
      return ratio ? "CUPED, theta per arm, delta method z"
                   : "CUPED, theta per arm, Welch t";
    case CupedMethod::kRegression:
      return ratio ? "regression, delta method z" : "regression t";
    case CupedMethod::kInteractions:
      return ratio ? "regression with interactions, delta method z"
                   : "regression with interactions t";
  }
  return "CUPED";
}

double DegreesOfFreedom(const CupedAdjustment& adjustment, const CupedArm& c,
                        const CupedArm& t) {
  if (adjustment.metric == CupedMetric::kRatio) return kInfinity;
  if (adjustment.method == CupedMethod::kRegression ||
      adjustment.method == CupedMethod::kInteractions) {
    return adjustment.residual_degrees;
  }
  const double larger =
      std::max(c.adjusted.standard_error, t.adjusted.standard_error);
  if (!(larger > 0)) return kInfinity;  // Only the centre has an error.
  const double rc = c.adjusted.standard_error / larger,
               rt = t.adjusted.standard_error / larger;
  return SatterthwaiteDegrees(rc * rc, c.n, rt * rt, t.n);
}

}  // namespace

absl::StatusOr<NormalEstimate> AdjustedDifference(
    const CupedAdjustment& adjustment, size_t control, size_t treatment) {
  if (auto status = CheckPair(adjustment, control, treatment); !status.ok()) {
    return status;
  }
  const double variance = VarianceOfDifference(adjustment, control, treatment);
  if (!(variance > 0)) {
    return NotEnough(
        "the adjusted values have no variance in either arm: the covariates "
        "determine the metric, or it is constant");
  }
  const NormalEstimate difference{
      .value = adjustment.arms[treatment].adjusted.value -
               adjustment.arms[control].adjusted.value,
      .standard_error = std::sqrt(variance)};
  if (auto status = CheckResult({difference.value, difference.standard_error},
                                "the adjusted difference");
      !status.ok()) {
    return status;
  }
  return difference;
}

absl::StatusOr<CupedComparison> CompareAdjusted(
    const CupedAdjustment& adjustment, size_t control, size_t treatment,
    const TestOptions& options) {
  if (auto status = FirstError({CheckAlpha(options.alpha),
                                CheckFinite(options.null_value, "null_value")});
      !status.ok()) {
    return status;
  }
  const auto difference = AdjustedDifference(adjustment, control, treatment);
  if (!difference.ok()) return difference.status();
  const CupedArm& c = adjustment.arms[control];
  const CupedArm& t = adjustment.arms[treatment];
  CupedComparison comparison;
  Effect& effect = comparison.difference;
  effect.value = difference->value;
  effect.standard_error = difference->standard_error;
  effect.degrees_of_freedom = DegreesOfFreedom(adjustment, c, t);
  effect.statistic =
      (effect.value - options.null_value) / effect.standard_error;
  effect.p_value =
      PValue(effect.statistic, effect.degrees_of_freedom, options.alternative);
  effect.alternative = options.alternative;
  effect.interval = SymmetricInterval(effect.value, effect.standard_error,
                                      effect.degrees_of_freedom, options.alpha,
                                      options.alternative);
  effect.test_method = MethodName(adjustment);
  effect.interval_method = effect.test_method;
  if (auto status = CheckResult({effect.statistic}, "the statistic");
      !status.ok()) {
    return status;
  }
  const double unadjusted =
      std::hypot(c.unadjusted.standard_error, t.unadjusted.standard_error);
  if (unadjusted > 0) {
    const double share = effect.standard_error / unadjusted;
    comparison.variance_reduction = 1 - share * share;
  }
  return comparison;
}

absl::StatusOr<Effect> AdjustedLift(const CupedAdjustment& adjustment,
                                    size_t control, size_t treatment,
                                    const LiftOptions& options) {
  const auto difference = AdjustedDifference(adjustment, control, treatment);
  if (!difference.ok()) return difference.status();
  const size_t k = adjustment.arms.size();
  const auto& cross = adjustment.covariance_with_unadjusted;
  return LiftOfDifference(
      *difference, adjustment.arms[control].unadjusted,
      cross[treatment * k + control] - cross[control * k + control], options);
}

absl::StatusOr<CupedComparison> CompareCuped(const MultiMoments& control,
                                             const MultiMoments& treatment,
                                             const CupedOptions& cuped,
                                             const TestOptions& options) {
  const MultiMoments arms[] = {control, treatment};
  const auto adjustment = AdjustArms(arms, cuped);
  if (!adjustment.ok()) return adjustment.status();
  return CompareAdjusted(*adjustment, 0, 1, options);
}

}  // namespace stagecraft::stats
