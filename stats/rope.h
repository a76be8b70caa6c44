// A region of practical equivalence (ROPE): effects so small that they do not
// matter, and what the posterior says about it.
//
// Decision by Kruschke's rule on the highest density interval (HDI), 95 % by
// default:
//   kReject     the HDI lies wholly outside of the region: there is an effect;
//   kAccept     the HDI lies wholly inside: for practical purposes there is
//               none;
//   kUndecided  otherwise: more data, or a wider region.
// The region [low, high] is on the scale of the effect: absolute for
// differences, a fraction for relative lifts (-0.01, 0.01 is one per cent). It
// should be fixed before the data are seen.
//
// Source:   J. Kruschke, Adv. Methods Pract. Psychol. Sci. 1 (2018) 270.
// Accuracy: probabilities to 1e-12.
#ifndef STAGECRAFT_STATS_ROPE_H_
#define STAGECRAFT_STATS_ROPE_H_

#include <optional>

#include "absl/status/statusor.h"
#include "stats/bayes.h"
#include "stats/beta_effect.h"
#include "stats/normal_posterior.h"

namespace stagecraft::stats {

enum class RopeDecision { kUndecided, kReject, kAccept };

struct Rope {
  double low = -0.01;
  double high = 0.01;  // > low.
};

struct RopeResult {
  double probability_below = 0;   // P(effect < low).
  double probability_inside = 0;  // P(low <= effect <= high).
  double probability_above = 0;   // P(effect > high).
  Interval highest_density;
  RopeDecision decision = RopeDecision::kUndecided;
};

// Errors: those of the posteriors, and kInvalidArgument unless low < high are
// finite.
absl::StatusOr<RopeResult> BetaBinomialRope(
    const Proportion& control, const Proportion& treatment, const Rope& rope,
    EffectScale scale = EffectScale::kLift, double alpha = 0.05,
    const BetaPrior& control_prior = {}, const BetaPrior& treatment_prior = {});

// Of a normal effect as in bayes.h, the region in the effect's unit.
absl::StatusOr<RopeResult> NormalRope(
    const NormalEstimate& effect, const Rope& rope, double alpha = 0.05,
    const std::optional<NormalPrior>& prior = std::nullopt);

// Of two means; the region is on `scale`, the prior on its own.
absl::StatusOr<RopeResult> NormalComparisonRope(
    const NormalEstimate& control, const NormalEstimate& treatment,
    const Rope& rope, MeanScale scale = MeanScale::kAbsolute,
    double alpha = 0.05,
    const std::optional<ScaledNormalPrior>& prior = std::nullopt);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_ROPE_H_
