#include "stats/proportion_interval.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/discrete.h"
#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

// The lower end of Wilson's interval of x of n: the smaller root of
// (n + z^2) r^2 - (2 x + z^2) r + x^2 / n, by Vieta, so that it keeps its
// digits near 0.
double WilsonLower(double x, double n, double z) {
  if (x <= 0) return 0;
  const double z2 = z * z;
  const double root = z * std::sqrt(z2 + 4 * x * ((n - x) / n));
  return 2 * x * (x / n) / (2 * x + z2 + root);
}

// Both ends by one formula: the upper end is 1 - the lower end of the failures.
// Near 0 the direct form keeps more digits.
double WilsonUpper(double x, double n, double z) {
  if (x >= n) return 1;
  const double z2 = z * z;
  const double root = z * std::sqrt(z2 + 4 * x * ((n - x) / n));
  return std::min(1.0, (2 * x + z2 + root) / (2 * (n + z2)));
}

}  // namespace

absl::string_view Name(RateInterval interval) {
  switch (interval) {
    case RateInterval::kWilson:
      return "Wilson";
    case RateInterval::kWilsonCorrected:
      return "Wilson with continuity correction";
    case RateInterval::kClopperPearson:
      return "Clopper-Pearson";
    case RateInterval::kAgrestiCoull:
      return "Agresti-Coull";
    case RateInterval::kJeffreys:
      return "Jeffreys";
    case RateInterval::kWald:
      return "Wald";
    case RateInterval::kWaldCorrected:
      return "Wald with continuity correction";
  }
  return "";
}

RateEnds WilsonEnds(const Proportion& proportion, double z, bool corrected) {
  const double n = static_cast<double>(proportion.trials);
  const double x = static_cast<double>(proportion.successes);
  const double half = corrected ? 0.5 : 0;
  return {WilsonLower(x - half, n, z), WilsonUpper(x + half, n, z)};
}

absl::StatusOr<Estimate> EstimateProportion(const Proportion& proportion,
                                            const RateOptions& options) {
  if (auto status = FirstError({CheckAlpha(options.alpha),
                                CheckProportion(proportion, "proportion")});
      !status.ok()) {
    return status;
  }
  const double n = static_cast<double>(proportion.trials);
  const double x = static_cast<double>(proportion.successes);
  const double failures =
      static_cast<double>(proportion.trials - proportion.successes);
  const double tail = options.alternative == Alternative::kTwoSided
                          ? options.alpha / 2
                          : options.alpha;
  const double z = NormalUpperQuantile(tail);
  Estimate estimate;
  estimate.value = x / n;
  estimate.standard_error = std::sqrt(x / n * (failures / n) / n);
  double lower = 0, upper = 1;
  switch (options.interval) {
    case RateInterval::kWilson:
    case RateInterval::kWilsonCorrected: {
      const double half =
          options.interval == RateInterval::kWilsonCorrected ? 0.5 : 0;
      lower = WilsonLower(x - half, n, z);
      upper = WilsonUpper(x + half, n, z);
      break;
    }
    case RateInterval::kClopperPearson:
      if (x > 0) lower = BetaLowerQuantile(tail, x, failures + 1);
      if (failures > 0) upper = BetaUpperQuantile(tail, x + 1, failures);
      break;
    case RateInterval::kAgrestiCoull: {
      const double size = n + z * z;
      const double p = (x + z * z / 2) / size;
      const double q = (failures + z * z / 2) / size;
      const double radius = z * std::sqrt(p * q / size);
      lower = p - radius;
      upper = p + radius;
      break;
    }
    case RateInterval::kJeffreys:
      lower = BetaLowerQuantile(tail, x + 0.5, failures + 0.5);
      upper = BetaUpperQuantile(tail, x + 0.5, failures + 0.5);
      break;
    case RateInterval::kWald:
    case RateInterval::kWaldCorrected: {
      if (!(estimate.standard_error > 0)) {
        return NotEnough(
            absl::StrCat("the rate is ", estimate.value,
                         ", want successes and failures for a Wald interval"));
      }
      const double more =
          options.interval == RateInterval::kWaldCorrected ? 0.5 / n : 0;
      lower = estimate.value - z * estimate.standard_error - more;
      upper = estimate.value + z * estimate.standard_error + more;
      break;
    }
  }
  if (options.alternative == Alternative::kLess) lower = 0;
  if (options.alternative == Alternative::kGreater) upper = 1;
  if (auto status = CheckResult({lower, upper}, "the interval of the rate");
      !status.ok()) {
    return status;
  }
  estimate.interval = {std::clamp(lower, 0.0, 1.0), std::clamp(upper, 0.0, 1.0),
                       1 - options.alpha};
  return estimate;
}

absl::StatusOr<RateTestResult> TestProportion(const Proportion& proportion,
                                              double null_value, RateTest test,
                                              Alternative alternative) {
  if (auto status = FirstError({CheckProportion(proportion, "proportion"),
                                CheckBetween(null_value, 0, 1, "null_value")});
      !status.ok()) {
    return status;
  }
  const double q = 1 - null_value;
  if (test == RateTest::kExact) {
    if (auto status = CheckExactTrials(proportion.trials, "proportion.trials");
        !status.ok()) {
      return status;
    }
    return RateTestResult{
        .p_value = CountDistribution::Binomial(proportion.trials, null_value, q)
                       .PValue(proportion.successes, alternative)};
  }
  const double n = static_cast<double>(proportion.trials);
  const double z =
      (static_cast<double>(proportion.successes) / n - null_value) /
      std::sqrt(null_value * q / n);
  return RateTestResult{.statistic = z,
                        .p_value = PValue(z, kInfinity, alternative)};
}

}  // namespace stagecraft::stats
