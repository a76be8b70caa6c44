// Times to an event: statistics_survival.proto by stats/survival.h and its kin.
#ifndef STAGECRAFT_SERVICE_STATISTICS_SURVIVAL_H_
#define STAGECRAFT_SERVICE_STATISTICS_SURVIVAL_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_survival.pb.h"

namespace stagecraft::service {

std::vector<Method> SurvivalMethods();

absl::StatusOr<v1::EstimateSurvivalResponse> EstimateSurvival(
    const v1::EstimateSurvivalRequest& request);
absl::StatusOr<v1::EstimateCumulativeHazardResponse> EstimateCumulativeHazard(
    const v1::EstimateCumulativeHazardRequest& request);
absl::StatusOr<v1::CompareSurvivalResponse> CompareSurvival(
    const v1::CompareSurvivalRequest& request);
absl::StatusOr<v1::CompareRestrictedMeansResponse> CompareRestrictedMeans(
    const v1::CompareRestrictedMeansRequest& request);
absl::StatusOr<v1::TestLogRankResponse> TestLogRank(
    const v1::TestLogRankRequest& request);
absl::StatusOr<v1::EstimateHazardRatioResponse> EstimateHazardRatio(
    const v1::EstimateHazardRatioRequest& request);
absl::StatusOr<v1::BoundBinningResponse> BoundBinning(
    const v1::BoundBinningRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_SURVIVAL_H_
