#include "service/statistics/outlook.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "stats/conditional_power.h"
#include "stats/plan_time_to_verdict.h"

namespace stagecraft::service {
namespace {

v1::ConditionalPowerTails ToProto(const stats::ConditionalPower& power) {
  v1::ConditionalPowerTails message;
  message.set_up(power.up);
  message.set_down(power.down);
  message.set_both_tails(power.both_tails);
  return message;
}

absl::StatusOr<stats::Interim> InterimOf(
    const v1::EstimateConditionalPowerRequest& request) {
  const bool direct = request.has_z() && request.has_information_fraction();
  const bool estimated =
      request.has_estimate() && request.has_final_standard_error();
  const bool any_direct = request.has_z() || request.has_information_fraction();
  const bool any_estimated =
      request.has_estimate() || request.has_final_standard_error();
  if (direct && !any_estimated) {
    return stats::Interim{request.z(), request.information_fraction()};
  }
  if (estimated && !any_direct) {
    return stats::InterimOf(service::FromProto(request.estimate()),
                            request.final_standard_error());
  }
  return absl::InvalidArgumentError(
      "want z and information_fraction, or estimate and "
      "final_standard_error: one pair, and completely");
}

}  // namespace

absl::StatusOr<v1::EstimateConditionalPowerResponse> EstimateConditionalPower(
    const v1::EstimateConditionalPowerRequest& request) {
  const auto interim = InterimOf(request);
  if (!interim.ok()) return interim.status();
  stats::ConditionalOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  if (request.has_one_sided()) options.one_sided = request.one_sided();
  const auto outlook = stats::OutlookOf(
      *interim, request.has_planned_power() ? request.planned_power() : 0.8,
      options);
  if (!outlook.ok()) return Renamed(outlook.status(), "power", "planned_power");
  v1::EstimateConditionalPowerResponse response;
  response.set_z(interim->z);
  response.set_information_fraction(interim->information_fraction);
  *response.mutable_under_trend() = ToProto(outlook->under_trend);
  *response.mutable_under_plan() = ToProto(outlook->under_plan);
  *response.mutable_under_null() = ToProto(outlook->under_null);
  response.set_futility_index(outlook->futility_index);
  std::optional<stats::NormalEstimate> prior;
  if (request.has_prior()) prior = service::FromProto(request.prior());
  const auto predictive = stats::PredictivePower(*interim, prior, options);
  if (!predictive.ok()) return predictive.status();
  *response.mutable_predictive() = ToProto(*predictive);
  if (!request.has_drift()) {
    if (request.looks_size() == 0) return response;
    return absl::InvalidArgumentError(
        "drift is missing, want a number with looks");
  }
  absl::StatusOr<stats::ConditionalPower> power;
  if (request.looks_size() == 0) {
    power = stats::PowerGivenInterim(*interim, request.drift(), options);
  } else {
    std::vector<stats::FutureLook> looks;
    for (const v1::FutureLookBounds& look : request.looks()) {
      looks.push_back({look.time(), look.upper(),
                       look.has_lower() ? look.lower() : -stats::kInfinity});
    }
    power = stats::PowerGivenInterim(*interim, request.drift(), looks,
                                     options.one_sided);
  }
  if (!power.ok()) return power.status();
  *response.mutable_under_drift() = ToProto(*power);
  return response;
}

absl::StatusOr<v1::PlanTimeToVerdictResponse> PlanTimeToVerdict(
    const v1::PlanTimeToVerdictRequest& request) {
  stats::VerdictPlan plan{.every_units = request.every_units(),
                          .maximum_units = request.maximum_units()};
  if (request.has_first_units()) plan.first_units = request.first_units();
  if (request.has_treatment_share()) {
    plan.treatment_share = request.treatment_share();
  }
  if (request.has_alpha()) plan.sequence.alpha = request.alpha();
  plan.sequence.alternative = service::FromProto(request.alternative());
  if (request.has_null_value()) plan.sequence.null_value = request.null_value();
  if (request.has_planned_units()) {
    plan.sequence.planned_units = request.planned_units();
  }
  const auto times = stats::PlanTimeToVerdict(
      request.effect(), request.control_sd(),
      request.has_treatment_sd() ? request.treatment_sd()
                                 : request.control_sd(),
      plan);
  if (!times.ok()) return times.status();
  v1::PlanTimeToVerdictResponse response;
  response.set_power(times->power);
  response.set_verdict(times->verdict);
  response.set_expected_units(times->expected_units);
  if (times->expected_units_given_verdict.has_value()) {
    response.set_expected_units_given_verdict(
        *times->expected_units_given_verdict);
  }
  for (int i = 0; i < request.shares_size(); ++i) {
    const auto units = stats::VerdictQuantile(*times, request.shares(i));
    if (!units.ok()) {
      return Renamed(units.status(), "share", absl::StrCat("shares[", i, "]"));
    }
    v1::VerdictTimeQuantile* quantile = response.add_quantiles();
    quantile->set_share(request.shares(i));
    if (units->has_value()) quantile->set_units(**units);
  }
  for (const stats::VerdictLook& look : times->looks) {
    v1::VerdictTimePoint* point = response.add_looks();
    point->set_units(look.units);
    point->set_critical_value(look.critical_value);
    point->set_right(look.right);
    point->set_wrong(look.wrong);
  }
  return response;
}

std::vector<Method> OutlookMethods() {
  return {
      MakeMethod<&EstimateConditionalPower>({
          .source = "K. Lan, J. Wittes, Biometrics 44 (1988) 579",
          .example = R"({
  "z": 1.2,
  "information_fraction": 0.4
})",
      }),
      MakeMethod<&PlanTimeToVerdict>({
          .source = "P. Armitage, C. McPherson, B. Rowe, JRSS A 132 (1969) 235",
          .example = R"({
  "effect": 0.0560317,
  "control_sd": 1,
  "every_units": 2000,
  "maximum_units": 10000,
  "shares": [0.25]
})",
      }),
  };
}

}  // namespace stagecraft::service
