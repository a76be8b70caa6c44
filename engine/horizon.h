// The horizon of a fixed-horizon plan: the one moment at which it is looked at.
#ifndef STAGECRAFT_ENGINE_HORIZON_H_
#define STAGECRAFT_ENGINE_HORIZON_H_

#include <cstdint>
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

// Whether a fixed-horizon plan can be looked at: the planned units are mature
// on every primary KPI and every blocking guardrail, and the minimum duration
// is over. It is looked at once, at the first full hour at which this holds.
bool HorizonReached(const Experiment& experiment, const ExperimentLook& look);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_HORIZON_H_
