// Bayesian comparisons: statistics_bayes.proto by stats/bayes.h,
// stats/bayes_effect.h, stats/gamma_poisson.h and stats/normal_posterior.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_BAYES_H_
#define STAGECRAFT_SERVICE_STATISTICS_BAYES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_bayes.pb.h"

namespace stagecraft::service {

std::vector<Method> BayesMethods();

absl::StatusOr<v1::EstimateShareBayesResponse> EstimateShareBayes(
    const v1::EstimateShareBayesRequest& request);
absl::StatusOr<v1::CompareSharesBayesResponse> CompareSharesBayes(
    const v1::CompareSharesBayesRequest& request);
absl::StatusOr<v1::RankSharesBayesResponse> RankSharesBayes(
    const v1::RankSharesBayesRequest& request);
absl::StatusOr<v1::UpdateEffectBayesResponse> UpdateEffectBayes(
    const v1::UpdateEffectBayesRequest& request);
absl::StatusOr<v1::RankEstimatesBayesResponse> RankEstimatesBayes(
    const v1::RankEstimatesBayesRequest& request);
absl::StatusOr<v1::EstimateMeanBayesResponse> EstimateMeanBayes(
    const v1::EstimateMeanBayesRequest& request);
absl::StatusOr<v1::RankMeansBayesResponse> RankMeansBayes(
    const v1::RankMeansBayesRequest& request);
absl::StatusOr<v1::EstimateRateBayesResponse> EstimateRateBayes(
    const v1::EstimateRateBayesRequest& request);
absl::StatusOr<v1::CompareRatesBayesResponse> CompareRatesBayes(
    const v1::CompareRatesBayesRequest& request);
absl::StatusOr<v1::RankRatesBayesResponse> RankRatesBayes(
    const v1::RankRatesBayesRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_BAYES_H_
