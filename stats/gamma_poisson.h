// Counts with an exposure (orders per visitor-day, errors per million requests)
// under the Gamma-Poisson model. No Monte Carlo.
//
//   count_i ~ Poisson(rate_i * exposure_i),  rate_i ~ Gamma(shape, rate)
//   posterior of rate_i: Gamma(shape + count_i, rate + exposure_i)
//   P(rate_t > rate_c)   by the regularised incomplete beta function at
//                        B_t / (B_t + B_c), B the posterior rates, here by its
//                        gamma functions (gamma_contrast.h)
//   rate_t / rate_c      a scaled F(2 A_t, 2 A_c), A the posterior shapes
//
// Units:    rates in counts per unit of exposure; the ratio is a fraction of
//           the control (1 = alike).
// Source:   A. Gelman et al., Bayesian Data Analysis, 3rd ed. (2013), 2.6;
//           E. Miller, Formulas for Bayesian A/B Testing (2014), count data.
// Accuracy: two arms: probabilities and losses to 1e-11 of themselves, down to
//           1e-300, ends of intervals to 1e-11 in probability; k arms 1e-9.
#ifndef STAGECRAFT_STATS_GAMMA_POISSON_H_
#define STAGECRAFT_STATS_GAMMA_POISSON_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/bayes.h"
#include "stats/credible_interval.h"

namespace stagecraft::stats {

struct CountWithExposure {
  int64_t count = 0;    // >= 0, at most 1e12.
  double exposure = 0;  // >= 0, at most 1e15.
};

// Gamma with mean shape / rate. The default is Jeffreys' prior, which is
// improper (rate 0) but has a proper posterior as soon as there is exposure.
struct GammaPrior {
  double shape = 0.5;  // In [1e-3, 1e12].
  double rate = 0;     // In [0, 1e15].
};

struct GammaPoissonOptions {
  double alpha = 0.05;
  CredibleKind interval = CredibleKind::kEqualTailed;
  Direction direction = Direction::kUp;
};

struct GammaPosterior {
  double shape = 0, rate = 0;
  double mean = 0, sd = 0;
  Interval interval;
};

struct GammaPoissonComparison {
  GammaPosterior control, treatment;
  double probability_to_beat_control = 0.5;
  double probability_control_better = 0.5;
  double log_probability_to_beat_control = 0;
  double log_probability_control_better = 0;
  double expected_loss_treatment = 0;  // In the unit of the rate.
  double expected_loss_control = 0;
  double difference_mean = 0;  // Treatment - control.
  double difference_sd = 0;
  double ratio_median = 1;  // Of rate_t / rate_c.
  Interval ratio;
};

// Errors: kInvalidArgument for counts, exposures, priors or options out of
// range; kFailedPrecondition without exposure under an improper prior.
absl::StatusOr<GammaPosterior> UpdateGammaPoisson(
    const CountWithExposure& arm, const GammaPrior& prior = {},
    const GammaPoissonOptions& options = {});

absl::StatusOr<GammaPoissonComparison> CompareGammaPoisson(
    const CountWithExposure& control, const CountWithExposure& treatment,
    const GammaPrior& control_prior = {},
    const GammaPrior& treatment_prior = {},
    const GammaPoissonOptions& options = {});

// k >= 2 arms under one prior.
absl::StatusOr<std::vector<BayesRank>> RankGammaPoisson(
    absl::Span<const CountWithExposure> arms, const GammaPrior& prior = {},
    const GammaPoissonOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_GAMMA_POISSON_H_
