// Conversions of durations, for the families survival and log_rank.
#ifndef STAGECRAFT_SERVICE_STATISTICS_CONVERT_SURVIVAL_H_
#define STAGECRAFT_SERVICE_STATISTICS_CONVERT_SURVIVAL_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stagecraft/v1/statistics_survival.pb.h"
#include "stats/survival_bins.h"

namespace stagecraft::service {

// `name` is the path of the sample in the request, such as `control`.
// Errors: kInvalidArgument if bins are given beside single times, or a time or
// count is bad; kFailedPrecondition without units.
absl::StatusOr<std::vector<stats::DurationBin>> FromProto(
    const v1::SurvivalSample& sample, absl::string_view name);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_CONVERT_SURVIVAL_H_
