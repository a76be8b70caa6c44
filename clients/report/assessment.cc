#include "clients/report/assessment.h"

#include "clients/report/format.h"

namespace stagecraft::client {
namespace {

template <typename T>
T Or(T value, T otherwise) {
  return value == T{} ? otherwise : value;
}

const v1::Interval* Usable(const v1::Interval& interval) {
  return IsUsable(interval) ? &interval : nullptr;
}

// By the sign of a change: its direction is the KPI's own.
Assessment BySign(double change, bool higher_is_better) {
  if (change == 0) return Assessment::kUnclear;
  return (change > 0) == higher_is_better ? Assessment::kBetter
                                          : Assessment::kWorse;
}

Assessment ByInterval(const v1::Interval& interval, bool higher_is_better) {
  if (interval.lower() > 0) return BySign(1, higher_is_better);
  if (interval.upper() < 0) return BySign(-1, higher_is_better);
  return Assessment::kUnclear;
}

// The deciding interval of the relative difference, else of the difference.
const v1::Interval* Deciding(const v1::KpiComparison& comparison,
                             const EffectivePlan& plan) {
  const v1::Interval* relative = DecidingRelative(comparison, plan);
  if (relative != nullptr) return relative;
  const v1::Interval* sequential =
      comparison.has_sequential() &&
              comparison.sequential().has_difference_interval()
          ? Usable(comparison.sequential().difference_interval())
          : nullptr;
  const v1::Interval* fixed = comparison.difference_intervals_size() > 0
                                  ? Usable(comparison.difference_intervals(0))
                                  : nullptr;
  const v1::Interval* first = plan.always_valid ? sequential : fixed;
  return first != nullptr ? first : plan.always_valid ? fixed : sequential;
}

}  // namespace

EffectivePlan MakeEffectivePlan(const v1::Plan& plan) {
  const EffectivePlan defaults;
  const v1::Plan::AutomaticGuardrails& automatic = plan.automatic_guardrails();
  return {
      .always_valid = plan.method() != v1::Plan::FIXED_HORIZON,
      .alpha = Or(plan.alpha(), defaults.alpha),
      .power = Or(plan.power(), defaults.power),
      .minimum_detectable_effect = Or(plan.minimum_detectable_effect(),
                                      defaults.minimum_detectable_effect),
      .minimum_units =
          Or<int64_t>(plan.minimum_units(), defaults.minimum_units),
      .minimum_conversions =
          Or<int64_t>(plan.minimum_conversions(), defaults.minimum_conversions),
      .sample_ratio_alpha =
          Or(plan.sample_ratio_alpha(), defaults.sample_ratio_alpha),
      .maximum_crossed_over_share = Or(plan.maximum_crossed_over_share(),
                                       defaults.maximum_crossed_over_share),
      .stage_conversion_margin = Or(automatic.stage_conversion_margin(),
                                    defaults.stage_conversion_margin),
      .time_in_stage_margin =
          Or(automatic.time_in_stage_margin(), defaults.time_in_stage_margin),
  };
}

const v1::Interval* FixedRelative(const v1::KpiComparison& comparison) {
  if (comparison.relative_intervals_size() == 0) return nullptr;
  return Usable(comparison.relative_intervals(0));
}

const v1::Interval* SequentialRelative(const v1::KpiComparison& comparison) {
  if (!comparison.has_sequential() ||
      !comparison.sequential().has_relative_interval()) {
    return nullptr;
  }
  return Usable(comparison.sequential().relative_interval());
}

const v1::Interval* DecidingRelative(const v1::KpiComparison& comparison,
                                     const EffectivePlan& plan) {
  if (comparison.group_sequential().has_repeated_relative_interval()) {
    const v1::Interval* repeated =
        Usable(comparison.group_sequential().repeated_relative_interval());
    if (repeated != nullptr) return repeated;
  }
  const v1::Interval* sequential = SequentialRelative(comparison);
  const v1::Interval* fixed = FixedRelative(comparison);
  const v1::Interval* first = plan.always_valid ? sequential : fixed;
  return first != nullptr ? first : plan.always_valid ? fixed : sequential;
}

Assessment Assess(const v1::KpiResult& kpi, const v1::KpiComparison& comparison,
                  const EffectivePlan& plan) {
  if (!plan.trusted) return Assessment::kNotJudged;
  if (comparison.has_guardrail()) {
    switch (comparison.guardrail().status()) {
      case v1::GuardrailAnswer::KEPT:
        return Assessment::kKept;
      case v1::GuardrailAnswer::HARMED:
        return Assessment::kHarmed;
      default:
        return Assessment::kUncertain;
    }
  }
  if (comparison.has_adjusted_p_value() && comparison.has_difference()) {
    return comparison.adjusted_p_value() <= plan.alpha
               ? BySign(comparison.difference(), kpi.higher_is_better())
               : Assessment::kUnclear;
  }
  const v1::Interval* interval = Deciding(comparison, plan);
  if (interval == nullptr) return Assessment::kNotComputable;
  return ByInterval(*interval, kpi.higher_is_better());
}

absl::string_view AssessmentWord(Assessment assessment) {
  switch (assessment) {
    case Assessment::kBetter:
      return "better";
    case Assessment::kWorse:
      return "worse";
    case Assessment::kUnclear:
      return "unclear";
    case Assessment::kKept:
      return "kept";
    case Assessment::kHarmed:
      return "harmed";
    case Assessment::kUncertain:
      return "uncertain";
    case Assessment::kNotJudged:
      return "not judged";
    case Assessment::kNotComputable:
      break;
  }
  return "not computable";
}

absl::string_view AssessmentClass(Assessment assessment) {
  switch (assessment) {
    case Assessment::kBetter:
      return "better";
    case Assessment::kWorse:
    case Assessment::kHarmed:
      return "worse";
    case Assessment::kUnclear:
    case Assessment::kUncertain:
      return "unclear";
    case Assessment::kKept:
      return "kept";
    case Assessment::kNotComputable:
    case Assessment::kNotJudged:
      break;
  }
  return "none";
}

absl::string_view AssessmentSymbol(Assessment assessment) {
  switch (assessment) {
    case Assessment::kBetter:
      return "\xE2\x96\xB2";  // Triangle up.
    case Assessment::kWorse:
    case Assessment::kHarmed:
      return "\xE2\x96\xBC";  // Triangle down.
    case Assessment::kUnclear:
    case Assessment::kUncertain:
      return "\xE2\x97\x8B";  // Circle.
    case Assessment::kKept:
      return "\xE2\x96\xA0";  // Square.
    case Assessment::kNotComputable:
    case Assessment::kNotJudged:
      break;
  }
  return "\xE2\x80\x93";  // Dash.
}

}  // namespace stagecraft::client
