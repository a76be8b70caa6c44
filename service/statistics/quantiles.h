// Quantiles and ranks: statistics_quantiles.proto by stats/quantile_interval.h
// and stats/mann_whitney.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_QUANTILES_H_
#define STAGECRAFT_SERVICE_STATISTICS_QUANTILES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_quantiles.pb.h"

namespace stagecraft::service {

std::vector<Method> QuantilesMethods();

absl::StatusOr<v1::EstimateQuantileResponse> EstimateQuantile(
    const v1::EstimateQuantileRequest& request);
absl::StatusOr<v1::CompareQuantilesResponse> CompareQuantiles(
    const v1::CompareQuantilesRequest& request);
absl::StatusOr<v1::CompareRanksResponse> CompareRanks(
    const v1::CompareRanksRequest& request);
absl::StatusOr<v1::CompareSuperiorityResponse> CompareSuperiority(
    const v1::CompareSuperiorityRequest& request);
absl::StatusOr<v1::EstimateShiftResponse> EstimateShift(
    const v1::EstimateShiftRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_QUANTILES_H_
