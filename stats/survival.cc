#include "stats/survival.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/effect.h"
#include "stats/level_crossing.h"

namespace stagecraft::stats {
namespace {

// S and ln S's variance at one time, and what intervals need of the options.
struct Scaling {
  SurvivalScale scale;
  double z, level;
};

Scaling ScalingOf(const SurvivalOptions& options) {
  return {options.scale, NormalUpperQuantile(options.alpha / 2),
          1 - options.alpha};
}

Interval PointInterval(double survival, double log_variance,
                       const Scaling& scaling) {
  Interval interval{0, 1, scaling.level};
  if (!(survival > 0)) return interval;
  // No event yet: every scale has the one value 1.
  if (survival == 1) return {1, 1, scaling.level};
  const double radius = scaling.z * std::sqrt(log_variance);
  switch (scaling.scale) {
    case SurvivalScale::kLog: {
      const double factor = std::exp(radius);
      interval.lower = survival / factor;
      interval.upper = std::min(1.0, survival * factor);
      break;
    }
    case SurvivalScale::kLogLog: {
      const double log_survival = std::log(survival);
      const double factor = std::exp(radius / -log_survival);
      interval.lower = std::exp(log_survival * factor);
      interval.upper = std::exp(log_survival / factor);
      break;
    }
    case SurvivalScale::kPlain:
      interval.lower = std::max(0.0, survival * (1 - radius));
      interval.upper = std::min(1.0, survival * (1 + radius));
      break;
    case SurvivalScale::kLogit: {
      const double odds = survival / (1 - survival);
      const double factor = std::exp(radius / (1 - survival));
      interval.lower = 1 / (1 + factor / odds);
      interval.upper = 1 / (1 + 1 / (factor * odds));
      break;
    }
    case SurvivalScale::kArcsine: {
      const double angle = std::asin(std::sqrt(survival));
      const double half = 0.5 * radius * std::sqrt(survival / (1 - survival));
      const double low = std::sin(std::max(0.0, angle - half));
      const double high = std::sin(std::min(M_PI_2, angle + half));
      interval.lower = low * low;
      interval.upper = high * high;
      break;
    }
  }
  return interval;
}

// Walks down the curve; `log_variance` is Greenwood's sum while S > 0.
struct Walk {
  double survival = 1, log_variance = 0;
  int64_t at_risk = 0;

  void Take(const DurationBin& bin) {
    if (bin.events > 0) {
      const double n = static_cast<double>(at_risk);
      const double left = static_cast<double>(at_risk - bin.events);
      survival *= left / n;
      if (left > 0) {
        log_variance += static_cast<double>(bin.events) / (n * left);
      }
    }
    at_risk -= bin.events + bin.censored;
  }
};

absl::Status BeyondFollowUp(double time, double last_follow_up) {
  return NotEnough(absl::StrCat(
      "time is ", time, ", want at most the last follow-up ", last_follow_up));
}

absl::Status CheckUnits(const OrderedBins& bins) {
  if (bins.units() > 0) return absl::OkStatus();
  return NotEnough("bins hold no units, want at least 1");
}

absl::StatusOr<Walk> WalkTo(absl::Span<const DurationBin> bins, double time) {
  if (auto status = CheckNotNegative(time, "time"); !status.ok()) return status;
  const auto ordered = OrderedBins::Of(bins);
  if (!ordered.ok()) return ordered.status();
  if (auto status = CheckUnits(*ordered); !status.ok()) return status;
  Walk walk{.at_risk = ordered->units()};
  for (const DurationBin& bin : ordered->bins()) {
    if (bin.time > time) break;
    walk.Take(bin);
  }
  if (time > ordered->last_follow_up() && walk.survival > 0) {
    return BeyondFollowUp(time, ordered->last_follow_up());
  }
  return walk;
}

// Where the step function y over the points crosses `level`: see
// DurationQuantile. Points whose curve has reached 0 have no interval: `skip`.
template <typename Y>
std::optional<double> Crossing(const SurvivalCurve& curve, double level,
                               bool skip_zero, const Y& y) {
  LevelCrossing crossing(level);
  for (const SurvivalPoint& point : curve.points) {
    if (skip_zero && point.survival == 0) break;
    if (!crossing.Take(point.time, y(point))) break;
  }
  return crossing.time();
}

}  // namespace

absl::StatusOr<SurvivalCurve> KaplanMeier(absl::Span<const DurationBin> bins,
                                          const SurvivalOptions& options) {
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  const auto ordered = OrderedBins::Of(bins);
  if (!ordered.ok()) return ordered.status();
  if (auto status = CheckUnits(*ordered); !status.ok()) return status;
  SurvivalCurve curve;
  curve.options = options;
  curve.units = ordered->units();
  curve.events = ordered->events();
  curve.censored = ordered->censored();
  curve.last_follow_up = ordered->last_follow_up();
  curve.points.reserve(ordered->bins().size());
  const Scaling scaling = ScalingOf(options);
  Walk walk{.at_risk = curve.units};
  // Between events the interval stands still.
  double standard_error = 0;
  Interval interval = PointInterval(1, 0, scaling);
  for (const DurationBin& bin : ordered->bins()) {
    if ((bin.events | bin.censored) == 0) continue;
    const int64_t at_risk = walk.at_risk;
    walk.Take(bin);
    if (bin.events > 0) {
      standard_error = walk.survival * std::sqrt(walk.log_variance);
      interval = PointInterval(walk.survival, walk.log_variance, scaling);
    }
    curve.points.push_back({.time = bin.time,
                            .at_risk = at_risk,
                            .events = bin.events,
                            .censored = bin.censored,
                            .survival = walk.survival,
                            .standard_error = standard_error,
                            .interval = interval});
  }
  return curve;
}

absl::StatusOr<Estimate> SurvivalAt(const SurvivalCurve& curve, double time) {
  if (auto status = CheckNotNegative(time, "time"); !status.ok()) return status;
  if (curve.points.empty()) return NotEnough("the curve has no points");
  if (time > curve.last_follow_up && curve.points.back().survival > 0) {
    return BeyondFollowUp(time, curve.last_follow_up);
  }
  const auto next = std::upper_bound(
      curve.points.begin(), curve.points.end(), time,
      [](double t, const SurvivalPoint& point) { return t < point.time; });
  if (next == curve.points.begin()) {
    return Estimate{1, 0, {1, 1, 1 - curve.options.alpha}};
  }
  const SurvivalPoint& point = *(next - 1);
  return Estimate{point.survival, point.standard_error, point.interval};
}

absl::StatusOr<Estimate> SurvivalAt(absl::Span<const DurationBin> bins,
                                    double time,
                                    const SurvivalOptions& options) {
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  const auto walk = WalkTo(bins, time);
  if (!walk.ok()) return walk.status();
  return Estimate{
      walk->survival, walk->survival * std::sqrt(walk->log_variance),
      PointInterval(walk->survival, walk->log_variance, ScalingOf(options))};
}

absl::StatusOr<Effect> CompareSurvivalAt(
    absl::Span<const DurationBin> control,
    absl::Span<const DurationBin> treatment, double time,
    const TestOptions& options, SurvivalTestScale scale) {
  const auto c = WalkTo(control, time);
  if (!c.ok()) return c.status();
  const auto t = WalkTo(treatment, time);
  if (!t.ok()) return t.status();
  auto effect = CompareEstimates(
      {c->survival, c->survival * std::sqrt(c->log_variance)},
      {t->survival, t->survival * std::sqrt(t->log_variance)}, options);
  if (!effect.ok()) return effect;
  effect->test_method = "Kaplan-Meier difference z";
  effect->interval_method = "Kaplan-Meier difference z";
  if (options.alternative != Alternative::kLess) {
    effect->interval.lower = std::max(-1.0, effect->interval.lower);
  }
  if (options.alternative != Alternative::kGreater) {
    effect->interval.upper = std::min(1.0, effect->interval.upper);
  }
  if (scale == SurvivalTestScale::kPlain) return effect;

  if (options.null_value != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("null_value is ", options.null_value,
                     ", want 0 for the test on the log-log scale"));
  }
  for (const Walk* arm : {&*c, &*t}) {
    if (!(arm->survival > 0 && arm->survival < 1)) {
      return NotEnough(absl::StrCat("the curve is at ", arm->survival,
                                    " at time ", time,
                                    ", want it strictly between 0 and 1 for "
                                    "the test on the log-log scale"));
    }
  }
  const double log_c = -std::log(c->survival), log_t = -std::log(t->survival);
  effect->statistic =
      std::log(log_c / log_t) / std::hypot(std::sqrt(c->log_variance) / log_c,
                                           std::sqrt(t->log_variance) / log_t);
  effect->p_value = PValue(effect->statistic, kInfinity, options.alternative);
  effect->test_method = "Kaplan-Meier log-log z";
  return effect;
}

absl::StatusOr<SurvivalQuantile> DurationQuantile(const SurvivalCurve& curve,
                                                  double share) {
  if (auto status = CheckBetween(share, 0, 1, "share"); !status.ok()) {
    return status;
  }
  const double level = 1 - share;
  return SurvivalQuantile{
      .value = Crossing(curve, level, false,
                        [](const SurvivalPoint& p) { return p.survival; }),
      .lower =
          Crossing(curve, level, true,
                   [](const SurvivalPoint& p) { return p.interval.lower; }),
      .upper =
          Crossing(curve, level, true,
                   [](const SurvivalPoint& p) { return p.interval.upper; }),
      .level = 1 - curve.options.alpha};
}

}  // namespace stagecraft::stats
