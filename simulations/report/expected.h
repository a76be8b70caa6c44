// What the scenario expects of a plan, and what came of it.
#ifndef STAGECRAFT_SIMULATIONS_REPORT_EXPECTED_H_
#define STAGECRAFT_SIMULATIONS_REPORT_EXPECTED_H_

#include <vector>

#include "simulations/report/lines.h"
#include "simulations/report/report.h"

namespace stagecraft::simulations {

// One for each bound and each number that it is about, with a promise that is
// at most or at least. What could not be measured has no replications.
std::vector<Line> ExpectedLines(const PlanReport& plan);

// No value of the measured interval keeps the promise, or nothing was measured.
bool IsBroken(const Line& line);

// How many lines of all plans are.
int CountBroken(const SimulationReport& report);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_REPORT_EXPECTED_H_
