// Two rates compared. One rate with its interval: proportion_interval.h; exact
// tests: contingency.h; odds ratios: odds_ratio.h.
//
// Tests of p_t - p_c = null_value:
//   kScore       the default: variance under the null. At null 0 it is the
//                pooled z, p (1 - p) (1/n_c + 1/n_t); otherwise the restricted
//                maximum likelihood of Farrington and Manning (also Mee);
//   kUnpooled    variance p (1 - p) / n of each arm;
//   kScoreMiettinenNurminen  kScore with the variance times N / (N - 1);
//   kYates       kScore with each |O - E| smaller by 1/2, but not below 0, for
//                null 0 only: R's prop.test;
//   kAgrestiCaffo  kUnpooled after one success and one failure more in each
//                arm;
//   kWelch       Welch's t on 0/1 data, variance n / (n - 1) p (1 - p).
// Intervals of the difference:
//   kNewcombe    the default: hybrid of two Wilson intervals, R. Newcombe,
//                Stat. Med. 17 (1998) 873, method 10. Has width also at 0
//                conversions;
//   kNewcombeCorrected  of two Wilson intervals with continuity correction,
//                method 11;
//   kWald        difference +- z times the unpooled standard error;
//   kWaldCorrected  with Yates's correction, cut to [-1, 1]: R's prop.test;
//   kAgrestiCaffo  Wald after one success and one failure more in each arm, A.
//                Agresti, B. Caffo, Am. Stat. 54 (2000) 280;
//   kMiettinenNurminen  what kScoreMiettinenNurminen does not reject, Stat.
//                Med. 4 (1985) 213. Has width also at 0 conversions;
//   kMee         the same without N / (N - 1), Biometrics 40 (1984) 1175;
//   kWelch       the interval of that test.
// One-sided: the bound uses the whole alpha, the other end is -1 or 1, what is
// possible.
//
// Accuracy: p-values are upper tails of the normal distribution, a large-sample
//           limit: rely on it with at least 5 successes and failures per arm.
#ifndef STAGECRAFT_STATS_PROPORTION_H_
#define STAGECRAFT_STATS_PROPORTION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/effect.h"
#include "stats/estimate.h"
#include "stats/moments.h"

namespace stagecraft::stats {

// `successes` of `trials` randomised units, 0 <= successes <= trials.
struct Proportion {
  int64_t successes = 0;
  int64_t trials = 0;
};

enum class ProportionTest {
  kScore,
  kUnpooled,
  kScoreMiettinenNurminen,
  kYates,
  kAgrestiCaffo,
  kWelch,
};

enum class ProportionInterval {
  kNewcombe,
  kWald,
  kNewcombeCorrected,
  kWaldCorrected,
  kAgrestiCaffo,
  kMiettinenNurminen,
  kMee,
  kWelch,
};

// The name for reports, such as "Newcombe".
absl::string_view Name(ProportionInterval interval);

struct ProportionOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  double null_value = 0;  // Difference under the null, in (-1, 1).
  ProportionTest test = ProportionTest::kScore;
  ProportionInterval interval = ProportionInterval::kNewcombe;
};

// Errors: kInvalidArgument if a count is negative or successes > trials;
// kFailedPrecondition if trials is 0. `name` begins the message.
absl::Status CheckProportion(const Proportion& proportion,
                             absl::string_view name);

// The rate with its Wilson interval (E. Wilson, JASA 22 (1927) 209) and the
// standard error sqrt(p (1 - p) / n), which is 0 at p = 0 and 1; the interval
// is not empty there. Other intervals: proportion_interval.h.
absl::StatusOr<Estimate> EstimateProportion(const Proportion& proportion,
                                            double alpha = 0.05);

// The 0/1 variable of the units, with variance n / (n - 1) p (1 - p).
absl::StatusOr<Moments> ToMoments(const Proportion& proportion);

// Treatment minus control. `standard_error` is the unpooled one, for kWelch and
// kAgrestiCaffo that of the test.
//
// Errors: those of CheckProportion; kInvalidArgument for a bad option;
// kFailedPrecondition if the test has no variance (no successes at all, or
// nothing but successes): ask ProportionDifferenceInterval, which has an
// answer.
absl::StatusOr<Effect> CompareProportions(
    const Proportion& control, const Proportion& treatment,
    const ProportionOptions& options = {});

// The interval alone; for all but kWald, kWaldCorrected and kWelch defined
// whenever both arms have units. Those three err with kFailedPrecondition if
// neither arm has variance, kWelch also if an arm has one unit.
absl::StatusOr<Interval> ProportionDifferenceInterval(
    const Proportion& control, const Proportion& treatment,
    const ProportionOptions& options = {});

// (p_t - p_c) / p_c. Methods as in effect.h, with variances p (1 - p) / n, and
//   kScore             Koopman's interval of the ratio, Biometrics 40 (1984)
//                      513, with the restricted maximum likelihood under each
//                      ratio; its standard error is the one under the null;
//   kScoreMiettinenNurminen  the same with the variance times N / (N - 1);
//   kLogRatioAdjusted  kLogRatio after half a success and half a unit more in
//                      each arm. `value` stays the plain one.
// kAutomatic takes kScore if the treatment has no successes or neither arm has
// a failure, where the others have no variance.
//
// Errors: as above; kFailedPrecondition if the control has no successes, or
// if kDelta, kFieller or kLogRatio is asked where it has no variance.
absl::StatusOr<Effect> ProportionLift(const Proportion& control,
                                      const Proportion& treatment,
                                      const LiftOptions& options = {});

// Pearson's chi-squared of the 2x2 table, with Yates's continuity correction
// if asked (each |O - E| shrinks by 1/2, but not below 0, as R's chisq.test).
// More arms: contingency.h.
struct ChiSquaredTest {
  double statistic = 0;
  int degrees_of_freedom = 1;
  double p_value = 1;
};
absl::StatusOr<ChiSquaredTest> CompareProportionsChiSquared(
    const Proportion& control, const Proportion& treatment,
    bool yates_correction = false);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_PROPORTION_H_
