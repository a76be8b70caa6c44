// One KPI of a treatment against the control.
#ifndef STAGECRAFT_ENGINE_COMPARISON_H_
#define STAGECRAFT_ENGINE_COMPARISON_H_

#include <optional>

#include "absl/status/statusor.h"
#include "engine/adjustment.h"
#include "engine/analysis.h"
#include "engine/experiment.h"
#include "engine/group_sequential.h"
#include "engine/kpi_arm.h"

namespace stagecraft::engine {

// What is compared. All that it points to outlives it.
struct ComparisonInput {
  const Plan& plan;
  const KpiSpec& spec;
  const KpiArm& control;
  const KpiArm& treatment;
  // Of EstimateOf: many answers start from them.
  const absl::StatusOr<stats::NormalEstimate>& control_estimate;
  const absl::StatusOr<stats::NormalEstimate>& treatment_estimate;
  // Of CommonHorizonSeconds.
  std::optional<double> horizon_seconds;
  // Takes the place of the plain difference; null if there is none.
  const AdjustedEffect* adjusted = nullptr;
  // Null if the look is not a planned one of a group sequential plan.
  const PlannedLimits* limits = nullptr;
  // In Detail::kDecision there is just what decides by the plan's method: the
  // difference, and the p-value, the sequence or the planned look's answer.
  Detail detail = Detail::kFull;

  bool Wants(Plan::Method method) const {
    return detail == Detail::kFull || plan.method == method;
  }
};

// Everything but the guardrail and the adjusted p-value. What cannot be
// computed is absent, with the reason in `error`.
ComparisonAnalysis Compare(const ComparisonInput& input);

// The confidence sequence of the difference and of the relative difference.
// Errors: of CheckSequenceStart, before there are enough units; those of stats.
absl::StatusOr<SequentialAnswer> CompareSequentially(
    const ComparisonInput& input);

// The relative difference, adjusted if it is to be.
std::optional<double> RelativeDifference(const ComparisonInput& input);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_COMPARISON_H_
