#include <cmath>
#include <utility>

#include "service/convert_predicate.h"
#include "simulations/scenario/compile_parts.h"

namespace stagecraft::simulations {
namespace {

constexpr size_t kMostGroups = 1000;

void CompileChange(const v1::Scenario::Attribute::Change& change,
                   absl::string_view field, const Scenario& scenario,
                   Fields* fields, std::vector<Factors>* factors) {
  Factors added;
  added.advance_odds =
      std::log(fields->Factor(change.has_advance_odds(), change.advance_odds(),
                              absl::StrCat(field, ".advance_odds")));
  added.time =
      std::log(fields->Factor(change.has_time_factor(), change.time_factor(),
                              absl::StrCat(field, ".time_factor")));
  added.value =
      std::log(fields->Factor(change.has_value_factor(), change.value_factor(),
                              absl::StrCat(field, ".value_factor")));
  int only = -1;
  if (!change.stage().empty()) {
    only = CompileStage(change.stage(), absl::StrCat(field, ".stage"), scenario,
                        fields);
  }
  for (size_t stage = 0; stage < factors->size(); ++stage) {
    if (only >= 0 && static_cast<size_t>(only) != stage) continue;
    Factors& sum = (*factors)[stage];
    sum.advance_odds += added.advance_odds;
    sum.time += added.time;
    sum.value += added.value;
  }
}

// Makes of each group one for each value of the attribute.
void SplitGroups(const v1::Scenario::Attribute& attribute,
                 absl::string_view field, Fields* fields, Scenario* scenario) {
  PeopleAttribute compiled;
  compiled.key = attribute.attribute();
  std::vector<Group> groups;
  double sum = 0;
  for (int v = 0; v < attribute.values_size(); ++v) {
    const v1::Scenario::Attribute::Value& source = attribute.values(v);
    const std::string place = At(absl::StrCat(field, ".values"), v);
    auto value =
        service::ToEngine(source.value(), absl::StrCat(place, ".value"));
    if (!value.ok()) {
      fields->Take("scenario", value.status());
      return;
    }
    compiled.values.push_back(*std::move(value));
    sum += fields->Share(source.share(), absl::StrCat(place, ".share"));
    compiled.cumulative.push_back(sum);
  }
  if (std::abs(sum - 1) > 1e-9) {
    fields->Fail(field,
                 absl::StrCat("has shares that sum to ", sum, ", want 1"));
  }
  for (const Group& group : scenario->groups) {
    for (int v = 0; v < attribute.values_size(); ++v) {
      Group next = group;
      next.attributes[compiled.key] = compiled.values[v];
      next.values.push_back(v);
      for (int c = 0; c < attribute.values(v).changes_size(); ++c) {
        CompileChange(
            attribute.values(v).changes(c),
            At(absl::StrCat(At(absl::StrCat(field, ".values"), v), ".changes"),
               c),
            *scenario, fields, &next.factors);
      }
      groups.push_back(std::move(next));
    }
  }
  scenario->groups = std::move(groups);
  scenario->attributes.push_back(std::move(compiled));
}

}  // namespace

void CompilePeople(const v1::Scenario::World& world, Fields* fields,
                   Scenario* scenario) {
  Group everybody;
  everybody.factors.resize(scenario->journey->stages.size());
  scenario->groups = {everybody};
  fields->Size(world.attributes_size(), 5, "world.attributes");
  size_t groups = 1;
  for (int i = 0; i < world.attributes_size() && fields->ok(); ++i) {
    const v1::Scenario::Attribute& attribute = world.attributes(i);
    const std::string field = At("world.attributes", i);
    fields->Take(field, engine::ValidateText(attribute.attribute(), "attribute",
                                             1, engine::kMaxAttributeKeyBytes));
    for (const PeopleAttribute& other : scenario->attributes) {
      if (other.key == attribute.attribute()) {
        fields->Fail(absl::StrCat(field, ".attribute"),
                     engine::Quote(other.key), "one that is not given twice");
      }
    }
    fields->Take(
        field, engine::ValidateSize(attribute.values_size(), 1, 100, "values"));
    groups *= attribute.values_size();
    if (groups > kMostGroups) {
      fields->Fail(
          "world.attributes",
          absl::StrCat("have ", groups,
                       " combinations of values, want at most ", kMostGroups));
    }
    if (fields->ok()) SplitGroups(attribute, field, fields, scenario);
  }
  for (const Group& group : scenario->groups) {
    fields->Take("world",
                 engine::ValidateAttributes(group.attributes, "attributes"));
  }

  scenario->identity.share =
      fields->Share(world.identity().share(), "world.identity.share");
  if (scenario->identity.share > 0) {
    scenario->identity.known_after = CompileTimes(
        world.identity().known_after(), "world.identity.known_after", fields);
  }
}

}  // namespace stagecraft::simulations
