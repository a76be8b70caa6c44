// A realistic answer of the service for tests of the report: a journey of five
// stages, an experiment at the second one with three variants, one of which
// gains at its own stage and harms a later one.
#ifndef STAGECRAFT_TESTS_CLIENTS_REPORT_SAMPLE_RESULTS_H_
#define STAGECRAFT_TESTS_CLIENTS_REPORT_SAMPLE_RESULTS_H_

#include <string>
#include <vector>

#include "stagecraft/v1/decision.pb.h"
#include "stagecraft/v1/result.pb.h"

namespace stagecraft::testing {

// 2026-03-02 00:00 UTC, a Monday: when the sample experiment starts.
inline constexpr int64_t kSampleStart = 1772409600;
inline constexpr int64_t kDay = 86400;

v1::ExperimentResults SampleResults();
v1::JourneyFunnel SampleFunnel();
std::vector<v1::Decision> SampleDecisions();

// `variants` x `kpis`, all with comparisons; ids `v0`, names `KPI 0`.
v1::ExperimentResults LargeResults(int variants, int kpis);

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_CLIENTS_REPORT_SAMPLE_RESULTS_H_
