#include "engine/horizon.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace stagecraft::engine {
namespace {

int64_t CountOf(const std::vector<KpiTally>& tallies) {
  int64_t count = 0;
  for (const KpiTally& tally : tallies) count += tally.sums.count();
  return count;
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

bool HorizonReached(const Experiment& experiment, const ExperimentLook& look) {
  if (experiment.start_time.has_value() &&
      look.as_of - *experiment.start_time < experiment.plan.minimum_duration) {
    return false;
  }
  for (const HorizonCount& count : HorizonCounts(experiment, look)) {
    if (count.mature < experiment.plan.planned_units) return false;
  }
  return true;
}

}  // namespace stagecraft::engine
