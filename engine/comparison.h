// One KPI of a treatment against the control.
#ifndef STAGECRAFT_ENGINE_COMPARISON_H_
#define STAGECRAFT_ENGINE_COMPARISON_H_

#include <optional>

#include "engine/analysis.h"
#include "engine/experiment.h"
#include "engine/kpi_arm.h"

namespace stagecraft::engine {

// Everything but the guardrail and the adjusted p-value. `horizon_seconds` is
// that of CommonHorizonSeconds. What cannot be computed is absent, with the
// reason in `error`.
ComparisonAnalysis Compare(const KpiSpec& spec, const KpiArm& control,
                           const KpiArm& treatment,
                           std::optional<double> horizon_seconds,
                           const Plan& plan);

// The confidence sequence of the difference and of the relative difference.
std::optional<SequentialAnswer> CompareSequentially(
    const KpiSpec& spec, const KpiArm& control, const KpiArm& treatment,
    std::optional<double> horizon_seconds, const Plan& plan);

// Whether the treatment keeps a guardrail, at alpha / 2 one-sided, by the
// plan's method: the limit of the relative difference is Fieller's, so that the
// error of the control's value counts.
GuardrailAnswer JudgeGuardrail(const KpiSpec& spec, const KpiArm& control,
                               const KpiArm& treatment,
                               std::optional<double> horizon_seconds,
                               double relative_margin, const Plan& plan);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_COMPARISON_H_
