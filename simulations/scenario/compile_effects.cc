#include <cmath>

#include "simulations/scenario/compile_parts.h"

namespace stagecraft::simulations {
namespace {

void CompileSegment(const v1::Segment& segment, absl::string_view field,
                    const Scenario& scenario, Fields* fields, Effect* effect) {
  for (size_t a = 0; a < scenario.attributes.size(); ++a) {
    const PeopleAttribute& attribute = scenario.attributes[a];
    if (attribute.key != segment.attribute()) continue;
    for (size_t v = 0; v < attribute.values.size(); ++v) {
      if (engine::ToText(engine::View(attribute.values[v])) ==
          segment.value()) {
        effect->attribute = static_cast<int>(a);
        effect->value = static_cast<int>(v);
        return;
      }
    }
    fields->Fail(absl::StrCat(field, ".value"), engine::Quote(segment.value()),
                 absl::StrCat("a value of world.attributes[", a, "]"));
    return;
  }
  fields->Fail(absl::StrCat(field, ".attribute"),
               engine::Quote(segment.attribute()),
               "an attribute of world.attributes");
}

// Which happenings of the stage have the name.
uint32_t HappeningsOf(absl::string_view name, const StageLife& life,
                      const Scenario& scenario) {
  const auto is_named = [&](const Happening& happening) {
    return happening.content >= 0 &&
           scenario.contents[happening.content].name == name;
  };
  uint32_t happenings = 0;
  if (is_named(life.entry)) happenings |= 1;
  if (is_named(life.exit_event)) happenings |= 2;
  for (size_t i = 0; i < life.events.size(); ++i) {
    if (is_named(life.events[i])) happenings |= uint32_t{4} << i;
  }
  return happenings;
}

void CompileAge(const v1::Scenario::Effect& source, absl::string_view field,
                Fields* fields, Effect* effect) {
  switch (source.clock()) {
    case v1::Scenario::Effect::CLOCK_UNSPECIFIED:
    case v1::Scenario::Effect::EXPOSURE:
      break;
    case v1::Scenario::Effect::START:
      effect->from_start = true;
      break;
    default:
      fields->Fail(absl::StrCat(field, ".clock"), absl::StrCat(source.clock()),
                   "EXPOSURE or START");
  }
  effect->onset = fields->Time(source.onset(), absl::StrCat(field, ".onset"));
  effect->residual =
      fields->Share(source.residual(), absl::StrCat(field, ".residual"));
  if (source.has_half_life()) {
    effect->half_life =
        fields->Time(source.half_life(), absl::StrCat(field, ".half_life"));
    if (*effect->half_life <= 0) {
      fields->Fail(absl::StrCat(field, ".half_life"), "0", "more than 0");
    }
  } else if (effect->residual != 0) {
    fields->Fail(absl::StrCat(field, ".residual"),
                 absl::StrCat(effect->residual), "0 without half_life");
  }
}

void CompileEffect(const v1::Scenario::Effect& source, absl::string_view field,
                   int index, Fields* fields, Scenario* scenario) {
  Effect effect;
  fields->Take(field, engine::ValidateSize(source.arms_size(), 1, 5, "arms"));
  if (!fields->ok()) return;
  for (int i = 0; i < source.arms_size(); ++i) {
    effect.arms.push_back(CompileArm(source.arms(i),
                                     At(absl::StrCat(field, ".arms"), i),
                                     *scenario, fields));
  }
  const engine::Experiment& first =
      *scenario->experiments[effect.arms[0].experiment];
  const int stage =
      CompileStage(source.stage().empty() ? first.stage : source.stage(),
                   absl::StrCat(field, ".stage"), *scenario, fields);
  if (source.has_segment()) {
    CompileSegment(source.segment(), absl::StrCat(field, ".segment"), *scenario,
                   fields, &effect);
  }
  const auto factor = [&](bool has, double value, absl::string_view name) {
    return std::log(fields->Factor(has, value, absl::StrCat(field, ".", name)));
  };
  effect.factors = {
      factor(source.has_advance_odds(), source.advance_odds(), "advance_odds"),
      factor(source.has_advance_factor(), source.advance_factor(),
             "advance_factor"),
      factor(source.has_time_factor(), source.time_factor(), "time_factor"),
      factor(source.has_value_factor(), source.value_factor(), "value_factor"),
      factor(source.has_share_factor(), source.share_factor(), "share_factor")};
  if (!source.event().empty()) {
    effect.happenings =
        HappeningsOf(source.event(), scenario->stages[stage], *scenario);
    if (effect.happenings == 0) {
      fields->Fail(absl::StrCat(field, ".event"), engine::Quote(source.event()),
                   "the name of an event of that stage");
    }
  }
  CompileAge(source, field, fields, &effect);
  scenario->effects.push_back(effect);
  scenario->stages[stage].effects.push_back(index);
}

}  // namespace

void CompileEffects(const v1::Scenario& source, Fields* fields,
                    Scenario* scenario) {
  fields->Size(source.effects_size(), 200, "effects");
  for (int i = 0; i < source.effects_size() && fields->ok(); ++i) {
    CompileEffect(source.effects(i), At("effects", i), i, fields, scenario);
  }
}

}  // namespace stagecraft::simulations
