#include "stats/rope.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/bayes_input.h"
#include "stats/check.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

absl::Status CheckRope(const Rope& rope) {
  if (auto status = FirstError({CheckFinite(rope.low, "rope.low"),
                                CheckFinite(rope.high, "rope.high")});
      !status.ok()) {
    return status;
  }
  if (rope.low < rope.high) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("rope.low is ", rope.low,
                   ", want a number below rope.high, ", rope.high));
}

// From the tails at both ends.
RopeResult Assemble(const Rope& rope, const TailsAt& low, const TailsAt& high,
                    const Interval& interval) {
  RopeResult result;
  result.probability_below = low.lower;
  result.probability_above = high.upper;
  // By the tails that are smaller, which keep their digits.
  result.probability_inside =
      std::max(0.0, low.upper < high.lower ? low.upper - high.upper
                                           : high.lower - low.lower);
  result.highest_density = interval;
  if (interval.lower > rope.high || interval.upper < rope.low) {
    result.decision = RopeDecision::kReject;
  } else if (interval.lower >= rope.low && interval.upper <= rope.high) {
    result.decision = RopeDecision::kAccept;
  }
  return result;
}

}  // namespace

absl::StatusOr<RopeResult> BetaBinomialRope(const Proportion& control,
                                            const Proportion& treatment,
                                            const Rope& rope, EffectScale scale,
                                            double alpha,
                                            const BetaPrior& control_prior,
                                            const BetaPrior& treatment_prior) {
  if (auto status = FirstError(
          {CheckRope(rope), CheckAlpha(alpha), CheckCounts(control, "control"),
           CheckCounts(treatment, "treatment"),
           CheckPrior(control_prior, "control_prior"),
           CheckPrior(treatment_prior, "treatment_prior")});
      !status.ok()) {
    return status;
  }
  const BetaEffect effect(ShapeOf(treatment, treatment_prior),
                          ShapeOf(control, control_prior), scale);
  const Interval interval =
      effect.Credible(CredibleKind::kHighestDensity, alpha);
  if (auto status =
          CheckResult({interval.lower, interval.upper}, "the interval");
      !status.ok()) {
    return status;
  }
  return Assemble(rope, effect.At(rope.low), effect.At(rope.high), interval);
}

absl::StatusOr<RopeResult> NormalRope(const NormalEstimate& effect,
                                      const Rope& rope, double alpha,
                                      const std::optional<NormalPrior>& prior) {
  if (auto status = CheckRope(rope); !status.ok()) return status;
  const auto posterior = UpdateNormalEffect(effect, prior, {.alpha = alpha});
  if (!posterior.ok()) return posterior.status();
  const auto at = [&](double x) {
    const double z = (x - posterior->effect_mean) / posterior->effect_sd;
    return TailsAt{NormalLowerTail(z), NormalUpperTail(z), 0};
  };
  return Assemble(rope, at(rope.low), at(rope.high), posterior->effect);
}

absl::StatusOr<RopeResult> NormalComparisonRope(
    const NormalEstimate& control, const NormalEstimate& treatment,
    const Rope& rope, MeanScale scale, double alpha,
    const std::optional<ScaledNormalPrior>& prior) {
  if (auto status = CheckRope(rope); !status.ok()) return status;
  const auto posterior = UpdateNormalComparison(
      control, treatment, prior, {.alpha = alpha, .scale = scale});
  if (!posterior.ok()) return posterior.status();
  const BayesComparison& comparison = posterior->comparison;
  const auto at = [&](double x) {
    const double z = (x - comparison.effect_mean) / comparison.effect_sd;
    return TailsAt{NormalLowerTail(z), NormalUpperTail(z), 0};
  };
  return Assemble(rope, at(rope.low), at(rope.high), comparison.effect);
}

}  // namespace stagecraft::stats
