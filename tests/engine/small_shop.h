// A journey of two stages with one experiment, for tests of the engine.
#ifndef STAGECRAFT_TESTS_ENGINE_SMALL_SHOP_H_
#define STAGECRAFT_TESTS_ENGINE_SMALL_SHOP_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"

namespace stagecraft::engine {

inline constexpr Micros kBegin = 1'700'000'000'000'000 / kHour * kHour;
inline constexpr char kName[] = "journeys/j/experiments/e";

inline Specs MakeSpecs() {
  auto journey = std::make_shared<Journey>();
  journey->name = "journeys/j";
  journey->stages = {{.id = "see", .entry = {{"see"}, std::nullopt}},
                     {.id = "buy", .entry = {{"buy"}, std::nullopt}}};
  auto experiment = std::make_shared<Experiment>();
  experiment->name = kName;
  experiment->stage = "see";
  experiment->variants = {{"a", 500000}, {"b", 500000}};
  experiment->journey = journey;
  experiment->start_time = kBegin;
  Kpi kpi;
  kpi.name = "journeys/j/kpis/revenue";
  kpi.kind = KpiKind::kValueSum;
  kpi.events = {{"buy"}, std::nullopt};
  kpi.length = kDay;
  experiment->kpis = {kpi};
  experiment->plan.primary_kpis = {kpi.name};
  experiment->segments = {{"plan", {"pro"}}};
  Specs specs;
  specs.journeys = {journey};
  specs.experiments = {experiment};
  return specs;
}

inline Event MakeEvent(const std::string& unit, const std::string& name,
                       Micros time,
                       std::optional<MicroValue> value = std::nullopt) {
  Event event;
  event.event_id = absl::StrCat(name, "-", time);
  event.unit_id = unit;
  event.name = name;
  event.time = time;
  event.value = value;
  return event;
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_TESTS_ENGINE_SMALL_SHOP_H_
