// Simulates the plans of a scenario many times.
#ifndef STAGECRAFT_SIMULATIONS_COMMAND_MAKE_REPORT_H_
#define STAGECRAFT_SIMULATIONS_COMMAND_MAKE_REPORT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "simulations/report/report.h"
#include "simulations/scenario/scenario.h"

namespace stagecraft::simulations {

// How far it is: `done` of `total` items of a sort (`units`, `replications`).
// A new sort begins at 0 again. Called from one thread at a time.
struct ReportProgress {
  std::string items;
  int64_t done = 0;
  int64_t total = 0;
};

struct ReportOptions {
  int64_t replications = 1'000;
  uint64_t seed = 1;  // The report depends on it, not on the threads.
  int threads = 1;
  // As many looks instead of the scenario's, at equal distances over the time
  // that those take (rounded down to full hours).
  std::optional<int> looks;
  Driven driven = Driven::kEvents;
  // Played once under each variant: for the truth, and with kTallies to draw
  // from.
  int64_t pool_units = 100'000;
  // Ends it (kCancelled) when it returns false.
  std::function<bool(const ReportProgress&)> progress;
};

// Each experiment of the scenario is a plan of the report; it is concluded when
// nobody comes any more, and the looks after that see its windows ripen. From
// tallies they do so at looks only (engine/rehearsal.h): let windows last for
// whole numbers of look intervals if the last looks matter.
// Errors: kInvalidArgument for options, kFailedPrecondition for a scenario that
// cannot be simulated so.
absl::StatusOr<SimulationReport> MakeReport(const Scenario& scenario,
                                            const ReportOptions& options);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_COMMAND_MAKE_REPORT_H_
