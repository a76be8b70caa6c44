#include "simulations/scenario/compile.h"

#include <utility>

#include "simulations/scenario/compile_parts.h"

namespace stagecraft::simulations {

int CompileStage(absl::string_view id, absl::string_view field,
                 const Scenario& scenario, Fields* fields) {
  const auto stage = engine::FindStage(*scenario.journey, id);
  if (!stage.has_value()) {
    fields->Fail(field, engine::Quote(id), "the id of a stage of the journey");
  }
  return stage.value_or(0);
}

Arm CompileArm(const v1::Scenario::Arm& arm, absl::string_view field,
               const Scenario& scenario, Fields* fields) {
  for (size_t x = 0; x < scenario.experiments.size(); ++x) {
    const engine::Experiment& experiment = *scenario.experiments[x];
    if (experiment.name != arm.experiment()) continue;
    const auto variant = engine::FindVariant(experiment, arm.variant());
    if (!variant.has_value()) {
      fields->Fail(absl::StrCat(field, ".variant"),
                   engine::Quote(arm.variant()),
                   absl::StrCat("the id of a variant of ", experiment.name));
    }
    return {static_cast<int>(x), variant.value_or(0)};
  }
  fields->Fail(absl::StrCat(field, ".experiment"),
               engine::Quote(arm.experiment()),
               "the name of an experiment of the scenario");
  return {};
}

absl::StatusOr<std::shared_ptr<const Scenario>> Compile(
    const v1::Scenario& source) {
  Fields fields;
  auto scenario = std::make_shared<Scenario>();
  fields.Take("scenario", engine::ValidateId(source.id(), "id"));
  scenario->id = source.id();
  scenario->description = source.description();
  fields.Take("scenario", engine::ValidateText(source.description(),
                                               "description", 0, 10'000));
  // What comes later makes use of what comes before.
  const auto then = [&](auto&& part) {
    if (fields.ok()) part();
  };
  then([&] { CompileCalendar(source, &fields, scenario.get()); });
  then([&] { CompileResources(source, &fields, scenario.get()); });
  then([&] { CompilePeople(source.world(), &fields, scenario.get()); });
  then([&] { CompileStages(source.world(), &fields, scenario.get()); });
  then([&] { CompileEffects(source, &fields, scenario.get()); });
  then([&] { CompileFaults(source.faults(), &fields, scenario.get()); });
  then([&] { CompileExpectations(source, &fields, scenario.get()); });
  if (!fields.ok()) return fields.status();
  return scenario;
}

}  // namespace stagecraft::simulations
