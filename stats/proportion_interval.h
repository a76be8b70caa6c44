// One rate: its interval and its tests.
//
// With p = x / n and z the normal quantile of the level:
//   kWilson           the default: what the score test does not reject,
//                     (2x + z^2 -+ z sqrt(z^2 + 4 n p q)) / (2 (n + z^2)), E.
//                     Wilson, JASA 22 (1927) 209;
//   kWilsonCorrected  with continuity correction, as R's prop.test: Wilson of
//                     x - 1/2 and x + 1/2, R. Newcombe, Stat. Med. 17 (1998)
//                     857, method 4;
//   kClopperPearson   exact: coverage is never below the level. Quantiles of
//                     Beta(x, n - x + 1) and Beta(x + 1, n - x), C. Clopper,
//                     E. Pearson, Biometrika 26 (1934) 404;
//   kAgrestiCoull     Wald about (x + z^2 / 2) / (n + z^2), cut to [0, 1];
//   kJeffreys         quantiles of Beta(x + 1/2, n - x + 1/2), also at x = 0
//                     and n, where some authors put the end to 0 or 1;
//   kWald             p -+ z sqrt(p q / n), cut to [0, 1]. Known to cover too
//                     little;
//   kWaldCorrected    kWald with 1 / (2n) more on each side.
// One-sided: kGreater bounds from below with the whole alpha, the other end is
// 1; kLess the reverse. Comparison: L. Brown, T. Cai, A. DasGupta, Stat. Sci.
// 16 (2001) 101.
//
// Accuracy: 1e-12 relative, also at n = 1e9 and x = 0 or n.
#ifndef STAGECRAFT_STATS_PROPORTION_INTERVAL_H_
#define STAGECRAFT_STATS_PROPORTION_INTERVAL_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/estimate.h"
#include "stats/proportion.h"

namespace stagecraft::stats {

enum class RateInterval {
  kWilson,
  kWilsonCorrected,
  kClopperPearson,
  kAgrestiCoull,
  kJeffreys,
  kWald,
  kWaldCorrected,
};

struct RateOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  RateInterval interval = RateInterval::kWilson;
};

// The name for reports, such as "Clopper-Pearson".
absl::string_view Name(RateInterval interval);

// The rate, sqrt(p (1 - p) / n) and the interval.
//
// Errors: those of CheckProportion; kInvalidArgument for a bad alpha;
// kFailedPrecondition if kWald or kWaldCorrected is asked of a rate of 0 or 1,
// which has no variance.
absl::StatusOr<Estimate> EstimateProportion(const Proportion& proportion,
                                            const RateOptions& options);

// Tests p = null_value, in (0, 1).
//   kExact   binomial; two-sided: the total probability of all outcomes no more
//            likely than the observed (up to 1e-7, for ties), as R's
//            binom.test;
//   kScore   z = (p - p0) / sqrt(p0 (1 - p0) / n).
enum class RateTest { kExact, kScore };

struct RateTestResult {
  std::optional<double> statistic;  // z; absent for kExact.
  double p_value = 1;
};

// Errors: those of CheckProportion; kInvalidArgument if null_value is not in
// (0, 1), or for kExact beyond kMaxExactTrials (10^12) trials.
absl::StatusOr<RateTestResult> TestProportion(
    const Proportion& proportion, double null_value,
    RateTest test = RateTest::kExact,
    Alternative alternative = Alternative::kTwoSided);

// The ends of Wilson's interval for z >= 0: the building block of Newcombe's.
struct RateEnds {
  double lower = 0;
  double upper = 1;
};
RateEnds WilsonEnds(const Proportion& proportion, double z, bool corrected);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_PROPORTION_INTERVAL_H_
