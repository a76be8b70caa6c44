#include "stats/survival_restricted_mean.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/effect.h"

namespace stagecraft::stats {
namespace {

absl::StatusOr<NormalEstimate> MeanWithVariance(
    absl::Span<const DurationBin> bins, double horizon,
    RestrictedMeanVariance variance) {
  if (auto status = CheckPositive(horizon, "horizon"); !status.ok()) {
    return status;
  }
  const auto ordered = OrderedBins::Of(bins);
  if (!ordered.ok()) return ordered.status();
  if (ordered->units() == 0) {
    return NotEnough("bins hold no units, want at least 1");
  }
  double survival = 1, area = 0, from = 0;
  // With A_i the area from t_i on and v_i its weight: sum v_i, sum A_i v_i and
  // sum A_i^2 v_i, each kept up to date as the area grows.
  double weight = 0, linear = 0, squared = 0;
  const auto grow = [&](double until) {
    const double step = survival * (until - from);
    area += step;
    squared += step * (2 * linear + step * weight);
    linear += step * weight;
    from = until;
  };
  int64_t at_risk = ordered->units(), events = 0;
  for (const DurationBin& bin : ordered->bins()) {
    if (bin.time > horizon) break;
    if (bin.events > 0) {
      grow(bin.time);
      const double n = static_cast<double>(at_risk);
      const double d = static_cast<double>(bin.events);
      events += bin.events;
      if (at_risk > bin.events) {
        weight += variance == RestrictedMeanVariance::kAalen
                      ? d / (n * n)
                      : d / (n * (n - d));
      }
      survival *= (n - d) / n;
    }
    at_risk -= bin.events + bin.censored;
  }
  if (horizon > ordered->last_follow_up() && survival > 0) {
    return NotEnough(absl::StrCat("horizon is ", horizon,
                                  ", want at most the last follow-up ",
                                  ordered->last_follow_up()));
  }
  grow(horizon);
  if (variance == RestrictedMeanVariance::kUnbiased) {
    if (events == 1) {
      return NotEnough("one event before the horizon, want at least 2");
    }
    const double m = static_cast<double>(events);
    if (events > 1) squared *= m / (m - 1);
  }
  if (auto status = CheckResult({area, squared}, "the restricted mean");
      !status.ok()) {
    return status;
  }
  return NormalEstimate{.value = area, .standard_error = std::sqrt(squared)};
}

}  // namespace

absl::StatusOr<Estimate> RestrictedMean(absl::Span<const DurationBin> bins,
                                        double horizon, double alpha,
                                        RestrictedMeanVariance variance) {
  if (auto status = CheckAlpha(alpha); !status.ok()) return status;
  const auto mean = MeanWithVariance(bins, horizon, variance);
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
    const TestOptions& options, RestrictedMeanVariance variance) {
  const auto c = MeanWithVariance(control, horizon, variance);
  if (!c.ok()) return c.status();
  const auto t = MeanWithVariance(treatment, horizon, variance);
  if (!t.ok()) return t.status();
  auto effect = CompareEstimates(*c, *t, options);
  if (!effect.ok()) return effect;
  effect->test_method = "restricted mean z";
  effect->interval_method = "restricted mean z";
  return effect;
}

absl::StatusOr<Effect> RestrictedMeanRatio(
    absl::Span<const DurationBin> control,
    absl::Span<const DurationBin> treatment, double horizon,
    const RestrictedMeanRatioOptions& options) {
  if (auto status =
          FirstError({CheckAlpha(options.alpha),
                      CheckPositive(options.null_ratio, "null_ratio")});
      !status.ok()) {
    return status;
  }
  auto c = MeanWithVariance(control, horizon, options.variance);
  if (!c.ok()) return c.status();
  auto t = MeanWithVariance(treatment, horizon, options.variance);
  if (!t.ok()) return t.status();
  const bool lost = options.quantity == RestrictedMeanQuantity::kTimeLost;
  if (lost) {
    c->value = horizon - c->value;
    t->value = horizon - t->value;
  }
  if (!(c->value > 0) || !(t->value > 0)) {
    return NotEnough(absl::StrCat("the restricted mean ",
                                  lost ? "time lost" : "survival time", " is ",
                                  c->value, " in control and ", t->value,
                                  " in treatment, want both > 0 for a ratio"));
  }
  // ln of the ratio minus ln of the null, with its error.
  const NormalEstimate zero{0, c->standard_error / c->value};
  const NormalEstimate log_ratio{std::log(t->value / c->value),
                                 t->standard_error / t->value};
  auto effect = CompareEstimates(zero, log_ratio,
                                 {.alpha = options.alpha,
                                  .alternative = options.alternative,
                                  .null_value = std::log(options.null_ratio)});
  if (!effect.ok()) return effect;
  effect->value = std::exp(effect->value);
  effect->interval.lower = std::exp(effect->interval.lower);
  effect->interval.upper = std::exp(effect->interval.upper);
  effect->test_method = "restricted mean log ratio z";
  effect->interval_method = "restricted mean log ratio z";
  return effect;
}

}  // namespace stagecraft::stats
