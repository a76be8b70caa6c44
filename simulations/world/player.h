// Plays one unit through its journey. Private to the world.
#ifndef STAGECRAFT_SIMULATIONS_WORLD_PLAYER_H_
#define STAGECRAFT_SIMULATIONS_WORLD_PLAYER_H_

#include <array>
#include <cstdint>
#include <optional>

#include "simulations/world/world.h"

namespace stagecraft::simulations {

// Purposes of random streams of a unit. Each stage's visits have kPerVisit of
// their own, so that what happens at one does not move what happens elsewhere:
// the same people meet both variants when variants are compared.
enum Purpose : uint64_t {
  kArrival,
  kGroup,
  kIdentity,
  kEvents,     // Keys of events.
  kLost = 64,  // By fault.
  kBroken = 192,
  kVisits = 1024,
};
enum VisitPurpose : uint64_t {
  kPath,
  kAdvanceTime,
  kExitTime,
  kReenterTime,
  kEntryValue,
  kExitValue,
  kHappening,  // And the events after the first one.
  kPerVisit = 32,
};

class World::Player {
 public:
  Player(const World& world, const Draw& draw, Life* life)
      : world_(world), scenario_(*world.scenario_), draw_(draw), life_(*life) {}

  void Play(int64_t unit);

 private:
  void BeBorn(int64_t unit);
  // Enters the stage at `time`. Returns where the unit goes on and when, if it
  // does.
  struct Step {
    int stage = 0;
    engine::Micros time = 0;
  };
  std::optional<Step> Visit(int stage, engine::Micros time);
  void Expose(int experiment, engine::Micros time);
  // What acts on the unit at the stage; notes the effects in `acting_`.
  Factors FactorsAt(int stage, engine::Micros time);
  double StrengthOf(const Effect& effect, engine::Micros time) const;
  // Of the stage's happening of this bit, see Effect::happenings.
  double ValueFactor(const Factors& factors, int happening) const;
  double ShareFactor(int happening) const;
  void Emit(const Happening& happening, engine::Micros time, double factor,
            Random& random);
  LifeEvent& Add(int content, engine::Micros time);
  // Orders the events, makes their times distinct, and lets them arrive.
  void Arrive();
  void ArriveOne(size_t i);

  const World& world_;
  const Scenario& scenario_;
  const Draw& draw_;
  Life& life_;
  std::array<uint8_t, 64> visits_ = {};  // By stage.
  struct Strength {
    const Effect* effect;
    double strength;
  };
  // Of the visit: effects with a strength of more than 0.
  std::array<Strength, 200> acting_;
  int acting_count_ = 0;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_WORLD_PLAYER_H_
