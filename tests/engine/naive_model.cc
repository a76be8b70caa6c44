#include "tests/engine/naive_model.h"

#include <algorithm>
#include <functional>

#include "engine/predicate.h"

namespace stagecraft::testing {
namespace {

using engine::Event;
using engine::EventFilter;
using engine::Kpi;
using engine::KpiKind;
using engine::Micros;

bool Matches(const EventFilter& filter, const Event& event) {
  if (std::find(filter.names.begin(), filter.names.end(), event.name) ==
      filter.names.end()) {
    return false;
  }
  return !filter.where.has_value() ||
         engine::CompiledPredicate(*filter.where).Matches(event.attributes);
}

// The first matching event at or after `from`.
std::optional<Micros> First(const std::vector<Event>& events,
                            const EventFilter& filter, Micros from) {
  for (const Event& event : events) {
    if (event.time >= from && Matches(filter, event)) return event.time;
  }
  return std::nullopt;
}

std::string Text(const Event& event, const char* key) {
  const auto it = event.attributes.find(std::string_view(key));
  if (it == event.attributes.end()) return "";
  return engine::ToText(engine::View(it->second));
}

double Natural(std::optional<engine::MicroValue> value) {
  return static_cast<double>(value.value_or(0)) / 1e6;
}

// x and y of one unit over [begin, end).
void Measure(const Kpi& kpi, const std::vector<Event>& events, Micros begin,
             Micros end, double* x, double* y) {
  std::vector<const Event*> hits;
  double denominator = 0;
  for (const Event& event : events) {
    if (event.time < begin || event.time >= end) continue;
    if (Matches(kpi.events, event)) hits.push_back(&event);
    if (kpi.kind == KpiKind::kRatio && Matches(kpi.denominator, event)) {
      denominator += kpi.sum_denominator_values ? Natural(event.value) : 1;
    }
  }
  const auto sum = [&](const std::function<double(const Event&)>& fn) {
    double total = 0;
    for (const Event* event : hits) total += fn(*event);
    return total;
  };
  *x = *y = 0;
  switch (kpi.kind) {
    case KpiKind::kConversion:
    case KpiKind::kRetention:
      *x = hits.empty() ? 0 : 1;
      break;
    case KpiKind::kDropOff:
      *x = hits.empty() ? 1 : 0;
      break;
    case KpiKind::kCount:
      *x = static_cast<double>(hits.size());
      break;
    case KpiKind::kValueSum:
      *x = sum([](const Event& event) { return Natural(event.value); });
      break;
    case KpiKind::kRatio:
      *x = sum([&](const Event& event) {
        return kpi.sum_numerator_values ? Natural(event.value) : 1;
      });
      *y = denominator;
      break;
    case KpiKind::kRatingMean:
      *x = sum([](const Event& event) { return Natural(event.value); });
      *y = sum([](const Event& event) { return event.value ? 1 : 0; });
      break;
    case KpiKind::kSatisfiedShare:
      *x = sum([&](const Event& event) {
        return event.value && *event.value >= kpi.threshold ? 1 : 0;
      });
      *y = sum([](const Event& event) { return event.value ? 1 : 0; });
      break;
    case KpiKind::kNetPromoterScore: {
      const auto score = [](const Event& event) -> std::optional<double> {
        if (!event.value || *event.value < 0 || *event.value > 10'000'000) {
          return std::nullopt;
        }
        return Natural(event.value);
      };
      *x = sum([&](const Event& event) {
        const auto s = score(event);
        return !s ? 0 : *s >= 9 ? 1 : *s <= 6 ? -1 : 0;
      });
      *y = sum([&](const Event& event) { return score(event) ? 1 : 0; });
      break;
    }
    case KpiKind::kCustomerLifetimeValue:
      *x = sum([](const Event& event) { return Natural(event.value); });
      *y = hits.empty() ? 0 : 1;
      break;
    case KpiKind::kTimeToEvent:
      break;
  }
  if (kpi.unit_cap.has_value()) *x = std::min(*x, Natural(kpi.unit_cap));
}

void AddUnit(const std::array<double, 4>& values, NaiveKpi* kpi) {
  ++kpi->units;
  for (int i = 0; i < 4; ++i) {
    kpi->sums[i] += values[i];
    for (int j = 0; j < 4; ++j) kpi->products[i][j] += values[i] * values[j];
  }
}

void AddTime(Micros begin, std::optional<Micros> end,
             std::optional<Micros> horizon, Micros as_of, NaiveTime* time) {
  if (end && (!horizon || *end < begin + *horizon)) {
    time->events.insert(*end - begin);
  } else if (horizon && as_of >= begin + *horizon) {
    time->censored.insert(*horizon);
  } else {
    time->censored.insert(as_of - begin);
  }
}

}  // namespace

std::vector<std::vector<Event>> NaiveModel::Units(Micros as_of) const {
  // Connected ids, by relabelling until nothing changes.
  std::map<std::string, std::string> label;
  for (const Event& event : sent_) label[event.unit_id] = event.unit_id;
  for (const engine::Alias& alias : aliases_) {
    label.try_emplace(alias.alias_id, alias.alias_id);
    label.try_emplace(alias.unit_id, alias.unit_id);
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const engine::Alias& alias : aliases_) {
      std::string& a = label[alias.alias_id];
      std::string& b = label[alias.unit_id];
      if (a == b) continue;
      const std::string least = std::min(a, b);
      a = b = least;
      changed = true;
    }
  }
  // The earliest event of each id.
  std::map<std::string, std::map<std::string, Event>> units;
  for (const Event& event : sent_) {
    auto& events = units[label[event.unit_id]];
    const auto [it, inserted] = events.try_emplace(event.event_id, event);
    if (!inserted && event.time < it->second.time) it->second = event;
  }
  std::vector<std::vector<Event>> result;
  for (const auto& [unit, by_id] : units) {
    std::vector<Event> events;
    for (const auto& [id, event] : by_id) {
      if (event.time < as_of) events.push_back(event);
    }
    std::stable_sort(
        events.begin(), events.end(),
        [](const Event& a, const Event& b) { return a.time < b.time; });
    if (!events.empty()) result.push_back(std::move(events));
  }
  return result;
}

NaiveExperiment NaiveModel::Experiment(const engine::Experiment& experiment,
                                       Micros as_of,
                                       const std::string& attribute,
                                       const std::string& value) const {
  const size_t variants = experiment.variants.size();
  const auto& stages = experiment.journey->stages;
  const int own = *engine::FindStage(*experiment.journey, experiment.stage);
  const size_t later = stages.size() - 1 - own;
  const bool ordered =
      experiment.journey->ordering == engine::Journey::Ordering::kOrdered;
  const Micros window = engine::GuardrailWindow(experiment);
  NaiveExperiment result;
  result.units.resize(variants);
  result.kpis.assign(experiment.kpis.size(), std::vector<NaiveKpi>(variants));
  result.kpi_times.assign(experiment.kpis.size(),
                          std::vector<NaiveTime>(variants));
  result.stage_conversions.assign(later, std::vector<NaiveKpi>(variants));
  result.stages_reached.assign(later, std::vector<int64_t>(variants));
  result.time_in_stage.resize(variants);
  for (const std::vector<Event>& events : Units(as_of)) {
    std::set<int> met;
    std::optional<Micros> exposed;
    int variant = 0;
    const Event* exposure = nullptr;
    for (const Event& event : events) {
      if (event.name != engine::kExposureName) continue;
      if (Text(event, "experiment") != experiment.name) continue;
      if (experiment.start_time && event.time < *experiment.start_time) {
        continue;
      }
      if (experiment.end_time && event.time >= *experiment.end_time) continue;
      const auto v = engine::FindVariant(experiment, Text(event, "variant"));
      if (!v) continue;
      met.insert(*v);
      if (!exposed) {
        exposed = event.time;
        variant = *v;
        exposure = &event;
      }
    }
    if (!exposed) continue;
    if (!attribute.empty()) {
      std::string seen;
      for (const Event* event = exposure;; --event) {
        seen = Text(*event, attribute.c_str());
        if (!seen.empty() || event == events.data()) break;
      }
      if (seen != value) continue;
    }
    for (const Event& event : events) {
      if (event.name != engine::kExposureName) {
        ++result.matched;
        break;
      }
    }
    if (met.size() > 1) {
      ++result.crossed_over;
      continue;
    }
    ++result.units[variant];
    for (size_t k = 0; k < experiment.kpis.size(); ++k) {
      const Kpi& kpi = experiment.kpis[k];
      const Micros begin = *exposed + kpi.delay;
      if (kpi.kind == KpiKind::kTimeToEvent) {
        std::optional<Micros> horizon;
        if (kpi.length) horizon = kpi.delay + *kpi.length;
        AddTime(*exposed, First(events, kpi.events, begin), horizon, as_of,
                &result.kpi_times[k][variant]);
        continue;
      }
      if (kpi.length && begin + *kpi.length > as_of) continue;  // Immature.
      double x = 0, y = 0;
      Measure(kpi, events, begin, kpi.length ? begin + *kpi.length : as_of, &x,
              &y);
      std::array<double, 4> values = {x, y};
      if (experiment.plan.pre_exposure_window &&
          kpi.kind != KpiKind::kCustomerLifetimeValue) {
        double before_x = 0, before_y = 0;
        Measure(kpi, events, *exposed - *experiment.plan.pre_exposure_window,
                *exposed, &before_x, &before_y);
        // They stand after the KPI's own components.
        if (engine::IsRatio(kpi.kind)) {
          values = {x, y, before_x, before_y};
        } else {
          values = {x, before_x};
        }
      }
      AddUnit(values, &result.kpis[k][variant]);
    }
    std::optional<Micros> from = exposed;
    for (size_t i = 0; i < later; ++i) {
      std::optional<Micros> entry;
      if (from) entry = First(events, stages[own + 1 + i].entry, *from);
      if (entry) ++result.stages_reached[i][variant];
      if (*exposed + window <= as_of) {
        AddUnit({entry && *entry < *exposed + window ? 1.0 : 0.0},
                &result.stage_conversions[i][variant]);
      }
      if (i == 0) {
        AddTime(*exposed, entry, window, as_of, &result.time_in_stage[variant]);
      }
      if (ordered) from = entry;
    }
  }
  return result;
}

std::vector<NaiveStage> NaiveModel::Journey(const engine::Journey& journey,
                                            Micros as_of) const {
  std::vector<NaiveStage> result(journey.stages.size());
  for (const std::vector<Event>& events : Units(as_of)) {
    std::optional<Micros> entry = First(events, journey.stages[0].entry, 0);
    for (size_t s = 0; s < journey.stages.size() && entry; ++s) {
      ++result[s].entered;
      if (s + 1 == journey.stages.size()) break;
      std::optional<Micros> next =
          First(events, journey.stages[s + 1].entry, *entry);
      std::optional<Micros> exit;
      if (journey.stages[s].exit) {
        exit = First(events, *journey.stages[s].exit, *entry);
      }
      std::optional<Micros> deadline;
      if (journey.stages[s].dropout_after) {
        deadline = *entry + *journey.stages[s].dropout_after;
      }
      if (next && exit && *exit < *next) next.reset();
      if (next && deadline && *next >= *deadline) next.reset();
      if (next) {
        ++result[s].advanced;
        result[s].advance_times.insert(*next - *entry);
      } else if (exit && (!deadline || *exit < *deadline)) {
        ++result[s].dropped;
        result[s].drop_times.insert(*exit - *entry);
      } else if (deadline && *deadline <= as_of) {
        ++result[s].dropped;
        result[s].drop_times.insert(*deadline - *entry);
      } else {
        result[s].open_times.insert(as_of - *entry);
      }
      entry = next;
    }
  }
  return result;
}

}  // namespace stagecraft::testing
