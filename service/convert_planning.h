// Forecasts and rehearsals of plans from the engine to the wire.
#ifndef STAGECRAFT_SERVICE_CONVERT_PLANNING_H_
#define STAGECRAFT_SERVICE_CONVERT_PLANNING_H_

#include "absl/status/statusor.h"
#include "engine/experiment.h"
#include "engine/operating_characteristics.h"
#include "engine/plan_forecast.h"
#include "engine/plan_rehearsal.h"
#include "engine/stage_history.h"
#include "stagecraft/v1/planning.pb.h"

namespace stagecraft::service {

// All but the experiment, the rehearsals and the warnings.
void AddForecast(const engine::Experiment& experiment,
                 const engine::StageHistory& history,
                 const engine::PlanForecast& forecast,
                 engine::Micros maximum_duration,
                 v1::PlanExperimentResponse* response);

// One rehearsal, or why there is none.
void AddRehearsal(
    engine::RehearsalScenario scenario,
    const absl::StatusOr<engine::OperatingCharacteristics::Summary>& summary,
    v1::PlanExperimentResponse* response);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CONVERT_PLANNING_H_
