// Conversions between the messages of statistics_common.proto and the value
// types of stats/, for the families.
//
// Defaults are those of the structs in stats/: a family copies an optional
// field only if it is there,
//
//   if (request.has_alpha()) options.alpha = request.alpha();
//
// and a test compares them with the `default_value` that the contract names.
#ifndef STAGECRAFT_SERVICE_STATISTICS_CONVERT_COMMON_H_
#define STAGECRAFT_SERVICE_STATISTICS_CONVERT_COMMON_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/repeated_field.h"
#include "stagecraft/v1/statistics_common.pb.h"
#include "stats/effect.h"
#include "stats/estimate.h"
#include "stats/fieller.h"
#include "stats/moments.h"

namespace stagecraft::service {
// The rest of the service has conversions of these names too.
inline namespace statistics {

stats::Alternative FromProto(v1::Alternative alternative);
stats::Direction FromProto(v1::StatisticDirection direction);
stats::LiftMethod FromProto(v1::LiftMethod method);
stats::NormalEstimate FromProto(const v1::NormalSample& sample);

// `name` is the path of the sample in the request, such as `control`.
// Errors: kInvalidArgument unless exactly one way is given, and completely.
absl::StatusOr<stats::Moments> FromProto(const v1::MeanSample& sample,
                                         absl::string_view name);

// A view of a list of numbers.
absl::Span<const double> AsSpan(
    const google::protobuf::RepeatedField<double>& values);
absl::Span<const int64_t> AsSpan(
    const google::protobuf::RepeatedField<int64_t>& values);

v1::Alternative ToProto(stats::Alternative alternative);
v1::StatisticInterval ToProto(const stats::Interval& interval,
                              absl::string_view method);
// `method` is that of the interval.
v1::StatisticEstimate ToProto(const stats::Estimate& estimate,
                              absl::string_view method);
v1::StatisticEffect ToProto(const stats::Effect& effect);
v1::FiellerSet ToProto(const stats::ConfidenceSet& set);

// For functions of stats/ whose messages name their parameter: `from.n is 1`
// becomes `to.n is 1`, also `from is ...`. Only at the message's beginning.
absl::Status Renamed(const absl::Status& status, absl::string_view from,
                     absl::string_view to);

}  // namespace statistics
}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_CONVERT_COMMON_H_
