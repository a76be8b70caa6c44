// What looking again and again at a fixed test costs.
#ifndef STAGECRAFT_SERVICE_STATISTICS_PEEKING_H_
#define STAGECRAFT_SERVICE_STATISTICS_PEEKING_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_peeking.pb.h"

namespace stagecraft::service {

std::vector<Method> PeekingMethods();

absl::StatusOr<v1::ComputePeekingErrorResponse> ComputePeekingError(
    const v1::ComputePeekingErrorRequest& request);
absl::StatusOr<v1::SimulatePeekingResponse> SimulatePeeking(
    const v1::SimulatePeekingRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_PEEKING_H_
