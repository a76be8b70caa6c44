// What a plan says as of a moment: when it is looked at, and what the look
// says. The one path from tallies to a verdict; the service and the simulations
// call it.
#ifndef STAGECRAFT_ENGINE_ASSESSMENT_H_
#define STAGECRAFT_ENGINE_ASSESSMENT_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/analysis.h"
#include "engine/experiment.h"
#include "engine/look.h"
#include "engine/verdict.h"

namespace stagecraft::engine {

// Reads the tallies of an experiment as of a moment.
using LookReader = std::function<absl::StatusOr<ExperimentLook>(Micros)>;

// A look and what follows from it.
struct Assessment {
  ExperimentLook look;
  std::vector<KpiAnalysis> analyses;
  Verdict verdict;
};

// What the look says by itself. The verdict is the same in either detail, but
// for its sentences.
Assessment AssessLook(const Experiment& experiment, ExperimentLook look,
                      Detail detail = Detail::kFull);

// As of `as_of`, by the method of the plan:
//   kAlwaysValid      a look at `as_of`;
//   kFixedHorizon     the one look, at the first full hour at which the horizon
//                     is reached, or at `as_of` if that is not yet;
//   kGroupSequential  the planned look that ended the plan for all treatments,
//                     or the last planned one; until then a look at `as_of`,
//                     which is a planned one if it is made at its very hour,
//                     and else knows the planned ones that were passed.
// What comes after the look that ended a plan no longer changes it.
// Errors: those of `read`.
absl::StatusOr<Assessment> Assess(const Experiment& experiment, Micros as_of,
                                  const LookReader& read,
                                  Detail detail = Detail::kFull);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_ASSESSMENT_H_
