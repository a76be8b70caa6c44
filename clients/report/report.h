#ifndef STAGECRAFT_CLIENTS_REPORT_REPORT_H_
#define STAGECRAFT_CLIENTS_REPORT_REPORT_H_

#include <string>
#include <vector>

#include "stagecraft/v1/decision.pb.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::client {

// The report of an experiment for a review meeting: one HTML file that needs
// nothing else (no script, no font, no image, no network), to be opened, mailed
// or printed.
//
// It shows, in this order: what the experiment is, the verdict in plain words
// with its reasons and the expected value of each primary KPI, the relative
// changes with their intervals as a picture, the numbers, the intervals over
// time, whether the data can be trusted, the journey by variant and as a whole,
// segments, the plan with its defaults filled in and the frozen definitions,
// the changes and the decisions, and how to read all of this.
//
// `results`    as answered by `GetExperimentResults`; with `RESULT_VIEW_FULL`
//              also the intervals over time and the segments are shown.
// `funnel`     as answered by `GetJourneyFunnel`; one without stages is said to
//              be missing.
// `decisions`  as answered by `ListDecisions`; those of other experiments are
//              left out, the rest is shown in the given order.
//
// Never fails: what is absent is said to be absent, never shown as 0. Text of
// users is escaped; bytes that are not UTF-8 or that HTML forbids become
// U+FFFD. Deterministic: the same input gives the same bytes (no clock, no
// locale, no random ids). Times are shown in UTC. Pure; safe from any thread.
std::string RenderExperimentReport(const v1::ExperimentResults& results,
                                   const v1::JourneyFunnel& funnel,
                                   const std::vector<v1::Decision>& decisions);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_REPORT_REPORT_H_
