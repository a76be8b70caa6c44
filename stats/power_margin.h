// Planning of non-inferiority and equivalence.
//
// Non-inferiority (noninferiority.h): with the true arms the contrast is d =
// t - c + M (down is good: c - t + M), or with a relative margin m
// d = t - c + m |c|, a linear contrast whose control weight is w = 1 - m for c
// > 0 (1 + m for c < 0; swapped if down is good), and
//   power = Phi((d - z se_0) / se),  se^2 = v_t / n_t + w^2 v_c / n_c,
// v the variance of a unit, z the quantile of one_sided_alpha. se_0 = se, but
// for shares with kRestricted the maximum likelihood under d = 0 (Farrington,
// Manning, Stat. Med. 9 (1990) 1447; as rpact's getSampleSizeRates with
// thetaH0, where v comes from the expected rates).
// Equivalence, two one-sided tests at one_sided_alpha each, of lower < t - c <
// upper:
//   kNormal   Phi((U - d)/se - z) + Phi((d - L)/se - z) - 1, not below 0;
//   kStudent  exact for one common deviation (Owen's Q as in PowerTOST): the
//             same with t quantiles and the chance of the estimated deviation
//             integrated.
// Accuracy: 1e-12; unrounded sizes to 1e-10 relative.
// Source:   S. Wellek (2010); D. Schuirmann, J. Pharmacokin. Biopharm. 15
//           (1987) 657; D. Owen, Biometrika 52 (1965) 437.
#ifndef STAGECRAFT_STATS_POWER_MARGIN_H_
#define STAGECRAFT_STATS_POWER_MARGIN_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/power.h"

namespace stagecraft::stats {

struct MarginOptions {
  double margin = 0;      // >= 0.
  bool relative = false;  // A fraction of |control|.
  Direction direction = Direction::kUp;
  double one_sided_alpha = 0.025;  // In (0, 0.5).
  double power = 0.8;              // Wanted, in (alpha, 1).
  double treatment_share = 0.5;
};

// What is expected of the arms' means.
struct ExpectedMeans {
  double control = 0, treatment = 0;
  double control_sd = 0, treatment_sd = 0;  // At least one positive.
};

// The power, one-sided. Errors of all: kInvalidArgument for a bad option, sizes
// below 2, a relative margin of a control of 0; where a size is asked, if the
// treatment is expected outside of the margin or the size exceeds 2^53.
absl::StatusOr<double> MeanNonInferiorityPower(const ExpectedMeans& means,
                                               int64_t control_n,
                                               int64_t treatment_n,
                                               const MarginOptions& options);
absl::StatusOr<SampleSize> MeanNonInferioritySize(const ExpectedMeans& means,
                                                  const MarginOptions& options);
// The smallest margin (absolute or relative as options.relative says;
// options.margin is not used) that the power is reached with; it may be
// negative if the treatment is expected to be better.
absl::StatusOr<double> MeanSmallestMargin(const ExpectedMeans& means,
                                          int64_t control_n,
                                          int64_t treatment_n,
                                          const MarginOptions& options);

enum class MarginRateVariance { kUnpooled, kRestricted };

// Rates in [0, 1], not both at an end. kRestricted needs an absolute margin.
absl::StatusOr<double> ProportionNonInferiorityPower(
    double control_rate, double treatment_rate, int64_t control_n,
    int64_t treatment_n, const MarginOptions& options,
    MarginRateVariance variance = MarginRateVariance::kUnpooled);
absl::StatusOr<SampleSize> ProportionNonInferioritySize(
    double control_rate, double treatment_rate, const MarginOptions& options,
    MarginRateVariance variance = MarginRateVariance::kUnpooled);

struct EquivalenceOptions {
  double lower = 0;  // Of t - c, < upper.
  double upper = 0;
  double one_sided_alpha = 0.05;  // Of each test, in (0, 0.5).
  double power = 0.8;
  double treatment_share = 0.5;
};
enum class EquivalenceMethod { kNormal, kStudent };

// `difference` = expected t - c. kStudent needs equal deviations.
// Errors: kInvalidArgument as above; where a size is asked, if the difference
// is not strictly between the margins.
absl::StatusOr<double> EquivalencePower(
    double difference, double control_sd, double treatment_sd,
    int64_t control_n, int64_t treatment_n, const EquivalenceOptions& options,
    EquivalenceMethod method = EquivalenceMethod::kNormal);
absl::StatusOr<SampleSize> EquivalenceSampleSize(
    double difference, double control_sd, double treatment_sd,
    const EquivalenceOptions& options,
    EquivalenceMethod method = EquivalenceMethod::kNormal);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_POWER_MARGIN_H_
