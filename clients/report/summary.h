// The first screen of the report: what was tested, what came out, by how much.
#ifndef STAGECRAFT_CLIENTS_REPORT_SUMMARY_H_
#define STAGECRAFT_CLIENTS_REPORT_SUMMARY_H_

#include "clients/report/assessment.h"
#include "clients/report/html.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::client {

// Name, journey, stage, owner, hypothesis, moment of the look, state, revision
// and variants.
void AddHeader(Html& html, const v1::ExperimentResults& results,
               const v1::JourneyFunnel& funnel);

// The verdict in plain words, what it says of each treatment, whether the data
// passed its checks, and the reasons in the order of the verdict.
void AddVerdict(Html& html, const v1::ExperimentResults& results,
                const EffectivePlan& plan);

// Optimized KPI = current KPI + impact, for each primary KPI and the verdict's
// variant (each treatment if it names none). Withheld if the data is invalid.
void AddHeadline(Html& html, const v1::ExperimentResults& results,
                 const EffectivePlan& plan);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_SUMMARY_H_
