#include "stats/survival.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/effect.h"

namespace stagecraft::stats {
namespace {

// Greenwood's term of one time: d / (n (n - d)).
double GreenwoodTerm(const SurvivalPoint& point) {
  const double n = static_cast<double>(point.at_risk);
  const double d = static_cast<double>(point.events);
  return d / (n * (n - d));
}

// ln S and its variance to the interval of S.
Interval PointInterval(double survival, double log_variance,
                       const SurvivalOptions& options) {
  Interval interval{0, 1, 1 - options.alpha};
  if (!(survival > 0)) return interval;
  const double radius =
      NormalUpperQuantile(options.alpha / 2) * std::sqrt(log_variance);
  switch (options.scale) {
    case SurvivalScale::kLog:
      interval.lower = survival * std::exp(-radius);
      interval.upper = std::min(1.0, survival * std::exp(radius));
      break;
    case SurvivalScale::kLogLog: {
      // At S = 1 there is no event yet and the radius is 0.
      const double log_survival = std::log(survival);
      const double factor = radius == 0 ? 1 : std::exp(radius / -log_survival);
      interval.lower = std::exp(log_survival * factor);
      interval.upper = std::exp(log_survival / factor);
      break;
    }
    case SurvivalScale::kPlain:
      interval.lower = std::max(0.0, survival * (1 - radius));
      interval.upper = std::min(1.0, survival * (1 + radius));
      break;
  }
  return interval;
}

// Where the step function y over the points crosses `level`: see
// DurationQuantile. Points whose curve has reached 0 have no interval: `skip`.
template <typename Y>
std::optional<double> Crossing(const SurvivalCurve& curve, double level,
                               bool skip_zero, const Y& y) {
  // Products of thousands of factors are exact to about 1e-12.
  constexpr double kTolerance = 1e-11;
  const auto& points = curve.points;
  for (size_t i = 0; i < points.size(); ++i) {
    if (skip_zero && points[i].survival == 0) return std::nullopt;
    const double here = y(points[i]);
    if (here > level + kTolerance) continue;
    if (here < level - kTolerance) return points[i].time;
    for (size_t j = i + 1; j < points.size(); ++j) {
      if (skip_zero && points[j].survival == 0) break;
      if (y(points[j]) < here - kTolerance) {
        return points[i].time + (points[j].time - points[i].time) / 2;
      }
    }
    return points[i].time;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::vector<DurationBin>> SortedBins(
    absl::Span<const DurationBin> bins) {
  std::vector<DurationBin> sorted;
  sorted.reserve(bins.size());
  for (size_t i = 0; i < bins.size(); ++i) {
    const DurationBin& bin = bins[i];
    // The names are written only where something is wrong.
    if (!(bin.time >= 0 && std::isfinite(bin.time)) || bin.events < 0 ||
        bin.censored < 0) {
      return FirstError(
          {CheckNotNegative(bin.time, absl::StrCat("bins[", i, "].time")),
           CheckNotNegative(bin.events, absl::StrCat("bins[", i, "].events")),
           CheckNotNegative(bin.censored,
                            absl::StrCat("bins[", i, "].censored"))});
    }
    if (bin.events > 0 || bin.censored > 0) sorted.push_back(bin);
  }
  const auto earlier = [](const DurationBin& a, const DurationBin& b) {
    return a.time < b.time;
  };
  if (!std::is_sorted(sorted.begin(), sorted.end(), earlier)) {
    std::sort(sorted.begin(), sorted.end(), earlier);
  }
  size_t kept = 0;
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].time == sorted[kept].time) {
      sorted[kept].events += sorted[i].events;
      sorted[kept].censored += sorted[i].censored;
    } else {
      sorted[++kept] = sorted[i];
    }
  }
  if (!sorted.empty()) sorted.resize(kept + 1);
  return sorted;
}

absl::StatusOr<SurvivalCurve> KaplanMeier(absl::Span<const DurationBin> bins,
                                          const SurvivalOptions& options) {
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  const auto sorted = SortedBins(bins);
  if (!sorted.ok()) return sorted.status();
  SurvivalCurve curve;
  curve.options = options;
  for (const DurationBin& bin : *sorted) {
    curve.events += bin.events;
    curve.censored += bin.censored;
  }
  curve.units = curve.events + curve.censored;
  if (curve.units == 0) return NotEnough("bins hold no units, want at least 1");
  curve.last_follow_up = sorted->back().time;
  curve.points.reserve(sorted->size());
  int64_t at_risk = curve.units;
  double survival = 1, log_variance = 0;
  for (const DurationBin& bin : *sorted) {
    SurvivalPoint point{.time = bin.time,
                        .at_risk = at_risk,
                        .events = bin.events,
                        .censored = bin.censored};
    survival *= static_cast<double>(at_risk - bin.events) /
                static_cast<double>(at_risk);
    if (survival > 0) log_variance += GreenwoodTerm(point);
    point.survival = survival;
    point.standard_error = survival * std::sqrt(log_variance);
    point.interval = PointInterval(survival, log_variance, options);
    curve.points.push_back(point);
    at_risk -= bin.events + bin.censored;
  }
  return curve;
}

absl::StatusOr<Estimate> SurvivalAt(const SurvivalCurve& curve, double time) {
  if (auto status = CheckNotNegative(time, "time"); !status.ok()) return status;
  if (curve.points.empty()) return NotEnough("the curve has no points");
  if (time > curve.last_follow_up && curve.points.back().survival > 0) {
    return NotEnough(absl::StrCat("time is ", time,
                                  ", want at most the last follow-up ",
                                  curve.last_follow_up));
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

namespace {

absl::StatusOr<NormalEstimate> RestrictedMeanWithError(
    absl::Span<const DurationBin> bins, double horizon) {
  if (auto status = CheckPositive(horizon, "horizon"); !status.ok()) {
    return status;
  }
  const auto curve = KaplanMeier(bins);
  if (!curve.ok()) return curve.status();
  const auto& points = curve->points;
  if (horizon > curve->last_follow_up && points.back().survival > 0) {
    return NotEnough(absl::StrCat("horizon is ", horizon,
                                  ", want at most the last follow-up ",
                                  curve->last_follow_up));
  }
  // From the horizon back: the area from each time on.
  double area = 0, variance = 0, until = horizon;
  for (size_t i = points.size(); i-- > 0;) {
    const SurvivalPoint& point = points[i];
    if (point.time > horizon) continue;
    area += point.survival * (until - point.time);
    until = point.time;
    if (point.events > 0 && point.events < point.at_risk) {
      variance += area * area * GreenwoodTerm(point);
    }
  }
  area += until;  // S = 1 before the first time.
  return NormalEstimate{.value = area, .standard_error = std::sqrt(variance)};
}

}  // namespace

absl::StatusOr<Estimate> RestrictedMean(absl::Span<const DurationBin> bins,
                                        double horizon, double alpha) {
  if (auto status = CheckAlpha(alpha); !status.ok()) return status;
  const auto mean = RestrictedMeanWithError(bins, horizon);
  if (!mean.ok()) return mean.status();
  return Estimate{
      .value = mean->value,
      .standard_error = mean->standard_error,
      .interval = SymmetricInterval(mean->value, mean->standard_error,
                                    kInfinity, alpha, Alternative::kTwoSided)};
}

absl::StatusOr<Effect> CompareRestrictedMeans(
    absl::Span<const DurationBin> control,
    absl::Span<const DurationBin> treatment, double horizon,
    const TestOptions& options) {
  const auto c = RestrictedMeanWithError(control, horizon);
  if (!c.ok()) return c.status();
  const auto t = RestrictedMeanWithError(treatment, horizon);
  if (!t.ok()) return t.status();
  auto effect = CompareEstimates(*c, *t, options);
  if (!effect.ok()) return effect;
  effect->test_method = "restricted mean z";
  effect->interval_method = "restricted mean z";
  return effect;
}

}  // namespace stagecraft::stats
