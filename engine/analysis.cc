#include "engine/analysis.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/comparison.h"
#include "engine/guardrail.h"
#include "stats/bayes.h"
#include "stats/distributions.h"
#include "stats/duration_quantile.h"
#include "stats/mean.h"
#include "stats/multiplicity.h"
#include "stats/proportion.h"
#include "stats/ratio.h"

namespace stagecraft::engine {
namespace {

// What is analysed of an experiment, in the order of the answer.
struct Subject {
  std::string name;
  KpiRole role;
  KpiSpec spec;
  const std::vector<KpiTally>* tallies;
  GuardrailMargin margin;
  bool blocking = false;
  std::optional<int> kpi;  // Index in the experiment; none if automatic.
};

std::vector<Subject> Subjects(const Experiment& experiment,
                              const ExperimentLook& look) {
  std::vector<Subject> subjects;
  const Plan& plan = experiment.plan;
  const auto add_kpi = [&](const std::string& name, KpiRole role,
                           const GuardrailMargin& margin) {
    for (size_t i = 0; i < experiment.kpis.size(); ++i) {
      if (experiment.kpis[i].name != name) continue;
      subjects.push_back({name, role, SpecOf(experiment.kpis[i], plan),
                          &look.kpis[i], margin, role == KpiRole::kGuardrail,
                          static_cast<int>(i)});
      return;
    }
  };
  for (const std::string& name : plan.primary_kpis) {
    add_kpi(name, KpiRole::kPrimary, {});
  }
  for (const Plan::Guardrail& guardrail : plan.guardrails) {
    add_kpi(guardrail.kpi, KpiRole::kGuardrail,
            {guardrail.relative_margin, guardrail.absolute_margin});
  }
  const Plan::AutomaticGuardrails& automatic = plan.automatic_guardrails;
  const int own = FindStage(*experiment.journey, experiment.stage).value_or(0);
  for (size_t i = 0; i < look.stage_conversions.size(); ++i) {
    const std::string& stage = experiment.journey->stages[own + 1 + i].id;
    const bool informational =
        std::find(automatic.informational_stages.begin(),
                  automatic.informational_stages.end(),
                  stage) != automatic.informational_stages.end();
    subjects.push_back({absl::StrCat("stages/", stage, "/conversion"),
                        KpiRole::kAutomaticGuardrail,
                        KpiSpec{.kind = KpiKind::kConversion},
                        &look.stage_conversions[i],
                        {.relative = automatic.stage_conversion_margin},
                        !informational,
                        std::nullopt});
  }
  if (!look.time_in_stage.empty()) {
    subjects.push_back({absl::StrCat("stages/", experiment.stage, "/time"),
                        KpiRole::kAutomaticGuardrail,
                        KpiSpec{.kind = KpiKind::kTimeToEvent,
                                .higher_is_better = false,
                                .horizon = GuardrailWindow(experiment)},
                        &look.time_in_stage,
                        {.relative = automatic.time_in_stage_margin},
                        !automatic.time_in_stage_informational,
                        std::nullopt});
  }
  for (const std::string& name : plan.secondary_kpis) {
    add_kpi(name, KpiRole::kSecondary, {});
  }
  return subjects;
}

using Estimates = std::vector<absl::StatusOr<stats::NormalEstimate>>;

std::vector<KpiArm> ArmsOf(const KpiSpec& spec,
                           const std::vector<KpiTally>& tallies) {
  std::vector<KpiArm> arms;
  for (const KpiTally& tally : tallies) arms.push_back(ArmOf(spec, tally));
  return arms;
}

Estimates EstimatesOf(const KpiSpec& spec, const std::vector<KpiArm>& arms,
                      std::optional<double> horizon_seconds) {
  Estimates estimates;
  for (const KpiArm& arm : arms) {
    estimates.push_back(EstimateOf(spec, arm, horizon_seconds));
  }
  return estimates;
}

void CountVariant(const KpiArm& arm, int64_t exposed, VariantAnalysis* out) {
  out->units = arm.units;
  out->immature = exposed - arm.units;
  out->numerator = arm.numerator;
  out->denominator = arm.denominator;
}

// `mean`: the arm's of EstimateOf.
void AnalyzeVariant(const KpiSpec& spec, const KpiArm& arm,
                    const absl::StatusOr<stats::NormalEstimate>& mean,
                    double alpha, VariantAnalysis* out) {
  absl::StatusOr<stats::Estimate> estimate;
  absl::string_view method;
  double scale = 1;
  switch (FamilyOf(spec.kind)) {
    case KpiFamily::kShare:
      estimate = stats::EstimateProportion(arm.share, alpha);
      method = "wilson";
      break;
    case KpiFamily::kMean:
      estimate = stats::EstimateMean(arm.mean, alpha);
      method = "student";
      break;
    case KpiFamily::kRatio:
      estimate = stats::EstimateRatio(arm.ratio, alpha);
      method = "delta";
      scale = spec.scale;
      break;
    case KpiFamily::kTime: {
      out->events = static_cast<int64_t>(arm.numerator);
      const auto median = stats::DurationQuantileValue(arm.bins, 0.5);
      if (median.ok()) out->median_seconds = *median;
      if (mean.ok()) {
        estimate = stats::Estimate{
            mean->value, mean->standard_error,
            stats::SymmetricInterval(mean->value, mean->standard_error,
                                     stats::kInfinity, alpha,
                                     stats::Alternative::kTwoSided)};
      } else {
        estimate = mean.status();
      }
      method = "restricted-mean";
      break;
    }
  }
  if (!estimate.ok()) {
    out->error = std::string(estimate.status().message());
    return;
  }
  out->value = estimate->value * scale;
  stats::Interval interval = estimate->interval;
  interval.lower *= scale;
  interval.upper *= scale;
  out->interval = NamedInterval{interval, std::string(method)};
}

// Expected loss of each variant against the best of all.
std::vector<double> ExpectedLosses(const KpiSpec& spec,
                                   const std::vector<KpiArm>& arms,
                                   const Estimates& arm_estimates,
                                   const Plan::Prior& prior) {
  const stats::BayesOptions options = {
      .direction = spec.higher_is_better ? stats::Direction::kUp
                                         : stats::Direction::kDown};
  absl::StatusOr<std::vector<stats::BayesRank>> ranks;
  if (FamilyOf(spec.kind) == KpiFamily::kShare) {
    std::vector<stats::Proportion> shares;
    for (const KpiArm& arm : arms) shares.push_back(arm.share);
    ranks = stats::RankBetaBinomial(
        shares, {prior.share_alpha, prior.share_beta}, options);
  } else {
    std::vector<stats::NormalEstimate> estimates;
    for (const auto& estimate : arm_estimates) {
      if (!estimate.ok()) return {};
      estimates.push_back(*estimate);
    }
    ranks = stats::RankNormal(estimates, options);
  }
  if (!ranks.ok()) return {};
  std::vector<double> losses;
  for (const stats::BayesRank& rank : *ranks) {
    losses.push_back(rank.expected_loss);
  }
  return losses;
}

// The p-value that decides: of one look at the horizon, of a planned look, or
// of any look.
std::optional<double> DecidingPValue(const ComparisonAnalysis& comparison,
                                     const Plan& plan) {
  if (plan.method == Plan::Method::kGroupSequential) {
    if (!comparison.group_sequential.has_value()) return std::nullopt;
    return comparison.group_sequential->repeated_p_value;
  }
  if (plan.method == Plan::Method::kFixedHorizon) {
    if (!comparison.p_value.has_value() || comparison.test != "log-rank") {
      return comparison.p_value;
    }
    return std::max(*comparison.p_value,
                    comparison.restricted_mean_p_value.value_or(1));
  }
  if (!comparison.sequential.has_value()) return std::nullopt;
  return comparison.sequential->p_value;
}

stats::Correction CorrectionOf(Plan::Correction correction) {
  switch (correction) {
    case Plan::Correction::kHolm:
      return stats::Correction::kHolm;
    case Plan::Correction::kBonferroni:
      return stats::Correction::kBonferroni;
    case Plan::Correction::kNone:
      return stats::Correction::kNone;
    case Plan::Correction::kHochberg:
      return stats::Correction::kHochberg;
    case Plan::Correction::kHommel:
      return stats::Correction::kHommel;
    case Plan::Correction::kSidak:
      return stats::Correction::kSidak;
    case Plan::Correction::kBenjaminiHochberg:
      return stats::Correction::kBenjaminiHochberg;
    case Plan::Correction::kBenjaminiYekutieli:
      return stats::Correction::kBenjaminiYekutieli;
  }
  return stats::Correction::kBonferroni;
}

// Over all treatments and primary KPIs; what is not computable counts as 1.
void AdjustPrimaries(const Plan& plan, std::vector<KpiAnalysis>* analyses) {
  std::vector<ComparisonAnalysis*> comparisons;
  std::vector<double> p_values;
  for (KpiAnalysis& analysis : *analyses) {
    if (analysis.role != KpiRole::kPrimary) continue;
    for (ComparisonAnalysis& comparison : analysis.comparisons) {
      comparisons.push_back(&comparison);
      p_values.push_back(DecidingPValue(comparison, plan).value_or(1));
    }
  }
  const auto adjusted =
      stats::AdjustPValues(p_values, CorrectionOf(plan.correction));
  if (!adjusted.ok()) return;
  for (size_t i = 0; i < comparisons.size(); ++i) {
    if (DecidingPValue(*comparisons[i], plan).has_value()) {
      comparisons[i]->adjusted_p_value = (*adjusted)[i];
    }
  }
}

}  // namespace

std::vector<KpiAnalysis> Analyze(const Experiment& experiment,
                                 const ExperimentLook& look, Detail detail) {
  const Plan& plan = experiment.plan;
  const bool full = detail == Detail::kFull;
  const absl::StatusOr<PlannedLimits> limits =
      PlannedLimits::Of(experiment, look);
  std::vector<KpiAnalysis> analyses;
  for (const Subject& subject : Subjects(experiment, look)) {
    if (!full && subject.role == KpiRole::kSecondary) continue;
    const bool is_guardrail = subject.role == KpiRole::kGuardrail ||
                              subject.role == KpiRole::kAutomaticGuardrail;
    KpiAnalysis& analysis = analyses.emplace_back();
    analysis.kpi = subject.name;
    analysis.role = subject.role;
    analysis.spec = subject.spec;
    const std::vector<KpiArm> arms = ArmsOf(subject.spec, *subject.tallies);
    const auto horizon = CommonHorizonSeconds(subject.spec, arms);
    const Estimates estimates = EstimatesOf(subject.spec, arms, horizon);
    for (size_t v = 0; v < arms.size(); ++v) {
      VariantAnalysis& variant = analysis.variants.emplace_back();
      CountVariant(arms[v], look.units[v], &variant);
      if (!full) continue;
      AnalyzeVariant(subject.spec, arms[v], estimates[v], plan.alpha, &variant);
    }
    // Automatic guardrails are not adjusted.
    std::vector<AdjustedEffect> adjusted;
    if (subject.kpi.has_value() && (full || !is_guardrail)) {
      adjusted = AdjustEffects(subject.spec, *subject.kpi, look, plan);
    }
    for (size_t v = 1; v < arms.size(); ++v) {
      ComparisonInput input{plan,         subject.spec, arms[0], arms[v],
                            estimates[0], estimates[v], horizon};
      if (!adjusted.empty()) input.adjusted = &adjusted[v - 1];
      if (limits.ok() && subject.role != KpiRole::kSecondary) {
        input.limits = &*limits;
      }
      input.detail = detail;
      ComparisonAnalysis comparison;
      if (full || !is_guardrail) comparison = Compare(input);
      comparison.variant = static_cast<int>(v);
      if (is_guardrail) {
        comparison.guardrail = JudgeGuardrail(input, subject.margin);
        comparison.guardrail->blocking = subject.blocking;
      }
      analysis.comparisons.push_back(std::move(comparison));
    }
    // Of what decides between several winners.
    if (full && analyses.size() == 1 && arms.size() > 2 && !look.is_segment) {
      analysis.expected_losses =
          ExpectedLosses(subject.spec, arms, estimates, plan.prior);
    }
  }
  AdjustPrimaries(plan, &analyses);
  return analyses;
}

std::vector<PathPoint> AnalyzePath(const Experiment& experiment, int kpi,
                                   int variant,
                                   const std::vector<ExperimentLook>& looks) {
  const Plan& plan = experiment.plan;
  const KpiSpec spec = SpecOf(experiment.kpis[kpi], plan);
  std::vector<PathPoint> path;
  for (const ExperimentLook& look : looks) {
    const std::vector<KpiTally>& tallies = look.kpis[kpi];
    const std::vector<KpiArm> arms =
        ArmsOf(spec, {tallies[0], tallies[variant]});
    const std::vector<AdjustedEffect> adjusted =
        AdjustEffects(spec, kpi, look, plan);
    const auto horizon = CommonHorizonSeconds(spec, arms);
    const Estimates estimates = EstimatesOf(spec, arms, horizon);
    ComparisonInput input{plan,         spec,         arms[0], arms[1],
                          estimates[0], estimates[1], horizon};
    if (!adjusted.empty()) input.adjusted = &adjusted[variant - 1];
    const auto answer = CompareSequentially(input);
    if (!answer.ok() || !answer->relative.has_value()) continue;
    const auto relative = RelativeDifference(input);
    if (!relative.has_value()) continue;
    path.push_back({look.as_of, arms[0].units + arms[1].units, *relative,
                    answer->relative->interval});
  }
  return path;
}

}  // namespace stagecraft::engine
