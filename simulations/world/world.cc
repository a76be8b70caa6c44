#include "simulations/world/world.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/record.h"
#include "simulations/world/player.h"

namespace stagecraft::simulations {

using engine::Micros;

World::World(std::shared_ptr<const Scenario> scenario)
    : scenario_(std::move(scenario)) {
  // What Compile has checked can be assigned.
  snapshot_ = *engine::AssignmentSnapshot::Create(scenario_->experiments);
  for (const auto& experiment : scenario_->experiments) {
    experiments_.push_back(snapshot_->FindByName(experiment->name));
  }
  for (const Group& group : scenario_->groups) {
    std::vector<engine::AttributeRef>& attributes = attributes_.emplace_back();
    for (const auto& [key, value] : group.attributes) {
      attributes.push_back({key, engine::View(value)});
    }
  }
  for (const Content& content : scenario_->contents) {
    for (const Group& group : scenario_->groups) {
      Content full = content;
      full.attributes.insert(group.attributes.begin(), group.attributes.end());
      std::string encoded;
      engine::EncodeContent(full.name, full.attributes, &encoded);
      const uint32_t number = table_.Intern(encoded);
      numbers_.push_back(number);
      if (number == contents_.size()) contents_.push_back(std::move(full));
    }
  }
  // The sum of rates may miss a whole number by its rounding.
  units_ = static_cast<int64_t>(scenario_->arrivals.back() * (1 + 1e-12));
}

int64_t World::UnitsBefore(Micros time) const {
  const std::vector<double>& arrivals = scenario_->arrivals;
  if (time <= scenario_->begin) return 0;
  const Micros hours =
      (time - scenario_->begin + engine::kHour - 1) / engine::kHour;
  if (hours >= static_cast<Micros>(arrivals.size()) - 1) return units_;
  return std::min(units_, static_cast<int64_t>(std::ceil(arrivals[hours])));
}

Micros World::ArrivalOf(int64_t unit, double part) const {
  const std::vector<double>& arrivals = scenario_->arrivals;
  const double position = static_cast<double>(unit) + part;
  const auto after =
      std::upper_bound(arrivals.begin() + 1, arrivals.end() - 1, position);
  const double from = *(after - 1);
  const double of_hour =
      std::clamp((position - from) / (*after - from), 0.0, 1.0);
  return scenario_->begin +
         static_cast<Micros>(
             (static_cast<double>(after - 1 - arrivals.begin()) + of_hour) *
             engine::kHour);
}

std::string World::EventId(const LifeEvent& event) const {
  if (event.exposure >= 0) {
    // As the service names it: a repeated one is the same event.
    const engine::Experiment& experiment =
        *scenario_->experiments[event.exposure];
    return engine::MakeExposure("", experiment.name,
                                experiment.variants[event.variant].id, 0, {},
                                experiment.start_time)
        .event_id;
  }
  return std::string(IdText('e', event.id).text());
}

void World::Play(const Draw& draw, int64_t unit, Life* life) const {
  Player(*this, draw, life).Play(unit);
}

}  // namespace stagecraft::simulations
