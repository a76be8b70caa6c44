// Differences and relative lifts of two independent, asymptotically normal
// estimates: the common last step of means, rates, ratios, restricted means.
//
//   difference = t - c,              se^2 = se_t^2 + se_c^2
//   lift       = (t - c) / |c|,      se^2 = (se_t / c)^2 + (t se_c / c^2)^2
//
// Lift intervals:
//   kDelta     first-order delta method, symmetric about the lift;
//   kLogRatio  exp(ln(t / c) +- z sqrt((se_t / t)^2 + (se_c / c)^2)) - 1, Katz
//              et al., Biometrics 34 (1978) 469; needs t and c of one sign;
//   kFieller   all L for which t - (1 + L) c does not differ from 0, E.
//              Fieller, J. R. Stat. Soc. B 16 (1954) 175. See fieller.h: it may
//              be no interval, then `Effect::interval` is the whole line;
//   kScore, kScoreMiettinenNurminen, kLogRatioAdjusted
//              rates only, see proportion.h;
//   kAutomatic kFieller when |c| < 3 se_c, otherwise kDelta.
// The test of kDelta is lift - null over its standard error; that of kLogRatio
// is on the log scale; that of kFieller is the contrast t - (1 + null) c.
#ifndef STAGECRAFT_STATS_EFFECT_H_
#define STAGECRAFT_STATS_EFFECT_H_

#include "absl/status/statusor.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

enum class LiftMethod {
  kAutomatic,
  kDelta,
  kLogRatio,
  kFieller,
  kScore,
  kScoreMiettinenNurminen,
  kLogRatioAdjusted,
};

struct LiftOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  // The lift under the null hypothesis. For the log ratios and scores > -1 (<
  // 1 if the control is negative): the ratio must be positive.
  double null_value = 0;
  LiftMethod method = LiftMethod::kAutomatic;
};

// Treatment minus control, by the normal distribution or, with finite
// `degrees_of_freedom`, Student's.
//
// Errors: kInvalidArgument for a bad option, a value that is not finite or a
// negative standard error; kFailedPrecondition if both standard errors are 0.
absl::StatusOr<Effect> CompareEstimates(const NormalEstimate& control,
                                        const NormalEstimate& treatment,
                                        const TestOptions& options = {},
                                        double degrees_of_freedom = kInfinity);

// The relative lift. Errors as above, and kFailedPrecondition if the control
// value is 0, the treatment value is 0 without error, or kLogRatio is asked of
// values that are not of one sign; kInvalidArgument for what is for rates only.
absl::StatusOr<Effect> LiftOfEstimates(const NormalEstimate& control,
                                       const NormalEstimate& treatment,
                                       const LiftOptions& options = {},
                                       double degrees_of_freedom = kInfinity);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_EFFECT_H_
