// Comparisons of post-stratified arms.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/lift_of_difference.h"
#include "stats/post_stratification.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckPair(const PostStratification& strata, size_t control,
                       size_t treatment) {
  const size_t arms = strata.arms.size();
  if (strata.covariance.size() != arms * arms ||
      strata.covariance_with_unadjusted.size() != arms * arms ||
      strata.plain_variance.size() != arms) {
    return absl::InvalidArgumentError(absl::StrCat(
        "strata has ", arms, " arms and ", strata.covariance.size(),
        " covariances, want one made by PostStratify"));
  }
  if (std::max(control, treatment) >= arms || control == treatment) {
    return absl::InvalidArgumentError(
        absl::StrCat("control is ", control, " and treatment is ", treatment,
                     ", want two different indices below ", arms));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NormalEstimate> PostStratifiedDifference(
    const PostStratification& strata, size_t control, size_t treatment) {
  if (auto status = CheckPair(strata, control, treatment); !status.ok()) {
    return status;
  }
  const size_t k = strata.arms.size();
  const double variance = strata.covariance[control * k + control] +
                          strata.covariance[treatment * k + treatment] -
                          2 * strata.covariance[treatment * k + control];
  if (!(variance > 0)) {
    return NotEnough(
        "no stratum has variance in either arm, want at least one that has");
  }
  return NormalEstimate{.value = strata.arms[treatment].adjusted.value -
                                 strata.arms[control].adjusted.value,
                        .standard_error = std::sqrt(variance)};
}

absl::StatusOr<PostStratifiedComparison> ComparePostStratified(
    const PostStratification& strata, size_t control, size_t treatment,
    const TestOptions& options) {
  if (auto status = FirstError({CheckAlpha(options.alpha),
                                CheckFinite(options.null_value, "null_value")});
      !status.ok()) {
    return status;
  }
  const auto difference = PostStratifiedDifference(strata, control, treatment);
  if (!difference.ok()) return difference.status();
  const PostStratifiedArm& c = strata.arms[control];
  const PostStratifiedArm& t = strata.arms[treatment];
  PostStratifiedComparison comparison;
  Effect& effect = comparison.difference;
  effect.value = difference->value;
  effect.standard_error = difference->standard_error;
  if (strata.metric == CupedMetric::kMean) {
    // Arms joined: v^2 / df is additive.
    const double vc = c.adjusted.standard_error * c.adjusted.standard_error;
    const double vt = t.adjusted.standard_error * t.adjusted.standard_error;
    const double rc = vc / (vc + vt), rt = vt / (vc + vt);
    const double inverse =
        rc * rc / c.degrees_of_freedom + rt * rt / t.degrees_of_freedom;
    effect.degrees_of_freedom = inverse > 0 ? 1 / inverse : kInfinity;
    effect.test_method = "post-stratified t";
  } else {
    effect.test_method = "post-stratified ratio, delta method z";
  }
  effect.interval_method = effect.test_method;
  effect.statistic =
      (effect.value - options.null_value) / effect.standard_error;
  effect.p_value =
      PValue(effect.statistic, effect.degrees_of_freedom, options.alternative);
  effect.alternative = options.alternative;
  effect.interval = SymmetricInterval(effect.value, effect.standard_error,
                                      effect.degrees_of_freedom, options.alpha,
                                      options.alternative);
  if (auto status = CheckResult({effect.statistic}, "the statistic");
      !status.ok()) {
    return status;
  }
  const double plain =
      strata.plain_variance[control] + strata.plain_variance[treatment];
  if (plain > 0) {
    comparison.variance_reduction =
        1 - effect.standard_error * effect.standard_error / plain;
  }
  return comparison;
}

absl::StatusOr<Effect> PostStratifiedLift(const PostStratification& strata,
                                          size_t control, size_t treatment,
                                          const LiftOptions& options) {
  const auto difference = PostStratifiedDifference(strata, control, treatment);
  if (!difference.ok()) return difference.status();
  const size_t k = strata.arms.size();
  const auto& cross = strata.covariance_with_unadjusted;
  return LiftOfDifference(
      *difference, strata.arms[control].unadjusted,
      cross[treatment * k + control] - cross[control * k + control], options);
}

}  // namespace stagecraft::stats
