#include "service/convert_planning.h"

#include <string>

#include "service/convert_results.h"
#include "service/convert_time.h"

namespace stagecraft::service {
namespace {

using service::ToProto;  // Of roles, beside those below.

v1::Plan::Method ToProto(engine::Plan::Method method) {
  switch (method) {
    case engine::Plan::Method::kFixedHorizon:
      return v1::Plan::FIXED_HORIZON;
    case engine::Plan::Method::kAlwaysValid:
      return v1::Plan::ALWAYS_VALID;
    case engine::Plan::Method::kGroupSequential:
      return v1::Plan::GROUP_SEQUENTIAL;
  }
  return v1::Plan::METHOD_UNSPECIFIED;
}

v1::PlanExperimentResponse::Rehearsal::Scenario ToProto(
    engine::RehearsalScenario scenario) {
  using Rehearsal = v1::PlanExperimentResponse::Rehearsal;
  switch (scenario) {
    case engine::RehearsalScenario::kNoEffect:
      return Rehearsal::NO_EFFECT;
    case engine::RehearsalScenario::kMinimumDetectableEffect:
      return Rehearsal::MINIMUM_DETECTABLE_EFFECT;
    case engine::RehearsalScenario::kHarm:
      return Rehearsal::HARM;
  }
  return Rehearsal::SCENARIO_UNSPECIFIED;
}

v1::PlanExperimentResponse::MonteCarlo ToProto(const engine::MonteCarlo& from) {
  v1::PlanExperimentResponse::MonteCarlo to;
  to.set_value(from.value);
  to.set_lower(from.lower);
  to.set_upper(from.upper);
  to.set_replications(from.replications);
  return to;
}

v1::PlanExperimentResponse::History ToProto(
    const engine::StageHistory& history) {
  v1::PlanExperimentResponse::History to;
  *to.mutable_begin() = ToTimestamp(history.from);
  *to.mutable_end() = ToTimestamp(history.to);
  to.set_units(history.units);
  to.set_targeted_units(history.targeted);
  to.set_units_without_attributes(history.without_attributes);
  to.set_mature_units(history.mature);
  engine::Micros begin = history.from;
  for (const int64_t units : history.arrivals) {
    auto& day = *to.add_days();
    *day.mutable_begin() = ToTimestamp(begin);
    day.set_units(units);
    begin += engine::kDay;
  }
  return to;
}

v1::PlanExperimentResponse::Baseline ToProto(const engine::KpiBaseline& from) {
  v1::PlanExperimentResponse::Baseline to;
  to.set_kpi(from.kpi);
  to.set_role(ToProto(from.role));
  to.set_kind(std::string(engine::ToText(from.spec.kind)));
  if (from.spec.kind == engine::KpiKind::kTimeToEvent) to.set_unit("s");
  to.set_units(from.units);
  if (from.value.has_value()) to.set_value(*from.value);
  if (from.deviation.has_value()) to.set_deviation(*from.deviation);
  to.set_error(from.error);
  return to;
}

v1::PlanExperimentResponse::MethodForecast ToProto(
    const engine::MethodForecast& from, engine::Micros maximum_duration) {
  v1::PlanExperimentResponse::MethodForecast to;
  to.set_method(ToProto(from.method));
  to.set_kpi(from.kpi);
  to.set_error(from.error);
  if (from.size.has_value()) {
    to.set_units(static_cast<int64_t>(from.size->units));
    to.set_expected_units(from.size->expected);
    to.set_expected_units_without_effect(from.size->expected_without);
  }
  if (from.days.has_value()) {
    to.set_days(*from.days);
    to.set_expected_days(*from.expected_days);
    to.set_expected_days_without_effect(*from.expected_days_without);
    to.set_within_maximum_duration(
        *from.days <= static_cast<double>(maximum_duration) / engine::kDay);
  }
  return to;
}

v1::PlanExperimentResponse::GuardrailForecast ToProto(
    const engine::GuardrailForecast& from) {
  v1::PlanExperimentResponse::GuardrailForecast to;
  to.set_kpi(from.kpi);
  to.set_automatic(from.automatic);
  to.set_blocking(from.margin.blocking);
  to.set_relative_margin(from.margin.relative_margin);
  to.set_absolute_margin(from.margin.absolute_margin);
  if (from.power.has_value()) to.set_power(*from.power);
  if (from.units_needed.has_value()) to.set_units_needed(*from.units_needed);
  to.set_enough(from.enough);
  to.set_error(from.error);
  return to;
}

}  // namespace

void AddForecast(const engine::Experiment& experiment,
                 const engine::StageHistory& history,
                 const engine::PlanForecast& forecast,
                 engine::Micros maximum_duration,
                 v1::PlanExperimentResponse* response) {
  *response->mutable_history() = ToProto(history);
  response->set_entering_share(forecast.entering_share);
  response->set_units_per_day(forecast.units_per_day);
  response->set_planned_units(forecast.planned_units);
  response->set_planned_units_given(experiment.plan.planned_units > 0);
  response->set_comparisons(forecast.comparisons);
  response->set_comparison_alpha(forecast.comparison_alpha);
  for (const engine::KpiBaseline& baseline : forecast.baselines) {
    *response->add_baselines() = ToProto(baseline);
  }
  for (const engine::MethodForecast& method : forecast.methods) {
    *response->add_methods() = ToProto(method, maximum_duration);
  }
  if (forecast.recommended.has_value()) {
    response->set_recommended_method(ToProto(*forecast.recommended));
  }
  for (const engine::GuardrailForecast& guardrail : forecast.guardrails) {
    *response->add_guardrails() = ToProto(guardrail);
  }
}

void AddRehearsal(
    engine::RehearsalScenario scenario,
    const absl::StatusOr<engine::OperatingCharacteristics::Summary>& summary,
    v1::PlanExperimentResponse* response) {
  auto& to = *response->add_rehearsals();
  to.set_scenario(ToProto(scenario));
  if (!summary.ok()) {
    to.set_error(std::string(summary.status().message()));
    return;
  }
  to.set_replications(summary->replications);
  for (const auto& [kind, share] : summary->verdicts) {
    auto& verdict = *to.add_verdicts();
    verdict.set_kind(ToProto(kind));
    *verdict.mutable_share() = ToProto(share);
  }
  *to.mutable_false_winner() = ToProto(summary->false_winner);
  if (summary->power.has_value()) {
    *to.mutable_power() = ToProto(*summary->power);
  }
  *to.mutable_units() = ToProto(summary->units);
  *to.mutable_days() = ToProto(summary->days);
  for (const auto& [kpi, share] : summary->harmed) {
    auto& harmed = *to.add_harmed();
    harmed.set_kpi(kpi);
    *harmed.mutable_share() = ToProto(share);
  }
  *to.mutable_sample_ratio_alarms() = ToProto(summary->sample_ratio_alarms);
}

}  // namespace stagecraft::service
