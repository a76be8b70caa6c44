#include "service/catalog_state.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/text.h"
#include "service/assignment/config.h"
#include "service/convert.h"
#include "service/names.h"

namespace stagecraft::service {
namespace {

absl::Status Named(absl::string_view name, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(name, ": ", status.message()));
}

std::string JourneyOf(absl::string_view experiment) {
  return std::string(experiment.substr(0, experiment.find("/experiments/")));
}

// All KPIs that the plan names.
std::vector<std::string> KpisOf(const v1::Plan& plan) {
  std::vector<std::string> names(plan.primary_kpis().begin(),
                                 plan.primary_kpis().end());
  for (const v1::Plan::Guardrail& guardrail : plan.guardrails()) {
    names.push_back(guardrail.kpi());
  }
  names.insert(names.end(), plan.secondary_kpis().begin(),
               plan.secondary_kpis().end());
  return names;
}

template <typename T>
bool SameDocument(const Documents<T>& a, const Documents<T>& b,
                  absl::string_view name) {
  return Find(a, name) == Find(b, name);
}

// Whether what Compile would make of the experiment is in `base` already.
bool IsUpToDate(const v1::Experiment& experiment, const CatalogState& base,
                const CatalogState& state) {
  if (Find(base.experiments, experiment.name()) != &experiment ||
      Find(base.engine_experiments, experiment.name()) == nullptr) {
    return false;
  }
  // The slot of a started one only changes together with the experiment.
  if (experiment.has_frozen_journey()) return true;
  if (!SameDocument(base.journeys, state.journeys,
                    JourneyOf(experiment.name()))) {
    return false;
  }
  for (const std::string& kpi : KpisOf(experiment.plan())) {
    if (!SameDocument(base.kpis, state.kpis, kpi)) return false;
  }
  return true;
}

}  // namespace

engine::Specs SpecsOf(const CatalogState& state) {
  engine::Specs specs;
  for (const auto& [name, journey] : state.engine_journeys) {
    specs.journeys.push_back(journey);
  }
  for (const auto& [name, experiment] : state.engine_experiments) {
    if (experiment->start_time.has_value()) {
      specs.experiments.push_back(experiment);
    }
  }
  return specs;
}

bool SameSpecs(const CatalogState& a, const CatalogState& b) {
  const engine::Specs x = SpecsOf(a);
  const engine::Specs y = SpecsOf(b);
  return x.journeys == y.journeys && x.experiments == y.experiments;
}

absl::StatusOr<engine::Experiment> Compile(const v1::Experiment& experiment,
                                           const CatalogState& state) {
  const auto [start, end] =
      FindSlot(Find(state.layers, experiment.layer()), experiment.name());
  if (experiment.has_frozen_journey()) {
    return StartedToEngine(experiment, start, end);
  }
  const auto journey = state.engine_journeys.find(JourneyOf(experiment.name()));
  if (journey == state.engine_journeys.end()) {
    return absl::NotFoundError(absl::StrCat(
        "no journey is named ", engine::Quote(JourneyOf(experiment.name()))));
  }
  std::vector<engine::Kpi> kpis;
  for (const std::string& name : KpisOf(experiment.plan())) {
    const v1::Kpi* kpi = Find(state.kpis, name);
    if (kpi == nullptr) continue;  // Validate says so where it matters.
    absl::StatusOr<engine::Kpi> compiled = ToEngine(*kpi);
    if (!compiled.ok()) return compiled.status();
    // One that is named twice is for Validate to refuse.
    bool is_new = true;
    for (const engine::Kpi& other : kpis) is_new &= other.name != name;
    if (is_new) kpis.push_back(*std::move(compiled));
  }
  return ToEngine(experiment, journey->second, std::move(kpis), start, end);
}

absl::Status Derive(const CatalogState& base, CatalogState* state) {
  Documents<engine::Journey> journeys;
  for (const auto& [name, journey] : state->journeys) {
    const auto old = base.engine_journeys.find(name);
    if (old != base.engine_journeys.end() &&
        Find(base.journeys, name) == journey.get()) {
      journeys[name] = old->second;
      continue;
    }
    absl::StatusOr<engine::Journey> compiled = ToEngine(*journey);
    if (!compiled.ok()) return Named(name, compiled.status());
    const bool same =
        old != base.engine_journeys.end() && *old->second == *compiled;
    journeys[name] =
        same ? old->second
             : std::make_shared<const engine::Journey>(*std::move(compiled));
  }
  state->engine_journeys = std::move(journeys);

  Documents<engine::Experiment> experiments;
  std::vector<std::shared_ptr<const engine::Experiment>> all;
  for (const auto& [name, experiment] : state->experiments) {
    if (IsUpToDate(*experiment, base, *state)) {
      experiments[name] = base.engine_experiments.find(name)->second;
    } else {
      absl::StatusOr<engine::Experiment> compiled =
          Compile(*experiment, *state);
      if (!compiled.ok()) return Named(name, compiled.status());
      experiments[name] =
          std::make_shared<const engine::Experiment>(*std::move(compiled));
    }
    all.push_back(experiments[name]);
  }
  if (base.assignments == nullptr || experiments != base.engine_experiments) {
    auto snapshot = engine::AssignmentSnapshot::Create(std::move(all));
    if (!snapshot.ok()) return snapshot.status();
    state->assignments = *std::move(snapshot);
  } else {
    state->assignments = base.assignments;
  }
  state->engine_experiments = std::move(experiments);
  return absl::OkStatus();
}

}  // namespace stagecraft::service
