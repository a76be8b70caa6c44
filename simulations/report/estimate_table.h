#ifndef STAGECRAFT_SIMULATIONS_REPORT_ESTIMATE_TABLE_H_
#define STAGECRAFT_SIMULATIONS_REPORT_ESTIMATE_TABLE_H_

#include "clients/report/html.h"
#include "simulations/report/report.h"

namespace stagecraft::simulations {

// The mean estimate of each KPI and treatment when the plan stopped, of all
// replications and of those that it won, against the truth: a picture on an
// axis of its own that holds 0, and the numbers. Adds nothing without
// estimates.
void AddEstimateTable(client::Html& html, const PlanReport& plan);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_REPORT_ESTIMATE_TABLE_H_
