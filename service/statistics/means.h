// Means: statistics_means.proto by stats/mean.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_MEANS_H_
#define STAGECRAFT_SERVICE_STATISTICS_MEANS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_means.pb.h"

namespace stagecraft::service {

std::vector<Method> MeansMethods();

absl::StatusOr<v1::EstimateMeanResponse> EstimateMean(
    const v1::EstimateMeanRequest& request);
absl::StatusOr<v1::CompareMeansResponse> CompareMeans(
    const v1::CompareMeansRequest& request);

absl::StatusOr<v1::TestMeanResponse> TestMean(
    const v1::TestMeanRequest& request);
absl::StatusOr<v1::CompareMeansRelativeResponse> CompareMeansRelative(
    const v1::CompareMeansRelativeRequest& request);
absl::StatusOr<v1::MergeSamplesResponse> MergeSamples(
    const v1::MergeSamplesRequest& request);
absl::StatusOr<v1::SubtractSampleResponse> SubtractSample(
    const v1::SubtractSampleRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_MEANS_H_
