#include "stats/plan_time_to_verdict.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/group_sequential.h"
#include "stats/power_common.h"

namespace stagecraft::stats {
namespace {

constexpr int64_t kMostLooks = 1000;

absl::StatusOr<std::vector<int64_t>> LooksOf(const VerdictPlan& plan) {
  if (plan.every_units <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("every_units is ", plan.every_units, ", want > 0"));
  }
  const int64_t first =
      plan.first_units == 0 ? plan.every_units : plan.first_units;
  if (first < kMinimumUnits) {
    return absl::InvalidArgumentError(
        absl::StrCat("the first look is at ", first, " units, want at least ",
                     kMinimumUnits, ": the sequence is asymptotic"));
  }
  if (plan.maximum_units < first) {
    return absl::InvalidArgumentError(
        absl::StrCat("maximum_units is ", plan.maximum_units,
                     ", want at least the first look's ", first));
  }
  if ((plan.maximum_units - first) / plan.every_units >= kMostLooks - 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "looks every ", plan.every_units, " units up to ", plan.maximum_units,
        " are more than ", kMostLooks, ", want fewer"));
  }
  std::vector<int64_t> looks;
  for (int64_t n = first; n < plan.maximum_units; n += plan.every_units) {
    looks.push_back(n);
    if (plan.maximum_units - n <= plan.every_units) break;
  }
  looks.push_back(plan.maximum_units);
  return looks;
}

}  // namespace

absl::StatusOr<TimeToVerdict> PlanTimeToVerdict(double effect,
                                                double control_sd,
                                                double treatment_sd,
                                                const VerdictPlan& plan) {
  if (auto status = FirstError(
          {CheckFinite(effect, "effect"),
           CheckSpreads(control_sd, treatment_sd),
           CheckBetween(plan.treatment_share, 0, 1, "treatment_share")});
      !status.ok()) {
    return status;
  }
  const auto units = LooksOf(plan);
  if (!units.ok()) return units.status();
  // Of the estimate at one unit.
  const double deviation =
      std::hypot(control_sd / std::sqrt(1 - plan.treatment_share),
                 treatment_sd / std::sqrt(plan.treatment_share));
  const double null = plan.sequence.null_value;
  const Alternative side = plan.sequence.alternative;
  // Turned so that the right side is up.
  const bool down = side == Alternative::kLess ||
                    (side == Alternative::kTwoSided && effect < null);
  const double shift = (down ? null - effect : effect - null) / deviation;
  std::vector<double> information, lower, upper;
  for (const int64_t n : *units) {
    const double size = static_cast<double>(n);
    const auto critical =
        SequenceCriticalValue(deviation / std::sqrt(size), n, plan.sequence);
    if (!critical.ok()) return critical.status();
    information.push_back(size);
    upper.push_back(*critical);
    lower.push_back(side == Alternative::kTwoSided ? -*critical : -kInfinity);
  }
  const auto exits = ExitsOfBounds(information, lower, upper, shift);
  if (!exits.ok()) return exits.status();
  TimeToVerdict times;
  double weighted = 0;
  for (size_t k = 0; k < units->size(); ++k) {
    VerdictLook look{(*units)[k], upper[k], std::max(0.0, exits->up[k]),
                     std::max(0.0, exits->down[k])};
    times.power += look.right;
    times.verdict += look.right + look.wrong;
    weighted += (look.right + look.wrong) * information[k];
    times.looks.push_back(look);
  }
  times.verdict = std::min(1.0, times.verdict);
  times.power = std::min(1.0, times.power);
  times.expected_units = weighted + (1 - times.verdict) * information.back();
  if (times.verdict > 0) {
    times.expected_units_given_verdict = weighted / times.verdict;
  }
  return times;
}

absl::StatusOr<std::optional<int64_t>> VerdictQuantile(
    const TimeToVerdict& times, double share) {
  if (auto status = CheckBetween(share, 0, 1, "share"); !status.ok()) {
    return status;
  }
  double sum = 0;
  for (const VerdictLook& look : times.looks) {
    sum += look.right + look.wrong;
    if (sum >= share) return std::optional<int64_t>(look.units);
  }
  return std::optional<int64_t>();
}

}  // namespace stagecraft::stats
