// Midway and ahead: statistics_outlook.proto by stats/conditional_power.h and
// stats/plan_time_to_verdict.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_OUTLOOK_H_
#define STAGECRAFT_SERVICE_STATISTICS_OUTLOOK_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_outlook.pb.h"

namespace stagecraft::service {

std::vector<Method> OutlookMethods();

absl::StatusOr<v1::EstimateConditionalPowerResponse> EstimateConditionalPower(
    const v1::EstimateConditionalPowerRequest& request);
absl::StatusOr<v1::PlanTimeToVerdictResponse> PlanTimeToVerdict(
    const v1::PlanTimeToVerdictRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_OUTLOOK_H_
