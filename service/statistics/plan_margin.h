// Planning of non-inferiority and equivalence: statistics_plan_margin.proto by
// stats/power_margin.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_PLAN_MARGIN_H_
#define STAGECRAFT_SERVICE_STATISTICS_PLAN_MARGIN_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_plan_margin.pb.h"

namespace stagecraft::service {

std::vector<Method> PlanMarginMethods();

absl::StatusOr<v1::PlanMeanNonInferiorityResponse> PlanMeanNonInferiority(
    const v1::PlanMeanNonInferiorityRequest& request);
absl::StatusOr<v1::PlanShareNonInferiorityResponse> PlanShareNonInferiority(
    const v1::PlanShareNonInferiorityRequest& request);
absl::StatusOr<v1::PlanEquivalenceResponse> PlanEquivalence(
    const v1::PlanEquivalenceRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_PLAN_MARGIN_H_
