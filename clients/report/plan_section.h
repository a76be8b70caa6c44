#ifndef STAGECRAFT_CLIENTS_REPORT_PLAN_SECTION_H_
#define STAGECRAFT_CLIENTS_REPORT_PLAN_SECTION_H_

#include "clients/report/assessment.h"
#include "clients/report/html.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::client {

// Every field of the plan; a default that was filled in is marked as one.
void AddPlan(Html& html, const v1::ExperimentResults& results,
             const v1::JourneyFunnel& funnel, const EffectivePlan& plan);

// Variants, who takes part, and how units are split.
void AddAssignment(Html& html, const v1::Experiment& experiment);

// The KPIs as they were frozen at the start, in words, and the frozen stages.
void AddDefinitions(Html& html, const v1::Experiment& experiment);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_PLAN_SECTION_H_
