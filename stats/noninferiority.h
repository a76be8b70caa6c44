// One-sided non-inferiority: is the treatment at most `margin` worse than the
// control? The guardrail test.
//
// With up as the good direction, H0 says that the treatment is worse by the
// margin or more, and the contrast is positive where H1 holds:
//   absolute margin M   d = t - c + M               (down is good: c - t + M)
//   relative margin m   d = t - c + m |c|           (down is good: c - t + m
//   |c|)
// The relative form is a linear contrast of both means, t - (1 - m) c for c >
// 0: the control mean's own error counts, it is not taken as known.
//
// `alpha` here is one-sided, by name.
// Source: S. Wellek, Testing Statistical Hypotheses of Equivalence and
//         Noninferiority (2010); linear contrast: D. Hauschke et al. (1999).
#ifndef STAGECRAFT_STATS_NONINFERIORITY_H_
#define STAGECRAFT_STATS_NONINFERIORITY_H_

#include "absl/status/statusor.h"
#include "stats/estimate.h"
#include "stats/mean.h"
#include "stats/moments.h"
#include "stats/proportion.h"

namespace stagecraft::stats {

struct NonInferiorityOptions {
  double margin = 0;      // >= 0; 0 is plain superiority.
  bool relative = false;  // The margin is a fraction of |control|.
  Direction direction = Direction::kUp;
  double one_sided_alpha = 0.025;  // In (0, 0.5).
};

struct NonInferiority {
  double contrast = 0;  // d, > 0 where the treatment is within the margin.
  double standard_error = 0;  // Of d.
  double statistic = 0;       // d / standard_error.
  double degrees_of_freedom = kInfinity;
  double p_value = 1;  // One-sided, of H0.
  // One-sided lower confidence bound of d; non-inferior exactly if > 0. For an
  // absolute margin, `bound - margin` bounds the benefit (t - c, or c - t).
  double bound = 0;
  bool non_inferior = false;
};

// Of two independent estimates.
// Errors: kInvalidArgument for a bad option or estimate; kFailedPrecondition if
// the contrast has no variance, or the control is 0 and the margin relative.
absl::StatusOr<NonInferiority> TestNonInferiority(
    const NormalEstimate& control, const NormalEstimate& treatment,
    const NonInferiorityOptions& options,
    double degrees_of_freedom = kInfinity);

// Of two means: Student's t with Satterthwaite degrees of freedom of the
// contrast, or the errors and degrees of another test of mean.h.
absl::StatusOr<NonInferiority> TestMeanNonInferiority(
    const Moments& control, const Moments& treatment,
    const NonInferiorityOptions& options, MeanTest test = MeanTest::kWelch);

// The variance of the contrast of two rates:
//   kUnpooled            the default: p (1 - p) / n of each arm;
//   kFarringtonManning   that of the most likely pair of rates at the margin,
//   C.
//                        Farrington, G. Manning, Stat. Med. 9 (1990) 1447, for
//                        both kinds of margin;
//   kMiettinenNurminen   the same times N / (N - 1), N = n_c + n_t, Stat. Med.
//   4
//                        (1985) 213.
// Of the last two `standard_error` is the one at the margin, defined also with
// no successes in either arm, and `bound` comes from the inverted test: d with
// the bound of the difference, or of the ratio times the observed p_c, in place
// of the estimate. It is positive exactly if p_value < one_sided_alpha.
enum class ProportionNonInferiorityMethod {
  kUnpooled,
  kFarringtonManning,
  kMiettinenNurminen,
};

// Of two rates, by the normal distribution.
//
// Errors: as above and those of CheckProportion; kInvalidArgument if an
// absolute margin is not below 1, or a relative one with kUp; a relative margin
// needs control successes (kFailedPrecondition).
absl::StatusOr<NonInferiority> TestProportionNonInferiority(
    const Proportion& control, const Proportion& treatment,
    const NonInferiorityOptions& options,
    ProportionNonInferiorityMethod method =
        ProportionNonInferiorityMethod::kUnpooled);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_NONINFERIORITY_H_
