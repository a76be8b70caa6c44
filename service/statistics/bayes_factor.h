// Bayes factors, regions of practical equivalence and decisions by expected
// loss: statistics_bayes_factor.proto by stats/bayes_factor.h, stats/rope.h and
// stats/bayes_effect.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_BAYES_FACTOR_H_
#define STAGECRAFT_SERVICE_STATISTICS_BAYES_FACTOR_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_bayes_factor.pb.h"

namespace stagecraft::service {

std::vector<Method> BayesFactorMethods();

absl::StatusOr<v1::WeighSharesResponse> WeighShares(
    const v1::WeighSharesRequest& request);
absl::StatusOr<v1::WeighEffectResponse> WeighEffect(
    const v1::WeighEffectRequest& request);
absl::StatusOr<v1::WeighTStatisticResponse> WeighTStatistic(
    const v1::WeighTStatisticRequest& request);
absl::StatusOr<v1::CheckShareEquivalenceResponse> CheckShareEquivalence(
    const v1::CheckShareEquivalenceRequest& request);
absl::StatusOr<v1::CheckMeanEquivalenceResponse> CheckMeanEquivalence(
    const v1::CheckMeanEquivalenceRequest& request);
absl::StatusOr<v1::ChooseByLossResponse> ChooseByLoss(
    const v1::ChooseByLossRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_BAYES_FACTOR_H_
