// Whether a treatment keeps a guardrail.
#ifndef STAGECRAFT_ENGINE_GUARDRAIL_H_
#define STAGECRAFT_ENGINE_GUARDRAIL_H_

#include <cstdint>
#include <optional>

#include "engine/analysis.h"
#include "engine/comparison.h"

namespace stagecraft::engine {

// One of the two is more than 0.
struct GuardrailMargin {
  double relative = 0;
  double absolute = 0;  // In the KPI's unit.
};

// The two-sided level at which a normal interval is as wide as that of the
// plan's method, at so many units of both arms; `boundary` is the limit of |z|
// of a group sequential plan at its look. Nothing if there is none.
std::optional<double> GuardrailAlpha(const Plan& plan, int64_t units,
                                     std::optional<double> boundary);

// At alpha / 2 one-sided, by the plan's method. The limit of a relative margin
// is Fieller's, so that the error of the control's value counts. Values are not
// adjusted: a guardrail protects the KPI as it is. Uncertain between planned
// looks, and of always-valid plans before the sequence starts.
GuardrailAnswer JudgeGuardrail(const ComparisonInput& input,
                               const GuardrailMargin& margin);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_GUARDRAIL_H_
