#include "stats/bayes.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/bayes_input.h"
#include "stats/beta_effect.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
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
  const BetaShape c = ShapeOf(control, control_prior);
  const BetaShape t = ShapeOf(treatment, treatment_prior);
  const BetaOrdering order = OrderBetas(t, c);
  const bool up = options.direction == Direction::kUp;
  BayesComparison result;
  result.probability_to_beat_control = up ? order.above : order.below;
  result.probability_control_better = up ? order.below : order.above;
  result.log_probability_to_beat_control =
      up ? order.log_above : order.log_below;
  result.log_probability_control_better =
      up ? order.log_below : order.log_above;
  result.expected_loss_treatment = up ? order.shortfall : order.excess;
  result.expected_loss_control = up ? order.excess : order.shortfall;
  result.effect_mean = MeanDifference(t, c);
  result.effect_sd = std::hypot(BetaDeviation(t), BetaDeviation(c));
  const BetaEffect effect(t, c, EffectScale::kDifference);
  result.effect = effect.Credible(CredibleKind::kEqualTailed, options.alpha);
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
  result.probability_control_better = NormalUpperTail(up ? z : -z);
  result.log_probability_to_beat_control = LogNormalUpperTail(up ? -z : z);
  result.log_probability_control_better = LogNormalUpperTail(up ? z : -z);
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
