#include <algorithm>
#include <utility>
#include <vector>

#include "engine/event_filters.h"
#include "engine/record.h"
#include "service/convert_predicate.h"
#include "simulations/scenario/compile_parts.h"

namespace stagecraft::simulations {
namespace {

constexpr size_t kMostEvents = 20;  // Of a stage.

// Index of the content, which is added if it is new.
int AddContent(Content content, Scenario* scenario) {
  std::vector<Content>& contents = scenario->contents;
  for (size_t i = 0; i < contents.size(); ++i) {
    if (contents[i].name == content.name &&
        contents[i].attributes == content.attributes) {
      return static_cast<int>(i);
    }
  }
  contents.push_back(std::move(content));
  return static_cast<int>(contents.size()) - 1;
}

// Whether the filter lets the event pass, whoever makes it.
bool Matches(const engine::EventFilter& filter, const Content& content,
             const Scenario& scenario) {
  engine::EventFilters filters;
  filters.Add(filter);
  return std::all_of(
      scenario.groups.begin(), scenario.groups.end(), [&](const Group& group) {
        engine::Attributes attributes = group.attributes;
        for (const auto& [key, value] : content.attributes) {
          attributes.insert_or_assign(key, value);
        }
        std::string encoded;
        engine::EncodeContent(content.name, attributes, &encoded);
        engine::ContentView view;
        if (!engine::DecodeContent(encoded, &view).ok()) return false;
        bool matches = false;
        filters.Match(view, [&](int) { matches = true; });
        return matches;
      });
}

class StageReader {
 public:
  StageReader(const v1::Scenario::StageLife& source, std::string field,
              int stage, Fields* fields, Scenario* scenario)
      : source_(source),
        field_(std::move(field)),
        stage_(stage),
        fields_(fields),
        scenario_(scenario) {}

  void Read() {
    const engine::Stage& stage = scenario_->journey->stages[stage_];
    StageLife& life = scenario_->stages[stage_];
    life.entry = ReadTransition(source_.entry(), "entry", stage.entry);
    life.advance = Share(source_.advance(), "advance");
    life.exit = Share(source_.exit(), "exit");
    life.reenter = Share(source_.reenter(), "reenter");
    const bool is_last =
        static_cast<size_t>(stage_) + 1 == scenario_->journey->stages.size();
    if (is_last && life.advance > 0) {
      fields_->Fail(Name("advance"), absl::StrCat(life.advance),
                    "0 at the last stage");
    }
    if (life.advance > 0) {
      life.advance_after = Times(source_.advance_after(), "advance_after");
    }
    if (life.exit > 0) {
      life.exit_after = Times(source_.exit_after(), "exit_after");
      if (!stage.exit.has_value()) {
        fields_->Fail(Name("exit"), absl::StrCat(life.exit),
                      "0 where the journey's stage has no exit events");
        return;
      }
      life.exit_event =
          ReadTransition(source_.exit_event(), "exit_event", *stage.exit);
    }
    if (life.reenter > 0) {
      life.reenter_after = Times(source_.reenter_after(), "reenter_after");
      life.reenter_at =
          source_.reenter_at().empty()
              ? stage_
              : CompileStage(source_.reenter_at(), Name("reenter_at"),
                             *scenario_, fields_);
      if (life.reenter_at > stage_) {
        fields_->Fail(Name("reenter_at"), engine::Quote(source_.reenter_at()),
                      "this stage or one before it");
      }
    }
    fields_->Size(source_.events_size(), kMostEvents, Name("events"));
    for (int i = 0; i < source_.events_size() && fields_->ok(); ++i) {
      life.events.push_back(
          ReadEvent(source_.events(i), At(Name("events"), i)));
    }
  }

 private:
  std::string Name(absl::string_view name) const {
    return absl::StrCat(field_, ".", name);
  }
  double Share(double value, absl::string_view name) {
    return fields_->Share(value, Name(name));
  }
  Distribution Times(const v1::Scenario::Distribution& source,
                     absl::string_view name) {
    return CompileTimes(source, Name(name), fields_);
  }

  // Name, attributes and value.
  Happening ReadContent(const v1::Scenario::Happening& source,
                        absl::string_view field, std::string name) {
    Happening happening;
    Content content = {std::move(name), {}};
    auto attributes = service::ToEngine(source.attributes(),
                                        absl::StrCat(field, ".attributes"));
    if (!attributes.ok()) {
      fields_->Take("scenario", attributes.status());
      return happening;
    }
    content.attributes = *std::move(attributes);
    if (content.name == engine::kExposureName) {
      fields_->Fail(absl::StrCat(field, ".name"), engine::Quote(content.name),
                    "a name of your own: exposures come by themselves");
    }
    fields_->Take(field,
                  engine::ValidateContent(content.name, content.attributes));
    if (source.has_value()) {
      happening.value =
          CompileValues(source.value(), absl::StrCat(field, ".value"), fields_);
    }
    happening.content = AddContent(std::move(content), scenario_);
    return happening;
  }

  // An entry or an exit.
  Happening ReadTransition(const v1::Scenario::Happening& source,
                           absl::string_view name,
                           const engine::EventFilter& filter) {
    const std::string field = Name(name);
    if (source.has_share() || source.has_count() || source.has_after()) {
      fields_->Fail(field,
                    "has a share, count or after, want none: there is just one "
                    "event at its moment");
    }
    Happening happening = ReadContent(
        source, field, source.name().empty() ? filter.names[0] : source.name());
    if (fields_->ok() &&
        !Matches(filter, scenario_->contents[happening.content], *scenario_)) {
      fields_->Fail(
          field, engine::Quote(scenario_->contents[happening.content].name),
          "an event that the stage's filter matches, with its attributes, "
          "whoever makes it");
    }
    return happening;
  }

  Happening ReadEvent(const v1::Scenario::Happening& source,
                      absl::string_view field) {
    Happening happening = ReadContent(source, field, source.name());
    if (source.has_share()) {
      happening.share =
          fields_->Share(source.share(), absl::StrCat(field, ".share"));
    }
    if (source.has_count()) {
      happening.count =
          CompileValues(source.count(), absl::StrCat(field, ".count"), fields_);
    }
    happening.after =
        CompileTimes(source.after(), absl::StrCat(field, ".after"), fields_);
    return happening;
  }

  const v1::Scenario::StageLife& source_;
  const std::string field_;
  const int stage_;
  Fields* const fields_;
  Scenario* const scenario_;
};

void AddExposures(Scenario* scenario) {
  for (size_t x = 0; x < scenario->experiments.size(); ++x) {
    const engine::Experiment& experiment = *scenario->experiments[x];
    const int stage =
        engine::FindStage(*scenario->journey, experiment.stage).value_or(0);
    scenario->stages[stage].experiments.push_back(static_cast<int>(x));
    std::vector<int>& exposures = scenario->exposures.emplace_back();
    for (const engine::Variant& variant : experiment.variants) {
      const engine::Event event =
          engine::MakeExposure("", experiment.name, variant.id, 0, {});
      exposures.push_back(AddContent({event.name, event.attributes}, scenario));
    }
  }
}

}  // namespace

void CompileStages(const v1::Scenario::World& world, Fields* fields,
                   Scenario* scenario) {
  const size_t stages = scenario->journey->stages.size();
  scenario->stages.resize(stages);
  std::vector<const v1::Scenario::StageLife*> sources(stages);
  std::vector<int> places(stages, -1);
  for (int i = 0; i < world.stages_size(); ++i) {
    const std::string field = At("world.stages", i);
    const int stage =
        CompileStage(world.stages(i).stage(), absl::StrCat(field, ".stage"),
                     *scenario, fields);
    if (places[stage] >= 0) {
      fields->Fail(absl::StrCat(field, ".stage"),
                   engine::Quote(world.stages(i).stage()),
                   "a stage that is not given twice");
    }
    places[stage] = i;
  }
  const v1::Scenario::StageLife nothing;
  for (size_t stage = 0; stage < stages && fields->ok(); ++stage) {
    const int place = places[stage];
    StageReader(place < 0 ? nothing : world.stages(place),
                place < 0 ? absl::StrCat("journey.stages[", stage, "]")
                          : At("world.stages", place),
                static_cast<int>(stage), fields, scenario)
        .Read();
  }
  if (fields->ok()) AddExposures(scenario);
  // A table of contents takes so many of one name.
  constexpr size_t kMostContents = 65'536;
  if (fields->ok() &&
      scenario->contents.size() * scenario->groups.size() > kMostContents) {
    fields->Fail(
        "world.attributes",
        absl::StrCat("have ", scenario->groups.size(),
                     " combinations of values, for ", scenario->contents.size(),
                     " contents of events and exposures: want at most ",
                     kMostContents, " of both together"));
  }
}

}  // namespace stagecraft::simulations
