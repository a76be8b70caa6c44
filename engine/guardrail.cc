#include "engine/guardrail.h"

#include <cmath>

#include "engine/sequence_start.h"
#include "stats/confidence_sequence.h"
#include "stats/distributions.h"
#include "stats/fieller.h"

namespace stagecraft::engine {
namespace {

// The interval of the difference or the relative difference, or nothing.
std::optional<stats::Interval> IntervalOf(
    const stats::NormalEstimate& control,
    const stats::NormalEstimate& treatment, double alpha, bool relative) {
  if (relative) {
    const auto set = stats::FiellerLiftSet(control, treatment, alpha);
    if (!set.ok() || set->shape != stats::ConfidenceShape::kBounded) {
      return std::nullopt;
    }
    return stats::Interval{set->lower, set->upper, 1 - alpha};
  }
  const double error =
      std::hypot(control.standard_error, treatment.standard_error);
  if (!(error > 0)) return std::nullopt;
  return stats::SymmetricInterval(treatment.value - control.value, error,
                                  stats::kInfinity, alpha,
                                  stats::Alternative::kTwoSided);
}

}  // namespace

std::optional<double> GuardrailAlpha(const Plan& plan, int64_t units,
                                     std::optional<double> boundary) {
  switch (plan.method) {
    case Plan::Method::kFixedHorizon:
      return plan.alpha;
    case Plan::Method::kGroupSequential:
      if (!boundary.has_value() || !std::isfinite(*boundary)) {
        return std::nullopt;
      }
      return 2 * stats::NormalUpperTail(*boundary);
    case Plan::Method::kAlwaysValid: {
      stats::SequenceOptions options;
      options.alpha = plan.alpha / 2;
      options.alternative = stats::Alternative::kGreater;
      if (plan.planned_units > 0) options.planned_units = plan.planned_units;
      const auto unit = stats::AnytimeEffect({0, 1}, units, options);
      if (!unit.ok()) return std::nullopt;
      return 2 * stats::NormalUpperTail(-unit->interval.lower);
    }
  }
  return std::nullopt;
}

GuardrailAnswer JudgeGuardrail(const ComparisonInput& input,
                               const GuardrailMargin& margin) {
  GuardrailAnswer answer;
  answer.relative_margin = margin.relative;
  answer.absolute_margin = margin.absolute;
  const auto& c = input.control_estimate;
  const auto& t = input.treatment_estimate;
  if (!c.ok() || !t.ok()) return answer;
  if (input.plan.method == Plan::Method::kAlwaysValid &&
      !CheckSequenceStart(input.spec, input.control, input.treatment).ok()) {
    return answer;
  }
  const std::optional<double> alpha = GuardrailAlpha(
      input.plan, input.control.units + input.treatment.units,
      input.limits == nullptr ? std::nullopt
                              : std::optional(input.limits->boundary()));
  if (!alpha.has_value() || !(*alpha > 0)) return answer;
  const bool relative = margin.absolute == 0;
  const auto interval = IntervalOf(*c, *t, *alpha, relative);
  if (!interval.has_value()) return answer;
  const bool up = input.spec.higher_is_better;
  const double good = up ? 1 : -1;
  const double worst = up ? interval->lower : interval->upper;
  const double best = up ? interval->upper : interval->lower;
  (relative ? answer.relative_bound : answer.absolute_bound) = worst;
  if (good * worst > -(relative ? margin.relative : margin.absolute)) {
    answer.status = GuardrailAnswer::Status::kKept;
  } else if (good * best < 0) {
    answer.status = GuardrailAnswer::Status::kHarmed;
  }
  return answer;
}

}  // namespace stagecraft::engine
