#include "stats/spending.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {

absl::Status CheckSpending(const SpendingFunction& function,
                           absl::Span<const double> times, double total,
                           absl::string_view name) {
  switch (function.family) {
    case SpendingFamily::kOBrienFleming:
    case SpendingFamily::kOBrienFlemingWhole:
    case SpendingFamily::kPocock:
      return absl::OkStatus();
    case SpendingFamily::kHwangShihDeCani:
      return CheckBetween(function.parameter, -500, 500,
                          absl::StrCat(name, ".parameter"));
    case SpendingFamily::kPower:
      return CheckPositive(function.parameter,
                           absl::StrCat(name, ".parameter"));
    case SpendingFamily::kUser:
      break;
  }
  if (function.cumulative.size() != times.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".cumulative has ", function.cumulative.size(),
                     " entries, want ", times.size(), ", one per look"));
  }
  double before = 0;
  for (size_t k = 0; k < function.cumulative.size(); ++k) {
    const double here = function.cumulative[k];
    if (!(here >= before) || !std::isfinite(here)) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ".cumulative[", k, "] is ", here,
                       ", want a finite number >= ", before));
    }
    before = here;
  }
  if (!(std::abs(before - total) <= 1e-9 * total)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ".cumulative ends with ", before, ", want ", total,
                     ", the whole error"));
  }
  return absl::OkStatus();
}

namespace {

double Interpolated(absl::Span<const double> times,
                    absl::Span<const double> cumulative, double t) {
  double from = 0, spent = 0;
  for (size_t k = 0; k < times.size(); ++k) {
    if (t <= times[k]) {
      const double share = (t - from) / (times[k] - from);
      return spent + share * (cumulative[k] - spent);
    }
    from = times[k];
    spent = cumulative[k];
  }
  return spent;
}

}  // namespace

double Spent(const SpendingFunction& function, absl::Span<const double> times,
             double total, int sides, double t) {
  if (!(t > 0)) return 0;
  if (t >= 1) return total;
  switch (function.family) {
    case SpendingFamily::kOBrienFleming: {
      const double z = NormalUpperQuantile(total / (2 * sides));
      return sides * 2 * NormalUpperTail(z / std::sqrt(t));
    }
    case SpendingFamily::kOBrienFlemingWhole:
      return 2 * NormalUpperTail(NormalUpperQuantile(total / 2) / std::sqrt(t));
    case SpendingFamily::kPocock:
      return total * std::log1p((M_E - 1) * t);
    case SpendingFamily::kHwangShihDeCani: {
      const double g = function.parameter;
      // For g < 0 both parts are multiplied by e^g, which cannot overflow.
      if (g == 0) return total * t;
      if (g > 0) return total * std::expm1(-g * t) / std::expm1(-g);
      return total * std::exp(-g * (t - 1)) * std::expm1(g * t) / std::expm1(g);
    }
    case SpendingFamily::kPower:
      return total * std::pow(t, function.parameter);
    case SpendingFamily::kUser:
      return Interpolated(times, function.cumulative, t) *
             (total / function.cumulative.back());
  }
  return total;
}

}  // namespace stagecraft::stats
