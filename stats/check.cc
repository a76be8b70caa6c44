#include "stats/check.h"

#include <cmath>

#include "absl/strings/str_cat.h"

namespace stagecraft::stats {

absl::Status CheckAlpha(double alpha) {
  return CheckBetween(alpha, 0, 1, "alpha");
}

absl::Status CheckFinite(double value, absl::string_view name) {
  if (std::isfinite(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", value, ", want a finite number"));
}

absl::Status CheckPositive(double value, absl::string_view name) {
  if (std::isfinite(value) && value > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", value, ", want a finite number > 0"));
}

absl::Status CheckNotNegative(double value, absl::string_view name) {
  if (std::isfinite(value) && value >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", value, ", want a finite number >= 0"));
}

absl::Status CheckNotNegative(int64_t value, absl::string_view name) {
  if (value >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", value, ", want >= 0"));
}

absl::Status CheckBetween(double value, double low, double high,
                          absl::string_view name) {
  if (value > low && value < high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      name, " is ", value, ", want a number in (", low, ", ", high, ")"));
}

absl::Status CheckDegrees(double degrees_of_freedom) {
  if (degrees_of_freedom > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "degrees_of_freedom is ", degrees_of_freedom, ", want > 0 or infinite"));
}

absl::Status CheckEstimate(const NormalEstimate& estimate,
                           absl::string_view name) {
  return FirstError({CheckFinite(estimate.value, absl::StrCat(name, ".value")),
                     CheckNotNegative(estimate.standard_error,
                                      absl::StrCat(name, ".standard_error"))});
}

absl::Status FirstError(std::initializer_list<absl::Status> checks) {
  for (const absl::Status& status : checks) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status NotEnough(absl::string_view message) {
  return absl::FailedPreconditionError(message);
}

absl::Status CheckResult(std::initializer_list<double> results,
                         absl::string_view what) {
  for (double result : results) {
    if (!std::isfinite(result)) {
      return absl::FailedPreconditionError(
          absl::StrCat(what, " comes out as ", result,
                       ", want a finite number: the data exceed the range of "
                       "double precision"));
    }
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::stats
