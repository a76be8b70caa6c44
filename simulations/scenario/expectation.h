// What must come of an experiment that is simulated.
#ifndef STAGECRAFT_SIMULATIONS_SCENARIO_EXPECTATION_H_
#define STAGECRAFT_SIMULATIONS_SCENARIO_EXPECTATION_H_

#include <optional>
#include <string>

#include "engine/verdict.h"

namespace stagecraft::simulations {

// Bounds of a share of the replications; see scenario.proto.
struct Expectation {
  enum class Of {
    kPower,
    kFalseWinner,
    kSampleRatioAlarm,
    kVerdict,   // `verdict`.
    kWins,      // `variant`.
    kHarmed,    // `kpi`.
    kCoverage,  // `kpi` and `variant` if they are given, `interval`.
  };
  int experiment = 0;
  Of of = Of::kPower;
  engine::VerdictKind verdict = engine::VerdictKind::kCollecting;
  std::string variant;   // An id.
  std::string kpi;       // As in engine::KpiAnalysis.
  std::string interval;  // The kind, or how it begins.
  std::optional<double> at_least;
  std::optional<double> at_most;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_SCENARIO_EXPECTATION_H_
