// How long an always-valid test takes to reach a verdict on a given effect, and
// how likely it is to reach one within a maximum of units.
//
// Looks are taken at first, first + every, ... and at the maximum. At n units
// of both arms Z_n has mean sqrt(n) effect / s, s the deviation of the estimate
// at one unit, and the correlations of a mean; the verdict is the first look
// with |Z_n| >= the sequence's critical value (confidence_sequence.h;
// one-sided: Z_n on the alternative's side). The distribution of that look is
// computed by recursive numerical integration (recursive_integration.h), not
// simulated: exact for normal estimates with known variance, to 1e-10.
//
// What it does not mean: looking more often stops earlier, by a little (a tenth
// of `every` or so matters no more). Those without a verdict count with the
// maximum in `expected_units`.
//
// Source: P. Armitage, C. McPherson, B. Rowe, JRSS A 132 (1969) 235; R. Johari,
//         P. Koomen, L. Pekelis, D. Walsh, Oper. Res. 70 (2022) 1806,
//         section 5.
#ifndef STAGECRAFT_STATS_PLAN_TIME_TO_VERDICT_H_
#define STAGECRAFT_STATS_PLAN_TIME_TO_VERDICT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/confidence_sequence.h"

namespace stagecraft::stats {

struct VerdictPlan {
  // Level, alternative, null value and tuning of the sequence.
  SequenceOptions sequence;
  int64_t first_units = 0;       // At the first look, >= 100; 0: `every_units`.
  int64_t every_units = 0;       // Between looks, > 0.
  int64_t maximum_units = 0;     // Of both arms; at most 1000 looks come of it.
  double treatment_share = 0.5;  // In (0, 1).
};

struct VerdictLook {
  int64_t units = 0;
  double critical_value = 0;  // |Z| that gives the verdict.
  double right = 0;           // Verdict at this look for the effect's own side.
  double wrong = 0;           // For the other side; 0 if one-sided.
};

struct TimeToVerdict {
  std::vector<VerdictLook> looks;
  double power = 0;    // A verdict for the effect's own side by the maximum.
  double verdict = 0;  // Any verdict by then; with no effect the type I error.
  // Mean units at the verdict or, without one, at the maximum.
  double expected_units = 0;
  // Mean units of those with a verdict; absent if that has no probability.
  std::optional<double> expected_units_given_verdict;
};

// `effect` is the true difference, treatment minus control, of means with these
// standard deviations of a unit (for rates sqrt(p (1 - p)); ratios:
// RatioUnitDeviation). An effect equal to the null value gives the error rate.
// One-sided: the right side is the alternative's.
//
// Errors: kInvalidArgument for a bad option, too many looks, or an effect that
// is more than 100 standard errors at the maximum.
absl::StatusOr<TimeToVerdict> PlanTimeToVerdict(double effect,
                                                double control_sd,
                                                double treatment_sd,
                                                const VerdictPlan& plan);

// Units by which a share of all experiments has its verdict: the first look
// with so much probability; absent if the maximum comes first. Errors:
// kInvalidArgument unless 0 < share < 1.
absl::StatusOr<std::optional<int64_t>> VerdictQuantile(
    const TimeToVerdict& times, double share);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_PLAN_TIME_TO_VERDICT_H_
