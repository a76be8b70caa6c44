// Worlds: who comes and what they do, unit by unit. A unit's life is a function
// of the scenario, the seed, the replication and the unit's number: it does not
// depend on other units, on order or on threads.
#ifndef STAGECRAFT_SIMULATIONS_WORLD_WORLD_H_
#define STAGECRAFT_SIMULATIONS_WORLD_WORLD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/assignment.h"
#include "engine/content_table.h"
#include "engine/targeting.h"
#include "simulations/scenario/scenario.h"
#include "simulations/world/life.h"

namespace stagecraft::simulations {

// Which of all worlds of a scenario.
struct Draw {
  uint64_t seed = 1;
  int64_t replication = 0;
  // Units that would meet a variant of this experiment meet this one; -1: as
  // they are assigned. All else that is random stays what it is.
  int forced_experiment = -1;
  int forced_variant = 0;
  bool copies = false;  // Events that arrive again are wanted.
};

// Immutable once it is made; safe from any thread.
class World {
 public:
  explicit World(std::shared_ptr<const Scenario> scenario);

  const Scenario& scenario() const { return *scenario_; }
  // All contents of events.
  const engine::ContentTable& table() const { return table_; }
  // A content by its number in the table.
  const Content& ContentOf(uint32_t number) const { return contents_[number]; }

  // How many units come in all, numbered from 0 in the order of their arrival.
  int64_t units() const { return units_; }
  // Units from this number on arrive at `time` or later.
  int64_t UnitsBefore(engine::Micros time) const;

  // Makes `life` the unit's. Keeps its memory.
  void Play(const Draw& draw, int64_t unit, Life* life) const;

  // The id of an event as it is sent; unique within the unit.
  std::string EventId(const LifeEvent& event) const;

 private:
  class Player;

  engine::Micros ArrivalOf(int64_t unit, double part) const;

  const std::shared_ptr<const Scenario> scenario_;
  std::shared_ptr<const engine::AssignmentSnapshot> snapshot_;
  std::vector<const engine::CompiledExperiment*> experiments_;
  // By group.
  std::vector<std::vector<engine::AttributeRef>> attributes_;
  engine::ContentTable table_;
  std::vector<Content> contents_;  // By number.
  // By content of the scenario and group: the number in the table.
  std::vector<uint32_t> numbers_;
  int64_t units_ = 0;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_WORLD_WORLD_H_
