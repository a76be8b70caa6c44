#ifndef STAGECRAFT_SIMULATIONS_REPORT_LOOK_CHART_H_
#define STAGECRAFT_SIMULATIONS_REPORT_LOOK_CHART_H_

#include "clients/report/html.h"
#include "simulations/report/report.h"

namespace stagecraft::simulations {

// The share of replications that had stopped by each look, and that had a
// winner; with the plan's alpha if a winner can only be a false one, else with
// its power. Adds nothing without looks.
void AddLookChart(client::Html& html, const SimulationReport& report,
                  const PlanReport& plan);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_REPORT_LOOK_CHART_H_
