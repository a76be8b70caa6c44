#include "stats/power_common.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

constexpr double kLargestSize = 9007199254740992.0;  // 2^53.

}  // namespace

absl::Status CheckPowerOptions(const PowerOptions& options) {
  return FirstError(
      {CheckAlpha(options.alpha),
       CheckBetween(options.treatment_share, 0, 1, "treatment_share")});
}

double TestQuantile(const PowerOptions& options) {
  return NormalUpperQuantile(options.one_sided ? options.alpha
                                               : options.alpha / 2);
}

double PowerQuantile(const PowerOptions& options) {
  return NormalUpperQuantile(1 - options.power);
}

absl::Status CheckTarget(const PowerOptions& options) {
  if (options.power > options.alpha && options.power < 1) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("power is ", options.power,
                   ", want a number in (alpha = ", options.alpha, ", 1)"));
}

absl::Status CheckArmSizes(int64_t control_n, int64_t treatment_n) {
  for (const auto& [n, name] : {std::pair(control_n, "control_n"),
                                std::pair(treatment_n, "treatment_n")}) {
    if (n < 2) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, " is ", n, ", want at least 2"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSpreads(double control_sd, double treatment_sd) {
  if (auto status =
          FirstError({CheckNotNegative(control_sd, "control_sd"),
                      CheckNotNegative(treatment_sd, "treatment_sd")});
      !status.ok()) {
    return status;
  }
  if (control_sd == 0 && treatment_sd == 0) {
    return absl::InvalidArgumentError(
        "control_sd and treatment_sd are 0, want at least one > 0");
  }
  return absl::OkStatus();
}

absl::Status CheckRate(double rate, absl::string_view name) {
  if (rate >= 0 && rate <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", rate, ", want a number in [0, 1]"));
}

absl::Status CheckRates(double control_rate, double treatment_rate) {
  if (auto status = FirstError({CheckRate(control_rate, "control_rate"),
                                CheckRate(treatment_rate, "treatment_rate")});
      !status.ok()) {
    return status;
  }
  if (control_rate == treatment_rate &&
      (control_rate == 0 || control_rate == 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("both rates are ", control_rate,
                     ", want at least one strictly between 0 and 1"));
  }
  return absl::OkStatus();
}

absl::Status CheckEffect(double effect, absl::string_view name) {
  if (std::isfinite(effect) && effect != 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      name, " is ", effect, ", want a finite number that is not 0"));
}

Power NormalPower(double effect, double null_error, double error,
                  const PowerOptions& options) {
  const double q = TestQuantile(options) * null_error;
  const double size = std::abs(effect);
  const auto upper = [&](double distance) {
    if (error > 0) return NormalLowerTail(distance / error);
    return distance > 0 ? 1.0 : 0.0;
  };
  Power power{.power = upper(size - q)};
  power.both_tails =
      options.one_sided ? power.power : power.power + upper(-size - q);
  return power;
}

absl::StatusOr<SampleSize> SplitTotal(double total,
                                      const PowerOptions& options) {
  // What rounding added above a whole number is not a unit.
  const auto whole = [](double n) {
    return std::ceil(n - std::min(n * 1e-13, 1e-3));
  };
  const double control = whole(total * (1 - options.treatment_share));
  const double treatment = whole(total * options.treatment_share);
  if (!(control + treatment <= kLargestSize)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the sample size comes out as ", total,
                     ", want at most 2^53: the effect is too small"));
  }
  SampleSize size{.exact_control = total * (1 - options.treatment_share),
                  .exact_treatment = total * options.treatment_share};
  size.control = std::max<int64_t>(2, static_cast<int64_t>(control));
  size.treatment = std::max<int64_t>(2, static_cast<int64_t>(treatment));
  size.total = size.control + size.treatment;
  return size;
}

}  // namespace stagecraft::stats
