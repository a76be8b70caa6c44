// What to know before relying on a plan's forecast, in plain words.
#ifndef STAGECRAFT_ENGINE_PLAN_WARNINGS_H_
#define STAGECRAFT_ENGINE_PLAN_WARNINGS_H_

#include <string>
#include <vector>

#include "engine/experiment.h"
#include "engine/plan_forecast.h"
#include "engine/stage_history.h"

namespace stagecraft::engine {

// The gravest first. `asked` is what the history was asked for.
std::vector<std::string> PlanWarnings(const Experiment& experiment,
                                      const HistoryOptions& asked,
                                      const StageHistory& history,
                                      const PlanForecast& forecast,
                                      Micros maximum_duration);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_PLAN_WARNINGS_H_
