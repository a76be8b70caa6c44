// The numbers of a plan's report, one by one, each with what is promised of it:
// what all forms of the report show.
#ifndef STAGECRAFT_SIMULATIONS_REPORT_LINES_H_
#define STAGECRAFT_SIMULATIONS_REPORT_LINES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/experiment.h"
#include "engine/operating_characteristics.h"
#include "simulations/report/promise.h"
#include "simulations/report/report.h"

namespace stagecraft::simulations {

// A share of the replications.
struct Line {
  std::string what;  // `False winner`.
  std::string note;  // What is true of it; may be empty.
  engine::MonteCarlo measured;
  std::optional<Promise> promise;
  // A value to compare with that nobody promises.
  std::optional<double> nominal;
};

// The verdicts when the plan stopped: those that can be, in the order of
// engine::VerdictKind, also if none was reached.
std::vector<Line> VerdictLines(const PlanReport& plan);

// What the plan is for: power, wins by treatment if there are several, and how
// often guardrails whose truth is harm were found harmed.
std::vector<Line> PowerLines(const PlanReport& plan);

// What is promised of the errors of primary KPIs.
struct ErrorPromises {
  std::optional<Promise> false_finding;  // To either side.
  std::optional<Promise> false_winner;
};
// All methods are two-sided at the plan's alpha, and a treatment that is not
// better wins by the upper side alone. That side has half of alpha: a fixed
// horizon's test and a planned look spend as much, and a sequence, in the limit
// of many units in which it holds, ends on either side alike. Bonferroni's and
// Holm's bounds are sums over comparisons, so that half of them are the upper
// sides; of other corrections of the chance of any error just the whole is
// known. What corrects the share of errors promises neither, but for a single
// comparison, where there is nothing to correct.
ErrorPromises ErrorPromisesOf(const engine::Plan& plan, size_t comparisons);

// What must be rare: a wrong decision on a primary KPI, a false winner, harm
// found where there is none, alarms of the sample ratio where the split is
// sound.
std::vector<Line> ErrorLines(const PlanReport& plan);

// How often each kind of interval held the truth when the plan stopped. `what`
// is the KPI and the treatment, `note` the kind.
std::vector<Line> CoverageLines(const PlanReport& plan);

// What is promised of an interval's coverage at the stopping time. Nothing for
// one that holds at a single look, or under a prior, only.
std::optional<Promise> CoveragePromise(const engine::Plan& plan,
                                       absl::string_view kind);

// Whether the true effect on a KPI, named as in engine::KpiAnalysis, is better
// (+1) or worse (-1) than the control, or neither. Nothing if it is not known.
std::optional<int> TrueSign(const PlanReport& plan, absl::string_view kpi,
                            int variant);

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_REPORT_LINES_H_
