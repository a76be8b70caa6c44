// Group sequential designs: planning, monitoring, analysis after a stop.
#ifndef STAGECRAFT_SERVICE_STATISTICS_GROUP_SEQUENTIAL_H_
#define STAGECRAFT_SERVICE_STATISTICS_GROUP_SEQUENTIAL_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_group_sequential.pb.h"

namespace stagecraft::service {

std::vector<Method> GroupSequentialMethods();

absl::StatusOr<v1::DesignGroupSequentialResponse> DesignGroupSequential(
    const v1::DesignGroupSequentialRequest& request);
absl::StatusOr<v1::ComputeGroupSequentialExitsResponse>
ComputeGroupSequentialExits(
    const v1::ComputeGroupSequentialExitsRequest& request);
absl::StatusOr<v1::ComputeBoundExitsResponse> ComputeBoundExits(
    const v1::ComputeBoundExitsRequest& request);
absl::StatusOr<v1::FindGroupSequentialDriftResponse> FindGroupSequentialDrift(
    const v1::FindGroupSequentialDriftRequest& request);
absl::StatusOr<v1::PlanGroupSequentialSizeResponse> PlanGroupSequentialSize(
    const v1::PlanGroupSequentialSizeRequest& request);
absl::StatusOr<v1::MonitorGroupSequentialResponse> MonitorGroupSequential(
    const v1::MonitorGroupSequentialRequest& request);
absl::StatusOr<v1::AnalyzeStoppedTrialResponse> AnalyzeStoppedTrial(
    const v1::AnalyzeStoppedTrialRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_GROUP_SEQUENTIAL_H_
