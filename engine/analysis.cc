#include "engine/analysis.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/comparison.h"
#include "stats/bayes.h"
#include "stats/mean.h"
#include "stats/multiplicity.h"
#include "stats/proportion.h"
#include "stats/ratio.h"
#include "stats/survival.h"

namespace stagecraft::engine {
namespace {

// What is analysed of an experiment, in the order of the answer.
struct Subject {
  std::string name;
  KpiRole role;
  KpiSpec spec;
  const std::vector<KpiTally>* tallies;
  double relative_margin = 0;
  bool blocking = false;
};

std::vector<Subject> Subjects(const Experiment& experiment,
                              const ExperimentLook& look) {
  std::vector<Subject> subjects;
  const auto add_kpi = [&](const std::string& name, KpiRole role,
                           double margin) {
    for (size_t i = 0; i < experiment.kpis.size(); ++i) {
      if (experiment.kpis[i].name != name) continue;
      subjects.push_back({name, role, SpecOf(experiment.kpis[i]), &look.kpis[i],
                          margin, role == KpiRole::kGuardrail});
      return;
    }
  };
  const Plan& plan = experiment.plan;
  for (const std::string& name : plan.primary_kpis) {
    add_kpi(name, KpiRole::kPrimary, 0);
  }
  for (const Plan::Guardrail& guardrail : plan.guardrails) {
    add_kpi(guardrail.kpi, KpiRole::kGuardrail, guardrail.relative_margin);
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
                        automatic.stage_conversion_margin, !informational});
  }
  if (!look.time_in_stage.empty()) {
    subjects.push_back({absl::StrCat("stages/", experiment.stage, "/time"),
                        KpiRole::kAutomaticGuardrail,
                        KpiSpec{.kind = KpiKind::kTimeToEvent,
                                .higher_is_better = false,
                                .horizon = GuardrailWindow(experiment)},
                        &look.time_in_stage, automatic.time_in_stage_margin,
                        !automatic.time_in_stage_informational});
  }
  for (const std::string& name : plan.secondary_kpis) {
    add_kpi(name, KpiRole::kSecondary, 0);
  }
  return subjects;
}

VariantAnalysis AnalyzeVariant(const KpiSpec& spec, const KpiArm& arm,
                               int64_t exposed,
                               std::optional<double> horizon_seconds,
                               double alpha) {
  VariantAnalysis out;
  out.units = arm.units;
  out.immature = exposed - arm.units;
  out.numerator = arm.numerator;
  out.denominator = arm.denominator;
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
      out.events = static_cast<int64_t>(arm.numerator);
      const auto curve = stats::KaplanMeier(arm.bins);
      if (curve.ok()) {
        const auto median = stats::DurationQuantile(*curve, 0.5);
        if (median.ok()) out.median_seconds = median->value;
      }
      if (!horizon_seconds.has_value()) {
        estimate = absl::FailedPreconditionError(
            "no follow-up yet in every variant, want units that waited");
      } else {
        estimate = stats::RestrictedMean(arm.bins, *horizon_seconds, alpha);
      }
      method = "restricted-mean";
      break;
    }
  }
  if (!estimate.ok()) {
    out.error = std::string(estimate.status().message());
    return out;
  }
  out.value = estimate->value * scale;
  stats::Interval interval = estimate->interval;
  interval.lower *= scale;
  interval.upper *= scale;
  out.interval = NamedInterval{interval, std::string(method)};
  return out;
}

// Expected loss of each variant against the best of all.
std::vector<double> ExpectedLosses(const KpiSpec& spec,
                                   const std::vector<KpiArm>& arms,
                                   std::optional<double> horizon_seconds) {
  const stats::BayesOptions options = {
      .direction = spec.higher_is_better ? stats::Direction::kUp
                                         : stats::Direction::kDown};
  absl::StatusOr<std::vector<stats::BayesRank>> ranks;
  if (FamilyOf(spec.kind) == KpiFamily::kShare) {
    std::vector<stats::Proportion> shares;
    for (const KpiArm& arm : arms) shares.push_back(arm.share);
    ranks = stats::RankBetaBinomial(shares, {}, options);
  } else {
    std::vector<stats::NormalEstimate> estimates;
    for (const KpiArm& arm : arms) {
      const auto estimate = EstimateOf(spec, arm, horizon_seconds);
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

// The p-value that decides: of one look at the horizon, or of any look.
std::optional<double> DecidingPValue(const ComparisonAnalysis& comparison,
                                     const Plan& plan) {
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
  const stats::Correction correction =
      plan.correction == Plan::Correction::kHolm ? stats::Correction::kHolm
      : plan.correction == Plan::Correction::kBonferroni
          ? stats::Correction::kBonferroni
          : stats::Correction::kNone;
  const auto adjusted = stats::AdjustPValues(p_values, correction);
  if (!adjusted.ok()) return;
  for (size_t i = 0; i < comparisons.size(); ++i) {
    if (DecidingPValue(*comparisons[i], plan).has_value()) {
      comparisons[i]->adjusted_p_value = (*adjusted)[i];
    }
  }
}

}  // namespace

std::vector<KpiAnalysis> Analyze(const Experiment& experiment,
                                 const ExperimentLook& look) {
  const Plan& plan = experiment.plan;
  std::vector<KpiAnalysis> analyses;
  for (const Subject& subject : Subjects(experiment, look)) {
    KpiAnalysis& analysis = analyses.emplace_back();
    analysis.kpi = subject.name;
    analysis.role = subject.role;
    analysis.spec = subject.spec;
    std::vector<KpiArm> arms;
    for (const KpiTally& tally : *subject.tallies) {
      arms.push_back(ArmOf(subject.spec, tally));
    }
    const auto horizon = CommonHorizonSeconds(subject.spec, arms);
    for (size_t v = 0; v < arms.size(); ++v) {
      analysis.variants.push_back(AnalyzeVariant(
          subject.spec, arms[v], look.units[v], horizon, plan.alpha));
    }
    for (size_t v = 1; v < arms.size(); ++v) {
      ComparisonAnalysis comparison =
          Compare(subject.spec, arms[0], arms[v], horizon, plan);
      comparison.variant = static_cast<int>(v);
      if (subject.role == KpiRole::kGuardrail ||
          subject.role == KpiRole::kAutomaticGuardrail) {
        comparison.guardrail =
            JudgeGuardrail(subject.spec, arms[0], arms[v], horizon,
                           subject.relative_margin, plan);
        comparison.guardrail->blocking = subject.blocking;
      }
      analysis.comparisons.push_back(std::move(comparison));
    }
    if (analyses.size() == 1) {
      analysis.expected_losses = ExpectedLosses(subject.spec, arms, horizon);
    }
  }
  AdjustPrimaries(plan, &analyses);
  return analyses;
}

std::vector<PathPoint> AnalyzePath(const Experiment& experiment, int kpi,
                                   int variant,
                                   const std::vector<ExperimentLook>& looks) {
  const KpiSpec spec = SpecOf(experiment.kpis[kpi]);
  std::vector<PathPoint> path;
  for (const ExperimentLook& look : looks) {
    const std::vector<KpiArm> arms = {ArmOf(spec, look.kpis[kpi][0]),
                                      ArmOf(spec, look.kpis[kpi][variant])};
    const auto horizon = CommonHorizonSeconds(spec, arms);
    const auto answer =
        CompareSequentially(spec, arms[0], arms[1], horizon, experiment.plan);
    if (!answer.has_value() || !answer->relative.has_value()) continue;
    const auto c = EstimateOf(spec, arms[0], horizon);
    const auto t = EstimateOf(spec, arms[1], horizon);
    if (!c.ok() || !t.ok()) continue;
    path.push_back({look.as_of, arms[0].units + arms[1].units,
                    (t->value - c->value) / std::abs(c->value),
                    answer->relative->interval});
  }
  return path;
}

}  // namespace stagecraft::engine
