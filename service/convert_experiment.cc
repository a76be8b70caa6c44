#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/text.h"
#include "service/convert_fields.h"
#include "service/convert_predicate.h"
#include "service/convert_resources.h"

namespace stagecraft::service {
namespace {

using engine::Micros;

// 0 keeps the default that `out` holds; what is not finite is refused.
absl::Status ConvertReal(double value, absl::string_view field, double* out) {
  if (!std::isfinite(value)) {
    return absl::InvalidArgumentError(
        absl::StrCat("plan.", field, " is ", value, ", want a finite number"));
  }
  if (value != 0) *out = value;
  return absl::OkStatus();
}

absl::Status ConvertReals(const v1::Plan& plan, engine::Plan* result) {
  struct Real {
    absl::string_view field;
    double value;
    double* out;
  };
  engine::Plan::AutomaticGuardrails& automatic = result->automatic_guardrails;
  const Real reals[] = {
      {"alpha", plan.alpha(), &result->alpha},
      {"power", plan.power(), &result->power},
      {"minimum_detectable_effect", plan.minimum_detectable_effect(),
       &result->minimum_detectable_effect},
      {"sample_ratio_alpha", plan.sample_ratio_alpha(),
       &result->sample_ratio_alpha},
      {"maximum_crossed_over_share", plan.maximum_crossed_over_share(),
       &result->maximum_crossed_over_share},
      {"minimum_identity_match_rate", plan.minimum_identity_match_rate(),
       &result->minimum_identity_match_rate},
      {"automatic_guardrails.stage_conversion_margin",
       plan.automatic_guardrails().stage_conversion_margin(),
       &automatic.stage_conversion_margin},
      {"automatic_guardrails.time_in_stage_margin",
       plan.automatic_guardrails().time_in_stage_margin(),
       &automatic.time_in_stage_margin},
      {"prior.relative_effect_mean", plan.prior().relative_effect_mean(),
       &result->prior.relative_effect_mean},
      {"prior.relative_effect_sd", plan.prior().relative_effect_sd(),
       &result->prior.relative_effect_sd},
      {"prior.share_alpha", plan.prior().share_alpha(),
       &result->prior.share_alpha},
      {"prior.share_beta", plan.prior().share_beta(),
       &result->prior.share_beta},
  };
  for (const Real& real : reals) {
    const absl::Status status = ConvertReal(real.value, real.field, real.out);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status ConvertEnums(const v1::Plan& plan, engine::Plan* result) {
  switch (plan.method()) {
    case v1::Plan::METHOD_UNSPECIFIED:
    case v1::Plan::ALWAYS_VALID:
      result->method = engine::Plan::Method::kAlwaysValid;
      break;
    case v1::Plan::FIXED_HORIZON:
      result->method = engine::Plan::Method::kFixedHorizon;
      break;
    case v1::Plan::GROUP_SEQUENTIAL:
      result->method = engine::Plan::Method::kGroupSequential;
      break;
    default:
      return UnknownEnum("plan.method", plan.method(),
                         "FIXED_HORIZON, GROUP_SEQUENTIAL or ALWAYS_VALID");
  }
  switch (plan.correction()) {
    case v1::Plan::CORRECTION_UNSPECIFIED:
    case v1::Plan::HOLM:
      result->correction = engine::Plan::Correction::kHolm;
      break;
    case v1::Plan::BONFERRONI:
      result->correction = engine::Plan::Correction::kBonferroni;
      break;
    case v1::Plan::NONE:
      result->correction = engine::Plan::Correction::kNone;
      break;
    case v1::Plan::HOCHBERG:
      result->correction = engine::Plan::Correction::kHochberg;
      break;
    case v1::Plan::HOMMEL:
      result->correction = engine::Plan::Correction::kHommel;
      break;
    case v1::Plan::SIDAK:
      result->correction = engine::Plan::Correction::kSidak;
      break;
    case v1::Plan::BENJAMINI_HOCHBERG:
      result->correction = engine::Plan::Correction::kBenjaminiHochberg;
      break;
    case v1::Plan::BENJAMINI_YEKUTIELI:
      result->correction = engine::Plan::Correction::kBenjaminiYekutieli;
      break;
    default:
      return UnknownEnum("plan.correction", plan.correction(),
                         "HOLM, BONFERRONI, NONE, HOCHBERG, HOMMEL, SIDAK, "
                         "BENJAMINI_HOCHBERG or BENJAMINI_YEKUTIELI");
  }
  return absl::OkStatus();
}

absl::StatusOr<engine::Plan::GroupSequential::Spending> ToSpending(
    v1::Plan::GroupSequential::Spending spending, absl::string_view field) {
  using enum engine::Plan::GroupSequential::Spending;
  switch (spending) {
    case v1::Plan::GroupSequential::SPENDING_UNSPECIFIED:
    case v1::Plan::GroupSequential::OBRIEN_FLEMING:
      return kOBrienFleming;
    case v1::Plan::GroupSequential::POCOCK:
      return kPocock;
    case v1::Plan::GroupSequential::HWANG_SHIH_DECANI:
      return kHwangShihDeCani;
    case v1::Plan::GroupSequential::POWER_FAMILY:
      return kPowerFamily;
    default:
      return UnknownEnum(
          field, spending,
          "OBRIEN_FLEMING, POCOCK, HWANG_SHIH_DECANI or POWER_FAMILY");
  }
}

absl::Status ConvertGroupSequential(const v1::Plan::GroupSequential& design,
                                    engine::Plan::GroupSequential* result) {
  constexpr absl::string_view kField = "plan.group_sequential.";
  if (design.fractions_size() > 0) {
    if (design.looks() != 0 && design.looks() != design.fractions_size()) {
      return absl::InvalidArgumentError(
          absl::StrCat(kField, "looks is ", design.looks(),
                       ", want the number of fractions, ",
                       design.fractions_size(), ", or none"));
    }
    result->fractions.assign(design.fractions().begin(),
                             design.fractions().end());
  } else if (design.looks() != 0) {
    if (design.looks() < 2 || design.looks() > 20) {
      return absl::InvalidArgumentError(
          absl::StrCat(kField, "looks is ", design.looks(), ", want 2 to 20"));
    }
    result->fractions.clear();
    for (int k = 1; k <= design.looks(); ++k) {
      result->fractions.push_back(static_cast<double>(k) / design.looks());
    }
  }
  auto spending =
      ToSpending(design.spending(), absl::StrCat(kField, "spending"));
  if (!spending.ok()) return spending.status();
  result->spending = *spending;
  result->parameter = design.parameter();
  result->futility = design.futility();
  spending = ToSpending(design.futility_spending(),
                        absl::StrCat(kField, "futility_spending"));
  if (!spending.ok()) return spending.status();
  result->futility_spending = *spending;
  result->futility_parameter = design.futility_parameter();
  return absl::OkStatus();
}

absl::Status ConvertTime(bool has, const google::protobuf::Timestamp& time,
                         absl::string_view field, std::optional<Micros>* out) {
  if (!has) return absl::OkStatus();
  const auto micros = ToMicros(time, field);
  if (!micros.ok()) return micros.status();
  *out = *micros;
  return absl::OkStatus();
}

absl::Status ConvertAllocations(const v1::Experiment& experiment,
                                engine::Experiment* result) {
  for (int i = 0; i < experiment.allocations_size(); ++i) {
    const v1::Experiment::Allocation& allocation = experiment.allocations(i);
    const auto variant = engine::FindVariant(*result, allocation.variant());
    if (!variant.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "allocations[", i, "].variant is ",
          engine::Quote(allocation.variant()), ", want the id of a variant"));
    }
    result->allocations.push_back(
        {*variant, allocation.start_ppm(), allocation.end_ppm()});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<engine::Plan> ToEngine(const v1::Plan& plan) {
  engine::Plan result;
  result.primary_kpis.assign(plan.primary_kpis().begin(),
                             plan.primary_kpis().end());
  for (const v1::Plan::Guardrail& guardrail : plan.guardrails()) {
    result.guardrails.push_back({guardrail.kpi(), guardrail.relative_margin(),
                                 guardrail.absolute_margin()});
  }
  result.secondary_kpis.assign(plan.secondary_kpis().begin(),
                               plan.secondary_kpis().end());
  const v1::Plan::AutomaticGuardrails& automatic = plan.automatic_guardrails();
  result.automatic_guardrails.informational_stages.assign(
      automatic.informational_stages().begin(),
      automatic.informational_stages().end());
  result.automatic_guardrails.time_in_stage_informational =
      automatic.time_in_stage_informational();
  absl::Status status = ConvertEnums(plan, &result);
  if (!status.ok()) return status;
  status = ConvertReals(plan, &result);
  if (!status.ok()) return status;
  if (automatic.has_window()) {
    status =
        ConvertDuration(automatic.window(), "plan.automatic_guardrails.window",
                        &result.automatic_guardrails.window);
    if (!status.ok()) return status;
  }
  if (plan.has_minimum_duration()) {
    status = ConvertDuration(plan.minimum_duration(), "plan.minimum_duration",
                             &result.minimum_duration);
    if (!status.ok()) return status;
  }
  if (plan.has_maximum_staleness()) {
    status = ConvertDuration(plan.maximum_staleness(), "plan.maximum_staleness",
                             &result.maximum_staleness);
    if (!status.ok()) return status;
  }
  if (plan.has_group_sequential()) {
    if (result.method != engine::Plan::Method::kGroupSequential) {
      return absl::InvalidArgumentError(absl::StrCat(
          "plan.group_sequential is set where plan.method is ",
          v1::Plan::Method_Name(plan.method()), ", want GROUP_SEQUENTIAL"));
    }
    status = ConvertGroupSequential(plan.group_sequential(),
                                    &result.group_sequential);
    if (!status.ok()) return status;
  }
  if (plan.has_pre_exposure_window()) {
    status =
        ConvertDuration(plan.pre_exposure_window(), "plan.pre_exposure_window",
                        &result.pre_exposure_window);
    if (!status.ok()) return status;
  }
  result.post_stratify_by = plan.post_stratify_by();
  result.planned_units = plan.planned_units();
  if (plan.minimum_units() != 0) result.minimum_units = plan.minimum_units();
  if (plan.minimum_conversions() != 0) {
    result.minimum_conversions = plan.minimum_conversions();
  }
  return result;
}

absl::StatusOr<engine::Experiment> ToEngine(
    const v1::Experiment& experiment,
    std::shared_ptr<const engine::Journey> journey,
    std::vector<engine::Kpi> kpis, int32_t layer_start_ppm,
    int32_t layer_end_ppm) {
  engine::Experiment result;
  result.name = experiment.name();
  // A draft that is not stored yet has none.
  result.revision = experiment.revision() == 0 ? 1 : experiment.revision();
  const auto state = ToEngine(experiment.state());
  if (!state.ok()) return state.status();
  result.state = *state;
  result.stage = experiment.stage();
  for (const v1::Variant& variant : experiment.variants()) {
    result.variants.push_back({variant.id(), variant.share_ppm()});
  }
  absl::Status status = ConvertAllocations(experiment, &result);
  if (!status.ok()) return status;
  if (experiment.has_targeting()) {
    auto targeting = ToEngine(experiment.targeting(), "targeting");
    if (!targeting.ok()) return targeting.status();
    result.targeting = *std::move(targeting);
  }
  result.layer = experiment.layer();
  result.layer_start_ppm = layer_start_ppm;
  result.layer_end_ppm = layer_end_ppm;
  if (experiment.coverage_ppm() != 0) {
    result.coverage_ppm = experiment.coverage_ppm();
  }
  result.salt =
      experiment.salt().empty() ? experiment.name() : experiment.salt();
  result.sticky = experiment.sticky();
  result.overrides.insert(experiment.overrides().begin(),
                          experiment.overrides().end());
  result.segments = ToEngine(experiment.segments());
  auto plan = ToEngine(experiment.plan());
  if (!plan.ok()) return plan.status();
  result.plan = *std::move(plan);
  status = ConvertTime(experiment.has_start_time(), experiment.start_time(),
                       "start_time", &result.start_time);
  if (!status.ok()) return status;
  status = ConvertTime(experiment.has_end_time(), experiment.end_time(),
                       "end_time", &result.end_time);
  if (!status.ok()) return status;
  result.rolled_out_variant = experiment.rolled_out_variant();
  result.shares_changed = experiment.shares_changed();
  result.journey = std::move(journey);

  std::set<std::string> wanted(result.plan.primary_kpis.begin(),
                               result.plan.primary_kpis.end());
  for (const auto& guardrail : result.plan.guardrails) {
    wanted.insert(guardrail.kpi);
  }
  wanted.insert(result.plan.secondary_kpis.begin(),
                result.plan.secondary_kpis.end());
  for (engine::Kpi& kpi : kpis) {
    if (wanted.count(kpi.name) > 0) result.kpis.push_back(std::move(kpi));
  }
  return result;
}

absl::StatusOr<engine::Experiment> StartedToEngine(
    const v1::Experiment& experiment, int32_t layer_start_ppm,
    int32_t layer_end_ppm) {
  if (!experiment.has_frozen_journey()) {
    return absl::FailedPreconditionError(absl::StrCat(
        experiment.name(), " is ",
        v1::Experiment::State_Name(experiment.state()),
        " and was never started, want an experiment that was started"));
  }
  auto journey = ToEngine(experiment.frozen_journey());
  if (!journey.ok()) return journey.status();
  std::vector<engine::Kpi> kpis;
  for (const v1::Kpi& proto : experiment.frozen_kpis()) {
    auto kpi = ToEngine(proto);
    if (!kpi.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(proto.name(), ": ", kpi.status().message()));
    }
    kpis.push_back(*std::move(kpi));
  }
  return ToEngine(experiment,
                  std::make_shared<const engine::Journey>(*std::move(journey)),
                  std::move(kpis), layer_start_ppm, layer_end_ppm);
}

absl::StatusOr<engine::Experiment::State> ToEngine(
    v1::Experiment::State state) {
  using enum engine::Experiment::State;
  switch (state) {
    case v1::Experiment::STATE_UNSPECIFIED:
    case v1::Experiment::DRAFT:
      return kDraft;
    case v1::Experiment::RUNNING:
      return kRunning;
    case v1::Experiment::PAUSED:
      return kPaused;
    case v1::Experiment::CONCLUDED:
      return kConcluded;
    case v1::Experiment::ROLLED_OUT:
      return kRolledOut;
    case v1::Experiment::ARCHIVED:
      return kArchived;
    default:
      return UnknownEnum(
          "state", state,
          "DRAFT, RUNNING, PAUSED, CONCLUDED, ROLLED_OUT or ARCHIVED");
  }
}

v1::Experiment::State ToProto(engine::Experiment::State state) {
  using State = engine::Experiment::State;
  switch (state) {
    case State::kDraft:
      return v1::Experiment::DRAFT;
    case State::kRunning:
      return v1::Experiment::RUNNING;
    case State::kPaused:
      return v1::Experiment::PAUSED;
    case State::kConcluded:
      return v1::Experiment::CONCLUDED;
    case State::kRolledOut:
      return v1::Experiment::ROLLED_OUT;
    case State::kArchived:
      return v1::Experiment::ARCHIVED;
  }
  return v1::Experiment::STATE_UNSPECIFIED;
}

}  // namespace stagecraft::service
