// Units with covariates from the contract, for the family adjustment.
#ifndef STAGECRAFT_SERVICE_STATISTICS_CONVERT_COVARIATES_H_
#define STAGECRAFT_SERVICE_STATISTICS_CONVERT_COVARIATES_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stagecraft/v1/statistics_adjustment.pb.h"
#include "stats/multi_moments.h"

namespace stagecraft::service {

// `name` is the path of the sample in the request, such as `control`. The
// summary is checked (stats::CheckMoments) under the names of the contract.
// Errors: kInvalidArgument unless exactly one of the three ways is given, and
// completely.
absl::StatusOr<stats::MultiMoments> FromProto(const v1::CovariateSample& sample,
                                              absl::string_view name);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_CONVERT_COVARIATES_H_
