// Equivalence: does the effect lie between two margins? Two one-sided tests.
//
//   absolute   H0: t - c <= lower or t - c >= upper
//   relative   H0: t - c <= lower |c| or t - c >= upper |c|: linear contrasts t
//   -
//              (1 + margin) c for c > 0; the control mean's own error counts
//
// Each side is tested at `one_sided_alpha`; the p-value is the larger of both,
// and equivalence is shown exactly if the interval of level 1 - 2 alpha lies
// within the margins. No difference found is not equivalence shown.
//
// Source: D. Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657.
#ifndef STAGECRAFT_STATS_EQUIVALENCE_H_
#define STAGECRAFT_STATS_EQUIVALENCE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/estimate.h"
#include "stats/mean.h"
#include "stats/moments.h"
#include "stats/noninferiority.h"
#include "stats/proportion.h"

namespace stagecraft::stats {

struct EquivalenceOptions {
  double lower = 0;  // < upper; usually below 0.
  double upper = 0;
  bool relative = false;          // The margins are fractions of |control|.
  double one_sided_alpha = 0.05;  // Of each test, in (0, 0.5).
};

struct OneSidedTest {
  double statistic = 0;  // Positive on the side of equivalence.
  double degrees_of_freedom = kInfinity;
  double p_value = 1;
};

struct Equivalence {
  double value = 0;    // The difference, or the relative lift.
  OneSidedTest lower;  // Of "the effect is at or below `lower`".
  OneSidedTest upper;  // Of "the effect is at or above `upper`".
  double p_value = 1;  // The larger of both.
  // Level 1 - 2 alpha, of the method of the tests. Relative means: Fieller's
  // with the degrees of freedom of the difference; the whole line where that is
  // no interval.
  Interval interval;
  bool equivalent = false;  // p_value < one_sided_alpha.
};

// Of two independent estimates.
// Errors: kInvalidArgument for a bad option or estimate; kFailedPrecondition if
// a contrast has no variance, or the control is 0 and the margins relative.
absl::StatusOr<Equivalence> TestEquivalence(
    const NormalEstimate& control, const NormalEstimate& treatment,
    const EquivalenceOptions& options, double degrees_of_freedom = kInfinity);

// Of two means. kWelch: the degrees of freedom of each contrast.
absl::StatusOr<Equivalence> TestMeanEquivalence(
    const Moments& control, const Moments& treatment,
    const EquivalenceOptions& options, MeanTest test = MeanTest::kWelch);

// Of two rates; see noninferiority.h for the methods and their errors. Of the
// score methods the margins lie within (-1, 1), relative ones above -1.
absl::StatusOr<Equivalence> TestProportionEquivalence(
    const Proportion& control, const Proportion& treatment,
    const EquivalenceOptions& options,
    ProportionNonInferiorityMethod method =
        ProportionNonInferiorityMethod::kUnpooled);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_EQUIVALENCE_H_
