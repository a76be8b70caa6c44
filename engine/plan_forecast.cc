#include "engine/plan_forecast.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/group_sequential.h"
#include "engine/guardrail.h"
#include "stats/power_margin.h"

namespace stagecraft::engine {
namespace {

// The history as a look at an experiment whose variants are all the control.
// Times are those of the mature units, if there are any: who still waits would
// widen their errors.
ExperimentLook TwinLook(const Experiment& experiment,
                        const StageHistory& history) {
  ExperimentLook look = history.look;
  if (!history.blocks.empty()) {
    const UnitBlock pooled = PoolBlocks(history.blocks);
    for (size_t i = 0; i < experiment.kpis.size(); ++i) {
      if (experiment.kpis[i].kind != KpiKind::kTimeToEvent) continue;
      look.kpis[i][0].bins = pooled.times[i];
    }
    if (!look.time_in_stage.empty()) {
      look.time_in_stage[0].bins = pooled.time_in_stage;
    }
  }
  const auto copy_first = [](auto* by_variant) {
    for (auto& other : *by_variant) other = by_variant->front();
  };
  copy_first(&look.units);
  for (auto& kpi : look.kpis) copy_first(&kpi);
  for (auto& stage : look.stage_conversions) copy_first(&stage);
  copy_first(&look.time_in_stage);
  for (Stratum& stratum : look.strata) {
    for (auto& kpi : stratum.kpis) {
      if (!kpi.empty()) copy_first(&kpi);
    }
  }
  return look;
}

// The tally that an analysis is about.
const KpiTally& TallyOf(const Experiment& experiment,
                        const ExperimentLook& look,
                        const KpiAnalysis& analysis) {
  for (size_t i = 0; i < experiment.kpis.size(); ++i) {
    if (experiment.kpis[i].name == analysis.kpi) return look.kpis[i][0];
  }
  const auto& stages = experiment.journey->stages;
  const int own = FindStage(*experiment.journey, experiment.stage).value_or(0);
  for (size_t i = 0; i < look.stage_conversions.size(); ++i) {
    if (analysis.kpi ==
        absl::StrCat("stages/", stages[own + 1 + i].id, "/conversion")) {
      return look.stage_conversions[i][0];
    }
  }
  return look.time_in_stage[0];
}

KpiBaseline BaselineOf(const Experiment& experiment, const ExperimentLook& look,
                       const KpiAnalysis& analysis) {
  KpiBaseline baseline;
  baseline.kpi = analysis.kpi;
  baseline.role = analysis.role;
  baseline.spec = analysis.spec;
  const KpiArm arm = ArmOf(analysis.spec, TallyOf(experiment, look, analysis));
  baseline.units = arm.units;
  const auto estimate = EstimateOf(analysis.spec, arm,
                                   CommonHorizonSeconds(analysis.spec, {arm}));
  if (!estimate.ok()) {
    baseline.error = std::string(estimate.status().message());
    return baseline;
  }
  baseline.value = estimate->value;
  double deviation =
      estimate->standard_error * std::sqrt(static_cast<double>(arm.units));
  // Guardrails are judged by values that are not adjusted.
  if (analysis.role != KpiRole::kGuardrail && !analysis.comparisons.empty()) {
    const auto& adjustment = analysis.comparisons[0].adjustment;
    if (adjustment.has_value() && adjustment->error.empty()) {
      baseline.adjusted = true;
      deviation *=
          std::sqrt(1 - std::clamp(adjustment->variance_reduction, 0.0, 1.0));
    }
  }
  baseline.deviation = deviation;
  return baseline;
}

// A treatment and the control.
struct Pair {
  // Of the units of the two; and theirs of all.
  double treatment_share = 0.5;
  double of_all = 1;
  friend bool operator==(const Pair&, const Pair&) = default;
};

// Of each treatment; of those with the same share one.
std::vector<Pair> PairsOf(const Experiment& experiment) {
  std::vector<Pair> pairs;
  const double control = experiment.variants[0].share_ppm;
  for (size_t v = 1; v < experiment.variants.size(); ++v) {
    const double treatment = experiment.variants[v].share_ppm;
    if (!(control > 0) || !(treatment > 0)) continue;
    pairs.push_back(
        {treatment / (control + treatment), (control + treatment) / kMillion});
  }
  return pairs;
}

// The change of a primary KPI that a fixed horizon needs most units for.
struct HardestChange {
  const KpiBaseline* baseline = nullptr;
  Pair pair;
  ExpectedChange change;
  double units = 0;   // Of all variants, with a fixed horizon.
  std::string error;  // Why there is none.
};

HardestChange FindHardest(const Experiment& experiment,
                          const PlanForecast& forecast,
                          absl::Span<const Pair> pairs) {
  HardestChange hardest;
  if (pairs.empty()) {
    hardest.error =
        "the control and a treatment need a share, want more than 0";
  }
  for (const KpiBaseline& baseline : forecast.baselines) {
    if (baseline.role != KpiRole::kPrimary || !hardest.error.empty()) continue;
    if (!baseline.value.has_value()) {
      hardest.error = absl::StrCat(baseline.kpi, ": ", baseline.error);
      continue;
    }
    if (*baseline.value == 0) {
      hardest.error =
          absl::StrCat(baseline.kpi,
                       ": its value is 0, want another one for a relative "
                       "effect");
      continue;
    }
    for (const Pair& pair : pairs) {
      ExpectedChange change;
      change.value = *baseline.value;
      change.deviation = *baseline.deviation;
      change.difference = std::abs(change.value) *
                          experiment.plan.minimum_detectable_effect *
                          (baseline.spec.higher_is_better ? 1 : -1);
      change.is_rate = FamilyOf(baseline.spec.kind) == KpiFamily::kShare &&
                       !baseline.adjusted;
      change.treatment_share = pair.treatment_share;
      const auto size = SizeFor(Plan::Method::kFixedHorizon, experiment.plan,
                                forecast.comparison_alpha, change);
      if (!size.ok()) {
        hardest.error =
            absl::StrCat(baseline.kpi, ": ", size.status().message());
        break;
      }
      const double units = size->units / pair.of_all;
      if (units > hardest.units) {
        hardest = {&baseline, pair, change, units, ""};
      }
    }
  }
  return hardest;
}

MethodForecast ForecastMethod(Plan::Method method, const Experiment& experiment,
                              const PlanForecast& forecast,
                              const HardestChange& hardest, double follow_up) {
  MethodForecast out;
  out.method = method;
  out.error = hardest.error;
  if (!out.error.empty()) return out;
  out.kpi = hardest.baseline->kpi;
  if (method == Plan::Method::kGroupSequential &&
      FamilyOf(hardest.baseline->spec.kind) == KpiFamily::kTime) {
    out.error = absl::StrCat(
        out.kpi, ": no group sequential plan takes a time to an event");
    return out;
  }
  auto size = SizeFor(method, experiment.plan, forecast.comparison_alpha,
                      hardest.change);
  if (!size.ok()) {
    out.error = absl::StrCat(out.kpi, ": ", size.status().message());
    return out;
  }
  size->units = std::ceil(size->units / hardest.pair.of_all);
  constexpr double kMostUnits = 1e15;
  if (!(size->units < kMostUnits)) {
    out.error = absl::StrCat(out.kpi, ": it takes more than 1e15 units");
    return out;
  }
  size->expected /= hardest.pair.of_all;
  size->expected_without /= hardest.pair.of_all;
  out.size = *size;
  if (!(forecast.units_per_day > 0)) return out;
  const double least =
      static_cast<double>(experiment.plan.minimum_duration) / kDay;
  const auto days = [&](double units) {
    return std::max(least, units / forecast.units_per_day + follow_up);
  };
  out.days = days(size->units);
  out.expected_days = days(size->expected);
  out.expected_days_without = days(size->expected_without);
  return out;
}

// The limit of |z| at the last look of a group sequential plan.
std::optional<double> LastBoundary(const Plan& plan) {
  if (plan.method != Plan::Method::kGroupSequential) return std::nullopt;
  const auto design =
      stats::DesignGroupSequential(DesignOptionsOf(plan, false));
  if (!design.ok()) return std::nullopt;
  return design->looks.back().upper;
}

// Of the pair whose error is largest: the one with the smallest treatment.
const Pair& HardestPair(absl::Span<const Pair> pairs) {
  return *std::min_element(pairs.begin(), pairs.end(),
                           [](const Pair& a, const Pair& b) {
                             return a.treatment_share < b.treatment_share;
                           });
}

GuardrailForecast ForecastGuardrail(const Plan& plan,
                                    const KpiAnalysis& analysis,
                                    const KpiBaseline& baseline,
                                    int64_t planned_units,
                                    absl::Span<const Pair> pairs) {
  GuardrailForecast out;
  out.kpi = analysis.kpi;
  out.automatic = analysis.role == KpiRole::kAutomaticGuardrail;
  out.margin = *analysis.comparisons[0].guardrail;
  if (!baseline.value.has_value()) {
    out.error = baseline.error;
    return out;
  }
  if (pairs.empty() || planned_units <= 0) {
    out.error = "there are no planned units to tell it for";
    return out;
  }
  const Pair& pair = HardestPair(pairs);
  const std::optional<double> boundary = LastBoundary(plan);
  stats::MarginOptions options;
  options.relative = out.margin.absolute_margin == 0;
  options.margin = options.relative ? out.margin.relative_margin
                                    : out.margin.absolute_margin;
  options.direction = baseline.spec.higher_is_better ? stats::Direction::kUp
                                                     : stats::Direction::kDown;
  options.treatment_share = pair.treatment_share;
  options.power = plan.power;
  const stats::ExpectedMeans means = {*baseline.value, *baseline.value,
                                      *baseline.deviation, *baseline.deviation};
  const auto level_at = [&](double all) {
    return GuardrailAlpha(
        plan, static_cast<int64_t>(std::llround(all * pair.of_all)), boundary);
  };
  const auto planned = static_cast<double>(planned_units);
  std::optional<double> alpha = level_at(planned);
  if (!alpha.has_value()) {
    out.error = "the plan's limits cannot be computed";
    return out;
  }
  options.one_sided_alpha = *alpha / 2;
  const double units = planned * pair.of_all;
  const auto power = stats::MeanNonInferiorityPower(
      means,
      static_cast<int64_t>(std::llround(units * (1 - pair.treatment_share))),
      static_cast<int64_t>(std::llround(units * pair.treatment_share)),
      options);
  if (!power.ok()) {
    out.error = std::string(power.status().message());
    return out;
  }
  out.power = *power;
  out.enough = *power >= plan.power;
  // The level of an always-valid sequence depends on the units.
  double needed = planned;
  constexpr int kRounds = 8;
  for (int i = 0; i < kRounds && alpha.has_value(); ++i) {
    options.one_sided_alpha = *alpha / 2;
    const auto size = stats::MeanNonInferioritySize(means, options);
    if (!size.ok()) return out;
    needed = std::ceil(static_cast<double>(size->total) / pair.of_all);
    alpha = level_at(needed);
  }
  out.units_needed = static_cast<int64_t>(needed);
  return out;
}

double EnteringShare(const Experiment& experiment, double layer_share) {
  return (1 - static_cast<double>(experiment.journey->holdout_ppm) / kMillion) *
         experiment.coverage_ppm / kMillion * layer_share;
}

}  // namespace

absl::string_view ToWords(Plan::Method method) {
  switch (method) {
    case Plan::Method::kFixedHorizon:
      return "fixed horizon";
    case Plan::Method::kAlwaysValid:
      return "always valid";
    case Plan::Method::kGroupSequential:
      return "group sequential";
  }
  return "";
}

PlanForecast ForecastPlan(const Experiment& experiment,
                          const StageHistory& history, double layer_share) {
  const Plan& plan = experiment.plan;
  PlanForecast forecast;
  forecast.entering_share = EnteringShare(experiment, layer_share);
  if (history.to > history.from) {
    forecast.units_per_day = forecast.entering_share *
                             static_cast<double>(history.targeted) * kDay /
                             static_cast<double>(history.to - history.from);
  }
  forecast.comparisons = static_cast<int>((experiment.variants.size() - 1) *
                                          plan.primary_kpis.size());
  forecast.comparison_alpha = FirstComparisonAlpha(plan, forecast.comparisons);
  const ExperimentLook look = TwinLook(experiment, history);
  const std::vector<KpiAnalysis> analyses = Analyze(experiment, look);
  for (const KpiAnalysis& analysis : analyses) {
    forecast.baselines.push_back(BaselineOf(experiment, look, analysis));
  }
  const std::vector<Pair> pairs = PairsOf(experiment);
  const double follow_up = static_cast<double>(FollowUp(experiment)) / kDay;
  const HardestChange hardest = FindHardest(experiment, forecast, pairs);
  double earliest = std::numeric_limits<double>::infinity();
  for (const Plan::Method method :
       {Plan::Method::kFixedHorizon, Plan::Method::kGroupSequential,
        Plan::Method::kAlwaysValid}) {
    const MethodForecast& answer = forecast.methods.emplace_back(
        ForecastMethod(method, experiment, forecast, hardest, follow_up));
    if (!answer.size.has_value()) continue;
    const double when = answer.expected_days.value_or(answer.size->expected);
    if (when < earliest) {
      earliest = when;
      forecast.recommended = method;
    }
    if (method == plan.method) {
      forecast.planned_units = static_cast<int64_t>(answer.size->units);
    }
  }
  if (plan.planned_units > 0) forecast.planned_units = plan.planned_units;
  for (size_t i = 0; i < analyses.size(); ++i) {
    if (analyses[i].role != KpiRole::kGuardrail &&
        analyses[i].role != KpiRole::kAutomaticGuardrail) {
      continue;
    }
    forecast.guardrails.push_back(
        ForecastGuardrail(plan, analyses[i], forecast.baselines[i],
                          forecast.planned_units, pairs));
  }
  return forecast;
}

}  // namespace stagecraft::engine
