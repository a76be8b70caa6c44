// Exact and distribution-free confidence sequences of one quantity, and the
// boundaries under them: statistics_anytime_estimates.proto.
#ifndef STAGECRAFT_SERVICE_STATISTICS_ANYTIME_ESTIMATES_H_
#define STAGECRAFT_SERVICE_STATISTICS_ANYTIME_ESTIMATES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_anytime_estimates.pb.h"

namespace stagecraft::service {

std::vector<Method> AnytimeEstimatesMethods();

absl::StatusOr<v1::EstimateShareAnytimeResponse> EstimateShareAnytime(
    const v1::EstimateShareAnytimeRequest& request);
absl::StatusOr<v1::EstimateRateAnytimeResponse> EstimateRateAnytime(
    const v1::EstimateRateAnytimeRequest& request);
absl::StatusOr<v1::EstimateBoundedMeanResponse> EstimateBoundedMean(
    const v1::EstimateBoundedMeanRequest& request);
absl::StatusOr<v1::FollowSampleRatioResponse> FollowSampleRatio(
    const v1::FollowSampleRatioRequest& request);
absl::StatusOr<v1::ComputeAnytimeBoundaryResponse> ComputeAnytimeBoundary(
    const v1::ComputeAnytimeBoundaryRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_ANYTIME_ESTIMATES_H_
