// Post-stratification: the effect within strata that were fixed before exposure
// (country, device, new or returning), averaged over strata.
//
// Units of arm a in stratum h: n_ah, mean y_ah, variance s_ah^2. With weights
// W_h that sum to 1,
//   value_a    = sum_h W_h y_ah
//   difference = value_t - value_c.
//
// Weights: by default the share of stratum h among the units of all arms given,
//   N_h / N; or given shares of a population.
//
// Variance (PostStratificationVariance):
//   kGivenSizes   the default: conditional on how many units of each stratum
//                 fell into each arm, se_a^2 = sum_h W_h^2 s_ah^2 / n_ah. No
//                 second-order term is needed: the sizes are those observed;
//   kBeforeSplit  averaged over the assignment of N_h units with probability
//                 p_a = n_a / N, to second order in 1 / N_h:
//                   se_a^2 = sum_h W_h^2 s_ah^2 (1 / (N_h p_a)
//                                     + (1 - p_a) / (N_h p_a)^2);
//                 the second term is the price of strata that are not blocks.
//                 L. Miratrix, J. Sekhon, B. Yu, J. R. Stat. Soc. B 75 (2013)
//                 369, with independent assignment of units;
//   kPopulation   kGivenSizes and the error of the weights as estimates of a
//                 population's shares: (sum_h W_h d_h^2 - difference^2) / N for
//                 the differences d_h within strata. For an effect that is to
//                 hold beyond these units. With given weights it is
//                 kGivenSizes.
// Degrees of freedom: Satterthwaite over the 2 H terms W_h^2 s_ah^2 / n_ah,
//   n_ah - 1 each; a ratio uses the normal distribution.
//
// Ratios: value_a = sum_h W_h u_ah / sum_h W_h v_ah (the combined ratio), with
//   y = value_a + (u - value_a v) / sum_h W_h v_ah in what is above.
//
// CUPED within strata: further variables are covariates; the differences in a
//   stratum are those of cuped.h with kPooledTheta. Theta is one for all strata
//   from the covariances within arms within strata, or one per stratum.
//
// Lift: difference / |value_c| where value_c is not adjusted by covariates; the
//   two are correlated (lift_of_difference.h).
//
// Shapes: strata[H], each with a MultiMoments per arm in the same order:
//         metric (1 variable, or 2 for kRatio), then covariates, if any. A
//         share is the mean of a 0/1 variable.
#ifndef STAGECRAFT_STATS_POST_STRATIFICATION_H_
#define STAGECRAFT_STATS_POST_STRATIFICATION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/cuped.h"
#include "stats/effect.h"
#include "stats/estimate.h"
#include "stats/moments.h"
#include "stats/multi_moments.h"

namespace stagecraft::stats {

struct Stratum {
  std::string name;
  std::vector<MultiMoments> arms;
  // Share of the population, used with `given_weights`: >= 0, need not sum to 1
  // (they are divided by their sum).
  double weight = 0;
};

enum class PostStratificationVariance {
  kGivenSizes,
  kBeforeSplit,
  kPopulation
};

struct PostStratificationOptions {
  CupedMetric metric = CupedMetric::kMean;
  bool given_weights = false;
  PostStratificationVariance variance = PostStratificationVariance::kGivenSizes;
  // A stratum needs this many units in every arm, at least 2.
  int64_t min_units = 2;
  // What becomes of smaller strata: an error that names the stratum, or they
  // are merged: the smallest too small stratum joins the smallest other one,
  // until all are large enough. Names are joined by "+", weights added.
  bool merge_small = false;
  bool theta_per_stratum = false;  // With covariates.
};

struct StratumResult {
  std::string name;
  double weight = 0;               // W_h, sums to 1.
  std::vector<int64_t> n;          // Per arm.
  std::vector<double> unadjusted;  // y_ah.
  std::vector<double> adjusted;    // The same without covariates.
};

struct PostStratifiedArm {
  int64_t n = 0;
  NormalEstimate unadjusted;  // Post-stratified, without covariates.
  // Post-stratified, with covariates; arms are independent for kGivenSizes and
  // kBeforeSplit.
  NormalEstimate adjusted;
  double degrees_of_freedom = 0;  // Satterthwaite over its strata.
};

// All arms together. Made by PostStratify.
struct PostStratification {
  CupedMetric metric = CupedMetric::kMean;
  std::vector<PostStratifiedArm> arms;
  std::vector<StratumResult> strata;  // After merging.
  std::vector<std::string> notes;     // Merged strata, dropped covariates.
  // For the functions below; as in CupedAdjustment.
  std::vector<double> covariance;
  std::vector<double> covariance_with_unadjusted;
  std::vector<double> plain_variance;  // Per arm, without strata: s_a^2 / n_a.
};

// The difference and 1 - (its se / the se without strata and covariates)^2.
struct PostStratifiedComparison {
  Effect difference;
  double variance_reduction = 0;
};

// Errors: kInvalidArgument if there are no strata, fewer than 2 arms, arms or
// variables differ between strata, a summary is malformed, min_units < 2, or
// given weights are negative, not finite or all 0; kFailedPrecondition if a
// stratum has an arm with too few units (named in the message) and may not be
// merged, only one stratum is left and is too small, a denominator of a ratio
// is 0, or covariates leave no degrees of freedom.
absl::StatusOr<PostStratification> PostStratify(
    absl::Span<const Stratum> strata,
    const PostStratificationOptions& options = {});

// Treatment minus control, arms by index.
// Errors: kInvalidArgument for a bad index or option; kFailedPrecondition if no
// stratum has variance in either arm.
absl::StatusOr<PostStratifiedComparison> ComparePostStratified(
    const PostStratification& strata, size_t control, size_t treatment,
    const TestOptions& options = {});

// The same difference for sequential and Bayesian methods.
absl::StatusOr<NormalEstimate> PostStratifiedDifference(
    const PostStratification& strata, size_t control, size_t treatment);

// The relative lift. Errors: as above and of LiftOfDifference.
absl::StatusOr<Effect> PostStratifiedLift(const PostStratification& strata,
                                          size_t control, size_t treatment,
                                          const LiftOptions& options = {});

// Summaries of one or two variables as the shape above wants them.
MultiMoments ToMultiMoments(const Moments& moments);
MultiMoments ToMultiMoments(const PairedMoments& moments);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_POST_STRATIFICATION_H_
