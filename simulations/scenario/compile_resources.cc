#include <set>
#include <utility>

#include "engine/allocation.h"
#include "engine/kpi.h"
#include "engine/plan.h"
#include "service/convert_resources.h"
#include "service/names.h"
#include "simulations/scenario/compile_parts.h"

namespace stagecraft::simulations {
namespace {

// The buckets that the experiment gets of its layer, after those before it.
engine::LayerSlot ReserveLayer(
    const v1::Experiment& draft, absl::string_view field,
    std::map<std::string, std::vector<engine::LayerSlot>>* layers,
    Fields* fields) {
  if (draft.layer().empty()) return {};
  std::vector<engine::LayerSlot>& slots = (*layers)[draft.layer()];
  const auto slot = engine::ReserveSlot(slots, draft.name(), draft.layer_ppm());
  fields->Take(absl::StrCat(field, ".layer_ppm"), slot.status());
  if (!slot.ok()) return {};
  slots.push_back(*slot);
  return *slot;
}

// The experiment as it is once it was started.
std::shared_ptr<const engine::Experiment> Start(
    const v1::Experiment& draft, const std::vector<engine::Kpi>& kpis,
    const engine::LayerSlot& slot, absl::string_view field, Fields* fields,
    const Scenario& scenario) {
  auto plan = service::ToEngine(draft.plan());
  fields->Take(field, plan.status());
  if (!plan.ok()) return nullptr;
  std::vector<engine::Kpi> named;
  std::set<std::string, std::less<>> seen;
  for (const engine::NamedKpi& name : engine::KpisOf(*plan)) {
    for (const engine::Kpi& kpi : kpis) {
      if (kpi.name == name.name && seen.insert(kpi.name).second) {
        named.push_back(kpi);
      }
    }
  }
  auto experiment = service::ToEngine(draft, scenario.journey, std::move(named),
                                      slot.start_ppm, slot.end_ppm);
  fields->Take(field, experiment.status());
  if (!experiment.ok()) return nullptr;
  if (experiment->state != engine::Experiment::State::kDraft) {
    fields->Fail(absl::StrCat(field, ".state"),
                 engine::ToText(experiment->state), "a draft");
    return nullptr;
  }
  experiment->state = engine::Experiment::State::kRunning;
  experiment->start_time = scenario.start;
  auto allocations = engine::Allocate({}, experiment->variants);
  fields->Take(field, allocations.status());
  if (!allocations.ok()) return nullptr;
  experiment->allocations = *std::move(allocations);
  fields->Take(field, engine::Validate(*experiment));
  return std::make_shared<const engine::Experiment>(*std::move(experiment));
}

}  // namespace

void CompileResources(const v1::Scenario& source, Fields* fields,
                      Scenario* scenario) {
  if (!source.has_journey()) {
    fields->Fail("journey", "is missing, want a journey");
    return;
  }
  auto journey = service::ToEngine(source.journey());
  fields->Take("journey", journey.status());
  if (!journey.ok()) return;
  fields->Take("journey", engine::Validate(*journey));
  scenario->journey =
      std::make_shared<const engine::Journey>(*std::move(journey));

  fields->Size(source.kpis_size(), 100, "kpis");
  std::vector<engine::Kpi> kpis;
  for (int i = 0; i < source.kpis_size(); ++i) {
    const std::string field = At("kpis", i);
    auto kpi = service::ToEngine(source.kpis(i));
    fields->Take(field, kpi.status());
    if (!kpi.ok()) return;
    fields->Take(field, engine::Validate(*kpi));
    for (const engine::Kpi& other : kpis) {
      if (other.name == kpi->name) {
        fields->Fail(absl::StrCat(field, ".name"), engine::Quote(kpi->name),
                     "a name that is not given twice");
      }
    }
    kpis.push_back(*std::move(kpi));
  }

  fields->Size(source.experiments_size(), 20, "experiments");
  std::map<std::string, std::vector<engine::LayerSlot>> layers;
  std::set<std::string> names;
  for (int i = 0; i < source.experiments_size() && fields->ok(); ++i) {
    const v1::Experiment& draft = source.experiments(i);
    const std::string field = At("experiments", i);
    const std::string prefix =
        absl::StrCat(scenario->journey->name, "/experiments/");
    fields->Take(field, service::ParseExperimentName(draft.name()).status());
    if (draft.name().substr(0, prefix.size()) != prefix) {
      fields->Fail(absl::StrCat(field, ".name"), engine::Quote(draft.name()),
                   absl::StrCat("one that begins with ", prefix));
    }
    if (!names.insert(draft.name()).second) {
      fields->Fail(absl::StrCat(field, ".name"), engine::Quote(draft.name()),
                   "a name that is not given twice");
    }
    scenario->experiments.push_back(
        Start(draft, kpis, ReserveLayer(draft, field, &layers, fields), field,
              fields, *scenario));
  }
}

}  // namespace stagecraft::simulations
