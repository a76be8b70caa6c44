// A report of made-up numbers: what they are stands in sample_report.cc.
#ifndef STAGECRAFT_TESTS_SIMULATIONS_REPORT_SAMPLE_REPORT_H_
#define STAGECRAFT_TESTS_SIMULATIONS_REPORT_SAMPLE_REPORT_H_

#include "simulations/report/report.h"

namespace stagecraft::testing {

// An always-valid plan whose treatment `b` is 12 % better on `buy` and truly
// harms `stages/paid/conversion`.
simulations::SimulationReport SampleReport();

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_SIMULATIONS_REPORT_SAMPLE_REPORT_H_
