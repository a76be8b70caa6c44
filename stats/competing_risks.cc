#include "stats/competing_risks.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/effect.h"

namespace stagecraft::stats {
namespace {

// One time, as one cause sees it.
struct Step {
  double n, own, all;    // At risk, events of the cause, events of any cause.
  double before, after;  // Kaplan-Meier of any cause.
};

// F of one cause with the sums of its variance. They are kept up to date as F
// grows by steps, so that no differences of large numbers are formed.
class Incidence {
 public:
  explicit Incidence(IncidenceVariance variance) : variance_(variance) {}

  void Take(const Step& step) {
    const double growth = step.before * (step.own / step.n);
    variance_ == IncidenceVariance::kDelta ? TakeDelta(step, growth)
                                           : TakeAalen(step, growth);
    value_ += growth;
  }

  double value() const { return value_; }
  double standard_error() const {
    return std::sqrt(std::max(0.0, variance_ == IncidenceVariance::kDelta
                                       ? squared_ + own_ - 2 * cross_
                                       : own_ + squared_));
  }

 private:
  // With D_i = F - F_i: sums of D^2 g, D g, g; D h, h; and the own terms.
  void TakeDelta(const Step& step, double growth) {
    squared_ += growth * (2 * linear_ + growth * weight_);
    linear_ += growth * weight_;
    cross_ += growth * cross_weight_;
    const double share = step.own / step.n;
    own_ += step.before * step.before * share * ((step.n - step.own) / step.n) /
            step.n;
    cross_weight_ += step.before * share / step.n;
    const double left = step.n - step.all;
    // After the last unit's end F moves no more: the term has no weight.
    if (left > 0) weight_ += step.all / (step.n * left);
  }

  // Sums over own ends of w (1 - r)^2, w (1 - r) / S, w / S^2 and over other
  // ends of w r^2, w r / S, w / S^2, with r = D / S.
  void TakeAalen(const Step& step, double growth) {
    own_ += growth * (growth * cross_weight_ - 2 * cross_);
    cross_ -= growth * cross_weight_;
    squared_ += growth * (2 * linear_ + growth * weight_);
    linear_ += growth * weight_;
    const double w = (step.before / step.n) * (step.before / step.n);
    const double own = w * Tied(step.own, step.n);
    const double inverse = step.after > 0 ? 1 / step.after : 0;
    own_ += own;
    cross_ += own * inverse;
    cross_weight_ += own * inverse * inverse;
    weight_ += w * Tied(step.all - step.own, step.n) * inverse * inverse;
  }

  static double Tied(double d, double n) {
    return d > 1 ? d * (1 - (d - 1) / (n - 1)) : d;
  }

  IncidenceVariance variance_;
  double value_ = 0;
  double squared_ = 0, linear_ = 0, weight_ = 0;
  double own_ = 0, cross_ = 0, cross_weight_ = 0;
};

// Reads times one after another.
struct Walk {
  const OrderedCompetingBins& bins;
  int64_t at_risk;
  double survival = 1;

  explicit Walk(const OrderedCompetingBins& b) : bins(b), at_risk(b.units()) {}

  // Of bin i and `cause`; after the last cause call Leave.
  Step StepOf(size_t i, size_t cause) const {
    const double n = static_cast<double>(at_risk);
    const double all = static_cast<double>(bins.all_events(i));
    return {n, static_cast<double>(bins.events(i, cause)), all, survival,
            survival * ((n - all) / n)};
  }
  void Leave(size_t i) {
    const double n = static_cast<double>(at_risk);
    survival *= (n - static_cast<double>(bins.all_events(i))) / n;
    at_risk -= bins.leaving(i);
  }
};

absl::Status CheckQuestion(int cause, int causes, double time) {
  if (auto status = CheckNotNegative(time, "time"); !status.ok()) return status;
  if (cause >= 0 && cause < causes) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("cause is ", cause, ", want 0 to ", causes - 1));
}

absl::Status BeyondFollowUp(double time, double last_follow_up) {
  return NotEnough(absl::StrCat(
      "time is ", time, ", want at most the last follow-up ", last_follow_up));
}

Estimate EstimateOf(const NormalEstimate& incidence, double alpha,
                    IncidenceScale scale) {
  const double f = incidence.value, error = incidence.standard_error;
  Estimate estimate{f, error, {f, f, 1 - alpha}};
  if (f == 0 || error == 0) return estimate;
  const double radius = NormalUpperQuantile(alpha / 2) * error;
  Interval& interval = estimate.interval;
  if (scale == IncidenceScale::kLog) {
    interval.lower = f * std::exp(-radius / f);
    interval.upper = f * std::exp(radius / f);
  } else if (scale == IncidenceScale::kLogLog && f < 1) {
    const double log_rest = std::log1p(-f);
    const double factor = std::exp(radius / ((1 - f) * -log_rest));
    interval.lower = -std::expm1(log_rest / factor);
    interval.upper = -std::expm1(log_rest * factor);
  } else {
    interval.lower = f - radius;
    interval.upper = f + radius;
  }
  interval.lower = std::max(0.0, interval.lower);
  interval.upper = std::min(1.0, interval.upper);
  return estimate;
}

absl::StatusOr<NormalEstimate> WalkTo(absl::Span<const CompetingBin> bins,
                                      int cause, double time,
                                      IncidenceVariance variance) {
  const auto ordered = OrderedCompetingBins::Of(bins);
  if (!ordered.ok()) return ordered.status();
  if (auto status =
          CheckQuestion(cause, static_cast<int>(ordered->causes()), time);
      !status.ok()) {
    return status;
  }
  Walk walk(*ordered);
  Incidence incidence(variance);
  for (size_t i = 0; i < ordered->size() && ordered->time(i) <= time; ++i) {
    incidence.Take(walk.StepOf(i, static_cast<size_t>(cause)));
    walk.Leave(i);
  }
  if (time > ordered->last_follow_up() && walk.survival > 0) {
    return BeyondFollowUp(time, ordered->last_follow_up());
  }
  return NormalEstimate{incidence.value(), incidence.standard_error()};
}

}  // namespace

absl::StatusOr<CumulativeIncidence> EstimateCumulativeIncidence(
    absl::Span<const CompetingBin> bins, IncidenceVariance variance) {
  const auto ordered = OrderedCompetingBins::Of(bins);
  if (!ordered.ok()) return ordered.status();
  const size_t causes = ordered->causes();
  CumulativeIncidence result{.causes = static_cast<int>(causes),
                             .units = ordered->units(),
                             .last_follow_up = ordered->last_follow_up()};
  result.points.reserve(ordered->size());
  std::vector<Incidence> incidences(causes, Incidence(variance));
  Walk walk(*ordered);
  for (size_t i = 0; i < ordered->size(); ++i) {
    IncidencePoint point{.time = ordered->time(i), .at_risk = walk.at_risk};
    point.incidence.reserve(causes);
    point.standard_error.reserve(causes);
    for (size_t j = 0; j < causes; ++j) {
      incidences[j].Take(walk.StepOf(i, j));
      point.incidence.push_back(incidences[j].value());
      point.standard_error.push_back(incidences[j].standard_error());
    }
    walk.Leave(i);
    point.survival = walk.survival;
    result.points.push_back(std::move(point));
  }
  return result;
}

absl::StatusOr<Estimate> IncidenceAt(const CumulativeIncidence& incidence,
                                     int cause, double time, double alpha,
                                     IncidenceScale scale) {
  if (auto status = FirstError(
          {CheckAlpha(alpha), CheckQuestion(cause, incidence.causes, time)});
      !status.ok()) {
    return status;
  }
  const auto& points = incidence.points;
  if (points.empty()) return NotEnough("the incidence has no points");
  if (time > incidence.last_follow_up && points.back().survival > 0) {
    return BeyondFollowUp(time, incidence.last_follow_up);
  }
  const auto next = std::upper_bound(
      points.begin(), points.end(), time,
      [](double t, const IncidencePoint& point) { return t < point.time; });
  if (next == points.begin()) return Estimate{0, 0, {0, 0, 1 - alpha}};
  const IncidencePoint& point = *(next - 1);
  return EstimateOf({point.incidence[cause], point.standard_error[cause]},
                    alpha, scale);
}

absl::StatusOr<Estimate> IncidenceAt(absl::Span<const CompetingBin> bins,
                                     int cause, double time,
                                     const IncidenceOptions& options) {
  if (auto status = CheckAlpha(options.alpha); !status.ok()) return status;
  const auto incidence = WalkTo(bins, cause, time, options.variance);
  if (!incidence.ok()) return incidence.status();
  return EstimateOf(*incidence, options.alpha, options.scale);
}

absl::StatusOr<Effect> CompareIncidenceAt(
    absl::Span<const CompetingBin> control,
    absl::Span<const CompetingBin> treatment, int cause, double time,
    const TestOptions& options, IncidenceVariance variance) {
  const auto c = WalkTo(control, cause, time, variance);
  if (!c.ok()) return c.status();
  const auto t = WalkTo(treatment, cause, time, variance);
  if (!t.ok()) return t.status();
  auto effect = CompareEstimates(*c, *t, options);
  if (!effect.ok()) return effect;
  effect->test_method = "cumulative incidence z";
  effect->interval_method = "cumulative incidence z";
  if (options.alternative != Alternative::kLess) {
    effect->interval.lower = std::max(-1.0, effect->interval.lower);
  }
  if (options.alternative != Alternative::kGreater) {
    effect->interval.upper = std::min(1.0, effect->interval.upper);
  }
  return effect;
}

}  // namespace stagecraft::stats
