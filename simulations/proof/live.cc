#include "simulations/proof/live.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/store/memory_store.h"

namespace stagecraft::simulations {

absl::StatusOr<engine::ExperimentLook> FoldLives(
    const engine::Experiment& experiment, const std::vector<Life>& lives,
    engine::Micros as_of) {
  engine::MemoryStore store;
  engine::Specs specs;
  specs.journeys = {experiment.journey};
  specs.experiments = {std::make_shared<const engine::Experiment>(experiment)};
  auto engine = engine::Engine::Open(&store, specs, {.threads = 1});
  if (!engine.ok()) return engine.status();
  std::vector<engine::Event> events;
  for (size_t i = 0; i < lives.size(); ++i) {
    const Life& life = lives[i];
    if (life.exposed >= as_of) continue;
    const std::string unit = absl::StrCat("u", i);
    events.push_back(engine::MakeExposure(unit, experiment.name,
                                          experiment.variants[life.variant].id,
                                          life.exposed, {}));
    if (!life.acted.has_value() || *life.acted >= as_of) continue;
    engine::Event& act = events.emplace_back();
    act.event_id = "act";
    act.unit_id = unit;
    act.name = "act";
    act.time = *life.acted;
  }
  const auto report = (*engine)->Ingest(events, {});
  if (!report.ok()) return report.status();
  return (*engine)->LookAtExperiment(experiment.name, as_of);
}

}  // namespace stagecraft::simulations
