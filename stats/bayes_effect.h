// Rates under the Beta-Binomial model, scale by scale: credible intervals of
// one rate, and of the difference, the relative lift or the odds ratio of two.
//
//   kDifference  p_t - p_c
//   kLift        p_t / p_c - 1
//   kOddsRatio   (p_t / (1 - p_t)) / (p_c / (1 - p_c))
//
// Source:   see bayes.h and beta_effect.h.
// Accuracy: probabilities to 1e-12 (odds ratio: of themselves), ends of
//           intervals to 1e-11 in probability, at any size.
#ifndef STAGECRAFT_STATS_BAYES_EFFECT_H_
#define STAGECRAFT_STATS_BAYES_EFFECT_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/bayes.h"
#include "stats/beta_effect.h"
#include "stats/credible_interval.h"

namespace stagecraft::stats {

struct CredibleOptions {
  double alpha = 0.05;
  CredibleKind kind = CredibleKind::kEqualTailed;
};

struct RatePosterior {
  double a = 1, b = 1;  // Of the posterior Beta(a, b).
  double mean = 0.5;
  double sd = 0;
  Interval interval;
};

// Errors of all: kInvalidArgument for bad counts, priors or options;
// kFailedPrecondition where an end leaves the range of double precision (a lift
// over a control rate that may be as small as 1e-300).
absl::StatusOr<RatePosterior> BetaBinomialRate(
    const Proportion& arm, const BetaPrior& prior = {},
    const CredibleOptions& options = {});

struct EffectPosteriorOptions {
  EffectScale scale = EffectScale::kLift;
  CredibleOptions credible;
  // Of the effect; empty for no effect: 0, and 1 for the odds ratio.
  std::optional<double> threshold;
};

struct EffectPosterior {
  // Empty where the mean is infinite: a lift needs a control posterior with
  // a > 1, an odds ratio also a treatment posterior with b > 1.
  std::optional<double> mean;
  double median = 0;
  Interval interval;
  double probability_above = 0.5;  // P(effect > threshold).
  double probability_below = 0.5;  // P(effect < threshold).
};

absl::StatusOr<EffectPosterior> BetaBinomialEffect(
    const Proportion& control, const Proportion& treatment,
    const BetaPrior& control_prior = {}, const BetaPrior& treatment_prior = {},
    const EffectPosteriorOptions& options = {});

// Value remaining: the `quantile` (usually 0.95) of how much better than the
// arm with the largest mean the best arm may be, relative to it,
//   max_j p_j / p_best - 1,
// the stopping rule of Google's content experiments (stop below 0.01).
// Direction::kDown: of p_best / min_j p_j - 1.
// Source: S. Scott, Appl. Stochastic Models Bus. Ind. 31 (2015) 37, section 5.
// Accuracy: 1e-9 in probability.
absl::StatusOr<double> BetaBinomialValueRemaining(
    absl::Span<const Proportion> arms, const BetaPrior& prior = {},
    double quantile = 0.95, Direction direction = Direction::kUp);

// The arm to choose by expected losses: the one of the smallest loss if that is
// below `threshold_of_caring`, in the unit of the losses; empty if none is, so
// that going on may pay. The first of equal ones.
// Source: C. Stucchio (2015). Errors: kInvalidArgument for no loss, a negative
// one, or a threshold that is not positive.
absl::StatusOr<std::optional<int>> ChooseByExpectedLoss(
    absl::Span<const double> expected_losses, double threshold_of_caring);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BAYES_EFFECT_H_
