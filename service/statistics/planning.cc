#include "service/statistics/planning.h"

#include "absl/strings/str_cat.h"
#include "service/statistics/convert_common.h"
#include "service/statistics/convert_planning.h"
#include "stats/plan_duration.h"
#include "stats/plan_variants.h"
#include "stats/power.h"
#include "stats/power_events.h"
#include "stats/power_relative.h"
#include "stats/power_student.h"

namespace stagecraft::service {
namespace {

// Of a request with control_sd and perhaps treatment_sd.
template <typename Request>
double TreatmentDeviation(const Request& request) {
  return request.has_treatment_sd() ? request.treatment_sd()
                                    : request.control_sd();
}

absl::Status Missing(absl::string_view effect) {
  return absl::InvalidArgumentError(absl::StrCat(
      effect, " and sizes are missing, want at least one of them"));
}

stats::ProportionPowerMethod FromProto(v1::PlanSharesRequest::Method method) {
  switch (method) {
    case v1::PlanSharesRequest::UNPOOLED:
      return stats::ProportionPowerMethod::kUnpooled;
    case v1::PlanSharesRequest::ARCSINE:
      return stats::ProportionPowerMethod::kArcsine;
    default:
      return stats::ProportionPowerMethod::kScore;
  }
}

stats::EventsMethod FromProto(v1::PlanTimeToEventRequest::Method method) {
  switch (method) {
    case v1::PlanTimeToEventRequest::FREEDMAN:
      return stats::EventsMethod::kFreedman;
    case v1::PlanTimeToEventRequest::HSIEH_FREEDMAN:
      return stats::EventsMethod::kHsiehFreedman;
    default:
      return stats::EventsMethod::kSchoenfeld;
  }
}

stats::VariantsOptions VariantsOptionsOf(
    const v1::PlanVariantsRequest& request) {
  stats::VariantsOptions options;
  if (request.has_alpha()) options.alpha = request.alpha();
  if (request.has_one_sided()) options.one_sided = request.one_sided();
  if (request.has_power()) options.power = request.power();
  if (request.has_control_ratio()) {
    options.control_ratio = request.control_ratio();
  }
  switch (request.correction()) {
    case v1::PlanVariantsRequest::BONFERRONI:
      options.correction = stats::VariantsCorrection::kBonferroni;
      break;
    case v1::PlanVariantsRequest::SIDAK:
      options.correction = stats::VariantsCorrection::kSidak;
      break;
    case v1::PlanVariantsRequest::NONE:
      options.correction = stats::VariantsCorrection::kNone;
      break;
    default:
      break;
  }
  if (request.kind() == v1::PlanVariantsRequest::ANY) {
    options.kind = stats::VariantsPowerKind::kAny;
  } else if (request.kind() == v1::PlanVariantsRequest::ALL) {
    options.kind = stats::VariantsPowerKind::kAll;
  }
  return options;
}

}  // namespace

absl::StatusOr<v1::PlanMeansResponse> PlanMeans(
    const v1::PlanMeansRequest& request) {
  const stats::PowerOptions options = service::FromProto(request.target());
  const double correlation = request.covariate_correlation();
  const auto c = stats::AdjustedDeviation(request.control_sd(), correlation);
  if (!c.ok()) {
    return Renamed(Renamed(c.status(), "sd", "control_sd"), "correlation",
                   "covariate_correlation");
  }
  const auto t =
      stats::AdjustedDeviation(TreatmentDeviation(request), correlation);
  if (!t.ok()) return Renamed(t.status(), "sd", "treatment_sd");
  const bool student = request.test() == v1::PlanMeansRequest::STUDENT ||
                       request.test() == v1::PlanMeansRequest::WELCH;
  const auto design = request.test() == v1::PlanMeansRequest::WELCH
                          ? stats::StudentDesign::kWelch
                          : stats::StudentDesign::kPooled;
  const int64_t nc = request.sizes().control();
  const int64_t nt = request.sizes().treatment();
  if (!request.has_difference() && !request.has_sizes()) {
    return Missing("difference");
  }
  v1::PlanMeansResponse response;
  if (request.has_difference()) {
    const double d = request.difference();
    if (request.has_sizes()) {
      const auto power =
          student ? stats::StudentPower(d, *c, *t, nc, nt, options, design)
                  : stats::MeanPower(d, *c, *t, nc, nt, options);
      if (!power.ok()) return power.status();
      *response.mutable_power() = service::ToProto(*power);
    }
    // Without an effect there is power, but no size.
    if (d != 0 || !request.has_sizes()) {
      const auto size =
          student ? stats::StudentSampleSize(d, *c, *t, options, design)
                  : stats::MeanSampleSize(d, *c, *t, options);
      if (!size.ok()) return size.status();
      *response.mutable_sample_size() = service::ToProto(*size);
    }
  }
  if (request.has_sizes()) {
    const auto effect =
        student ? stats::StudentMinimumDetectableEffect(*c, *t, nc, nt, options,
                                                        design)
                : stats::MeanMinimumDetectableEffect(*c, *t, nc, nt, options);
    if (!effect.ok()) return effect.status();
    response.set_minimum_detectable_effect(*effect);
  }
  return response;
}

absl::StatusOr<v1::PlanPairedMeansResponse> PlanPairedMeans(
    const v1::PlanPairedMeansRequest& request) {
  const stats::PowerOptions options = service::FromProto(request.target());
  const double sd = request.sd();
  if (!request.has_mean() && !request.has_n()) {
    return absl::InvalidArgumentError(
        "mean and n are missing, want at least one of them");
  }
  v1::PlanPairedMeansResponse response;
  if (request.has_mean() && request.has_n()) {
    const auto power =
        stats::PairedPower(request.mean(), sd, request.n(), options);
    if (!power.ok()) return Renamed(power.status(), "control_n", "n");
    *response.mutable_power() = service::ToProto(*power);
  }
  if (request.has_mean() && (request.mean() != 0 || !request.has_n())) {
    const auto size = stats::PairedSampleSize(request.mean(), sd, options);
    if (!size.ok()) return size.status();
    response.set_n(size->n);
    response.set_exact_n(size->exact_n);
  }
  if (request.has_n()) {
    const auto effect =
        stats::PairedMinimumDetectableEffect(sd, request.n(), options);
    if (!effect.ok()) return Renamed(effect.status(), "control_n", "n");
    response.set_minimum_detectable_effect(*effect);
  }
  return response;
}

absl::StatusOr<v1::PlanSharesResponse> PlanShares(
    const v1::PlanSharesRequest& request) {
  const stats::PowerOptions options = service::FromProto(request.target());
  const auto method = FromProto(request.method());
  const double pc = request.control_rate(), pt = request.treatment_rate();
  const int64_t nc = request.sizes().control();
  const int64_t nt = request.sizes().treatment();
  if (!request.has_treatment_rate() && !request.has_sizes()) {
    return Missing("treatment_rate");
  }
  v1::PlanSharesResponse response;
  if (request.has_treatment_rate()) {
    const auto effect_size = stats::ArcsineEffectSize(pc, pt);
    if (!effect_size.ok()) return effect_size.status();
    response.set_effect_size(*effect_size);
    if (request.has_sizes()) {
      const auto power =
          stats::ProportionPower(pc, pt, nc, nt, options, method);
      if (!power.ok()) return power.status();
      *response.mutable_power() = service::ToProto(*power);
    }
    if (pc != pt || !request.has_sizes()) {
      const auto size = stats::ProportionSampleSize(pc, pt, options, method);
      if (!size.ok()) return size.status();
      *response.mutable_sample_size() = service::ToProto(*size);
      if (const auto corrected = stats::ContinuityCorrectedSize(*size, pc, pt);
          corrected.ok()) {
        *response.mutable_corrected_sample_size() =
            service::ToProto(*corrected);
      }
    }
  }
  if (request.has_sizes()) {
    const auto effect = stats::ProportionMinimumDetectableEffect(
        pc, nc, nt, service::FromProto(request.direction()), options, method);
    // With both shares given the power is the answer; no effect may be found.
    if (effect.ok()) {
      response.set_minimum_detectable_effect(*effect);
    } else if (!request.has_treatment_rate() ||
               !absl::IsFailedPrecondition(effect.status())) {
      return effect.status();
    }
  }
  return response;
}

absl::StatusOr<v1::PlanLiftResponse> PlanLift(
    const v1::PlanLiftRequest& request) {
  const stats::PowerOptions options = service::FromProto(request.target());
  const stats::RelativeBaseline baseline{request.control_mean(),
                                         request.control_sd(),
                                         TreatmentDeviation(request)};
  const auto method = request.method() == v1::PlanLiftRequest::DELTA
                          ? stats::RelativePowerMethod::kDelta
                          : stats::RelativePowerMethod::kKnownControl;
  const int64_t nc = request.sizes().control();
  const int64_t nt = request.sizes().treatment();
  if (!request.has_lift() && !request.has_sizes()) return Missing("lift");
  v1::PlanLiftResponse response;
  if (request.has_lift()) {
    if (request.has_sizes()) {
      const auto power =
          stats::LiftPower(request.lift(), baseline, nc, nt, options, method);
      if (!power.ok()) return power.status();
      *response.mutable_power() = service::ToProto(*power);
    }
    if (request.lift() != 0 || !request.has_sizes()) {
      const auto size =
          stats::LiftSampleSize(request.lift(), baseline, options, method);
      if (!size.ok()) return size.status();
      *response.mutable_sample_size() = service::ToProto(*size);
    }
  }
  if (request.has_sizes()) {
    const auto effect = stats::LiftMinimumDetectableEffect(
        baseline, nc, nt, service::FromProto(request.direction()), options,
        method);
    if (effect.ok()) {
      response.set_minimum_detectable_effect(*effect);
    } else if (!request.has_lift() ||
               !absl::IsFailedPrecondition(effect.status())) {
      return effect.status();
    }
  }
  return response;
}

absl::StatusOr<v1::PlanTimeToEventResponse> PlanTimeToEvent(
    const v1::PlanTimeToEventRequest& request) {
  const stats::PowerOptions options = service::FromProto(request.target());
  stats::HazardPlan plan{.hazard_ratio = request.hazard_ratio(),
                         .method = FromProto(request.method())};
  if (request.has_null_ratio()) plan.null_ratio = request.null_ratio();
  if (!request.has_hazard_ratio() && !request.has_events()) {
    return absl::InvalidArgumentError(
        "hazard_ratio and events are missing, want at least one of them");
  }
  v1::PlanTimeToEventResponse response;
  if (request.has_hazard_ratio()) {
    if (request.has_events()) {
      const auto power = stats::EventsPower(plan, request.events(), options);
      if (!power.ok()) return power.status();
      *response.mutable_power() = service::ToProto(*power);
    }
    if (plan.hazard_ratio != plan.null_ratio || !request.has_events()) {
      const auto events = stats::EventsNeeded(plan, options);
      if (!events.ok()) return events.status();
      response.set_events(events->events);
      response.set_exact_events(events->exact);
      if (request.has_control_event_probability()) {
        const double pc = request.control_event_probability();
        double pt = request.treatment_event_probability();
        if (!request.has_treatment_event_probability()) {
          const auto share =
              stats::ShareUnderHazardRatio(pc, plan.hazard_ratio);
          if (!share.ok()) {
            return Renamed(share.status(), "control_share",
                           "control_event_probability");
          }
          pt = *share;
        }
        const auto size = stats::TimeToEventSampleSize(plan, pc, pt, options);
        if (!size.ok()) return size.status();
        *response.mutable_sample_size() = service::ToProto(*size);
      }
    }
  }
  if (request.has_events()) {
    // Unlike elsewhere the usual direction is down: fewer events.
    const auto direction = request.direction() == v1::STATISTIC_DIRECTION_UP
                               ? stats::Direction::kUp
                               : stats::Direction::kDown;
    const auto ratio = stats::MinimumDetectableHazardRatio(
        plan, request.events(), direction, options);
    if (ratio.ok()) {
      response.set_minimum_detectable_hazard_ratio(*ratio);
    } else if (!request.has_hazard_ratio() ||
               !absl::IsFailedPrecondition(ratio.status())) {
      return ratio.status();
    }
  }
  return response;
}

absl::StatusOr<v1::PlanVariantsResponse> PlanVariants(
    const v1::PlanVariantsRequest& request) {
  const stats::VariantsOptions options = VariantsOptionsOf(request);
  const absl::Span<const double> differences = AsSpan(request.differences());
  const double c = request.control_sd(), t = TreatmentDeviation(request);
  v1::PlanVariantsResponse response;
  if (!request.has_sizes()) {
    const auto size = stats::SizeOfVariants(differences, c, t, options);
    if (!size.ok()) return size.status();
    response.set_control(size->control);
    response.set_each_treatment(size->each_treatment);
    response.set_total(size->total);
    return response;
  }
  const auto power =
      stats::PowerOfVariants(differences, c, t, request.sizes().control(),
                             request.sizes().treatment(), options);
  if (!power.ok()) return power.status();
  for (const double each : power->each) response.add_each(each);
  response.set_any(power->any);
  response.set_all(power->all);
  response.set_critical_value(power->critical_value);
  return response;
}

absl::StatusOr<v1::PlanDurationResponse> PlanDuration(
    const v1::PlanDurationRequest& request) {
  stats::DurationOptions options;
  if (request.has_exposure()) options.exposure = request.exposure();
  if (request.has_whole_weeks()) options.whole_weeks = request.whole_weeks();
  const auto duration = stats::DaysToReach(
      request.total_units(), AsSpan(request.daily_units()), options);
  if (!duration.ok()) return duration.status();
  v1::PlanDurationResponse response;
  response.set_days(duration->days);
  response.set_exact_days(duration->exact_days);
  response.set_units(duration->units);
  return response;
}

std::vector<Method> PlanningMethods() {
  return {
      MakeMethod<&PlanMeans>({
          .source = "J. Cohen, Statistical Power Analysis (1988), 2",
          .example = R"({
  "control_sd": 1,
  "difference": 0.5,
  "test": "student"
})",
      }),
      MakeMethod<&PlanPairedMeans>({
          .source = "J. Cohen, Statistical Power Analysis (1988), 2",
          .example = R"({
  "sd": 1,
  "mean": 0.4,
  "n": 30
})",
      }),
      MakeMethod<&PlanShares>({
          .source = "J. Fleiss, B. Levin, M. Paik (2003), 4",
          .example = R"({
  "control_rate": 0.10,
  "treatment_rate": 0.12
})",
      }),
      MakeMethod<&PlanLift>({
          .source = "A. Deng, U. Knoblich, J. Lu, KDD (2018) 233",
          .example = R"({
  "control_mean": 20,
  "control_sd": 8,
  "sizes": {"control": 3000, "treatment": 3000}
})",
      }),
      MakeMethod<&PlanTimeToEvent>({
          .source = "D. Schoenfeld, Biometrics 39 (1983) 499",
          .example = R"({
  "hazard_ratio": 0.7,
  "control_event_probability": 0.3
})",
      }),
      MakeMethod<&PlanVariants>({
          .source = "C. Dunnett, JASA 50 (1955) 1096",
          .example = R"({
  "differences": [0.3, 0.2, -0.25],
  "control_sd": 1,
  "sizes": {"control": 200, "treatment": 150}
})",
      }),
      MakeMethod<&PlanDuration>({
          .source = "arithmetic",
          .example = R"({
  "total_units": 7682,
  "daily_units": [900, 700, 500],
  "whole_weeks": true
})",
      }),
  };
}

}  // namespace stagecraft::service
