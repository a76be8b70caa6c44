#include "stats/power_events.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/power_common.h"

namespace stagecraft::stats {
namespace {

constexpr double kLargest = 9007199254740992.0;  // 2^53.

absl::Status CheckPlan(const HazardPlan& plan, const PowerOptions& options) {
  if (auto status = FirstError({CheckPowerOptions(options),
                                CheckPositive(plan.null_ratio, "null_ratio")});
      !status.ok()) {
    return status;
  }
  if (plan.null_ratio != 1 && plan.method != EventsMethod::kSchoenfeld) {
    return absl::InvalidArgumentError(
        absl::StrCat("null_ratio is ", plan.null_ratio,
                     ", want 1 with a method other than Schoenfeld's"));
  }
  return absl::OkStatus();
}

absl::Status CheckRatio(const HazardPlan& plan) {
  if (auto status = CheckPositive(plan.hazard_ratio, "hazard_ratio");
      !status.ok()) {
    return status;
  }
  if (plan.hazard_ratio != plan.null_ratio) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("hazard_ratio is ", plan.hazard_ratio,
                   ", want a number that is not null_ratio"));
}

// The signal of one event.
double SignalOf(double ratio, const HazardPlan& plan,
                const PowerOptions& options) {
  const double p = options.treatment_share, r = p / (1 - p);
  switch (plan.method) {
    case EventsMethod::kSchoenfeld:
      return std::abs(std::log(ratio / plan.null_ratio)) *
             std::sqrt(p * (1 - p));
    case EventsMethod::kFreedman:
      return std::abs(1 - ratio) * std::sqrt(r) / (1 + r * ratio);
    case EventsMethod::kHsiehFreedman:
      break;
  }
  return 2 * std::abs(1 - ratio) * std::sqrt(r) / ((1 + r) * (1 + ratio));
}

Power PowerAt(double signal, double events, const PowerOptions& options) {
  const double error = 1 / std::sqrt(events);
  return NormalPower(signal, error, error, options);
}

absl::StatusOr<double> ExactEvents(const HazardPlan& plan,
                                   const PowerOptions& options) {
  if (auto status = FirstError(
          {CheckPlan(plan, options), CheckTarget(options), CheckRatio(plan)});
      !status.ok()) {
    return status;
  }
  const double signal = SignalOf(plan.hazard_ratio, plan, options);
  const double root = (TestQuantile(options) + PowerQuantile(options)) / signal;
  double events = root * root;
  if (options.count_both_tails && !options.one_sided) {
    events = RisingRoot(
        [&](double m) { return PowerAt(signal, m, options).both_tails; },
        options.power, 0, events);
  }
  if (!(events <= kLargest)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the number of events comes out as ", events,
                     ", want at most 2^53: the effect is too small"));
  }
  return events;
}

}  // namespace

absl::StatusOr<EventCount> EventsNeeded(const HazardPlan& plan,
                                        const PowerOptions& options) {
  const auto events = ExactEvents(plan, options);
  if (!events.ok()) return events.status();
  return EventCount{.events = static_cast<int64_t>(
                        std::ceil(*events - std::min(*events * 1e-13, 1e-3))),
                    .exact = *events};
}

absl::StatusOr<Power> EventsPower(const HazardPlan& plan, int64_t events,
                                  const PowerOptions& options) {
  if (auto status =
          FirstError({CheckPlan(plan, options),
                      CheckPositive(plan.hazard_ratio, "hazard_ratio")});
      !status.ok()) {
    return status;
  }
  if (events < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("events is ", events, ", want at least 1"));
  }
  return PowerAt(SignalOf(plan.hazard_ratio, plan, options),
                 static_cast<double>(events), options);
}

absl::StatusOr<double> MinimumDetectableHazardRatio(
    const HazardPlan& plan, int64_t events, Direction direction,
    const PowerOptions& options) {
  if (auto status =
          FirstError({CheckPlan(plan, options), CheckTarget(options)});
      !status.ok()) {
    return status;
  }
  if (events < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("events is ", events, ", want at least 1"));
  }
  // On the log scale, away from the null.
  const double sign = direction == Direction::kUp ? 1 : -1;
  const auto ratio = [&](double x) {
    return plan.null_ratio * std::exp(sign * x);
  };
  const auto reached = [&](double x) {
    return Reached(PowerAt(SignalOf(ratio(x), plan, options),
                           static_cast<double>(events), options),
                   options);
  };
  double high = 1;
  while (!(reached(high) >= options.power)) {
    high *= 2;
    if (high > 600) {
      return NotEnough(absl::StrCat("no hazard ratio is found with power ",
                                    options.power, " at ", events,
                                    " events, want more events"));
    }
  }
  return ratio(RisingRoot(reached, options.power, 0, high));
}

absl::StatusOr<SampleSize> TimeToEventSampleSize(
    const HazardPlan& plan, double control_event_probability,
    double treatment_event_probability, const PowerOptions& options) {
  const auto events = ExactEvents(plan, options);
  if (!events.ok()) return events.status();
  for (const double p :
       {control_event_probability, treatment_event_probability}) {
    if (!(p > 0 && p <= 1)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "an event probability is ", p, ", want a number in (0, 1]"));
    }
  }
  const double share = options.treatment_share;
  return SplitTotal(*events / ((1 - share) * control_event_probability +
                               share * treatment_event_probability),
                    options);
}

absl::StatusOr<double> EventProbability(double hazard, double accrual,
                                        double follow_up,
                                        double dropout_hazard) {
  if (auto status =
          FirstError({CheckPositive(hazard, "hazard"),
                      CheckNotNegative(accrual, "accrual"),
                      CheckNotNegative(follow_up, "follow_up"),
                      CheckNotNegative(dropout_hazard, "dropout_hazard")});
      !status.ok()) {
    return status;
  }
  if (!(accrual + follow_up > 0)) {
    return absl::InvalidArgumentError(
        "accrual and follow_up are 0, want at least one > 0");
  }
  const double all = hazard + dropout_hazard;
  const double x = all * accrual;
  // The mean of exp(-all * u) over the entry times: (1 - e^-x) / x.
  const double mean = x > 0 ? -std::expm1(-x) / x : 1;
  // 1 - e^{-all F} mean, without cancellation where little happens.
  const double deficit =
      x > 1e-3 ? 1 - mean : x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5)));
  const double rest = std::exp(-all * follow_up);
  const double ended = -std::expm1(-all * follow_up) + rest * deficit;
  return hazard / all * ended;
}

absl::StatusOr<double> HazardOfShare(double share, double time) {
  if (auto status = FirstError(
          {CheckBetween(share, 0, 1, "share"), CheckPositive(time, "time")});
      !status.ok()) {
    return status;
  }
  return -std::log1p(-share) / time;
}

absl::StatusOr<double> ShareUnderHazardRatio(double control_share,
                                             double hazard_ratio) {
  if (auto status =
          FirstError({CheckBetween(control_share, 0, 1, "control_share"),
                      CheckPositive(hazard_ratio, "hazard_ratio")});
      !status.ok()) {
    return status;
  }
  return -std::expm1(hazard_ratio * std::log1p(-control_share));
}

}  // namespace stagecraft::stats
