#ifndef STAGECRAFT_CLIENTS_REPORT_SEGMENTS_SECTION_H_
#define STAGECRAFT_CLIENTS_REPORT_SEGMENTS_SECTION_H_

#include "clients/report/assessment.h"
#include "clients/report/html.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::client {

// Primary KPIs by segment, with the caution that segments are exploratory.
void AddSegments(Html& html, const v1::ExperimentResults& results,
                 const EffectivePlan& plan);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_SEGMENTS_SECTION_H_
