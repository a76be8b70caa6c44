// Shares: statistics_proportions.proto by stats/proportion.h,
// stats/proportion_interval.h, stats/odds_ratio.h and stats/contingency.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_PROPORTIONS_H_
#define STAGECRAFT_SERVICE_STATISTICS_PROPORTIONS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_proportions.pb.h"

namespace stagecraft::service {

std::vector<Method> ProportionsMethods();

absl::StatusOr<v1::EstimateShareResponse> EstimateShare(
    const v1::EstimateShareRequest& request);
absl::StatusOr<v1::TestShareResponse> TestShare(
    const v1::TestShareRequest& request);
absl::StatusOr<v1::CompareSharesResponse> CompareShares(
    const v1::CompareSharesRequest& request);
absl::StatusOr<v1::EstimateShareDifferenceResponse> EstimateShareDifference(
    const v1::EstimateShareDifferenceRequest& request);
absl::StatusOr<v1::CompareSharesRelativeResponse> CompareSharesRelative(
    const v1::CompareSharesRelativeRequest& request);
absl::StatusOr<v1::TestFisherExactResponse> TestFisherExact(
    const v1::TestFisherExactRequest& request);
absl::StatusOr<v1::CompareOddsResponse> CompareOdds(
    const v1::CompareOddsRequest& request);
absl::StatusOr<v1::TestIndependenceResponse> TestIndependence(
    const v1::TestIndependenceRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_PROPORTIONS_H_
