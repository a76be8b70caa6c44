// The value types that every answer of this library is made of.
//
// Conventions, everywhere in stats/:
//   * treatment minus control; a relative lift is divided by the absolute value
//     of the control mean and is a fraction (0.05 is five per cent);
//   * `alpha` is the total error of the answer. With Alternative::kTwoSided it
//     is split over both tails and the interval has level 1 - alpha; with a
//     one-sided alternative all of it is on one side and the interval is a
//     half-line of level 1 - alpha. Names that say `one_sided_alpha` mean it;
//   * what cannot be computed is an error, never 0, p = 1 or NaN:
//     kInvalidArgument for an argument that no data could make right,
//     kFailedPrecondition for data that do not suffice (yet);
//   * p-values are upper tails, so 1e-300 keeps its digits. One that is smaller
//     than the smallest double (about 5e-324) is 0.
#ifndef STAGECRAFT_STATS_ESTIMATE_H_
#define STAGECRAFT_STATS_ESTIMATE_H_

#include <limits>

#include "absl/strings/string_view.h"

namespace stagecraft::stats {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What the test is to show about treatment minus control.
enum class Alternative { kTwoSided, kGreater, kLess };

// Which way of a quantity is good.
enum class Direction { kUp, kDown };

// A confidence or credible interval [lower, upper]; an end may be infinite.
struct Interval {
  double lower = -kInfinity;
  double upper = kInfinity;
  double level = 0;  // 1 - alpha, in (0, 1).
};

// A quantity measured with an asymptotically normal error.
struct NormalEstimate {
  double value = 0;
  double standard_error = 0;  // >= 0.
};

// A quantity, its standard error and its interval.
struct Estimate {
  double value = 0;
  double standard_error = 0;
  Interval interval;
};

// The answer of a comparison of two variants, absolute or relative.
struct Effect {
  double value = 0;           // The difference or the relative lift.
  double standard_error = 0;  // Of `value`, as used by the interval.
  Interval interval;
  double statistic = 0;  // t or z of the test.
  // Of the reference distribution of `statistic`; infinite for the normal.
  double degrees_of_freedom = kInfinity;
  double p_value = 1;  // Of `alternative` against the null, in [0, 1].
  Alternative alternative = Alternative::kTwoSided;
  // Names of the test and of the interval: static text for reports, such as
  // "Welch t" and "Newcombe".
  absl::string_view test_method;
  absl::string_view interval_method;
};

// What is asked of a comparison.
struct TestOptions {
  double alpha = 0.05;  // In (0, 1).
  Alternative alternative = Alternative::kTwoSided;
  double null_value = 0;  // The effect under the null hypothesis.
};

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_ESTIMATE_H_
