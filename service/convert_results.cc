#include "service/convert_results.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/convert_comparison.h"
#include "service/convert_time.h"
#include "service/names.h"

namespace stagecraft::service {
namespace {

v1::Reason::Code ToProto(engine::Reason::Code code) {
  using Code = engine::Reason::Code;
  switch (code) {
    case Code::kSampleRatioMismatch:
      return v1::Reason::SAMPLE_RATIO_MISMATCH;
    case Code::kCrossedOver:
      return v1::Reason::CROSSED_OVER;
    case Code::kStale:
      return v1::Reason::STALE;
    case Code::kIdentityMismatch:
      return v1::Reason::IDENTITY_MISMATCH;
    case Code::kTooFewUnits:
      return v1::Reason::TOO_FEW_UNITS;
    case Code::kTooFewConversions:
      return v1::Reason::TOO_FEW_CONVERSIONS;
    case Code::kTooEarly:
      return v1::Reason::TOO_EARLY;
    case Code::kHorizonNotReached:
      return v1::Reason::HORIZON_NOT_REACHED;
    case Code::kSuperior:
      return v1::Reason::SUPERIOR;
    case Code::kInferior:
      return v1::Reason::INFERIOR;
    case Code::kInconclusive:
      return v1::Reason::INCONCLUSIVE;
    case Code::kEquivalent:
      return v1::Reason::EQUIVALENT;
    case Code::kGuardrailKept:
      return v1::Reason::GUARDRAIL_KEPT;
    case Code::kGuardrailHarmed:
      return v1::Reason::GUARDRAIL_HARMED;
    case Code::kGuardrailUncertain:
      return v1::Reason::GUARDRAIL_UNCERTAIN;
    case Code::kPlanEnded:
      return v1::Reason::PLAN_ENDED;
    case Code::kNotComputable:
      return v1::Reason::NOT_COMPUTABLE;
    case Code::kFutile:
      return v1::Reason::FUTILE;
  }
  return v1::Reason::CODE_UNSPECIFIED;
}

const v1::Stage* FindStage(const v1::Journey& journey, absl::string_view id) {
  for (const v1::Stage& stage : journey.stages()) {
    if (absl::string_view(stage.id()) == id) return &stage;
  }
  return nullptr;
}

// What people call the KPI, and its unit of measure.
void AddTexts(const v1::Experiment& experiment, const engine::KpiAnalysis& kpi,
              v1::KpiResult* result) {
  absl::string_view rest = kpi.kpi;
  if (absl::ConsumePrefix(&rest, "stages/")) {
    const bool is_time = absl::ConsumeSuffix(&rest, "/time");
    if (!is_time) absl::ConsumeSuffix(&rest, "/conversion");
    const v1::Stage* stage = FindStage(experiment.frozen_journey(), rest);
    const std::string name = stage == nullptr || stage->display_name().empty()
                                 ? std::string(rest)
                                 : stage->display_name();
    result->set_display_name(
        absl::StrCat(is_time ? "Time in " : "Conversion to ", name));
    if (is_time) result->set_unit("s");
    return;
  }
  for (const v1::Kpi& proto : experiment.frozen_kpis()) {
    if (proto.name() != kpi.kpi) continue;
    result->set_display_name(proto.display_name());
    result->set_unit(proto.unit());
  }
  if (result->display_name().empty()) {
    const auto name = ParseKpiName(kpi.kpi);
    result->set_display_name(name.ok() ? name->kpi : kpi.kpi);
  }
  if (result->unit().empty() &&
      kpi.spec.kind == engine::KpiKind::kTimeToEvent) {
    result->set_unit("s");
  }
}

v1::TimeInStage ToProto(const engine::TimeInStage& time) {
  v1::TimeInStage result;
  const auto set = [](const std::optional<double>& value, auto setter) {
    if (value.has_value()) setter(*value);
  };
  set(time.completed_median,
      [&](double v) { result.set_completed_median_seconds(v); });
  set(time.completed_lower_quartile,
      [&](double v) { result.set_completed_lower_quartile_seconds(v); });
  set(time.completed_upper_quartile,
      [&](double v) { result.set_completed_upper_quartile_seconds(v); });
  set(time.median, [&](double v) { result.set_median_seconds(v); });
  set(time.lower_quartile,
      [&](double v) { result.set_lower_quartile_seconds(v); });
  set(time.upper_quartile,
      [&](double v) { result.set_upper_quartile_seconds(v); });
  set(time.restricted_mean,
      [&](double v) { result.set_restricted_mean_seconds(v); });
  set(time.restricted_mean_horizon,
      [&](double v) { result.set_restricted_mean_horizon_seconds(v); });
  if (time.median_interval.has_value()) {
    *result.mutable_median_interval() =
        service::ToProto(*time.median_interval, "km-log");
  }
  return result;
}

}  // namespace

v1::KpiRole ToProto(engine::KpiRole role) {
  switch (role) {
    case engine::KpiRole::kPrimary:
      return v1::KPI_ROLE_PRIMARY;
    case engine::KpiRole::kGuardrail:
      return v1::KPI_ROLE_GUARDRAIL;
    case engine::KpiRole::kAutomaticGuardrail:
      return v1::KPI_ROLE_AUTOMATIC_GUARDRAIL;
    case engine::KpiRole::kSecondary:
      return v1::KPI_ROLE_SECONDARY;
  }
  return v1::KPI_ROLE_UNSPECIFIED;
}

v1::Interval ToProto(const stats::Interval& interval,
                     absl::string_view method) {
  v1::Interval result;
  result.set_lower(interval.lower);
  result.set_upper(interval.upper);
  result.set_level(interval.level);
  result.set_method(std::string(method));
  return result;
}

v1::Verdict::Kind ToProto(engine::VerdictKind kind) {
  switch (kind) {
    case engine::VerdictKind::kCollecting:
      return v1::Verdict::COLLECTING;
    case engine::VerdictKind::kWinner:
      return v1::Verdict::WINNER;
    case engine::VerdictKind::kNoDifference:
      return v1::Verdict::NO_DIFFERENCE;
    case engine::VerdictKind::kHarmful:
      return v1::Verdict::HARMFUL;
    case engine::VerdictKind::kInvalid:
      return v1::Verdict::INVALID;
  }
  return v1::Verdict::KIND_UNSPECIFIED;
}

v1::Verdict ToProto(const engine::Verdict& verdict) {
  v1::Verdict result;
  result.set_kind(ToProto(verdict.kind));
  result.set_variant(verdict.variant);
  for (const engine::Reason& reason : verdict.reasons) {
    v1::Reason* added = result.add_reasons();
    added->set_code(ToProto(reason.code));
    added->set_message(reason.message);
    added->set_variant(reason.variant);
    added->set_kpi(reason.kpi);
  }
  for (const engine::Verdict::Treatment& treatment : verdict.treatments) {
    v1::VariantVerdict* added = result.add_variants();
    added->set_variant(treatment.variant);
    added->set_kind(ToProto(treatment.kind));
  }
  return result;
}

v1::TrustChecks ToProto(const engine::Experiment& experiment,
                        const engine::ExperimentLook& look,
                        const engine::TrustChecks& trust) {
  v1::TrustChecks result;
  for (size_t v = 0; v < experiment.variants.size(); ++v) {
    v1::TrustChecks::Arm* arm = result.add_arms();
    arm->set_variant(experiment.variants[v].id);
    arm->set_units(look.units[v]);
    arm->set_share_ppm(experiment.variants[v].share_ppm);
  }
  if (trust.sample_ratio_p_value.has_value()) {
    result.set_sample_ratio_p_value(*trust.sample_ratio_p_value);
  }
  result.set_crossed_over_units(look.crossed_over_units);
  result.set_crossed_over_share(trust.crossed_over_share);
  if (trust.identity_match_rate.has_value()) {
    result.set_identity_match_rate(*trust.identity_match_rate);
  }
  if (look.newest_event_time.has_value()) {
    *result.mutable_newest_event_time() = ToTimestamp(*look.newest_event_time);
  }
  return result;
}

v1::LookPoint ToProto(const engine::PathPoint& point) {
  v1::LookPoint result;
  *result.mutable_time() = ToTimestamp(point.time);
  result.set_units(point.units);
  result.set_relative(point.relative);
  result.set_lower(point.sequence.lower);
  result.set_upper(point.sequence.upper);
  return result;
}

v1::KpiResult ToProto(const v1::Experiment& proto,
                      const engine::Experiment& experiment,
                      const engine::KpiAnalysis& analysis) {
  v1::KpiResult result;
  result.set_kpi(analysis.kpi);
  AddTexts(proto, analysis, &result);
  result.set_role(ToProto(analysis.role));
  result.set_kind(std::string(engine::ToText(analysis.spec.kind)));
  result.set_higher_is_better(analysis.spec.higher_is_better);
  for (size_t v = 0; v < analysis.variants.size(); ++v) {
    *result.add_variants() =
        ToProto(experiment.variants[v].id, analysis.variants[v]);
  }
  for (const engine::ComparisonAnalysis& comparison : analysis.comparisons) {
    *result.add_comparisons() =
        ToProto(experiment.variants[comparison.variant].id, comparison);
  }
  return result;
}

std::vector<v1::VariantFunnel> ToFunnels(const engine::Experiment& experiment,
                                         const engine::ExperimentLook& look) {
  const int own =
      engine::FindStage(*experiment.journey, experiment.stage).value_or(0);
  std::vector<v1::VariantFunnel> funnels;
  for (size_t v = 0; v < experiment.variants.size(); ++v) {
    v1::VariantFunnel& funnel = funnels.emplace_back();
    funnel.set_variant(experiment.variants[v].id);
    funnel.set_exposed(look.units[v]);
    for (size_t i = 0; i < look.stages_reached.size(); ++i) {
      v1::StageReached* stage = funnel.add_stages();
      stage->set_stage(experiment.journey->stages[own + 1 + i].id);
      stage->set_units(look.stages_reached[i][v]);
    }
  }
  return funnels;
}

v1::ExperimentResults ToResults(
    const v1::Experiment& proto, const engine::Experiment& experiment,
    const engine::ExperimentLook& look,
    const std::vector<engine::KpiAnalysis>& analyses) {
  v1::ExperimentResults results;
  *results.mutable_experiment() = proto;
  *results.mutable_as_of() = ToTimestamp(look.as_of);
  *results.mutable_trust() =
      ToProto(experiment, look, engine::CheckTrust(experiment, look));
  for (const engine::KpiAnalysis& analysis : analyses) {
    *results.add_kpis() = ToProto(proto, experiment, analysis);
  }
  for (v1::VariantFunnel& funnel : ToFunnels(experiment, look)) {
    *results.add_funnels() = std::move(funnel);
  }
  return results;
}

v1::StageFunnel ToProto(const v1::Stage& stage,
                        const engine::StageAnalysis& analysis) {
  v1::StageFunnel result;
  result.set_stage(stage.id());
  result.set_display_name(stage.display_name().empty() ? stage.id()
                                                       : stage.display_name());
  result.set_entered(analysis.entered);
  result.set_advanced(analysis.advanced);
  result.set_dropped_out(analysis.dropped_out);
  result.set_open(analysis.open);
  if (analysis.conversion.has_value()) {
    result.set_conversion(*analysis.conversion);
  }
  if (analysis.drop_off.has_value()) result.set_drop_off(*analysis.drop_off);
  if (analysis.reached.has_value()) result.set_reached(*analysis.reached);
  if (analysis.time.has_value()) {
    *result.mutable_time() = ToProto(*analysis.time);
  }
  return result;
}

}  // namespace stagecraft::service
