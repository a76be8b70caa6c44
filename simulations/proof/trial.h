// Experiments and looks that proofs are made of: a journey of one stage, so
// that no guardrail is added by itself, and KPIs `k0`, `k1`... whose tallies
// are filled in unit by unit.
#ifndef STAGECRAFT_SIMULATIONS_PROOF_TRIAL_H_
#define STAGECRAFT_SIMULATIONS_PROOF_TRIAL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/assessment.h"
#include "engine/experiment.h"
#include "engine/look.h"
#include "simulations/random.h"

namespace stagecraft::simulations {

// The start of all trials, a full hour.
inline constexpr engine::Micros kTrialBegin = 1'767'225'600 * engine::kSecond;

// `journeys/proof/kpis/k{i}`.
std::string KpiName(int i);

// A running experiment with one KPI of each kind, higher is better, and
// variants of equal shares. The plan's primary KPI is k0 if it names none.
// Errors: what the service would refuse.
absl::StatusOr<engine::Experiment> MakeTrial(
    engine::Plan plan, const std::vector<engine::KpiKind>& kinds,
    int variants = 2);

// A look without units, `hours` after the start.
engine::ExperimentLook EmptyLook(const engine::Experiment& experiment,
                                 int64_t hours = 0);
// As of `hours` after the start.
void MoveTo(int64_t hours, engine::ExperimentLook* look);

// Counts units of a variant, exposed and mature.
inline void AddUnits(int variant, int64_t units, engine::ExperimentLook* look) {
  look->units[variant] += units;
  look->matched_units += units;
}
// The KPI's tally of a variant gets a unit with these components.
void AddValue(int kpi, int variant, double x, engine::ExperimentLook* look);
void AddValues(int kpi, int variant, double x, double y,
               engine::ExperimentLook* look);
// ... or units of which some have converted.
void AddConversions(int kpi, int variant, int64_t conversions, int64_t units,
                    engine::ExperimentLook* look);

// Successes of `trials`.
int64_t DrawBinomial(int64_t trials, double probability, Random& random);

// The comparison of the first treatment in the KPI.
const engine::ComparisonAnalysis& ComparisonOf(
    const engine::Assessment& assessment, int kpi = 0, int variant = 1);

// What the decision rule says of the look.
engine::Verdict Judge(const engine::Experiment& experiment,
                      const engine::ExperimentLook& look);
// A treatment was called better, or worse.
bool IsDiscovery(const engine::Verdict& verdict);

inline bool Covers(const stats::Interval& interval, double truth) {
  return interval.lower <= truth && truth <= interval.upper;
}

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_PROOF_TRIAL_H_
