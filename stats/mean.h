// Means: one with its interval, two compared, from their summaries.
//
// Tests of m_t - m_c = null_value:
//   kWelch          t with se^2 = v_t/n_t + v_c/n_c and Welch-Satterthwaite
//                   degrees of freedom, the default;
//   kNormal         the same statistic against the normal distribution;
//   kPooled         Student's t with one variance, n_t + n_c - 2 degrees;
//   kKnownVariance  z: `variance` of the summaries is the known variance of the
//                   variable, not an estimate; n = 1 is enough.
// The interval is that of the test. Summaries from raw values: MomentsOf of
// moments.h; from raw sums: sums.h.
//
// Source: B. Welch, Biometrika 34 (1947) 28; F. Satterthwaite, Biometrics
//         Bulletin 2 (1946) 110.
// One arm without variance is answered (its term is 0); both are an error.
#ifndef STAGECRAFT_STATS_MEAN_H_
#define STAGECRAFT_STATS_MEAN_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/effect.h"
#include "stats/estimate.h"
#include "stats/moments.h"

namespace stagecraft::stats {

enum class MeanTest { kWelch, kNormal, kPooled, kKnownVariance };

struct MeanOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  double null_value = 0;  // The difference under the null hypothesis.
  MeanTest test = MeanTest::kWelch;
};

// One mean with its Student interval, n - 1 degrees of freedom.
// Errors: kFailedPrecondition if n < 2.
absl::StatusOr<Estimate> EstimateMean(const Moments& moments,
                                      double alpha = 0.05);

// One mean against `null_value`, also of the differences of pairs: `value` is
// the mean. kWelch and kPooled mean Student's t with n - 1 degrees of freedom.
//
// Errors: as CompareMeans; kFailedPrecondition if the variance is 0.
absl::StatusOr<Effect> TestMean(const Moments& moments,
                                const MeanOptions& options = {});

// The mean and its standard error sqrt(variance / n), for effect.h.
// Errors: kFailedPrecondition if n < 2; kInvalidArgument as CheckMoments.
absl::StatusOr<NormalEstimate> MeanWithError(
    const Moments& moments, absl::string_view name = "moments");

// Both means with their errors as `test` sees them, for contrasts of one's own.
// Errors: as CompareMeans.
struct MeanArms {
  NormalEstimate control, treatment;
  // Of the plain difference; infinite for kNormal and kKnownVariance.
  double degrees_of_freedom = kInfinity;
  absl::string_view name;  // Of the test, for reports.
};
absl::StatusOr<MeanArms> PrepareMeans(const Moments& control,
                                      const Moments& treatment, MeanTest test);

// Treatment minus control.
//
// Errors: kInvalidArgument for a bad option or summary (not finite, negative
// variance); kFailedPrecondition if an arm has n < 2 (n < 1 for a known
// variance) or neither has variance.
absl::StatusOr<Effect> CompareMeans(const Moments& control,
                                    const Moments& treatment,
                                    const MeanOptions& options = {});

// The relative lift (m_t - m_c) / |m_c| by the methods of effect.h. `test`
// chooses the standard errors and the distribution: normal by default; kWelch
// and kPooled take the degrees of freedom of the absolute difference, as some
// engines do, also for the interval.
//
// Errors: as above; kFailedPrecondition if the control mean is 0.
absl::StatusOr<Effect> MeanLift(const Moments& control,
                                const Moments& treatment,
                                const LiftOptions& options = {},
                                MeanTest test = MeanTest::kNormal);

// Welch-Satterthwaite degrees of freedom of a contrast with the variance terms
// a (of n_a units) and b (of n_b units); at least one positive.
double SatterthwaiteDegrees(double a, int64_t n_a, double b, int64_t n_b);

// The degrees of freedom that `test` gives to the contrast weight_t m_t +
// weight_c m_c of `arms`, which come from `control` and `treatment`. For kWelch
// they depend on the weights.
double ContrastDegrees(const MeanArms& arms, const Moments& control,
                       const Moments& treatment, MeanTest test, double weight_c,
                       double weight_t);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_MEAN_H_
