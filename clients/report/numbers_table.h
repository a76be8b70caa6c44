#ifndef STAGECRAFT_CLIENTS_REPORT_NUMBERS_TABLE_H_
#define STAGECRAFT_CLIENTS_REPORT_NUMBERS_TABLE_H_

#include "clients/report/assessment.h"
#include "clients/report/html.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::client {

// All numbers of all KPIs: a table of the variants and one of the comparisons
// for each. Columns that no comparison fills are left out.
void AddNumbers(Html& html, const v1::ExperimentResults& results,
                const EffectivePlan& plan);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_NUMBERS_TABLE_H_
