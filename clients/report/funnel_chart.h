#ifndef STAGECRAFT_CLIENTS_REPORT_FUNNEL_CHART_H_
#define STAGECRAFT_CLIENTS_REPORT_FUNNEL_CHART_H_

#include "clients/report/html.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::client {

// Bars of the share of exposed units that reached each later stage, stage by
// stage and variant by variant.
void AddVariantFunnel(Html& html, const v1::ExperimentResults& results,
                      const v1::JourneyFunnel& funnel);

// How all units move through the journey: volume, conversion and time in stage,
// with the median of those who advanced beside the Kaplan-Meier median, and why
// they differ.
void AddJourneyFunnel(Html& html, const v1::JourneyFunnel& funnel);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_FUNNEL_CHART_H_
