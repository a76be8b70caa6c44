// Competing ends: statistics_competing.proto by stats/competing_risks.h and
// stats/competing_risks_gray.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_COMPETING_H_
#define STAGECRAFT_SERVICE_STATISTICS_COMPETING_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_competing.pb.h"

namespace stagecraft::service {

std::vector<Method> CompetingMethods();

absl::StatusOr<v1::EstimateIncidenceResponse> EstimateIncidence(
    const v1::EstimateIncidenceRequest& request);
absl::StatusOr<v1::CompareIncidenceResponse> CompareIncidence(
    const v1::CompareIncidenceRequest& request);
absl::StatusOr<v1::TestGrayResponse> TestGray(
    const v1::TestGrayRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_COMPETING_H_
