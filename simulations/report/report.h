// What was simulated and what came of it, and the forms in which people and
// programs read it. The functions are pure and deterministic: the same report
// gives the same bytes (no clock, no locale). Text of users is made harmless.
#ifndef STAGECRAFT_SIMULATIONS_REPORT_REPORT_H_
#define STAGECRAFT_SIMULATIONS_REPORT_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engine/experiment.h"
#include "engine/operating_characteristics.h"
#include "simulations/scenario/expectation.h"

namespace stagecraft::simulations {

// One plan of a scenario.
struct PlanReport {
  engine::Experiment experiment;
  std::vector<engine::TrueEffect> truth;
  engine::OperatingCharacteristics::Summary summary;
  // The scenario breaks the split of this experiment: alarms are wanted.
  bool split_broken = false;
  std::vector<Expectation> expectations;  // Of this plan.
};

// How replications were made.
enum class Driven {
  kEvents,   // Each unit's events were played and folded.
  kTallies,  // Blocks of units that were folded once were drawn and added up.
};

struct SimulationReport {
  std::string scenario;     // Its name.
  std::string description;  // For people; may be empty.
  Driven driven = Driven::kEvents;
  uint64_t seed = 1;
  int64_t replications = 0;
  int looks = 0;                  // The most that a replication takes,
  engine::Micros look_every = 0;  // at equal distances of so much.
  int64_t pool_units = 0;         // kTallies: played once, per variant.
  int64_t events = 0;             // That were played and folded, in all.
  int64_t looks_taken = 0;        // By all replications and plans.
  std::vector<PlanReport> plans;
};

// For a terminal: whole lines, one table for each kind of number.
std::string RenderText(const SimulationReport& report);

// One HTML file that needs nothing else (no script, no image, no network), to
// be opened, mailed or printed: verdicts with their intervals and over the
// looks, errors, coverage, estimates against the truth.
std::string RenderPage(const SimulationReport& report);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_REPORT_REPORT_H_
