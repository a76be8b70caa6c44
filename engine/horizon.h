// When a plan is looked at: once at the horizon, or at planned shares of it.
#ifndef STAGECRAFT_ENGINE_HORIZON_H_
#define STAGECRAFT_ENGINE_HORIZON_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/experiment.h"
#include "engine/look.h"

namespace stagecraft::engine {

// Mature units of what must be mature at the horizon.
struct HorizonCount {
  std::string kpi;  // As in KpiAnalysis.
  int64_t mature = 0;
};

// Of each primary KPI, each guardrail of the plan and the automatic ones (which
// share a window). Times count everybody, those who still wait as censored.
std::vector<HorizonCount> HorizonCounts(const Experiment& experiment,
                                        const ExperimentLook& look);

// The smallest of them: the information that planned looks are counted in.
int64_t MatureUnits(const Experiment& experiment, const ExperimentLook& look);

// Whether a fixed-horizon plan can be looked at: the planned units are mature
// on every primary KPI and every guardrail, and the minimum duration is over.
// It is looked at once, at the first full hour at which this holds.
bool HorizonReached(const Experiment& experiment, const ExperimentLook& look);

// How many of the planned looks of a group sequential plan the look has the
// units for; 0 before the minimum duration is over.
int LooksReached(const Experiment& experiment, const ExperimentLook& look);

// Where a look stands among the planned ones of a group sequential plan.
struct PlannedLook {
  int look = 0;          // From 1.
  int looks = 0;         // That are planned.
  bool is_last = false;  // The last one planned, or the experiment has ended.
};
// Nothing between planned looks, or of another method. The look of an ended
// experiment whose windows are all over is its last one, however many units it
// has.
std::optional<PlannedLook> PlannedLookOf(const Experiment& experiment,
                                         const ExperimentLook& look);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_HORIZON_H_
