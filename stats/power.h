// Power, sample size and minimum detectable effect of two-arm tests of means
// and rates, by the normal approximation.
//
//   power = Phi((|d| - q se_0) / se_1), q the quantile of the test: the tail of
//   the effect's own sign (the other one is not a discovery). `both_tails` adds
//   Phi((-|d| - q se_0) / se_1), as R's strict = TRUE, pwr and statsmodels do.
// Means:  se_0 = se_1 = sqrt(sd_c^2/n_c + sd_t^2/n_t).
// Rates:
//   kScore     the default, as R's power.prop.test and statsmodels'
//              power_proportions_2indep:
//              se_0^2 = p (1 - p) (1/n_c + 1/n_t), p the pooled rate,
//              se_1^2 = p_c (1 - p_c)/n_c + p_t (1 - p_t)/n_t;
//   kUnpooled  se_0 = se_1, the latter;
//   kArcsine   d = 2 asin sqrt(p_t) - 2 asin sqrt(p_c) (Cohen's h), se_0^2 =
//              se_1^2 = 1/n_c + 1/n_t, as pwr.2p.test and NormalIndPower.
// Ratios: a ratio metric is a mean whose unit has the delta-method deviation
//         RatioUnitDeviation. CUPED shrinks it: AdjustedDeviation.
// Student's exact power: power_student.h. Relative effects: power_relative.h.
//
// Accuracy: power to 1e-15; unrounded sizes and effects to 1e-12 relative.
// Source: J. Fleiss, B. Levin, M. Paik, Statistical Methods for Rates and
//         Proportions (2003), 4; J. Cohen, Statistical Power Analysis (1988);
//         A. Deng, U. Knoblich, J. Lu, KDD (2018) 233 (ratios).
#ifndef STAGECRAFT_STATS_POWER_H_
#define STAGECRAFT_STATS_POWER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/estimate.h"
#include "stats/moments.h"

namespace stagecraft::stats {

struct PowerOptions {
  double alpha = 0.05;  // Total; two-sided unless `one_sided`.
  bool one_sided = false;
  double power = 0.8;            // Wanted, in (alpha, 1).
  double treatment_share = 0.5;  // Of the units of both arms, in (0, 1).
  // What sizes and effects have to reach: `Power::both_tails`, not `power`.
  bool count_both_tails = false;
};

struct Power {
  double power = 0;       // Rejecting on the side of the effect.
  double both_tails = 0;  // Rejecting on either side.
};

struct SampleSize {
  int64_t control = 0;  // Rounded up, at least 2.
  int64_t treatment = 0;
  int64_t total = 0;
  // Before rounding, as other tools print them.
  double exact_control = 0;
  double exact_treatment = 0;
};

// Two means with the given standard deviations; at least one positive.
//
// Errors of all: kInvalidArgument for an option out of range, a value that is
// not finite, sizes below 2, an effect of 0 where a size is asked.
absl::StatusOr<Power> MeanPower(double difference, double control_sd,
                                double treatment_sd, int64_t control_n,
                                int64_t treatment_n,
                                const PowerOptions& options = {});
// The smallest sizes in the ratio of treatment_share that reach the power, each
// rounded up. kInvalidArgument if they exceed 2^53.
absl::StatusOr<SampleSize> MeanSampleSize(double difference, double control_sd,
                                          double treatment_sd,
                                          const PowerOptions& options = {});
// The smallest absolute difference found with the power.
absl::StatusOr<double> MeanMinimumDetectableEffect(
    double control_sd, double treatment_sd, int64_t control_n,
    int64_t treatment_n, const PowerOptions& options = {});

// The standard deviation of one unit of the ratio mean_x / mean_y:
// sqrt(var_x - 2 R cov + R^2 var_y) / |mean_y|, R the ratio.
// Errors: as CheckMoments; kFailedPrecondition if n < 2 or mean_y is 0.
absl::StatusOr<double> RatioUnitDeviation(const PairedMoments& moments);

// sd sqrt(1 - correlation^2): of a unit after adjustment by covariates that
// have this (multiple) correlation with the metric, in [-1, 1].
absl::StatusOr<double> AdjustedDeviation(double sd, double correlation);

enum class ProportionPowerMethod { kScore, kUnpooled, kArcsine };

// Two rates, each in [0, 1], not both at one end.
absl::StatusOr<Power> ProportionPower(
    double control_rate, double treatment_rate, int64_t control_n,
    int64_t treatment_n, const PowerOptions& options = {},
    ProportionPowerMethod method = ProportionPowerMethod::kScore);
absl::StatusOr<SampleSize> ProportionSampleSize(
    double control_rate, double treatment_rate,
    const PowerOptions& options = {},
    ProportionPowerMethod method = ProportionPowerMethod::kScore);
// The smallest absolute change of control_rate in `direction` found with the
// power, > 0. Errors: kFailedPrecondition if not even a rate of 0 or 1 is.
absl::StatusOr<double> ProportionMinimumDetectableEffect(
    double control_rate, int64_t control_n, int64_t treatment_n,
    Direction direction = Direction::kUp, const PowerOptions& options = {},
    ProportionPowerMethod method = ProportionPowerMethod::kScore);

// The size of a test of rates with Yates's correction (or Fisher's exact test,
// which it approximates), from an uncorrected one n (control) and m = r n
// (treatment): n' = n / 4 (1 + sqrt(1 + 2 (r + 1) / (n r |p_t - p_c|)))^2. J.
// Casagrande, M. Pike, P. Smith, Biometrics 34 (1978) 483; Fleiss 4.2.
absl::StatusOr<SampleSize> ContinuityCorrectedSize(const SampleSize& size,
                                                   double control_rate,
                                                   double treatment_rate);

// Cohen's h, positive if the treatment's rate is higher.
absl::StatusOr<double> ArcsineEffectSize(double control_rate,
                                         double treatment_rate);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_POWER_H_
