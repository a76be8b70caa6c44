// Ratios, clusters and any estimates: statistics_ratios.proto by stats/ratio.h,
// stats/cluster.h, stats/effect.h and stats/fieller.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_RATIOS_H_
#define STAGECRAFT_SERVICE_STATISTICS_RATIOS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_ratios.pb.h"

namespace stagecraft::service {

std::vector<Method> RatiosMethods();

absl::StatusOr<v1::EstimateRatioResponse> EstimateRatio(
    const v1::EstimateRatioRequest& request);
absl::StatusOr<v1::CompareRatiosResponse> CompareRatios(
    const v1::CompareRatiosRequest& request);
absl::StatusOr<v1::CompareRatiosRelativeResponse> CompareRatiosRelative(
    const v1::CompareRatiosRelativeRequest& request);
absl::StatusOr<v1::CompareClusteredMeansResponse> CompareClusteredMeans(
    const v1::CompareClusteredMeansRequest& request);
absl::StatusOr<v1::CompareClusteredMeansRelativeResponse>
CompareClusteredMeansRelative(
    const v1::CompareClusteredMeansRelativeRequest& request);
absl::StatusOr<v1::EstimateDesignEffectResponse> EstimateDesignEffect(
    const v1::EstimateDesignEffectRequest& request);
absl::StatusOr<v1::CompareEstimatesResponse> CompareEstimates(
    const v1::CompareEstimatesRequest& request);
absl::StatusOr<v1::CompareEstimatesRelativeResponse> CompareEstimatesRelative(
    const v1::CompareEstimatesRelativeRequest& request);
absl::StatusOr<v1::EstimateFiellerSetResponse> EstimateFiellerSet(
    const v1::EstimateFiellerSetRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_RATIOS_H_
