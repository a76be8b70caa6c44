// Margins: statistics_noninferiority.proto by stats/noninferiority.h and
// stats/equivalence.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_NONINFERIORITY_H_
#define STAGECRAFT_SERVICE_STATISTICS_NONINFERIORITY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_noninferiority.pb.h"

namespace stagecraft::service {

std::vector<Method> NoninferiorityMethods();

absl::StatusOr<v1::TestNonInferiorityResponse> TestNonInferiority(
    const v1::TestNonInferiorityRequest& request);
absl::StatusOr<v1::TestMeanNonInferiorityResponse> TestMeanNonInferiority(
    const v1::TestMeanNonInferiorityRequest& request);
absl::StatusOr<v1::TestShareNonInferiorityResponse> TestShareNonInferiority(
    const v1::TestShareNonInferiorityRequest& request);
absl::StatusOr<v1::TestEquivalenceResponse> TestEquivalence(
    const v1::TestEquivalenceRequest& request);
absl::StatusOr<v1::TestMeanEquivalenceResponse> TestMeanEquivalence(
    const v1::TestMeanEquivalenceRequest& request);
absl::StatusOr<v1::TestShareEquivalenceResponse> TestShareEquivalence(
    const v1::TestShareEquivalenceRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_NONINFERIORITY_H_
