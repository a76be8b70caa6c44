// What to expect of a plan, from the history of its stage: baselines, how long
// each method takes, whether guardrails have enough power. What happens when it
// is run many times: rehearsal.h.
#ifndef STAGECRAFT_ENGINE_PLAN_FORECAST_H_
#define STAGECRAFT_ENGINE_PLAN_FORECAST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/analysis.h"
#include "engine/experiment.h"
#include "engine/plan_size.h"
#include "engine/stage_history.h"

namespace stagecraft::engine {

// A KPI without the experiment.
struct KpiBaseline {
  std::string kpi;  // As in KpiAnalysis.
  KpiRole role = KpiRole::kPrimary;
  KpiSpec spec;
  int64_t units = 0;  // Whose window is over.
  std::optional<double> value;
  // Of a unit: the standard error times the square root of the units, less
  // what the plan's adjustment takes away.
  std::optional<double> deviation;
  bool adjusted = false;
  std::string error;  // Why the value is absent.
};

// What a method needs for the primary KPI and the treatment that need most.
// Units are of all variants.
struct MethodForecast {
  Plan::Method method = Plan::Method::kFixedHorizon;
  std::string kpi;
  std::optional<MethodSize> size;
  // From the start, the windows included, not less than the plan's minimum
  // duration; absent without traffic.
  std::optional<double> days;
  std::optional<double> expected_days;
  std::optional<double> expected_days_without;
  std::string error;  // Why there is no size.
};

// Whether a guardrail that is not touched is judged as kept.
struct GuardrailForecast {
  std::string kpi;
  bool automatic = false;
  GuardrailAnswer margin;       // Its margins, and whether it blocks.
  std::optional<double> power;  // At the planned units.
  std::optional<int64_t> units_needed;
  bool enough = false;
  std::string error;
};

struct PlanForecast {
  // Of the targeted units: outside of the holdout, in the layer, covered.
  double entering_share = 1;
  double units_per_day = 0;
  int comparisons = 0;
  double comparison_alpha = 0;
  std::vector<KpiBaseline> baselines;
  std::vector<MethodForecast> methods;
  // The smallest expected days (units, if there is no traffic) with the effect.
  std::optional<Plan::Method> recommended;
  // The plan's, or what its method needs; 0: neither is known.
  int64_t planned_units = 0;
  std::vector<GuardrailForecast> guardrails;
};

// `layer_share` is the part of its layer that the experiment takes: 1 without a
// layer.
PlanForecast ForecastPlan(const Experiment& experiment,
                          const StageHistory& history, double layer_share = 1);

// `fixed_horizon` and so on, in words: `fixed horizon`.
absl::string_view ToWords(Plan::Method method);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_PLAN_FORECAST_H_
