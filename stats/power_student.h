// Exact power of Student's t tests, by the noncentral t distribution.
//
//   power = P(T >= t_q),  T noncentral t with noncentrality |d| / se, t_q the
//   central quantile of the test; `both_tails` adds P(T <= -t_q).
// Designs:
//   kPooled  two arms, one common deviation: se = sd sqrt(1/n_c + 1/n_t), n_c +
//            n_t - 2 degrees of freedom; R's power.t.test, pwr.t.test,
//            pwr.t2n.test, statsmodels' TTestIndPower. The deviations must be
//            equal;
//   kWelch   se^2 = sd_c^2/n_c + sd_t^2/n_t and Satterthwaite's degrees of
//            freedom at the true deviations: an approximation, close from about
//            n = 5 per arm.
// Paired and one-sample tests: PairedPower.
// R's power.t.test answers `power`, with strict = TRUE and in pwr and
// statsmodels `both_tails`: options.count_both_tails chooses what sizes and
// effects have to reach.
//
// Accuracy: 1e-12 absolute; unrounded sizes and effects to 1e-10 relative.
// Source:   J. Cohen, Statistical Power Analysis (1988), 2; D. Owen, Biometrika
//           52 (1965) 437.
#ifndef STAGECRAFT_STATS_POWER_STUDENT_H_
#define STAGECRAFT_STATS_POWER_STUDENT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/power.h"

namespace stagecraft::stats {

enum class StudentDesign { kPooled, kWelch };

// Errors of all: as in power.h; kInvalidArgument for kPooled with two different
// deviations; where sizes are asked, if they exceed 2^53.
absl::StatusOr<Power> StudentPower(
    double difference, double control_sd, double treatment_sd,
    int64_t control_n, int64_t treatment_n, const PowerOptions& options = {},
    StudentDesign design = StudentDesign::kPooled);
absl::StatusOr<SampleSize> StudentSampleSize(
    double difference, double control_sd, double treatment_sd,
    const PowerOptions& options = {},
    StudentDesign design = StudentDesign::kPooled);
absl::StatusOr<double> StudentMinimumDetectableEffect(
    double control_sd, double treatment_sd, int64_t control_n,
    int64_t treatment_n, const PowerOptions& options = {},
    StudentDesign design = StudentDesign::kPooled);

// One sample of `n` values or differences with standard deviation `sd` > 0.
// `options.treatment_share` is not used.
struct PairedSize {
  int64_t n = 0;
  double exact_n = 0;  // Before rounding up.
};
absl::StatusOr<Power> PairedPower(double mean, double sd, int64_t n,
                                  const PowerOptions& options = {});
absl::StatusOr<PairedSize> PairedSampleSize(double mean, double sd,
                                            const PowerOptions& options = {});
absl::StatusOr<double> PairedMinimumDetectableEffect(
    double sd, int64_t n, const PowerOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_POWER_STUDENT_H_
