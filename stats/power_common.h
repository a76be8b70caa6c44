// Checks, quantiles and searches that the power functions of this library
// share.
#ifndef STAGECRAFT_STATS_POWER_COMMON_H_
#define STAGECRAFT_STATS_POWER_COMMON_H_

#include <cmath>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/power.h"

namespace stagecraft::stats {

// z of one tail of the test: alpha, or alpha / 2 if two-sided.
double TestQuantile(const PowerOptions& options);
double PowerQuantile(const PowerOptions& options);

absl::Status CheckPowerOptions(const PowerOptions& options);  // Not the target.
absl::Status CheckTarget(const PowerOptions& options);
absl::Status CheckArmSizes(int64_t control_n, int64_t treatment_n);
absl::Status CheckSpreads(double control_sd, double treatment_sd);
absl::Status CheckRate(double rate, absl::string_view name);
absl::Status CheckRates(double control_rate, double treatment_rate);
absl::Status CheckEffect(double effect, absl::string_view name);

// Both tails of |effect|, with the errors under the null and the alternative.
Power NormalPower(double effect, double null_error, double error,
                  const PowerOptions& options);

// The one that options.count_both_tails asks for.
inline double Reached(const Power& power, const PowerOptions& options) {
  return options.count_both_tails ? power.both_tails : power.power;
}

// Arms of `total` units, in the planned shares, rounded up.
absl::StatusOr<SampleSize> SplitTotal(double total,
                                      const PowerOptions& options);

// The x in [low, high] where the rising `f` comes to `target`; f(high) >=
// target. To rounding.
template <typename Function>
double RisingRoot(const Function& f, double target, double low, double high) {
  for (int i = 0; i < 2000; ++i) {
    // Far apart, halve the exponents.
    const double middle = low > 0 && high > 4 * low
                              ? std::sqrt(low) * std::sqrt(high)
                              : low + (high - low) / 2;
    if (!(middle > low && middle < high)) break;
    (f(middle) >= target ? high : low) = middle;
  }
  return high;
}

// The smallest total in [low, 2^54] with `reached`(total) >= target, starting
// the search at `guess`; infinite if there is none.
template <typename Function>
double SmallestTotal(const Function& reached, double target, double low,
                     double guess) {
  constexpr double kLargest = 18014398509481984.0;
  double high = guess > low ? guess : low;
  if (reached(low) >= target) return low;
  while (!(reached(high) >= target)) {
    low = high;
    high *= 2;
    if (!(high <= kLargest)) return INFINITY;
  }
  return RisingRoot(reached, target, low, high);
}

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_POWER_COMMON_H_
