#include "service/statistics/plan_margin.h"

#include "service/statistics/convert_common.h"
#include "service/statistics/convert_planning.h"
#include "stats/power_margin.h"

namespace stagecraft::service {
namespace {

stats::MarginOptions FromProto(const v1::PlanMargin& plan) {
  stats::MarginOptions options{.margin = plan.margin()};
  if (plan.has_relative()) options.relative = plan.relative();
  options.direction = service::FromProto(plan.direction());
  if (plan.has_one_sided_alpha()) {
    options.one_sided_alpha = plan.one_sided_alpha();
  }
  if (plan.has_power()) options.power = plan.power();
  if (plan.has_treatment_share()) {
    options.treatment_share = plan.treatment_share();
  }
  return options;
}

}  // namespace

absl::StatusOr<v1::PlanMeanNonInferiorityResponse> PlanMeanNonInferiority(
    const v1::PlanMeanNonInferiorityRequest& request) {
  const stats::MarginOptions options = FromProto(request.plan());
  const stats::ExpectedMeans means{
      request.control_mean(),
      request.has_treatment_mean() ? request.treatment_mean()
                                   : request.control_mean(),
      request.control_sd(),
      request.has_treatment_sd() ? request.treatment_sd()
                                 : request.control_sd()};
  v1::PlanMeanNonInferiorityResponse response;
  if (!request.has_sizes()) {
    const auto size = stats::MeanNonInferioritySize(means, options);
    if (!size.ok()) return size.status();
    *response.mutable_sample_size() = service::ToProto(*size);
    return response;
  }
  const int64_t nc = request.sizes().control();
  const int64_t nt = request.sizes().treatment();
  const auto power = stats::MeanNonInferiorityPower(means, nc, nt, options);
  if (!power.ok()) return power.status();
  response.set_power(*power);
  const auto margin = stats::MeanSmallestMargin(means, nc, nt, options);
  if (margin.ok()) {
    response.set_smallest_margin(*margin);
  } else if (!absl::IsFailedPrecondition(margin.status())) {
    return margin.status();
  }
  return response;
}

absl::StatusOr<v1::PlanShareNonInferiorityResponse> PlanShareNonInferiority(
    const v1::PlanShareNonInferiorityRequest& request) {
  const stats::MarginOptions options = FromProto(request.plan());
  const auto variance =
      request.variance() == v1::PlanShareNonInferiorityRequest::RESTRICTED
          ? stats::MarginRateVariance::kRestricted
          : stats::MarginRateVariance::kUnpooled;
  const double pc = request.control_rate();
  const double pt =
      request.has_treatment_rate() ? request.treatment_rate() : pc;
  v1::PlanShareNonInferiorityResponse response;
  if (!request.has_sizes()) {
    const auto size =
        stats::ProportionNonInferioritySize(pc, pt, options, variance);
    if (!size.ok()) return size.status();
    *response.mutable_sample_size() = service::ToProto(*size);
    return response;
  }
  const auto power = stats::ProportionNonInferiorityPower(
      pc, pt, request.sizes().control(), request.sizes().treatment(), options,
      variance);
  if (!power.ok()) return power.status();
  response.set_power(*power);
  return response;
}

absl::StatusOr<v1::PlanEquivalenceResponse> PlanEquivalence(
    const v1::PlanEquivalenceRequest& request) {
  stats::EquivalenceOptions options{.lower = request.lower(),
                                    .upper = request.upper()};
  if (request.has_one_sided_alpha()) {
    options.one_sided_alpha = request.one_sided_alpha();
  }
  if (request.has_power()) options.power = request.power();
  if (request.has_treatment_share()) {
    options.treatment_share = request.treatment_share();
  }
  const auto method = request.method() == v1::PlanEquivalenceRequest::STUDENT
                          ? stats::EquivalenceMethod::kStudent
                          : stats::EquivalenceMethod::kNormal;
  const double c = request.control_sd();
  const double t = request.has_treatment_sd() ? request.treatment_sd() : c;
  v1::PlanEquivalenceResponse response;
  if (!request.has_sizes()) {
    const auto size = stats::EquivalenceSampleSize(request.difference(), c, t,
                                                   options, method);
    if (!size.ok()) return size.status();
    *response.mutable_sample_size() = service::ToProto(*size);
    return response;
  }
  const auto power = stats::EquivalencePower(
      request.difference(), c, t, request.sizes().control(),
      request.sizes().treatment(), options, method);
  if (!power.ok()) return power.status();
  response.set_power(*power);
  return response;
}

std::vector<Method> PlanMarginMethods() {
  return {
      MakeMethod<&PlanMeanNonInferiority>({
          .source = "S. Wellek, Equivalence and Noninferiority (2010)",
          .example = R"({
  "control_mean": 10,
  "treatment_mean": 10.1,
  "control_sd": 2,
  "plan": {"margin": 0.5}
})",
      }),
      MakeMethod<&PlanShareNonInferiority>({
          .source = "C. Farrington, G. Manning, Stat. Med. 9 (1990) 1447",
          .example = R"({
  "control_rate": 0.3,
  "plan": {"margin": 0.05},
  "variance": "restricted"
})",
      }),
      MakeMethod<&PlanEquivalence>({
          .source = "D. Schuirmann, J. Pharmacokin. Biopharm. 15 (1987) 657",
          .example = R"({
  "lower": -0.2,
  "upper": 0.2,
  "difference": 0.02,
  "control_sd": 1,
  "sizes": {"control": 400, "treatment": 400},
  "method": "student"
})",
      }),
  };
}

}  // namespace stagecraft::service
