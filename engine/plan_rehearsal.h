// A plan rehearsed on the history of its stage: what happens when exactly it is
// run many times, if there is no effect, the one it looks for, or harm.
#ifndef STAGECRAFT_ENGINE_PLAN_REHEARSAL_H_
#define STAGECRAFT_ENGINE_PLAN_REHEARSAL_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/experiment.h"
#include "engine/plan_forecast.h"
#include "engine/rehearsal.h"
#include "engine/stage_history.h"

namespace stagecraft::engine {

enum class RehearsalScenario {
  kNoEffect,
  // The first treatment is better by the minimum detectable effect on each
  // primary KPI.
  kMinimumDetectableEffect,
  // It is worse by as much.
  kHarm,
};
inline constexpr RehearsalScenario kRehearsalScenarios[] = {
    RehearsalScenario::kNoEffect, RehearsalScenario::kMinimumDetectableEffect,
    RehearsalScenario::kHarm};

// What is run: the plan on the history's blocks.
struct PlanRehearsal {
  // The plan's deciding part: without secondary KPIs, strata and checks that a
  // history says nothing of (staleness, identity match). With the forecast's
  // planned units where the plan's method needs them and it names none.
  Experiment experiment;
  std::vector<UnitBlock> blocks;  // Of its KPIs.
  RehearsalOptions options;       // Traffic and looks.
};

struct PlanRehearsalOptions {
  int64_t replications = 1'000;
  uint64_t seed = 1;
  int threads = 1;
  Micros maximum_duration = 180 * kDay;
};

// At most 100 looks (50 of an always-valid plan), whole hours apart, up to when
// the plan is expected to have its units, and a tenth beyond that (arrivals are
// random), but not beyond the maximum. Errors: kFailedPrecondition says what
// the history or the forecast lacks.
absl::StatusOr<PlanRehearsal> PrepareRehearsal(
    const Experiment& experiment, const StageHistory& history,
    const PlanForecast& forecast, const PlanRehearsalOptions& options);

// The control's blocks for each variant, the first treatment's with the effect.
// Errors: those of ApplyEffect.
absl::StatusOr<std::vector<RehearsalArm>> ArmsFor(RehearsalScenario scenario,
                                                  const PlanRehearsal& plan);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_PLAN_REHEARSAL_H_
