// CUPED: variance reduction by covariates measured before exposure.
//
// A covariate that the treatment cannot have changed (the same KPI in a window
// before exposure) predicts part of the metric. Taking that part out leaves the
// effect where it is and shrinks its error by the share R^2 that is predicted.
//
// One arm a with units i: metric y, covariates x (a column of p), n_a units,
// means y_a and x_a, unbiased covariances S_a. The centre x_* is the mean of
// the covariates over the units of all arms given. Then
//
//   adjusted_a = y_a - theta_a' (x_a - x_*)
//   difference = adjusted_treatment - adjusted_control
//
// Which theta:
//   kPooledTheta   the default: one theta for all arms, from the covariances
//                  within arms, pooled:
//                    theta = (sum_a (n_a-1) S_a,xx)^-1 sum_a (n_a-1) S_a,xy.
//                  It is the coefficient of lm(y ~ arm + x);
//   kTotalTheta    one theta from the covariances of all units together, arms
//                  ignored (they differ from the above by the differences
//                  between the arms' means);
//   kPerArmTheta   theta_a = S_a,xx^-1 S_a,xy. The difference is that of the
//                  regression with interactions of W. Lin, Ann. Appl. Stat. 7
//                  (2013) 295, lm(y ~ arm * (x - x_*));
//   kRegression    theta as kPooledTheta, error and degrees of freedom of the
//                  ordinary least squares of lm(y ~ arm + x): exact for normal
//                  residuals of one variance, for small samples;
//   kInteractions  theta as kPerArmTheta, error and degrees of freedom of the
//                  ordinary least squares of lm(y ~ arm * (x - x_*)).
//
// Variances, with e = y - theta_a' x and s_a^2 its unbiased variance
// (S_yy - 2 theta' S_xy + theta' S_xx theta, denominator n_a - 1):
//   kPooledTheta, kTotalTheta
//     se^2 = s_t^2 / n_t + s_c^2 / n_c, theta taken as known (its error is of
//     the order 1 / n); the centre cancels. Welch-Satterthwaite degrees of
//     freedom with n_a - 1 per arm;
//   kPerArmTheta
//     the same and (theta_t - theta_c)' V (theta_t - theta_c), where
//     V = sum_a n_a S_a,xx / N^2 is the covariance of x_*: the centre does not
//     cancel (A. Negi, J. Wooldridge, Econom. Rev. 40 (2021) 504). Welch
//     degrees of freedom of the first two terms. Arms may differ in variance;
//   kRegression
//     se^2 = sigma^2 (1/n_t + 1/n_c + d' W^-1 d), d = x_t - x_c,
//     W = sum_a (n_a-1) S_a,xx, sigma^2 = sum of squared residuals over the
//     degrees of freedom N - k - p; all k arms give to W and sigma^2;
//   kInteractions
//     se^2 = sigma^2 sum_{a = t, c} (1/n_a + d_a' W_a^-1 d_a), d_a = x_a - x_*,
//     W_a = (n_a-1) S_a,xx, degrees of freedom N - k (p + 1).
// A ratio is a large-sample estimate: its reference distribution is the normal.
//
// Ratios. With CupedMetric::kRatio the metric is a numerator u and a
// denominator v. Each arm is linearised by the delta method at its own means:
// y stands for (u - R_a v) / v_a in the covariances and for R_a = u_a / v_a in
// the means. Covariates stay as they are; or, with `ratio_covariates`, come in
// pairs numerator, denominator, each pair being one covariate that is
// linearised in the same way (x_* is then the ratio over all units). To let the
// regression weigh a numerator and a denominator freely, give them as two
// ordinary covariates.
//
// Relative lift: difference / |m_c|, where m_c is the UNADJUSTED control mean
// (or ratio): the adjusted one depends on who else is in the experiment. The
// difference and m_c are correlated:
//   cov(difference, m_c) = -(S_c,yy - theta_c' S_c,xy) / n_c
//                          + (theta_t - theta_c)' S_c,xy / N,
//   var(lift) = (se^2 - 2 L cov + L^2 S_c,yy / n_c) / m_c^2, L = diff / m_c.
//
// Which covariates are used. A constant covariate says nothing: it is dropped
// and named in `notes`. One that is a linear function of those before it (what
// they leave of its variance is below 1e-10 of it) is dropped as well, as R's
// lm does; the adjusted means are the same as those of the pseudo-inverse. If
// none is left the answer is the unadjusted one, said in `notes`.
//
// Shapes:   MultiMoments per arm with the same variables in the same order: the
//           metric (1 variable for kMean, 2 for kRatio), then the covariates.
//           A share is the mean of a 0/1 variable.
// Units:    n counts randomised units.
// Missing:  a unit without history has no covariate: give it 0 and add a second
//           covariate that is 1 for such units and 0 for others.
// Source:   A. Deng, Y. Xu, R. Kohavi, T. Walker, WSDM (2013) 123.
#ifndef STAGECRAFT_STATS_CUPED_H_
#define STAGECRAFT_STATS_CUPED_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/effect.h"
#include "stats/estimate.h"
#include "stats/multi_moments.h"

namespace stagecraft::stats {

enum class CupedMetric { kMean, kRatio };
enum class CupedMethod {
  kPooledTheta,
  kTotalTheta,
  kPerArmTheta,
  kRegression,
  kInteractions
};

struct CupedOptions {
  CupedMetric metric = CupedMetric::kMean;
  // Covariates come in pairs numerator, denominator, each a ratio.
  bool ratio_covariates = false;
  CupedMethod method = CupedMethod::kPooledTheta;
};

struct CupedArm {
  int64_t n = 0;
  // The mean or ratio as it is, with the standard error sqrt(S_yy / n).
  NormalEstimate unadjusted;
  // With the standard error sqrt(s^2 / n) about the centre as given. Arms are
  // independent: for the theta of kPooledTheta and kTotalTheta the squares of
  // two arms add up to that of their difference, so whatever takes
  // independent normal estimates (sequential, Bayesian) can take these.
  NormalEstimate adjusted;
  // Per covariate (per pair with `ratio_covariates`); 0 for a dropped one. The
  // same in all arms unless theta is per arm.
  std::vector<double> theta;
};

// All arms adjusted together. Made by AdjustArms.
struct CupedAdjustment {
  CupedMethod method = CupedMethod::kPooledTheta;
  CupedMetric metric = CupedMetric::kMean;
  std::vector<CupedArm> arms;  // In the order given.
  std::vector<double> centre;  // x_*, per covariate.
  // 1 - sum (n_a-1) s_a^2 / sum (n_a-1) S_a,yy: the share of the variance
  // within arms that the covariates took away, in [0, 1] but for kTotalTheta,
  // which may fall below 0. 0 if the metric does not vary.
  double variance_reduction = 0;
  std::vector<size_t> dropped;     // Covariates unused in some arm, ascending.
  std::vector<std::string> notes;  // Why, for reports.

  // For the functions below. Covariances of the adjusted means for use in
  // differences, and of adjusted (row) with unadjusted (column) means,
  // row-major k x k; terms that cancel in differences are left out.
  std::vector<double> covariance;
  std::vector<double> covariance_with_unadjusted;
  // Of the residuals, for kRegression and kInteractions.
  double residual_degrees = 0;
};

// The adjusted difference of two arms and what it gained.
struct CupedComparison {
  Effect difference;
  // 1 - (adjusted se / unadjusted se)^2 of this difference; may be negative.
  double variance_reduction = 0;
};

// Adjusts k >= 2 arms at once; theta and the centre come from all of them.
//
// Errors: kInvalidArgument if there are fewer than 2 arms, arms differ in their
// number of variables, there is no covariate (or an odd number of them with
// `ratio_covariates`), or a summary is malformed (as CheckMoments);
// kFailedPrecondition if an arm has fewer than 2 units, the degrees of freedom
// left for the residuals are below 1 (N - k - p, or n_a - 1 - p in an arm with
// a theta of its own), or a denominator of a ratio has the mean 0.
absl::StatusOr<CupedAdjustment> AdjustArms(absl::Span<const MultiMoments> arms,
                                           const CupedOptions& options = {});

// Treatment minus control, arms by index into `adjustment.arms`.
//
// Errors: kInvalidArgument for an index out of range, the same arm twice, or a
// bad option; kFailedPrecondition if the adjusted values have no variance in
// either arm (the covariates determine the metric).
absl::StatusOr<CupedComparison> CompareAdjusted(
    const CupedAdjustment& adjustment, size_t control, size_t treatment,
    const TestOptions& options = {});

// The same difference as a value with its standard error, for sequential and
// Bayesian methods on the effect.
absl::StatusOr<NormalEstimate> AdjustedDifference(
    const CupedAdjustment& adjustment, size_t control, size_t treatment);

// The relative lift, divided by the unadjusted control mean, by the normal
// distribution. kDelta, kLogRatio and kFieller as in effect.h with the
// covariance above (kLogRatio on ln(1 + difference / m_c)); kAutomatic is
// kFieller when |m_c| is below 3 of its standard errors, else kDelta.
//
// Errors: as CompareAdjusted; kFailedPrecondition if m_c is 0, or for kLogRatio
// unless 1 + difference / m_c > 0; kInvalidArgument for what is for rates only.
absl::StatusOr<Effect> AdjustedLift(const CupedAdjustment& adjustment,
                                    size_t control, size_t treatment,
                                    const LiftOptions& options = {});

// Two arms in one call: AdjustArms and CompareAdjusted.
absl::StatusOr<CupedComparison> CompareCuped(const MultiMoments& control,
                                             const MultiMoments& treatment,
                                             const CupedOptions& cuped = {},
                                             const TestOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_CUPED_H_
