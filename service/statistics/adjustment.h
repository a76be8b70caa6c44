// Adjustment: statistics_adjustment.proto by stats/cuped.h,
// stats/post_stratification.h, stats/stratified_table.h and stats/winsor.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_ADJUSTMENT_H_
#define STAGECRAFT_SERVICE_STATISTICS_ADJUSTMENT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_adjustment.pb.h"

namespace stagecraft::service {

std::vector<Method> AdjustmentMethods();

absl::StatusOr<v1::CompareAdjustedResponse> CompareAdjusted(
    const v1::CompareAdjustedRequest& request);
absl::StatusOr<v1::ComparePostStratifiedResponse> ComparePostStratified(
    const v1::ComparePostStratifiedRequest& request);
absl::StatusOr<v1::CompareStratifiedSharesResponse> CompareStratifiedShares(
    const v1::CompareStratifiedSharesRequest& request);
absl::StatusOr<v1::CompareCappedMeansResponse> CompareCappedMeans(
    const v1::CompareCappedMeansRequest& request);
absl::StatusOr<v1::CompareTrimmedMeansResponse> CompareTrimmedMeans(
    const v1::CompareTrimmedMeansRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_ADJUSTMENT_H_
