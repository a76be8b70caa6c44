// Planning of means, shares, lifts, events, variants and days:
// statistics_planning.proto by stats/power.h and its kin.
#ifndef STAGECRAFT_SERVICE_STATISTICS_PLANNING_H_
#define STAGECRAFT_SERVICE_STATISTICS_PLANNING_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_planning.pb.h"

namespace stagecraft::service {

std::vector<Method> PlanningMethods();

absl::StatusOr<v1::PlanMeansResponse> PlanMeans(
    const v1::PlanMeansRequest& request);
absl::StatusOr<v1::PlanPairedMeansResponse> PlanPairedMeans(
    const v1::PlanPairedMeansRequest& request);
absl::StatusOr<v1::PlanSharesResponse> PlanShares(
    const v1::PlanSharesRequest& request);
absl::StatusOr<v1::PlanLiftResponse> PlanLift(
    const v1::PlanLiftRequest& request);
absl::StatusOr<v1::PlanTimeToEventResponse> PlanTimeToEvent(
    const v1::PlanTimeToEventRequest& request);
absl::StatusOr<v1::PlanVariantsResponse> PlanVariants(
    const v1::PlanVariantsRequest& request);
absl::StatusOr<v1::PlanDurationResponse> PlanDuration(
    const v1::PlanDurationRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_PLANNING_H_
