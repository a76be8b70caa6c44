#include "engine/horizon.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace stagecraft::engine {
namespace {

int64_t CountOf(const std::vector<KpiTally>& tallies) {
  int64_t count = 0;
  for (const KpiTally& tally : tallies) count += tally.sums.count();
  return count;
}

bool DurationOver(const Experiment& experiment, const ExperimentLook& look) {
  return !experiment.start_time.has_value() ||
         look.as_of - *experiment.start_time >=
             experiment.plan.minimum_duration;
}

}  // namespace

std::vector<HorizonCount> HorizonCounts(const Experiment& experiment,
                                        const ExperimentLook& look) {
  const Plan& plan = experiment.plan;
  const int64_t exposed =
      std::accumulate(look.units.begin(), look.units.end(), int64_t{0});
  std::vector<HorizonCount> counts;
  for (size_t i = 0; i < experiment.kpis.size(); ++i) {
    const Kpi& kpi = experiment.kpis[i];
    const bool decides =
        std::find(plan.primary_kpis.begin(), plan.primary_kpis.end(),
                  kpi.name) != plan.primary_kpis.end() ||
        std::any_of(plan.guardrails.begin(), plan.guardrails.end(),
                    [&](const Plan::Guardrail& guardrail) {
                      return guardrail.kpi == kpi.name;
                    });
    if (!decides) continue;
    // Times count everybody, those who still wait as censored.
    counts.push_back({kpi.name, kpi.kind == KpiKind::kTimeToEvent
                                    ? exposed
                                    : CountOf(look.kpis[i])});
  }
  // All automatic guardrails have the same window.
  const int own = FindStage(*experiment.journey, experiment.stage).value_or(0);
  if (!look.stage_conversions.empty()) {
    counts.push_back(
        {absl::StrCat("stages/", experiment.journey->stages[own + 1].id,
                      "/conversion"),
         CountOf(look.stage_conversions[0])});
  }
  return counts;
}

int64_t MatureUnits(const Experiment& experiment, const ExperimentLook& look) {
  int64_t units = std::numeric_limits<int64_t>::max();
  for (const HorizonCount& count : HorizonCounts(experiment, look)) {
    units = std::min(units, count.mature);
  }
  return units;
}

bool HorizonReached(const Experiment& experiment, const ExperimentLook& look) {
  return DurationOver(experiment, look) &&
         MatureUnits(experiment, look) >= experiment.plan.planned_units;
}

int LooksReached(const Experiment& experiment, const ExperimentLook& look) {
  if (!DurationOver(experiment, look)) return 0;
  const auto mature = static_cast<double>(MatureUnits(experiment, look));
  int reached = 0;
  for (const double fraction : experiment.plan.group_sequential.fractions) {
    // Whole units: a share of 0.2 of 7 is 2 units.
    const double wanted = std::ceil(
        fraction * static_cast<double>(experiment.plan.planned_units) - 1e-9);
    if (mature >= wanted) ++reached;
  }
  return reached;
}

std::optional<PlannedLook> PlannedLookOf(const Experiment& experiment,
                                         const ExperimentLook& look) {
  const Plan& plan = experiment.plan;
  if (plan.method != Plan::Method::kGroupSequential || look.is_segment) {
    return std::nullopt;
  }
  const int looks = static_cast<int>(plan.group_sequential.fractions.size());
  const int past = look.past_looks.empty() ? 0 : look.past_looks.back().look;
  const int reached = LooksReached(experiment, look);
  if (reached > past) return PlannedLook{reached, looks, reached == looks};
  const bool ended =
      experiment.end_time.has_value() && look.as_of >= *experiment.end_time;
  const int64_t exposed =
      std::accumulate(look.units.begin(), look.units.end(), int64_t{0});
  if (ended && exposed > 0 && MatureUnits(experiment, look) >= exposed) {
    return PlannedLook{std::min(past + 1, looks), looks, true};
  }
  return std::nullopt;
}

}  // namespace stagecraft::engine
