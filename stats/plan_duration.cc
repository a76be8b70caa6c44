#include "stats/plan_duration.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"

namespace stagecraft::stats {
namespace {

absl::Status Check(absl::Span<const double> daily_units,
                   const DurationOptions& options) {
  if (daily_units.empty()) {
    return absl::InvalidArgumentError(
        "daily_units is empty, want at least one day");
  }
  for (size_t i = 0; i < daily_units.size(); ++i) {
    if (!(daily_units[i] >= 0 && std::isfinite(daily_units[i]))) {
      return absl::InvalidArgumentError(
          absl::StrCat("daily_units[", i, "] is ", daily_units[i],
                       ", want a finite number >= 0"));
    }
  }
  if (!(daily_units.back() > 0)) {
    return absl::InvalidArgumentError(
        "the last of daily_units is 0, want > 0: it stands for all later days");
  }
  if (!(options.exposure > 0 && options.exposure <= 1)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "exposure is ", options.exposure, ", want a number in (0, 1]"));
  }
  if (options.longest_days < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "longest_days is ", options.longest_days, ", want at least 1"));
  }
  return absl::OkStatus();
}

double Entered(double days, absl::Span<const double> daily_units,
               double exposure) {
  double units = 0;
  const double listed = static_cast<double>(daily_units.size());
  for (size_t i = 0; i < daily_units.size(); ++i) {
    units +=
        daily_units[i] * std::clamp(days - static_cast<double>(i), 0.0, 1.0);
  }
  return exposure * (units + daily_units.back() * std::max(0.0, days - listed));
}

}  // namespace

absl::StatusOr<PlannedDuration> DaysToReach(
    double total_units, absl::Span<const double> daily_units,
    const DurationOptions& options) {
  if (auto status = FirstError({CheckPositive(total_units, "total_units"),
                                Check(daily_units, options)});
      !status.ok()) {
    return status;
  }
  double left = total_units / options.exposure;
  PlannedDuration plan;
  for (const double units : daily_units) {
    if (units >= left) {
      plan.exact_days += left / units;
      left = 0;
      break;
    }
    left -= units;
    plan.exact_days += 1;
  }
  plan.exact_days += left / daily_units.back();
  double days = std::max(1.0, std::ceil(plan.exact_days * (1 - 1e-13)));
  if (options.whole_weeks) days = 7 * std::ceil(days / 7);
  if (!(days <= static_cast<double>(options.longest_days))) {
    return NotEnough(absl::StrCat("it takes ", days, " days, want at most ",
                                  options.longest_days));
  }
  plan.days = static_cast<int64_t>(days);
  plan.units = Entered(days, daily_units, options.exposure);
  return plan;
}

absl::StatusOr<double> UnitsAfter(double days,
                                  absl::Span<const double> daily_units,
                                  const DurationOptions& options) {
  if (auto status = FirstError(
          {CheckNotNegative(days, "days"), Check(daily_units, options)});
      !status.ok()) {
    return status;
  }
  return Entered(days, daily_units, options.exposure);
}

}  // namespace stagecraft::stats
