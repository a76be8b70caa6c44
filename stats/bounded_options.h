// What the confidence sequences for means of bounded values have in common.
#ifndef STAGECRAFT_STATS_BOUNDED_OPTIONS_H_
#define STAGECRAFT_STATS_BOUNDED_OPTIONS_H_

#include <algorithm>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

struct BoundedOptions {
  double lower = 0;  // Every value is in [lower, upper], known beforehand.
  double upper = 1;
  double alpha = 0.05;
  // kGreater bounds the mean from below, kLess from above, with all of alpha.
  Alternative alternative = Alternative::kTwoSided;
};

// Errors: kInvalidArgument.
inline absl::Status CheckBounded(const BoundedOptions& options) {
  if (auto status = FirstError({CheckAlpha(options.alpha),
                                CheckFinite(options.lower, "lower"),
                                CheckFinite(options.upper, "upper")});
      !status.ok()) {
    return status;
  }
  if (!(options.lower < options.upper)) {
    return absl::InvalidArgumentError(
        absl::StrCat("lower is ", options.lower,
                     ", want less than upper = ", options.upper));
  }
  return CheckResult({options.upper - options.lower}, "upper - lower");
}

// (x - lower) / (upper - lower), in [0, 1]. Errors: kInvalidArgument if x is
// outside of [lower, upper].
inline absl::StatusOr<double> ToUnit(double x, const BoundedOptions& options) {
  if (!(x >= options.lower && x <= options.upper)) {
    return absl::InvalidArgumentError(
        absl::StrCat("x is ", x, ", want a number in [", options.lower, ", ",
                     options.upper, "]"));
  }
  return std::min(1.0, (x - options.lower) / (options.upper - options.lower));
}

// The ends of the unit interval back in the values' unit; the end that the
// alternative does not bound is the values' own.
inline Interval FromUnit(double low, double high,
                         const BoundedOptions& options) {
  const double width = options.upper - options.lower;
  Interval interval{.lower = options.lower,
                    .upper = options.upper,
                    .level = 1 - options.alpha};
  if (options.alternative != Alternative::kLess && low > 0) {
    interval.lower = options.lower + low * width;
  }
  if (options.alternative != Alternative::kGreater && high < 1) {
    interval.upper = options.upper - (1 - high) * width;
  }
  return interval;
}

// Two arms by a union bound: [t.lower - c.upper, t.upper - c.lower], whose
// level is 1 - (alpha_c + alpha_t). Each arm's values in its own order, any mix
// of arms, any stopping time. Pairs of units are better compared by the
// sequence of their differences, whose bounds are lower - upper and upper -
// lower.
inline Interval DifferenceByUnion(const Interval& control,
                                  const Interval& treatment) {
  return {.lower = treatment.lower - control.upper,
          .upper = treatment.upper - control.lower,
          .level = control.level + treatment.level - 1};
}

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BOUNDED_OPTIONS_H_
