// Scenarios: a world in which everything that is true is known, ready to be
// played. Times in microseconds since 1970, as everywhere in the engine.
#ifndef STAGECRAFT_SIMULATIONS_SCENARIO_SCENARIO_H_
#define STAGECRAFT_SIMULATIONS_SCENARIO_SCENARIO_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/event.h"
#include "engine/experiment.h"
#include "engine/journey.h"
#include "simulations/scenario/distribution.h"
#include "simulations/scenario/expectation.h"

namespace stagecraft::simulations {

inline constexpr int kMaxVisits = 100;  // Of stages, of one unit.

// What events of one sort have in common, besides the attributes of people.
struct Content {
  std::string name;
  engine::Attributes attributes;
};

// Events that people make at a stage; times in hours.
struct Happening {
  int content = -1;  // Index into Scenario::contents.
  std::optional<Distribution> value;
  double share = 1;
  std::optional<Distribution> count;  // Absent: 1.
  Distribution after;
};

// What people do at a stage; times in hours.
struct StageLife {
  Happening entry;
  std::vector<Happening> events;
  double advance = 0;
  Distribution advance_after;
  double exit = 0;  // Of those who do not advance.
  Distribution exit_after;
  Happening exit_event;  // Only with `exit`.
  double reenter = 0;    // Of those who neither advance nor exit.
  Distribution reenter_after;
  int reenter_at = 0;            // A stage.
  std::vector<int> experiments;  // At this stage.
  std::vector<int> effects;      // That act at this stage.
};

// How people differ at a stage: logarithms of factors, which add up.
struct Factors {
  double advance_odds = 0;
  double advance = 0;
  double time = 0;
  double value = 0;
  double share = 0;
};

// A variant of an experiment, by index.
struct Arm {
  int experiment = 0;
  int variant = 0;
  friend bool operator==(const Arm&, const Arm&) = default;
};

struct Effect {
  std::vector<Arm> arms;
  int attribute = -1;  // Only people with this attribute's
  int value = -1;      // value; -1: all.
  Factors factors;     // At full strength.
  // Which happenings of the stage `value` and `share` are for: bit 0 the entry,
  // 1 the exit, 2 and so on the events.
  uint32_t happenings = ~uint32_t{0};
  bool from_start = false;  // Its age begins with the experiments.
  engine::Micros onset = 0;
  std::optional<engine::Micros> half_life;
  double residual = 0;
};

// An attribute of people.
struct PeopleAttribute {
  std::string key;
  std::vector<engine::AttributeValue> values;
  std::vector<double> cumulative;  // By value: share of it and those before.
};

// People with the same attributes.
struct Group {
  engine::Attributes attributes;
  std::vector<int> values;       // By attribute.
  std::vector<Factors> factors;  // By stage.
};

struct Identity {
  double share = 0;
  Distribution known_after;
};

struct Faults {
  double late_share = 0;
  Distribution late_delay;
  double duplicate_share = 0;
  Distribution duplicate_delay;
  double restamped_share = 0;
  double reordering = 0;  // Hours.
  std::optional<Distribution> alias_delay;
  struct Lost {
    Arm arm;
    double share = 0;
  };
  std::vector<Lost> lost_exposures;
  struct Broken {
    Arm arm;
    int variant = 0;
    double share = 0;
  };
  std::vector<Broken> broken_splits;
};

// Immutable once it is made.
struct Scenario {
  std::string id;
  std::string description;
  std::shared_ptr<const engine::Journey> journey;
  // Running, from `start` on.
  std::vector<std::shared_ptr<const engine::Experiment>> experiments;

  engine::Micros begin = 0;  // Full hours.
  engine::Micros start = 0;
  engine::Micros end = 0;
  // People who have come by the end of each hour from `begin` on, before the
  // first one 0; they stop coming after the last one.
  std::vector<double> arrivals;

  std::vector<PeopleAttribute> attributes;
  // All combinations of values; the last attribute changes fastest.
  std::vector<Group> groups;
  std::vector<StageLife> stages;  // As many as the journey has.
  Identity identity;
  std::vector<Effect> effects;
  Faults faults;

  std::vector<Content> contents;
  // By experiment and variant: index of the exposure's content.
  std::vector<std::vector<int>> exposures;

  engine::Micros look_every = engine::kDay;  // From `start` on.
  int looks = 0;                             // At least 1.

  std::vector<Expectation> expectations;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_SCENARIO_SCENARIO_H_
