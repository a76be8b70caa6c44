// Values with counts from the contract, for the families quantiles and
// adjustment.
#ifndef STAGECRAFT_SERVICE_STATISTICS_CONVERT_VALUES_H_
#define STAGECRAFT_SERVICE_STATISTICS_CONVERT_VALUES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stagecraft/v1/statistics_quantiles.pb.h"
#include "stats/quantile_histogram.h"

namespace stagecraft::service {

// `name` is the path of the sample in the request, such as `control`.
// Errors: kInvalidArgument if there are counts, but not one for each value, or
// a count is negative.
absl::StatusOr<std::vector<stats::ValueCount>> FromProto(
    const v1::ValueSample& sample, absl::string_view name);
absl::StatusOr<std::vector<stats::ValueCount>> FromProto(
    const v1::UnitValueSample& sample, absl::string_view name);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_CONVERT_VALUES_H_
