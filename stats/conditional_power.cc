#include "stats/conditional_power.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/group_sequential.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckInterim(const Interim& interim) {
  return FirstError({CheckFinite(interim.z, "z"),
                     CheckBetween(interim.information_fraction, 0, 1,
                                  "information_fraction")});
}

double QuantileOf(const ConditionalOptions& options) {
  return NormalUpperQuantile(options.one_sided ? options.alpha
                                               : options.alpha / 2);
}

// Z(1) is normal with this mean and error.
ConditionalPower Tails(double mean, double error,
                       const ConditionalOptions& options) {
  const double q = QuantileOf(options);
  ConditionalPower power{.up = NormalUpperTail((q - mean) / error)};
  if (!options.one_sided) power.down = NormalUpperTail((q + mean) / error);
  power.both_tails = power.up + power.down;
  return power;
}

double ScoreOf(const Interim& interim) {
  return interim.z * std::sqrt(interim.information_fraction);
}

}  // namespace

absl::StatusOr<Interim> InterimOf(const NormalEstimate& estimate,
                                  double final_standard_error,
                                  double null_value) {
  if (auto status = FirstError(
          {CheckEstimate(estimate, "estimate"),
           CheckPositive(final_standard_error, "final_standard_error"),
           CheckFinite(null_value, "null_value")});
      !status.ok()) {
    return status;
  }
  if (estimate.standard_error == 0) {
    return NotEnough("estimate.standard_error is 0, want > 0");
  }
  if (!(final_standard_error < estimate.standard_error)) {
    return NotEnough(
        absl::StrCat("estimate.standard_error is ", estimate.standard_error,
                     ", want more than the final one, ", final_standard_error));
  }
  const double ratio = final_standard_error / estimate.standard_error;
  return Interim{.z = (estimate.value - null_value) / estimate.standard_error,
                 .information_fraction = ratio * ratio};
}

absl::StatusOr<double> CurrentTrendDrift(const Interim& interim) {
  if (auto status = CheckInterim(interim); !status.ok()) return status;
  return interim.z / std::sqrt(interim.information_fraction);
}

absl::StatusOr<double> PlannedDrift(double power,
                                    const ConditionalOptions& options) {
  if (auto status = FirstError(
          {CheckAlpha(options.alpha), CheckBetween(power, 0, 1, "power")});
      !status.ok()) {
    return status;
  }
  return QuantileOf(options) + NormalUpperQuantile(1 - power);
}

absl::StatusOr<ConditionalPower> PowerGivenInterim(
    const Interim& interim, double drift, const ConditionalOptions& options) {
  if (auto status =
          FirstError({CheckInterim(interim), CheckFinite(drift, "drift"),
                      CheckAlpha(options.alpha)});
      !status.ok()) {
    return status;
  }
  const double rest = 1 - interim.information_fraction;
  return Tails(ScoreOf(interim) + drift * rest, std::sqrt(rest), options);
}

absl::StatusOr<InterimOutlook> OutlookOf(const Interim& interim,
                                         double planned_power,
                                         const ConditionalOptions& options) {
  const auto plan = PlannedDrift(planned_power, options);
  if (!plan.ok()) return plan.status();
  const auto trend = CurrentTrendDrift(interim);
  if (!trend.ok()) return trend.status();
  const auto under_trend = PowerGivenInterim(interim, *trend, options);
  const auto under_plan = PowerGivenInterim(interim, *plan, options);
  const auto under_null = PowerGivenInterim(interim, 0, options);
  const auto predictive = PredictivePower(interim, std::nullopt, options);
  for (const auto* power :
       {&under_trend, &under_plan, &under_null, &predictive}) {
    if (!power->ok()) return power->status();
  }
  // By its own tail, so that it keeps its digits near 0.
  const double rest = 1 - interim.information_fraction;
  const double futility =
      NormalLowerTail((QuantileOf(options) - ScoreOf(interim) - *plan * rest) /
                      std::sqrt(rest));
  return InterimOutlook{*under_trend, *under_plan, *under_null, *predictive,
                        futility};
}

absl::StatusOr<ConditionalPower> PredictivePower(
    const Interim& interim, const std::optional<NormalEstimate>& prior,
    const ConditionalOptions& options) {
  if (auto status =
          FirstError({CheckInterim(interim), CheckAlpha(options.alpha)});
      !status.ok()) {
    return status;
  }
  const double t = interim.information_fraction, rest = 1 - t;
  const double score = ScoreOf(interim);
  // Posterior of the drift.
  double mean = score / t, variance = 1 / t;
  if (prior.has_value()) {
    if (auto status = CheckEstimate(*prior, "prior"); !status.ok()) {
      return status;
    }
    const double v = prior->standard_error * prior->standard_error;
    variance = v / (1 + v * t);
    mean = (prior->value + v * score) / (1 + v * t);
    if (std::isinf(v)) {
      mean = score / t;
      variance = 1 / t;
    }
  }
  return Tails(score + rest * mean, std::sqrt(rest + rest * rest * variance),
               options);
}

absl::StatusOr<ConditionalPower> PowerGivenInterim(
    const Interim& interim, double drift, absl::Span<const FutureLook> looks,
    bool one_sided) {
  if (auto status =
          FirstError({CheckInterim(interim), CheckFinite(drift, "drift")});
      !status.ok()) {
    return status;
  }
  if (looks.empty()) {
    return absl::InvalidArgumentError("looks is empty, want at least one");
  }
  // The increment of the score from now on starts at 0 and has information
  // t_j - t; its bounds are those of the score less what is in.
  const double score = ScoreOf(interim);
  std::vector<double> information, lower, upper;
  double previous = interim.information_fraction;
  for (size_t j = 0; j < looks.size(); ++j) {
    const FutureLook& look = looks[j];
    if (!(look.time > previous && look.time <= 1)) {
      return absl::InvalidArgumentError(
          absl::StrCat("looks[", j, "].time is ", look.time,
                       ", want a number in (", previous, ", 1]"));
    }
    if (!(look.lower <= look.upper)) {
      return absl::InvalidArgumentError(
          absl::StrCat("looks[", j, "] has lower ", look.lower, " and upper ",
                       look.upper, ", want lower <= upper"));
    }
    previous = look.time;
    const double root = std::sqrt(look.time);
    const double gained = look.time - interim.information_fraction;
    information.push_back(gained);
    lower.push_back((look.lower * root - score) / std::sqrt(gained));
    upper.push_back((look.upper * root - score) / std::sqrt(gained));
  }
  const auto exits = ExitsOfBounds(information, lower, upper, drift);
  if (!exits.ok()) return exits.status();
  ConditionalPower power;
  for (const double p : exits->up) power.up += p;
  if (!one_sided) {
    for (const double p : exits->down) power.down += p;
  }
  power.both_tails = power.up + power.down;
  return power;
}

}  // namespace stagecraft::stats
