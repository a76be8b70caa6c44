#include "service/statistics/group_sequential.h"

#include <cstddef>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "stats/group_sequential.h"
#include "stats/group_sequential_monitoring.h"
#include "stats/group_sequential_size.h"
#include "stats/stagewise.h"

namespace stagecraft::service {
namespace {

// Messages of stats/ begin with a field; here it is one of `message`.
absl::Status Within(const absl::Status& status, absl::string_view message) {
  if (!absl::IsInvalidArgument(status)) return status;
  return absl::InvalidArgumentError(
      absl::StrCat(message, ".", status.message()));
}

stats::SpendingFunction FromProto(const v1::GroupSequentialSpending& spending) {
  using Proto = v1::GroupSequentialSpending;
  stats::SpendingFunction function;
  switch (spending.family()) {
    case Proto::OBRIEN_FLEMING_WHOLE:
      function.family = stats::SpendingFamily::kOBrienFlemingWhole;
      break;
    case Proto::POCOCK:
      function.family = stats::SpendingFamily::kPocock;
      break;
    case Proto::HWANG_SHIH_DECANI:
      function.family = stats::SpendingFamily::kHwangShihDeCani;
      break;
    case Proto::POWER:
      function.family = stats::SpendingFamily::kPower;
      break;
    case Proto::USER:
      function.family = stats::SpendingFamily::kUser;
      break;
    default:
      function.family = stats::SpendingFamily::kOBrienFleming;
  }
  if (spending.has_parameter()) function.parameter = spending.parameter();
  function.cumulative.assign(spending.cumulative().begin(),
                             spending.cumulative().end());
  return function;
}

stats::StoppingRule FromProto(v1::GroupSequentialPlan::Rule rule) {
  switch (rule) {
    case v1::GroupSequentialPlan::OBRIEN_FLEMING:
      return stats::StoppingRule::kOBrienFleming;
    case v1::GroupSequentialPlan::POCOCK:
      return stats::StoppingRule::kPocock;
    case v1::GroupSequentialPlan::WANG_TSIATIS:
      return stats::StoppingRule::kWangTsiatis;
    case v1::GroupSequentialPlan::HAYBITTLE_PETO:
      return stats::StoppingRule::kHaybittlePeto;
    default:
      return stats::StoppingRule::kSpending;
  }
}

stats::FutilityRule FromProto(v1::GroupSequentialPlan::Futility futility) {
  switch (futility) {
    case v1::GroupSequentialPlan::GIVEN:
      return stats::FutilityRule::kGiven;
    case v1::GroupSequentialPlan::BETA_SPENDING:
      return stats::FutilityRule::kBetaSpending;
    default:
      return stats::FutilityRule::kNone;
  }
}

stats::OutcomeOrdering FromProto(v1::GroupSequentialOrdering ordering) {
  switch (ordering) {
    case v1::GROUP_SEQUENTIAL_ORDERING_SAMPLE_MEAN:
      return stats::OutcomeOrdering::kSampleMean;
    case v1::GROUP_SEQUENTIAL_ORDERING_LIKELIHOOD_RATIO:
      return stats::OutcomeOrdering::kLikelihoodRatio;
    default:
      return stats::OutcomeOrdering::kStageWise;
  }
}

absl::StatusOr<stats::GroupSequentialDesign> DesignOf(
    const v1::GroupSequentialPlan& plan) {
  stats::GroupSequentialOptions options;
  if (plan.has_alpha()) options.alpha = plan.alpha();
  if (plan.has_one_sided()) options.one_sided = plan.one_sided();
  if (plan.has_power()) options.power = plan.power();
  if (plan.has_looks()) options.looks = plan.looks();
  // Beta spending over 200 looks takes seconds.
  constexpr int kMostLooks = 200;
  if (options.looks > kMostLooks) {
    return absl::InvalidArgumentError(
        absl::StrCat("design.looks is ", options.looks,
                     ", want a number in [1, ", kMostLooks, "]"));
  }
  options.information.assign(plan.information().begin(),
                             plan.information().end());
  options.rule = FromProto(plan.rule());
  options.spending = FromProto(plan.spending());
  if (plan.has_wang_tsiatis_delta()) {
    options.wang_tsiatis_delta = plan.wang_tsiatis_delta();
  }
  if (plan.has_haybittle_peto_bound()) {
    options.haybittle_peto_bound = plan.haybittle_peto_bound();
  }
  options.futility = FromProto(plan.futility());
  options.futility_bounds.assign(plan.futility_bounds().begin(),
                                 plan.futility_bounds().end());
  options.beta_spending = FromProto(plan.beta_spending());
  if (plan.has_binding_futility()) {
    options.binding_futility = plan.binding_futility();
  }
  auto design = stats::DesignGroupSequential(options);
  if (!design.ok()) return Within(design.status(), "design");
  return design;
}

template <typename Field, typename Values>
void Copy(const Values& values, Field* field) {
  field->Add(values.begin(), values.end());
}

void ToProto(const stats::ExitProbabilities& exits,
             v1::GroupSequentialExits* proto) {
  proto->set_drift(exits.drift);
  Copy(exits.up, proto->mutable_up());
  Copy(exits.down, proto->mutable_down());
  Copy(exits.futility, proto->mutable_futility());
  proto->set_power(exits.power);
  proto->set_both_tails(exits.both_tails);
  proto->set_early_stop(exits.early_stop);
  proto->set_expected_information(exits.expected_information);
}

v1::GroupSequentialDecision ToProto(stats::SequentialDecision decision) {
  switch (decision) {
    case stats::SequentialDecision::kContinue:
      return v1::GROUP_SEQUENTIAL_DECISION_CONTINUE;
    case stats::SequentialDecision::kRejectUp:
      return v1::GROUP_SEQUENTIAL_DECISION_REJECT_UP;
    case stats::SequentialDecision::kRejectDown:
      return v1::GROUP_SEQUENTIAL_DECISION_REJECT_DOWN;
    case stats::SequentialDecision::kStopForFutility:
      return v1::GROUP_SEQUENTIAL_DECISION_STOP_FOR_FUTILITY;
    case stats::SequentialDecision::kAccept:
      return v1::GROUP_SEQUENTIAL_DECISION_ACCEPT;
  }
  return v1::GROUP_SEQUENTIAL_DECISION_UNSPECIFIED;
}

absl::string_view NameOf(stats::OutcomeOrdering ordering) {
  switch (ordering) {
    case stats::OutcomeOrdering::kStageWise:
      return "stage-wise ordering";
    case stats::OutcomeOrdering::kSampleMean:
      return "sample mean ordering";
    case stats::OutcomeOrdering::kLikelihoodRatio:
      return "likelihood ratio ordering";
  }
  return "";
}

void ToProto(const stats::FinalAnalysis& analysis,
             v1::GroupSequentialFinalAnalysis* proto) {
  proto->set_p_value(analysis.p_value);
  *proto->mutable_interval() =
      service::ToProto(analysis.interval, NameOf(analysis.ordering));
  proto->set_median_unbiased(analysis.median_unbiased);
  proto->set_naive(analysis.naive);
  if (analysis.bias_adjusted) {
    proto->set_bias_adjusted(*analysis.bias_adjusted);
  }
}

absl::StatusOr<stats::InterimLook> FromProto(
    const v1::MonitorGroupSequentialRequest::Look& look,
    absl::string_view name) {
  if (look.has_estimate()) {
    if (look.has_information() || look.has_z() || look.has_standard_error()) {
      return absl::InvalidArgumentError(
          absl::StrCat(name,
                       " has an estimate and more, want `estimate` alone or "
                       "`information` and `z`"));
    }
    auto interim = stats::LookOfEstimate(service::FromProto(look.estimate()));
    if (!interim.ok()) {
      return Renamed(interim.status(), "effect",
                     absl::StrCat(name, ".estimate"));
    }
    return interim;
  }
  if (!look.has_information() || !look.has_z()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, look.has_z() ? ".information" : ".z",
                     " is missing, want `information` and `z`, or `estimate`"));
  }
  stats::InterimLook interim{.information = look.information(), .z = look.z()};
  if (look.has_standard_error()) interim.standard_error = look.standard_error();
  return interim;
}

void ToProto(const stats::MonitoredLook& look,
             v1::MonitorGroupSequentialResponse::Look* proto) {
  proto->set_time(look.time);
  proto->set_z(look.z);
  proto->set_effect(look.effect);
  proto->set_upper(look.upper);
  proto->set_lower(look.lower);
  if (look.futility) proto->set_futility(*look.futility);
  proto->set_stage_level(look.stage_level);
  proto->set_alpha_spent(look.alpha_spent);
  proto->set_decision(ToProto(look.decision));
  proto->set_repeated_p_value(look.repeated_p_value);
  *proto->mutable_repeated_interval() =
      service::ToProto(look.repeated_interval, "repeated");
}

}  // namespace

absl::StatusOr<v1::DesignGroupSequentialResponse> DesignGroupSequential(
    const v1::DesignGroupSequentialRequest& request) {
  const auto design = DesignOf(request.design());
  if (!design.ok()) return design.status();
  v1::DesignGroupSequentialResponse response;
  for (const stats::PlannedLook& look : design->looks) {
    auto* proto = response.add_looks();
    proto->set_time(look.time);
    proto->set_upper(look.upper);
    proto->set_lower(look.lower);
    if (look.futility) proto->set_futility(*look.futility);
    proto->set_stage_level(look.stage_level);
    proto->set_alpha_spent(look.alpha_spent);
    proto->set_beta_spent(look.beta_spent);
    proto->set_upper_effect(look.upper_effect);
    proto->set_lower_effect(look.lower_effect);
    if (look.futility_effect) proto->set_futility_effect(*look.futility_effect);
  }
  if (design->constant) response.set_constant(*design->constant);
  response.set_drift(design->drift);
  response.set_fixed_drift(design->fixed_drift);
  response.set_inflation(design->inflation);
  response.set_average_h0(design->average_h0);
  response.set_average_h01(design->average_h01);
  response.set_average_h1(design->average_h1);
  ToProto(design->h0, response.mutable_h0());
  ToProto(design->h01, response.mutable_h01());
  ToProto(design->h1, response.mutable_h1());
  return response;
}

absl::StatusOr<v1::ComputeGroupSequentialExitsResponse>
ComputeGroupSequentialExits(
    const v1::ComputeGroupSequentialExitsRequest& request) {
  const auto design = DesignOf(request.design());
  if (!design.ok()) return design.status();
  const bool obey = !request.has_obey_futility() || request.obey_futility();
  v1::ComputeGroupSequentialExitsResponse response;
  for (int i = 0; i < request.drifts_size(); ++i) {
    const auto exits = stats::ExitsUnderDrift(*design, request.drifts(i), obey);
    if (!exits.ok()) {
      return Renamed(exits.status(), "drift", absl::StrCat("drifts[", i, "]"));
    }
    ToProto(*exits, response.add_exits());
  }
  return response;
}

absl::StatusOr<v1::ComputeBoundExitsResponse> ComputeBoundExits(
    const v1::ComputeBoundExitsRequest& request) {
  const auto exits = stats::ExitsOfBounds(
      AsSpan(request.information()), AsSpan(request.lower()),
      AsSpan(request.upper()), request.has_theta() ? request.theta() : 0);
  if (!exits.ok()) return exits.status();
  v1::ComputeBoundExitsResponse response;
  ToProto(*exits, response.mutable_exits());
  return response;
}

absl::StatusOr<v1::FindGroupSequentialDriftResponse> FindGroupSequentialDrift(
    const v1::FindGroupSequentialDriftRequest& request) {
  auto design = DesignOf(request.design());
  if (!design.ok()) return design.status();
  if (request.has_target_power()) {
    const auto drift = stats::DriftForPower(*design, request.target_power());
    if (!drift.ok()) return Renamed(drift.status(), "power", "target_power");
    design->drift = *drift;
  }
  v1::FindGroupSequentialDriftResponse response;
  response.set_drift(design->drift);
  if (request.has_effect()) {
    const auto information =
        stats::MaximumInformation(*design, request.effect());
    if (!information.ok()) return information.status();
    response.set_max_information(*information);
  }
  return response;
}

absl::StatusOr<v1::PlanGroupSequentialSizeResponse> PlanGroupSequentialSize(
    const v1::PlanGroupSequentialSizeRequest& request) {
  using Request = v1::PlanGroupSequentialSizeRequest;
  const auto design = DesignOf(request.design());
  if (!design.ok()) return design.status();
  const double share =
      request.has_treatment_share() ? request.treatment_share() : 0.5;
  absl::string_view outcome;
  absl::StatusOr<stats::GroupSequentialSize> size =
      absl::InvalidArgumentError("");
  switch (request.outcome_case()) {
    case Request::kMeans:
      outcome = "means";
      size = stats::GroupSequentialMeanSize(
          *design, request.means().difference(), request.means().control_sd(),
          request.means().treatment_sd(), share);
      break;
    case Request::kRates:
      outcome = "rates";
      size = stats::GroupSequentialProportionSize(
          *design, request.rates().control_rate(),
          request.rates().treatment_rate(), share);
      break;
    case Request::kEvents:
      outcome = "events";
      size = stats::GroupSequentialEvents(
          *design, request.events().hazard_ratio(), share,
          request.events().formula() == Request::Events::FREEDMAN
              ? stats::EventFormula::kFreedman
              : stats::EventFormula::kSchoenfeld);
      break;
    case Request::OUTCOME_NOT_SET:
      return absl::InvalidArgumentError(
          "none of `means`, `rates` and `events` is given, want one");
  }
  if (!size.ok()) {
    const bool own =
        absl::StartsWith(size.status().message(), "treatment_share") ||
        absl::StartsWith(size.status().message(), "the maximal size");
    return own ? size.status() : Within(size.status(), outcome);
  }
  v1::PlanGroupSequentialSizeResponse response;
  response.set_fixed(size->fixed);
  response.set_maximum(size->maximum);
  response.set_expected_h0(size->expected_h0);
  response.set_expected_h01(size->expected_h01);
  response.set_expected_h1(size->expected_h1);
  Copy(size->by_look, response.mutable_by_look());
  Copy(size->control, response.mutable_control());
  Copy(size->treatment, response.mutable_treatment());
  Copy(size->total, response.mutable_total());
  Copy(size->effect_to_reject, response.mutable_effect_to_reject());
  Copy(size->opposite_effect_to_reject,
       response.mutable_opposite_effect_to_reject());
  return response;
}

absl::StatusOr<v1::MonitorGroupSequentialResponse> MonitorGroupSequential(
    const v1::MonitorGroupSequentialRequest& request) {
  const auto design = DesignOf(request.design());
  if (!design.ok()) return design.status();
  std::vector<stats::InterimLook> looks;
  for (int k = 0; k < request.looks_size(); ++k) {
    const auto look =
        FromProto(request.looks(k), absl::StrCat("looks[", k, "]"));
    if (!look.ok()) return look.status();
    looks.push_back(*look);
  }
  stats::MonitoringOptions options{.max_information =
                                       request.max_information()};
  if (request.has_last_is_final()) {
    options.last_is_final = request.last_is_final();
  }
  if (request.has_time_tolerance()) {
    options.time_tolerance = request.time_tolerance();
  }
  options.better = service::FromProto(request.better());
  if (request.has_assumed_effect()) {
    options.assumed_effect = request.assumed_effect();
  }
  options.ordering = FromProto(request.ordering());
  const auto monitoring =
      stats::MonitorGroupSequential(*design, looks, options);
  if (!monitoring.ok()) return monitoring.status();
  v1::MonitorGroupSequentialResponse response;
  for (const stats::MonitoredLook& look : monitoring->looks) {
    ToProto(look, response.add_looks());
  }
  response.set_decision(ToProto(monitoring->decision));
  if (monitoring->stopped_at) response.set_stopped_at(*monitoring->stopped_at);
  if (monitoring->conditional_power) {
    auto* proto = response.mutable_conditional_power();
    proto->set_under_estimate(monitoring->conditional_power->under_estimate);
    proto->set_under_plan(monitoring->conditional_power->under_plan);
    proto->set_under_null(monitoring->conditional_power->under_null);
    proto->set_predictive(monitoring->conditional_power->predictive);
  }
  if (monitoring->final_analysis) {
    ToProto(*monitoring->final_analysis, response.mutable_final_analysis());
  }
  return response;
}

absl::StatusOr<v1::AnalyzeStoppedTrialResponse> AnalyzeStoppedTrial(
    const v1::AnalyzeStoppedTrialRequest& request) {
  stats::StoppedTrial trial{.stopped_at = request.stopped_at(),
                            .z = request.z()};
  const auto assign = [](const auto& from, std::vector<double>& to) {
    to.assign(from.begin(), from.end());
  };
  assign(request.information(), trial.information);
  assign(request.lower(), trial.lower);
  assign(request.upper(), trial.upper);
  assign(request.futility_low(), trial.futility_low);
  assign(request.futility_high(), trial.futility_high);
  if (request.has_complete()) trial.complete = request.complete();
  stats::FinalAnalysisOptions options{.ordering =
                                          FromProto(request.ordering())};
  if (request.has_error_each_side()) {
    options.error_each_side = request.error_each_side();
  }
  if (request.has_one_sided()) options.one_sided = request.one_sided();
  const auto analysis = stats::AnalyzeStopped(trial, options);
  if (!analysis.ok()) return analysis.status();
  v1::AnalyzeStoppedTrialResponse response;
  ToProto(*analysis, response.mutable_analysis());
  return response;
}

std::vector<Method> GroupSequentialMethods() {
  return {
      MakeMethod<&DesignGroupSequential>({
          .source = "C. Jennison, B. Turnbull, Group Sequential Methods (2000)",
          .example = R"({
  "design": {"alpha": 0.05, "power": 0.8, "looks": 3, "rule": "obrien-fleming"}
})",
      }),
      MakeMethod<&ComputeGroupSequentialExits>({
          .source = "P. Armitage, C. McPherson, B. Rowe, JRSS A 132 (1969) 235",
          .example = R"({
  "design": {"looks": 3},
  "drifts": [0, 2.8]
})",
      }),
      MakeMethod<&ComputeBoundExits>({
          .source = "P. Armitage, C. McPherson, B. Rowe, JRSS A 132 (1969) 235",
          .example = R"({
  "information": [30, 70, 100],
  "lower": [-1, 0.2, "-Infinity"],
  "upper": [2.7, 2.3, 2.1],
  "theta": 0.15
})",
      }),
      MakeMethod<&FindGroupSequentialDrift>({
          .source = "C. Jennison, B. Turnbull, Group Sequential Methods (2000)",
          .example = R"({
  "design": {"looks": 5},
  "target_power": 0.9,
  "effect": 0.2
})",
      }),
      MakeMethod<&PlanGroupSequentialSize>({
          .source = "fixed size times the inflation factor; rates by the score "
                    "test, events by D. Schoenfeld, Biometrika 68 (1981) 316",
          .example = R"({
  "design": {"looks": 5},
  "rates": {"control_rate": 0.1, "treatment_rate": 0.12}
})",
      }),
      MakeMethod<&MonitorGroupSequential>({
          .source = "K. Lan, D. DeMets, Biometrika 70 (1983) 659; A. Tsiatis, "
                    "G. Rosner, C. Mehta, Biometrics 40 (1984) 797",
          .example = R"({
  "design": {"alpha": 0.025, "one_sided": true, "looks": 4},
  "looks": [
    {"information": 50, "z": 1.2},
    {"information": 100, "z": 2.1},
    {"information": 150, "z": 2.6}
  ],
  "max_information": 200
})",
      }),
      MakeMethod<&AnalyzeStoppedTrial>({
          .source = "A. Tsiatis, G. Rosner, C. Mehta, Biometrics 40 (1984) 797",
          .example = R"({
  "information": [40, 100],
  "lower": [-2.6, -2],
  "upper": [2.6, 2],
  "complete": true,
  "stopped_at": 0,
  "z": 3.1
})",
      }),
  };
}

}  // namespace stagecraft::service
