// Cells of the table of numbers: one kind of answer to a comparison each.
#ifndef STAGECRAFT_CLIENTS_REPORT_ANSWER_CELLS_H_
#define STAGECRAFT_CLIENTS_REPORT_ANSWER_CELLS_H_

#include <string>

#include "clients/report/format.h"
#include "clients/report/html.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::client {

// A dash.
void AddAbsent(Html& html);

// `, wilson`, or nothing.
std::string IntervalMethod(const v1::Interval& interval);

// A sub-line with limits and label: `1% to 2% (95% interval, wilson)`.
void AddInterval(Html& html, const v1::Interval& interval,
                 const std::string& limits);

// Sub-line: how the difference was adjusted.
void AddAdjustment(Html& html, const Quantity& quantity,
                   const v1::Adjustment& adjustment);

// Whole cells; a dash where the answer is absent.
void AddPlannedLook(Html& html, const Quantity& quantity,
                    const v1::KpiComparison& comparison);
void AddSequential(Html& html, const Quantity& quantity,
                   const v1::KpiComparison& comparison);
// Two cells.
void AddBayesian(Html& html, const Quantity& quantity,
                 const v1::KpiComparison& comparison);
void AddGuardrail(Html& html, const v1::KpiResult& kpi,
                  const Quantity& quantity,
                  const v1::KpiComparison& comparison);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_ANSWER_CELLS_H_
