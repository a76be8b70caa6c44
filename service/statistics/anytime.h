// Always-valid inference: statistics_anytime.proto by
// stats/confidence_sequence.h and its kin.
#ifndef STAGECRAFT_SERVICE_STATISTICS_ANYTIME_H_
#define STAGECRAFT_SERVICE_STATISTICS_ANYTIME_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_anytime.pb.h"

namespace stagecraft::service {

std::vector<Method> AnytimeMethods();

absl::StatusOr<v1::CompareMeansAnytimeResponse> CompareMeansAnytime(
    const v1::CompareMeansAnytimeRequest& request);
absl::StatusOr<v1::CompareSharesAnytimeResponse> CompareSharesAnytime(
    const v1::CompareSharesAnytimeRequest& request);
absl::StatusOr<v1::CompareEstimatesAnytimeResponse> CompareEstimatesAnytime(
    const v1::CompareEstimatesAnytimeRequest& request);
absl::StatusOr<v1::FollowEstimatesResponse> FollowEstimates(
    const v1::FollowEstimatesRequest& request);
absl::StatusOr<v1::TestMixtureSprtResponse> TestMixtureSprt(
    const v1::TestMixtureSprtRequest& request);
absl::StatusOr<v1::FollowMixtureSprtResponse> FollowMixtureSprt(
    const v1::FollowMixtureSprtRequest& request);
absl::StatusOr<v1::TuneAnytimeResponse> TuneAnytime(
    const v1::TuneAnytimeRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_ANYTIME_H_
