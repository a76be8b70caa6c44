// Normal posteriors of an effect, with a prior that says on which scale it was
// stated, and of means with unknown variances.
//
// Known variance (large samples): the effect of two estimates, absolute or
// relative, updated with a normal prior as in bayes.h. A prior on the relative
// scale enters an absolute effect as mean and sd times |control mean|, and the
// other way round divided by it: it is never used on a scale it was not stated
// on.
//
// Unknown variance: values ~ N(mu, sigma^2), (mu, sigma^2) normal-inverse-gamma
//   sigma^2 ~ InverseGamma(shape, scale), mu | sigma^2 ~ N(mean, sigma^2 /
//   weight)
// so that mu is Student t a posteriori:
//   weight' = weight + n          mean' = (weight mean + n xbar) / weight'
//   shape' = shape + n / 2
//   scale' = scale + (n - 1) s^2 / 2 + n weight (xbar - mean)^2 / (2 weight')
//   mu ~ mean' + sqrt(scale' / (shape' weight')) t(2 shape')
// Without a prior: p(mu, sigma^2) ~ 1 / sigma^2, whose posterior is the t
// distribution of the usual interval, xbar + s / sqrt(n) t(n - 1).
//
// Source:   K. Murphy, Conjugate Bayesian analysis of the Gaussian distribution
//           (2007), sections 3 and 4; A. Gelman et al., Bayesian Data Analysis,
//           3rd ed. (2013), 3.2-3.3; two means: the Behrens-Fisher posterior.
// Accuracy: normal: closed forms. Student: probabilities and losses to 1e-10 of
//           themselves; ends of the difference's interval 1e-10 in probability.
#ifndef STAGECRAFT_STATS_NORMAL_POSTERIOR_H_
#define STAGECRAFT_STATS_NORMAL_POSTERIOR_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/bayes.h"
#include "stats/estimate.h"
#include "stats/moments.h"

namespace stagecraft::stats {

enum class MeanScale { kAbsolute, kRelative };

// A prior and the scale on which it was stated.
struct ScaledNormalPrior {
  NormalPrior prior;
  MeanScale scale = MeanScale::kRelative;
};

struct NormalEffectOptions {
  double alpha = 0.05;
  Direction direction = Direction::kUp;
  MeanScale scale = MeanScale::kAbsolute;  // Of the answer.
  double threshold = 0;  // On that scale: P(effect > threshold) is answered.
};

struct NormalEffectPosterior {
  BayesComparison comparison;  // Against no effect; interval = also highest
                               // density, the posterior is symmetric.
  double probability_above_threshold = 0.5;
  double probability_below_threshold = 0.5;
  double log_probability_above_threshold = 0;
  double log_probability_below_threshold = 0;
};

// The posterior of treatment - control, or of the lift (treatment - control) /
// |control| with its first-order standard error (effect.h).
// Errors: kInvalidArgument for bad options, estimates or priors;
// kFailedPrecondition if both standard errors are 0, or the control mean is 0
// where the relative scale is in use.
absl::StatusOr<NormalEffectPosterior> UpdateNormalComparison(
    const NormalEstimate& control, const NormalEstimate& treatment,
    const std::optional<ScaledNormalPrior>& prior = std::nullopt,
    const NormalEffectOptions& options = {});

// A prior of the absolute difference carried over to the relative lift. Errors:
// kFailedPrecondition if control_mean is 0.
absl::StatusOr<NormalPrior> RescaleAbsolutePrior(const NormalPrior& absolute,
                                                 double control_mean);

struct NormalInverseGammaPrior {
  double mean = 0;
  double weight = 1;  // > 0, in observations.
  double shape = 1;   // > 0.
  double scale = 1;   // > 0, in squared units.
};

// location + scale * t(degrees_of_freedom).
struct StudentPosterior {
  double location = 0;
  double scale = 1;
  double degrees_of_freedom = 1;
};

// Errors: kInvalidArgument for bad moments or priors; kFailedPrecondition
// without a prior if n < 2 or the variance is 0.
absl::StatusOr<StudentPosterior> UpdateNormalMean(
    const Moments& data,
    const std::optional<NormalInverseGammaPrior>& prior = std::nullopt);

// Equal-tailed and highest density at once.
absl::StatusOr<Interval> StudentInterval(const StudentPosterior& posterior,
                                         double alpha);

// Two independent posteriors. Errors: kInvalidArgument for bad posteriors or
// options; kFailedPrecondition with degrees of freedom <= 1, whose expected
// losses do not exist. With degrees of freedom <= 2 the standard deviation does
// not exist and `effect_sd` is infinite.
absl::StatusOr<BayesComparison> CompareStudent(
    const StudentPosterior& control, const StudentPosterior& treatment,
    const BayesOptions& options = {});

// k >= 2 arms. Errors: as above.
absl::StatusOr<std::vector<BayesRank>> RankStudent(
    absl::Span<const StudentPosterior> arms, const BayesOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_NORMAL_POSTERIOR_H_
