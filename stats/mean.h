// Means of two variants compared, from their summaries.
//
//   kWelch   t with se^2 = v_t/n_t + v_c/n_c and Welch-Satterthwaite degrees of
//            freedom, the default;
//   kNormal  the same statistic against the normal distribution;
//   kPooled  Student's t with one variance and n_t + n_c - 2 degrees.
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

enum class MeanTest { kWelch, kNormal, kPooled };

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

// The mean and its standard error sqrt(variance / n), for effect.h.
// Errors: kFailedPrecondition if n < 2; kInvalidArgument as CheckMoments.
absl::StatusOr<NormalEstimate> MeanWithError(
    const Moments& moments, absl::string_view name = "moments");

// Treatment minus control.
//
// Errors: kInvalidArgument for a bad option or summary (not finite, negative
// variance); kFailedPrecondition if an arm has n < 2 or neither has variance.
absl::StatusOr<Effect> CompareMeans(const Moments& control,
                                    const Moments& treatment,
                                    const MeanOptions& options = {});

// The relative lift (m_t - m_c) / |m_c| by the methods of effect.h, with the
// normal distribution.
//
// Errors: as above; kFailedPrecondition if the control mean is 0.
absl::StatusOr<Effect> MeanLift(const Moments& control,
                                const Moments& treatment,
                                const LiftOptions& options = {});

// Welch-Satterthwaite degrees of freedom of a contrast with the variance terms
// a (of n_a units) and b (of n_b units); at least one positive.
double SatterthwaiteDegrees(double a, int64_t n_a, double b, int64_t n_b);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_MEAN_H_
