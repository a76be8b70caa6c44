#include "stats/power.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

constexpr double kLargestSize = 9007199254740992.0;  // 2^53.

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

absl::Status CheckSizes(int64_t control_n, int64_t treatment_n) {
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

// Both tails of |effect| with the errors under the null and the alternative.
Power PowerOf(double effect, double null_error, double error,
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

absl::StatusOr<SampleSize> Split(double total, const PowerOptions& options) {
  const double control = std::ceil(total * (1 - options.treatment_share));
  const double treatment = std::ceil(total * options.treatment_share);
  if (!(control + treatment <= kLargestSize)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the sample size comes out as ", total,
                     ", want at most 2^53: the effect is too small"));
  }
  SampleSize size;
  size.control = std::max<int64_t>(2, static_cast<int64_t>(control));
  size.treatment = std::max<int64_t>(2, static_cast<int64_t>(treatment));
  size.total = size.control + size.treatment;
  return size;
}

struct RateErrors {
  double null_error, error;
};

// With weights 1 / n_c and 1 / n_t.
RateErrors ErrorsOf(double pc, double pt, double wc, double wt) {
  const double pooled = (pc / wc + pt / wt) / (1 / wc + 1 / wt);
  return {std::sqrt(pooled * (1 - pooled) * (wc + wt)),
          std::sqrt(pc * (1 - pc) * wc + pt * (1 - pt) * wt)};
}

absl::Status CheckCommon(const PowerOptions& options) {
  return FirstError(
      {CheckAlpha(options.alpha),
       CheckBetween(options.treatment_share, 0, 1, "treatment_share")});
}

}  // namespace

absl::StatusOr<Power> MeanPower(double difference, double control_sd,
                                double treatment_sd, int64_t control_n,
                                int64_t treatment_n,
                                const PowerOptions& options) {
  if (auto status = FirstError({CheckCommon(options),
                                CheckFinite(difference, "difference"),
                                CheckSpreads(control_sd, treatment_sd),
                                CheckSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  const double se =
      std::hypot(control_sd / std::sqrt(static_cast<double>(control_n)),
                 treatment_sd / std::sqrt(static_cast<double>(treatment_n)));
  return PowerOf(difference, se, se, options);
}

absl::StatusOr<SampleSize> MeanSampleSize(double difference, double control_sd,
                                          double treatment_sd,
                                          const PowerOptions& options) {
  if (auto status = FirstError({CheckCommon(options), CheckTarget(options),
                                CheckEffect(difference, "difference"),
                                CheckSpreads(control_sd, treatment_sd)});
      !status.ok()) {
    return status;
  }
  const double unit_error =
      std::hypot(control_sd / std::sqrt(1 - options.treatment_share),
                 treatment_sd / std::sqrt(options.treatment_share));
  const double root = (TestQuantile(options) + PowerQuantile(options)) *
                      (unit_error / difference);
  return Split(root * root, options);
}

absl::StatusOr<double> MeanMinimumDetectableEffect(
    double control_sd, double treatment_sd, int64_t control_n,
    int64_t treatment_n, const PowerOptions& options) {
  if (auto status = FirstError({CheckCommon(options), CheckTarget(options),
                                CheckSpreads(control_sd, treatment_sd),
                                CheckSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  const double se =
      std::hypot(control_sd / std::sqrt(static_cast<double>(control_n)),
                 treatment_sd / std::sqrt(static_cast<double>(treatment_n)));
  return (TestQuantile(options) + PowerQuantile(options)) * se;
}

absl::StatusOr<Power> ProportionPower(double control_rate,
                                      double treatment_rate, int64_t control_n,
                                      int64_t treatment_n,
                                      const PowerOptions& options) {
  if (auto status = FirstError({CheckCommon(options),
                                CheckRates(control_rate, treatment_rate),
                                CheckSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  const RateErrors errors =
      ErrorsOf(control_rate, treatment_rate, 1 / static_cast<double>(control_n),
               1 / static_cast<double>(treatment_n));
  return PowerOf(treatment_rate - control_rate, errors.null_error, errors.error,
                 options);
}

absl::StatusOr<SampleSize> ProportionSampleSize(double control_rate,
                                                double treatment_rate,
                                                const PowerOptions& options) {
  const double difference = treatment_rate - control_rate;
  if (auto status = FirstError(
          {CheckCommon(options), CheckTarget(options),
           CheckRates(control_rate, treatment_rate),
           CheckEffect(difference, "treatment_rate - control_rate")});
      !status.ok()) {
    return status;
  }
  const RateErrors errors =
      ErrorsOf(control_rate, treatment_rate, 1 / (1 - options.treatment_share),
               1 / options.treatment_share);
  const double root = (TestQuantile(options) * errors.null_error +
                       PowerQuantile(options) * errors.error) /
                      difference;
  return Split(root * root, options);
}

absl::StatusOr<double> ProportionMinimumDetectableEffect(
    double control_rate, int64_t control_n, int64_t treatment_n,
    Direction direction, const PowerOptions& options) {
  if (auto status = FirstError({CheckCommon(options), CheckTarget(options),
                                CheckRate(control_rate, "control_rate"),
                                CheckSizes(control_n, treatment_n)});
      !status.ok()) {
    return status;
  }
  const bool up = direction == Direction::kUp;
  const double room = up ? 1 - control_rate : control_rate;
  const double wc = 1 / static_cast<double>(control_n);
  const double wt = 1 / static_cast<double>(treatment_n);
  const auto found = [&](double effect) {
    const double pt = std::clamp(
        up ? control_rate + effect : control_rate - effect, 0.0, 1.0);
    const RateErrors errors = ErrorsOf(control_rate, pt, wc, wt);
    return PowerOf(effect, errors.null_error, errors.error, options).power >=
           options.power;
  };
  if (!(room > 0) || !found(room)) {
    return NotEnough(absl::StrCat(
        "from a control rate of ", control_rate, " not even the rate ",
        up ? 1 : 0, " is found with power ", options.power, " at ", control_n,
        " and ", treatment_n, " units, want more units"));
  }
  double low = 0, high = room;
  for (int i = 0; i < 200; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (found(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace stagecraft::stats
