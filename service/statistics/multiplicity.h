// Several hypotheses: statistics_multiplicity.proto by stats/multiplicity.h.
#ifndef STAGECRAFT_SERVICE_STATISTICS_MULTIPLICITY_H_
#define STAGECRAFT_SERVICE_STATISTICS_MULTIPLICITY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "service/statistics/method.h"
#include "stagecraft/v1/statistics_multiplicity.pb.h"

namespace stagecraft::service {

std::vector<Method> MultiplicityMethods();

absl::StatusOr<v1::AdjustPValuesResponse> AdjustPValues(
    const v1::AdjustPValuesRequest& request);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_MULTIPLICITY_H_
