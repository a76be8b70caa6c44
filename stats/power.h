// Power, sample size and minimum detectable effect of two-arm tests.
//
// The normal approximation, counting only the tail of the effect's own sign
// (the other one is not a discovery):
//   power = Phi((|d| - q se_0) / se_1), q the quantile of the test
// Means:  se_0 = se_1 = sqrt(sd_c^2/n_c + sd_t^2/n_t).
// Rates:  se_0^2 = p (1 - p) (1/n_c + 1/n_t), p the pooled rate (the score
//         test), se_1^2 = p_c (1 - p_c)/n_c + p_t (1 - p_t)/n_t.
//
// Source: J. Fleiss, B. Levin, M. Paik, Statistical Methods for Rates and
//         Proportions (2003), 4.
#ifndef STAGECRAFT_STATS_POWER_H_
#define STAGECRAFT_STATS_POWER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

struct PowerOptions {
  double alpha = 0.05;  // Total; two-sided unless `one_sided`.
  bool one_sided = false;
  double power = 0.8;            // Wanted, in (alpha, 1).
  double treatment_share = 0.5;  // Of the units of both arms, in (0, 1).
};

struct Power {
  double power = 0;       // Rejecting on the side of the effect.
  double both_tails = 0;  // Rejecting on either side.
};

struct SampleSize {
  int64_t control = 0;
  int64_t treatment = 0;
  int64_t total = 0;
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

// Two rates, each in [0, 1], not both at one end.
absl::StatusOr<Power> ProportionPower(double control_rate,
                                      double treatment_rate, int64_t control_n,
                                      int64_t treatment_n,
                                      const PowerOptions& options = {});
absl::StatusOr<SampleSize> ProportionSampleSize(
    double control_rate, double treatment_rate,
    const PowerOptions& options = {});
// The smallest absolute change of control_rate in `direction` found with the
// power, > 0. Errors: kFailedPrecondition if not even a rate of 0 or 1 is.
absl::StatusOr<double> ProportionMinimumDetectableEffect(
    double control_rate, int64_t control_n, int64_t treatment_n,
    Direction direction = Direction::kUp, const PowerOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_POWER_H_
