#ifndef STAGECRAFT_CLIENTS_REPORT_FOREST_PLOT_H_
#define STAGECRAFT_CLIENTS_REPORT_FOREST_PLOT_H_

#include "clients/report/assessment.h"
#include "clients/report/html.h"
#include "clients/report/scale.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::client {

// The axis that all rows share: holds 0, every relative difference and every
// guardrail margin; limits that are far out are cut and marked with arrows.
Scale ForestScale(const v1::ExperimentResults& results,
                  const EffectivePlan& plan);

// The relative change of each KPI and treatment with its intervals, grouped by
// role: a table whose middle column is a picture. A row that cannot be drawn
// says why.
void AddForestPlot(Html& html, const v1::ExperimentResults& results,
                   const EffectivePlan& plan);

// A legend of the symbols, lines and zones.
void AddForestLegend(Html& html, const EffectivePlan& plan);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_FOREST_PLOT_H_
