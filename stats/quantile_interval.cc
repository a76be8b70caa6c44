#include "stats/quantile_interval.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/ratio.h"

namespace stagecraft::stats {
namespace {

constexpr double kZ95 = 1.95996398454005423552;

absl::Status CheckOptions(const QuantileOptions& options) {
  return FirstError(
      {CheckBetween(options.share, 0, 1, "share"), CheckAlpha(options.alpha)});
}

// P(B <= k) and P(B >= k) of the binomial distribution.
double AtMost(int64_t k, int64_t n, double p) {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return BetaUpperTail(p, static_cast<double>(k + 1),
                       static_cast<double>(n - k));
}

double AtLeast(int64_t k, int64_t n, double p) {
  if (k <= 0) return 1;
  if (k > n) return 0;
  return BetaLowerTail(p, static_cast<double>(k),
                       static_cast<double>(n - k + 1));
}

// Sets the interval of `estimate` from its ranks.
void FromRanks(const OrderStatistics& order, QuantileEstimate& estimate) {
  if (estimate.lower_rank >= 1) {
    estimate.interval.lower = order.At(estimate.lower_rank);
  }
  if (estimate.upper_rank <= order.n()) {
    estimate.interval.upper = order.At(estimate.upper_rank);
  }
}

struct Ranks {
  int64_t lower, upper;
};

// The outer ranks for a share with standard error `s`, z of them away.
Ranks OuterRanks(int64_t n, double share, double s, double z) {
  const double count = static_cast<double>(n);
  const double low = std::floor(count * (share - z * s));
  const double high = std::floor(count * (share + z * s)) + 1;
  return {static_cast<int64_t>(std::max(0.0, low)),
          static_cast<int64_t>(std::min(count + 1, high))};
}

std::optional<double> StandardError(const OrderStatistics& order, double share,
                                    double s) {
  const Ranks ranks = OuterRanks(order.n(), share, s, kZ95);
  if (ranks.lower < 1 || ranks.upper > order.n()) return std::nullopt;
  return (order.At(ranks.upper) - order.At(ranks.lower)) / (2 * kZ95);
}

double Independent(int64_t n, double share) {
  return std::sqrt(share * (1 - share) / static_cast<double>(n));
}

absl::StatusOr<std::vector<ValueCount>> NotEmpty(
    absl::Span<const ValueCount> histogram) {
  auto sorted = SortedHistogram(histogram);
  if (sorted.ok() && sorted->empty()) {
    return NotEnough("histogram holds no values, want at least 1");
  }
  return sorted;
}

absl::StatusOr<QuantileEstimate> Clustered(const OrderStatistics& order,
                                           double value,
                                           const PairedMoments& units,
                                           const QuantileOptions& options) {
  const auto ratio = RatioWithError(units, "units");
  if (!ratio.ok()) return ratio.status();
  const double s = ratio->standard_error;
  const double plain = Independent(order.n(), options.share);
  QuantileEstimate estimate{
      .value = value,
      .standard_error = StandardError(order, options.share, s),
      .interval = {.level = 1 - options.alpha},
      .n = order.n(),
      .variance_inflation = s / plain * (s / plain)};
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  const double z =
      NormalUpperQuantile(two_sided ? options.alpha / 2 : options.alpha);
  const Ranks ranks = OuterRanks(order.n(), options.share, s, z);
  estimate.lower_rank =
      options.alternative == Alternative::kLess ? 0 : ranks.lower;
  estimate.upper_rank = options.alternative == Alternative::kGreater
                            ? order.n() + 1
                            : ranks.upper;
  FromRanks(order, estimate);
  return estimate;
}

}  // namespace

absl::StatusOr<QuantileEstimate> EstimateQuantile(
    absl::Span<const ValueCount> histogram, const QuantileOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  const auto sorted = NotEmpty(histogram);
  if (!sorted.ok()) return sorted.status();
  const OrderStatistics order(*sorted);
  const int64_t n = order.n();
  const double p = options.share;
  QuantileEstimate estimate{
      .value = QuantileOf(order, p, options.type),
      .standard_error = StandardError(order, p, Independent(n, p)),
      .interval = {.level = 1 - options.alpha},
      .lower_rank = 0,
      .upper_rank = n + 1,
      .n = n};
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  const double tail = two_sided ? options.alpha / 2 : options.alpha;
  if (options.alternative != Alternative::kLess) {
    // The largest l in [0, n] with P(B <= l - 1) <= tail; l = 0 always holds.
    int64_t good = 0, bad = n + 1;
    while (bad - good > 1) {
      const int64_t middle = good + (bad - good) / 2;
      (AtMost(middle - 1, n, p) <= tail ? good : bad) = middle;
    }
    estimate.lower_rank = good;
  }
  if (options.alternative != Alternative::kGreater) {
    int64_t bad = 0, good = n + 1;
    while (good - bad > 1) {
      const int64_t middle = bad + (good - bad) / 2;
      (AtLeast(middle, n, p) <= tail ? good : bad) = middle;
    }
    estimate.upper_rank = good;
  }
  FromRanks(order, estimate);
  estimate.coverage = 1 - AtMost(estimate.lower_rank - 1, n, p) -
                      AtLeast(estimate.upper_rank, n, p);
  return estimate;
}

absl::StatusOr<QuantileEstimate> EstimateClusteredQuantile(
    absl::Span<const UnitValue> values, const QuantileOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  std::vector<UnitValue> sorted(values.begin(), values.end());
  std::vector<double> plain;
  plain.reserve(values.size());
  for (const UnitValue& value : values) plain.push_back(value.value);
  const auto histogram = HistogramOf(plain);
  if (!histogram.ok()) return histogram.status();
  if (histogram->empty()) return NotEnough("there are no values, want some");
  const OrderStatistics order(*histogram);
  const double quantile = QuantileOf(order, options.share, options.type);
  std::sort(
      sorted.begin(), sorted.end(),
      [](const UnitValue& a, const UnitValue& b) { return a.unit < b.unit; });
  PairedMomentsAccumulator units;
  for (size_t i = 0; i < sorted.size();) {
    const int64_t unit = sorted[i].unit;
    double below = 0, all = 0;
    for (; i < sorted.size() && sorted[i].unit == unit; ++i) {
      below += sorted[i].value <= quantile;
      ++all;
    }
    units.Add(below, all);
  }
  return Clustered(order, quantile, units.Summary(), options);
}

absl::StatusOr<QuantileEstimate> EstimateClusteredQuantileFromTallies(
    absl::Span<const ValueCount> histogram, const PairedMoments& units,
    const QuantileOptions& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  const auto sorted = NotEmpty(histogram);
  if (!sorted.ok()) return sorted.status();
  const OrderStatistics order(*sorted);
  const double quantile = QuantileOf(order, options.share, options.type);
  const double n = static_cast<double>(units.n);
  const auto differ = [](double seen, int64_t want) {
    const double wanted = static_cast<double>(want);
    return !(std::abs(seen - wanted) <= 1e-6 * std::max(1.0, wanted));
  };
  if (differ(n * units.mean_y, order.n())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "units count ", n * units.mean_y, " values (n mean_y), want the ",
        order.n(), " of the histogram"));
  }
  if (differ(n * units.mean_x, order.AtMost(quantile))) {
    return absl::InvalidArgumentError(
        absl::StrCat("units count ", n * units.mean_x,
                     " values at or below the quantile (n mean_x), want the ",
                     order.AtMost(quantile),
                     " that the histogram has at or below ", quantile));
  }
  return Clustered(order, quantile, units, options);
}

absl::StatusOr<Effect> CompareQuantiles(const QuantileEstimate& control,
                                        const QuantileEstimate& treatment,
                                        const TestOptions& options,
                                        QuantileDifferenceInterval interval) {
  for (const auto& [arm, name] :
       {std::pair{&control, "control"}, std::pair{&treatment, "treatment"}}) {
    if (!arm->standard_error.has_value()) {
      return NotEnough(absl::StrCat(
          name, " has ", arm->n,
          " values, want more: the ranks of the quantile's 95 % interval lie "
          "outside of them"));
    }
  }
  auto effect =
      CompareEstimates({control.value, *control.standard_error},
                       {treatment.value, *treatment.standard_error}, options);
  if (!effect.ok()) return effect;
  effect->test_method = "quantile difference z";
  effect->interval_method = "quantile difference, normal";
  if (interval == QuantileDifferenceInterval::kNormal) return effect;
  const bool two_sided = options.alternative == Alternative::kTwoSided;
  const double level = two_sided ? 1 - options.alpha : 1 - 2 * options.alpha;
  for (const auto& [arm, name] :
       {std::pair{&control, "control"}, std::pair{&treatment, "treatment"}}) {
    if (!(std::abs(arm->interval.level - level) <= 1e-12)) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ".interval.level is ", arm->interval.level,
                       ", want ", level, " for the MOVER interval"));
    }
    if (!std::isfinite(arm->interval.lower) ||
        !std::isfinite(arm->interval.upper)) {
      return NotEnough(absl::StrCat(
          name,
          " has an interval with an infinite end, want finite bounds for "
          "the MOVER interval (more values)"));
    }
  }
  effect->interval = {.level = 1 - options.alpha};
  if (options.alternative != Alternative::kLess) {
    effect->interval.lower =
        effect->value - std::hypot(treatment.value - treatment.interval.lower,
                                   control.interval.upper - control.value);
  }
  if (options.alternative != Alternative::kGreater) {
    effect->interval.upper =
        effect->value + std::hypot(treatment.interval.upper - treatment.value,
                                   control.value - control.interval.lower);
  }
  effect->interval_method = "quantile difference, MOVER";
  return effect;
}

absl::StatusOr<Effect> QuantileLift(const QuantileEstimate& control,
                                    const QuantileEstimate& treatment,
                                    const LiftOptions& options) {
  const auto difference = CompareQuantiles(control, treatment);
  if (!difference.ok()) return difference.status();
  return LiftOfEstimates({control.value, *control.standard_error},
                         {treatment.value, *treatment.standard_error}, options);
}

}  // namespace stagecraft::stats
