// Plans: what an experiment's own check needs of them. See `Plan` and
// `Validate` in engine/experiment.h.
#ifndef STAGECRAFT_ENGINE_PLAN_H_
#define STAGECRAFT_ENGINE_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/experiment.h"

namespace stagecraft::engine {

// A KPI that a plan names, and the field that does: `plan.guardrails[1].kpi`.
struct NamedKpi {
  absl::string_view name;  // Points into the plan.
  std::string field;
};

// All of them: primary, guardrails, secondary.
std::vector<NamedKpi> KpisOf(const Plan& plan);

// As `Validate`, with at least `min_primary` primary KPIs: 0 for a draft, which
// may still lack its plan.
absl::Status ValidatePlan(const Plan& plan, size_t min_primary);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_PLAN_H_
