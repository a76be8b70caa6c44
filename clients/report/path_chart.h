#ifndef STAGECRAFT_CLIENTS_REPORT_PATH_CHART_H_
#define STAGECRAFT_CLIENTS_REPORT_PATH_CHART_H_

#include <vector>

#include "clients/report/assessment.h"
#include "clients/report/html.h"
#include "clients/report/scale.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::client {

// Looks in the order of their times, without those whose relative difference
// is not a number.
std::vector<v1::LookPoint> SortedPath(const v1::KpiComparison& comparison);

// The vertical axis of all charts of one KPI: holds 0 and every relative
// difference, and the limits of the later half of the looks unless they are far
// out (early limits are wide; they are cut at the frame).
Scale PathScale(const v1::KpiResult& kpi);

// The relative difference over time with its confidence sequence, one chart for
// each primary KPI and treatment that has a path. Adds nothing without any.
void AddPathCharts(Html& html, const v1::ExperimentResults& results,
                   const EffectivePlan& plan);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_PATH_CHART_H_
