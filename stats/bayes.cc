#include "stats/bayes.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/bayes_input.h"
#include "stats/beta_posterior.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/quadrature.h"

namespace stagecraft::stats {
namespace {

// P(better > worse), integrating over the narrower of the two densities.
double ProbabilityAbove(const BetaPosterior& x, const BetaPosterior& y) {
  const bool by_x = x.Variance() <= y.Variance();
  const BetaPosterior& base = by_x ? x : y;
  const BetaPosterior& other = by_x ? y : x;
  const double shift = LogitDistance(base, other);
  std::vector<double> ends = base.panel_ends();
  AppendShifted(other, shift, &ends);
  double sum = 0;
  VisitNodes(std::move(ends), base.lower_end(), base.upper_end(), 1,
             [&](double v, double weight) {
               const double tail = by_x ? other.LowerTail(v + shift)
                                        : other.UpperTail(v + shift);
               sum += weight * base.Density(v) * tail;
             });
  return std::clamp(sum, 0.0, 1.0);
}

// E max(y - x, 0) = integral of P(X <= p) P(Y >= p) dp.
double ExpectedExcess(const BetaPosterior& x, const BetaPosterior& y) {
  const double shift = LogitDistance(x, y);
  std::vector<double> ends = x.panel_ends();
  AppendShifted(y, shift, &ends);
  double sum = 0;
  VisitNodes(std::move(ends), x.lower_end(), y.upper_end() - shift, 1,
             [&](double v, double weight) {
               sum += weight * x.SlopeAt(v) * x.LowerTail(v) *
                      y.UpperTail(v + shift);
             });
  return std::max(0.0, sum);
}

// P(x - y <= difference).
double DifferenceLowerTail(const BetaPosterior& x, const BetaPosterior& y,
                           double difference) {
  const bool by_y = y.Variance() <= x.Variance();
  const BetaPosterior& base = by_y ? y : x;
  const BetaPosterior& other = by_y ? x : y;
  // The other arm's offset at which the difference is just met.
  const double shift =
      MeanDistance(base, other) + (by_y ? difference : -difference);
  std::vector<double> ends = base.panel_ends();
  for (double end : other.panel_ends()) {
    const double v = base.AtOffset(other.OffsetAt(end) - shift);
    if (std::isfinite(v)) ends.push_back(v);
  }
  double sum = 0;
  VisitNodes(std::move(ends), base.lower_end(), base.upper_end(), 1,
             [&](double v, double weight) {
               const double at = other.AtOffset(base.OffsetAt(v) + shift);
               const double tail =
                   by_y ? other.LowerTail(at) : other.UpperTail(at);
               sum += weight * base.Density(v) * tail;
             });
  return std::clamp(sum, 0.0, 1.0);
}

// The difference d with P(x - y <= d) = tail: Illinois false position on the
// normal scale of the probability, where the function is nearly straight.
double DifferenceQuantile(const BetaPosterior& x, const BetaPosterior& y,
                          double tail) {
  const double mean = MeanDistance(x, y);
  const double sd = std::sqrt(x.Variance() + y.Variance());
  const double target = -NormalUpperQuantile(tail);
  const auto miss = [&](double d) {
    const double p = DifferenceLowerTail(x, y, d);
    if (p <= 0) return -40.0 - target;
    if (p >= 1) return 40.0 - target;
    return -NormalUpperQuantile(p) - target;
  };
  double low = std::max(-1.0, mean + (target - 0.5) * sd);
  double high = std::min(1.0, mean + (target + 0.5) * sd);
  low = std::min(low, high - 1e-3 * sd);
  double at_low = miss(low), at_high = miss(high);
  for (double step = sd; at_low > 0 && low > -1; step *= 2) {
    high = low;
    at_high = at_low;
    low = std::max(-1.0, low - step);
    at_low = miss(low);
  }
  for (double step = sd; at_high < 0 && high < 1; step *= 2) {
    low = high;
    at_low = at_high;
    high = std::min(1.0, high + step);
    at_high = miss(high);
  }
  for (int i = 0; i < 200 && high - low > 1e-13 * sd; ++i) {
    double next = low - at_low * ((high - low) / (at_high - at_low));
    // Bisect now and then, so that the bracket always shrinks.
    if (i % 4 == 3 || !(next > low && next < high))
      next = low + (high - low) / 2;
    if (next <= low || next >= high) break;
    const double at_next = miss(next);
    if (std::abs(at_next) < 1e-13) return next;
    if (at_next < 0) {
      low = next;
      at_low = at_next;
      at_high /= 2;
    } else {
      high = next;
      at_high = at_next;
      at_low /= 2;
    }
  }
  return low + (high - low) / 2;
}

}  // namespace

absl::StatusOr<BayesComparison> CompareBetaBinomial(
    const Proportion& control, const Proportion& treatment,
    const BetaPrior& control_prior, const BetaPrior& treatment_prior,
    const BayesOptions& options) {
  if (auto status = FirstError(
          {CheckAlpha(options.alpha), CheckCounts(control, "control"),
           CheckCounts(treatment, "treatment"),
           CheckPrior(control_prior, "control_prior"),
           CheckPrior(treatment_prior, "treatment_prior")});
      !status.ok()) {
    return status;
  }
  const BetaPosterior c = PosteriorOf(control, control_prior);
  const BetaPosterior t = PosteriorOf(treatment, treatment_prior);
  const bool up = options.direction == Direction::kUp;
  const BetaPosterior& good = up ? t : c;  // Should be above `bad`.
  const BetaPosterior& bad = up ? c : t;
  BayesComparison result;
  result.probability_to_beat_control = ProbabilityAbove(good, bad);
  result.expected_loss_treatment = ExpectedExcess(good, bad);
  result.expected_loss_control = ExpectedExcess(bad, good);
  result.effect_mean = MeanDistance(t, c);
  result.effect_sd = std::sqrt(t.Variance() + c.Variance());
  result.effect = {DifferenceQuantile(t, c, options.alpha / 2),
                   DifferenceQuantile(t, c, 1 - options.alpha / 2),
                   1 - options.alpha};
  if (auto status = CheckResult(
          {result.probability_to_beat_control, result.expected_loss_treatment,
           result.expected_loss_control, result.effect_mean, result.effect_sd,
           result.effect.lower, result.effect.upper},
          "the Beta-Binomial comparison");
      !status.ok()) {
    return status;
  }
  return result;
}

absl::StatusOr<NormalPrior> RescaleRelativePrior(const NormalPrior& relative,
                                                 double control_mean) {
  if (auto status = FirstError({CheckFinite(relative.mean, "relative.mean"),
                                CheckPositive(relative.sd, "relative.sd"),
                                CheckFinite(control_mean, "control_mean")});
      !status.ok()) {
    return status;
  }
  if (control_mean == 0) {
    return NotEnough("control_mean is 0, want another: the prior is relative");
  }
  return NormalPrior{.mean = relative.mean * std::abs(control_mean),
                     .sd = relative.sd * std::abs(control_mean)};
}

absl::StatusOr<BayesComparison> UpdateNormalEffect(
    const NormalEstimate& effect, const std::optional<NormalPrior>& prior,
    const BayesOptions& options) {
  if (auto status = FirstError(
          {CheckAlpha(options.alpha), CheckEstimate(effect, "effect")});
      !status.ok()) {
    return status;
  }
  if (effect.standard_error == 0) {
    return NotEnough("effect.standard_error is 0, want > 0");
  }
  double mean = effect.value, sd = effect.standard_error;
  if (prior.has_value()) {
    if (auto status = FirstError({CheckFinite(prior->mean, "prior.mean"),
                                  CheckPositive(prior->sd, "prior.sd")});
        !status.ok()) {
      return status;
    }
    // Weights by ratios, so that no square leaves the range.
    const double total = std::hypot(sd, prior->sd);
    const double r = sd / total, s = prior->sd / total;
    mean = effect.value * (s * s) + prior->mean * (r * r);
    sd = sd * s;
  }
  const double z = mean / sd;
  // s (phi(z) - z Phi(-z)) for either sign of z.
  const auto loss = [&](double x) {
    return std::max(0.0, sd * (NormalDensity(x) - x * NormalUpperTail(x)));
  };
  const bool up = options.direction == Direction::kUp;
  BayesComparison result;
  result.probability_to_beat_control = NormalLowerTail(up ? z : -z);
  result.expected_loss_treatment = loss(up ? z : -z);
  result.expected_loss_control = loss(up ? -z : z);
  result.effect_mean = mean;
  result.effect_sd = sd;
  result.effect = SymmetricInterval(mean, sd, kInfinity, options.alpha,
                                    Alternative::kTwoSided);
  if (auto status = CheckResult({z, mean, sd, result.expected_loss_treatment,
                                 result.expected_loss_control},
                                "the normal posterior");
      !status.ok()) {
    return status;
  }
  return result;
}

}  // namespace stagecraft::stats
