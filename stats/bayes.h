// Bayesian comparison of variants: exact Beta-Binomial for rates, normal
// posteriors for effects. No Monte Carlo: quadrature and closed forms.
//
// Rates: p_i ~ Beta(alpha_i, beta_i) a priori, so Beta(alpha_i + successes,
// beta_i + failures) a posteriori, independently.
//   probability to beat     P(p_t > p_c)
//   expected loss           E max(p_c - p_t, 0): what choosing the treatment is
//                           expected to cost, in the unit of the rate
//   probability to be best  P(p_i > all others)
//   expected loss of k arms E (max_j p_j - p_i)
// With Direction::kDown the smaller rate is the better one and all four follow.
//
// Effects: value ~ N(effect, se^2), effect ~ N(mean, sd^2) or flat, closed
// forms.
//
// The expected uplift of choosing the treatment, E max(p_t - p_c, 0), is the
// expected loss of staying with the control: it is not given twice.
//
// Intervals here are equal-tailed; highest density intervals, other scales
// (lift, odds ratio) and thresholds are in bayes_effect.h.
//
// Source:   C. Stucchio, Bayesian A/B testing at VWO (2015); E. Miller,
// Formulas
//           for Bayesian A/B Testing (2014).
// Accuracy: two arms: probabilities and expected losses to 1e-11 of themselves,
//           down to 1e-300, for 0 <= trials <= 1e12; interval ends to 1e-12 in
//           probability. k arms: 1e-9 of themselves.
#ifndef STAGECRAFT_STATS_BAYES_H_
#define STAGECRAFT_STATS_BAYES_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/proportion.h"

namespace stagecraft::stats {

// Beta(alpha, beta), both in [1e-3, 1e12]. The default is uniform.
struct BetaPrior {
  double alpha = 1;
  double beta = 1;
};

struct BayesOptions {
  double alpha = 0.05;  // The credible interval has level 1 - alpha.
  Direction direction = Direction::kUp;
};

struct BayesComparison {
  double probability_to_beat_control = 0.5;
  // Its complement, computed as such: 1e-300 keeps its digits.
  double probability_control_better = 0.5;
  // Natural logarithms of the two; finite where they underflow.
  double log_probability_to_beat_control = 0;
  double log_probability_control_better = 0;
  double expected_loss_treatment = 0;  // Of choosing the treatment, >= 0.
  double expected_loss_control = 0;    // Of staying with the control, >= 0.
  double effect_mean = 0;              // Posterior mean, treatment - control.
  double effect_sd = 0;                // Posterior standard deviation.
  Interval effect;                     // Equal-tailed, treatment - control.
};

// Of one arm among k, in input order.
struct BayesRank {
  double probability_best = 0;
  double expected_loss = 0;
  double posterior_mean = 0;
  Interval interval;  // Equal-tailed, of the arm's own quantity.
};

// Two rates. An arm without trials is its prior.
// Errors: kInvalidArgument for bad counts, priors or options.
absl::StatusOr<BayesComparison> CompareBetaBinomial(
    const Proportion& control, const Proportion& treatment,
    const BetaPrior& control_prior = {}, const BetaPrior& treatment_prior = {},
    const BayesOptions& options = {});

// k >= 2 rates under one prior. Errors: as above.
absl::StatusOr<std::vector<BayesRank>> RankBetaBinomial(
    absl::Span<const Proportion> arms, const BetaPrior& prior = {},
    const BayesOptions& options = {});

// Each under its own. Errors: as above, and if the sizes differ.
absl::StatusOr<std::vector<BayesRank>> RankBetaBinomialPriors(
    absl::Span<const Proportion> arms, absl::Span<const BetaPrior> priors,
    const BayesOptions& options = {});

// A prior of the effect, in the effect's own unit: absolute for a difference,
// a fraction for a relative lift. See RescaleRelativePrior.
struct NormalPrior {
  double mean = 0;
  double sd = 1;  // > 0.
};

// A prior of the relative lift, carried over to the absolute difference: mean
// and sd times |control_mean|. Errors: kFailedPrecondition if that is 0.
absl::StatusOr<NormalPrior> RescaleRelativePrior(const NormalPrior& relative,
                                                 double control_mean);

// The posterior of an effect (treatment - control, or a lift) that was measured
// as `effect`; without `prior` the prior is flat.
//
//   1/s^2 = 1/se^2 + 1/sd^2,  m = s^2 (value/se^2 + mean/sd^2)
//   P(effect > 0) = Phi(m/s);  E max(-effect, 0) = s phi(m/s) - m Phi(-m/s)
//
// Errors: kInvalidArgument for a bad option, prior or estimate;
// kFailedPrecondition if the standard error is 0.
absl::StatusOr<BayesComparison> UpdateNormalEffect(
    const NormalEstimate& effect,
    const std::optional<NormalPrior>& prior = std::nullopt,
    const BayesOptions& options = {});

// k >= 2 arms with independent normal posteriors (value, standard_error > 0).
// Accuracy: 1e-11 of the values themselves.
absl::StatusOr<std::vector<BayesRank>> RankNormal(
    absl::Span<const NormalEstimate> arms, const BayesOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BAYES_H_
