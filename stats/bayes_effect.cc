#include "stats/bayes_effect.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "stats/bayes_input.h"
#include "stats/check.h"
#include "stats/quadrature.h"

namespace stagecraft::stats {
namespace {

std::optional<double> MeanOf(EffectScale scale, const BetaShape& t,
                             const BetaShape& c) {
  switch (scale) {
    case EffectScale::kDifference:
      return MeanDifference(t, c);
    case EffectScale::kLift:
      if (!(c.a > 1)) return std::nullopt;
      // E p_t E 1/p_c - 1, by the determinant of means with one less.
      return MeanDifference(t, {c.a - 1, c.b}) * (c.a + c.b - 1) / (c.a - 1);
    case EffectScale::kOddsRatio:
      if (!(c.a > 1 && t.b > 1)) return std::nullopt;
      return t.a / (t.b - 1) * (c.b / (c.a - 1));
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<RatePosterior> BetaBinomialRate(const Proportion& arm,
                                               const BetaPrior& prior,
                                               const CredibleOptions& options) {
  if (auto status =
          FirstError({CheckAlpha(options.alpha), CheckCounts(arm, "arm"),
                      CheckPrior(prior, "prior")});
      !status.ok()) {
    return status;
  }
  const BetaShape shape = ShapeOf(arm, prior);
  RatePosterior result{
      .a = shape.a,
      .b = shape.b,
      .mean = shape.a / (shape.a + shape.b),
      .sd = BetaDeviation(shape),
      .interval = BetaRateInterval(shape, options.kind, options.alpha)};
  if (auto status = CheckResult({result.interval.lower, result.interval.upper},
                                "the rate");
      !status.ok()) {
    return status;
  }
  return result;
}

absl::StatusOr<EffectPosterior> BetaBinomialEffect(
    const Proportion& control, const Proportion& treatment,
    const BetaPrior& control_prior, const BetaPrior& treatment_prior,
    const EffectPosteriorOptions& options) {
  const bool odds = options.scale == EffectScale::kOddsRatio;
  const double threshold = options.threshold.value_or(odds ? 1 : 0);
  if (auto status = FirstError({CheckAlpha(options.credible.alpha),
                                CheckCounts(control, "control"),
                                CheckCounts(treatment, "treatment"),
                                CheckPrior(control_prior, "control_prior"),
                                CheckPrior(treatment_prior, "treatment_prior"),
                                CheckFinite(threshold, "threshold")});
      !status.ok()) {
    return status;
  }
  const BetaShape t = ShapeOf(treatment, treatment_prior);
  const BetaShape c = ShapeOf(control, control_prior);
  const BetaEffect effect(t, c, options.scale);
  EffectPosterior result;
  result.mean = MeanOf(options.scale, t, c);
  result.median = effect.Quantile(0.5, 0.5);
  result.interval =
      effect.Credible(options.credible.kind, options.credible.alpha);
  if (threshold == (odds ? 1 : 0)) {
    // No effect is the same on every scale, and exact in the tails.
    const BetaOrdering order = OrderBetas(t, c);
    result.probability_above = order.above;
    result.probability_below = order.below;
  } else {
    const TailsAt at = effect.At(threshold);
    result.probability_above = at.upper;
    result.probability_below = at.lower;
  }
  if (auto status = CheckResult(
          {result.median, result.interval.lower, result.interval.upper,
           result.probability_above, result.probability_below},
          "the effect");
      !status.ok()) {
    return status;
  }
  return result;
}

absl::StatusOr<double> BetaBinomialValueRemaining(
    absl::Span<const Proportion> arms, const BetaPrior& prior, double quantile,
    Direction direction) {
  if (auto status = FirstError({CheckPrior(prior, "prior"),
                                CheckBetween(quantile, 0, 1, "quantile")});
      !status.ok()) {
    return status;
  }
  if (arms.size() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("arms has ", arms.size(), " arms, want at least 2"));
  }
  const bool up = direction == Direction::kUp;
  std::vector<BetaPosterior> posteriors;
  size_t best = 0;
  for (size_t i = 0; i < arms.size(); ++i) {
    if (auto status = CheckCounts(arms[i], absl::StrCat("arms[", i, "]"));
        !status.ok()) {
      return status;
    }
    const BetaShape shape = ShapeOf(arms[i], prior);
    posteriors.emplace_back(shape.a, shape.b);
    const double lead = MeanDistance(posteriors[i], posteriors[best]);
    if (up ? lead > 0 : lead < 0) best = i;
  }
  const BetaPosterior& own = posteriors[best];
  // P(no other is better than (1 + value) times), over the best arm's own
  // posterior.
  const auto below = [&](double value) {
    std::vector<double> ends;
    for (double v = own.lower_end(); v < own.upper_end(); v += own.WidthAt(v)) {
      ends.push_back(v);
    }
    double widest = kInfinity;
    for (const BetaPosterior& arm : posteriors) {
      widest =
          std::min(widest, 1.5 * std::sqrt(1 / arm.a() + 1 / arm.b()) + 1e-9);
    }
    widest = std::max(widest, (own.upper_end() - own.lower_end()) / 64);
    double sum = 0;
    VisitNodes(ends, own.lower_end(), own.upper_end(), widest,
               [&](double v, double weight) {
                 const double p = own.Mean() + own.OffsetAt(v);
                 const double edge = up ? p * (1 + value) : p / (1 + value);
                 double product = own.At(v).density;
                 for (size_t j = 0; j < posteriors.size(); ++j) {
                   if (j == best) continue;
                   const BetaPosterior& arm = posteriors[j];
                   const double at = arm.AtOffset(edge - arm.Mean());
                   product *= up ? arm.LowerTail(at) : arm.UpperTail(at);
                 }
                 sum += weight * product;
               });
    return sum;
  };
  if (below(0) >= quantile) return 0;
  double low = 0, high = 0.01;
  while (below(high) < quantile) {
    low = high;
    high *= 4;
    if (!(high < 1e300)) {
      return NotEnough(
          "the value remaining is unbounded: the best arm's rate may be 0");
    }
  }
  double low_gap = below(low) - quantile, high_gap = below(high) - quantile;
  int side = 0;
  for (int i = 0; i < 100 && high - low > 1e-14 * high; ++i) {
    double next = low - low_gap * (high - low) / (high_gap - low_gap);
    if (!(next > low && next < high)) next = low + (high - low) / 2;
    const double gap = below(next) - quantile;
    if (std::abs(gap) < 1e-13) return next;
    if (gap < 0) {
      low = next;
      low_gap = gap;
      if (side == -1) high_gap /= 2;
      side = -1;
    } else {
      high = next;
      high_gap = gap;
      if (side == 1) low_gap /= 2;
      side = 1;
    }
  }
  return low + (high - low) / 2;
}

absl::StatusOr<std::optional<int>> ChooseByExpectedLoss(
    absl::Span<const double> expected_losses, double threshold_of_caring) {
  if (auto status = CheckPositive(threshold_of_caring, "threshold_of_caring");
      !status.ok()) {
    return status;
  }
  if (expected_losses.empty()) {
    return absl::InvalidArgumentError(
        "expected_losses has 0 values, want at least 1");
  }
  size_t best = 0;
  for (size_t i = 0; i < expected_losses.size(); ++i) {
    if (auto status = CheckNotNegative(
            expected_losses[i], absl::StrCat("expected_losses[", i, "]"));
        !status.ok()) {
      return status;
    }
    if (expected_losses[i] < expected_losses[best]) best = i;
  }
  if (!(expected_losses[best] < threshold_of_caring)) {
    return std::optional<int>();
  }
  return std::optional<int>(static_cast<int>(best));
}

}  // namespace stagecraft::stats
