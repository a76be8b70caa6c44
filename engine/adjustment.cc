#include "engine/adjustment.h"

#include <functional>
#include <utility>

#include "stats/cuped.h"
#include "stats/post_stratification.h"

namespace stagecraft::engine {
namespace {

using stats::Effect;

// In the KPI's unit.
Effect Scaled(Effect effect, double scale) {
  effect.value *= scale;
  effect.standard_error *= scale;
  effect.interval.lower *= scale;
  effect.interval.upper *= scale;
  return effect;
}

stats::CupedMetric MetricOf(const KpiSpec& spec) {
  return FamilyOf(spec.kind) == KpiFamily::kRatio ? stats::CupedMetric::kRatio
                                                  : stats::CupedMetric::kMean;
}

std::vector<stats::MultiMoments> JointMomentsOf(
    const KpiSpec& spec, const std::vector<KpiTally>& tallies) {
  std::vector<stats::MultiMoments> joint;
  for (const KpiTally& tally : tallies) {
    joint.push_back(JointMomentsOf(spec, tally));
  }
  return joint;
}

double UnadjustedDifference(const KpiSpec& spec, const KpiTally& control,
                            const KpiTally& treatment) {
  const auto c = EstimateOf(spec, ArmOf(spec, control), std::nullopt);
  const auto t = EstimateOf(spec, ArmOf(spec, treatment), std::nullopt);
  return c.ok() && t.ok() ? t->value - c->value : 0;
}

// Fills in the effect of the treatment `v` against the control. Both kinds of
// adjustment have functions and members of the same shape.
template <typename Adjusted, typename Compare>
absl::Status FillEffect(const Adjusted& adjusted, size_t v, const KpiSpec& spec,
                        double alpha, const Compare& compare,
                        AdjustedEffect* effect) {
  const auto comparison = compare(adjusted, 0, v, {.alpha = alpha});
  if (!comparison.ok()) return comparison.status();
  effect->adjustment.variance_reduction = comparison->variance_reduction;
  effect->difference = Scaled(comparison->difference, spec.scale);
  const stats::NormalEstimate& control = adjusted.arms[0].unadjusted;
  if (control.value != 0) {
    const auto& cross = adjusted.covariance_with_unadjusted;
    effect->relative = {
        {comparison->difference.value, comparison->difference.standard_error},
        control,
        cross[v * adjusted.arms.size()] - cross[0]};
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<AdjustedEffect> AdjustEffects(const KpiSpec& spec, int kpi,
                                          const ExperimentLook& look,
                                          const Plan& plan) {
  const bool by_strata = !look.strata.empty();
  if (FamilyOf(spec.kind) == KpiFamily::kTime ||
      (!by_strata && spec.covariates == 0)) {
    return {};
  }
  const std::vector<KpiTally>& tallies = look.kpis[kpi];
  absl::StatusOr<stats::CupedAdjustment> cuped;
  absl::StatusOr<stats::PostStratification> stratified;
  if (by_strata) {
    std::vector<stats::Stratum> strata;
    for (const Stratum& stratum : look.strata) {
      strata.push_back(
          {stratum.value, JointMomentsOf(spec, stratum.kpis[kpi])});
    }
    stratified = stats::PostStratify(
        strata, {.metric = MetricOf(spec), .merge_small = true});
  } else {
    cuped = stats::AdjustArms(JointMomentsOf(spec, tallies),
                              {.metric = MetricOf(spec)});
  }
  std::vector<AdjustedEffect> effects;
  for (size_t v = 1; v < tallies.size(); ++v) {
    AdjustedEffect& effect = effects.emplace_back();
    Adjustment& adjustment = effect.adjustment;
    adjustment.method = !by_strata            ? "cuped"
                        : spec.covariates > 0 ? "cuped, post-stratified"
                                              : "post-stratified";
    adjustment.unadjusted_difference =
        UnadjustedDifference(spec, tallies[0], tallies[v]);
    absl::Status status = by_strata ? stratified.status() : cuped.status();
    if (status.ok() && by_strata) {
      adjustment.strata = static_cast<int>(stratified->strata.size());
      status = FillEffect(*stratified, v, spec, plan.alpha,
                          stats::ComparePostStratified, &effect);
    } else if (status.ok()) {
      adjustment.theta = cuped->arms[v].theta;
      status = FillEffect(*cuped, v, spec, plan.alpha, stats::CompareAdjusted,
                          &effect);
    }
    if (!status.ok()) adjustment.error = std::string(status.message());
  }
  return effects;
}

}  // namespace stagecraft::engine
