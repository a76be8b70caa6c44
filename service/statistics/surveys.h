// Surveys: statistics_surveys.proto by stats/survey.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_SURVEYS_H_
#define STAGECRAFT_SERVICE_STATISTICS_SURVEYS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_surveys.pb.h"

namespace stagecraft::service {

std::vector<Method> SurveysMethods();

absl::StatusOr<v1::EstimateNetPromoterScoreResponse> EstimateNetPromoterScore(
    const v1::EstimateNetPromoterScoreRequest& request);
absl::StatusOr<v1::CompareNetPromoterScoresResponse> CompareNetPromoterScores(
    const v1::CompareNetPromoterScoresRequest& request);
absl::StatusOr<v1::CompareSatisfactionResponse> CompareSatisfaction(
    const v1::CompareSatisfactionRequest& request);
absl::StatusOr<v1::CompareRatingsResponse> CompareRatings(
    const v1::CompareRatingsRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_SURVEYS_H_
