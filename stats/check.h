// Checks of arguments, with uniform messages: name, value seen, value wanted.
// For the functions of this library.
#ifndef STAGECRAFT_STATS_CHECK_H_
#define STAGECRAFT_STATS_CHECK_H_

#include <cstdint>
#include <initializer_list>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

// Each returns OK or kInvalidArgument.
absl::Status CheckAlpha(double alpha);  // In (0, 1).
absl::Status CheckFinite(double value, absl::string_view name);
absl::Status CheckPositive(double value, absl::string_view name);
absl::Status CheckNotNegative(double value, absl::string_view name);
absl::Status CheckNotNegative(int64_t value, absl::string_view name);
// Strictly between.
absl::Status CheckBetween(double value, double low, double high,
                          absl::string_view name);
absl::Status CheckDegrees(double degrees_of_freedom);  // > 0, may be infinite.
// Finite value, finite standard error >= 0.
absl::Status CheckEstimate(const NormalEstimate& estimate,
                           absl::string_view name);

// The first of `checks` that is not OK.
absl::Status FirstError(std::initializer_list<absl::Status> checks);

// kFailedPrecondition.
absl::Status NotEnough(absl::string_view message);

// kFailedPrecondition unless all are finite: each argument was in range, yet
// the result of `what` left the range of double.
absl::Status CheckResult(std::initializer_list<double> results,
                         absl::string_view what);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_CHECK_H_
