// Midway through an experiment: how likely is it to end with a discovery?
//
// With t the share of the final information that is in (of units, of events, or
// (final error / present error)^2) and Z the present statistic, the score is a
// Brownian motion B(t) = Z sqrt(t) whose drift is E Z at t = 1. Then
//   conditional power   P(Z(1) >= q | B(t), drift)
//                         = Phi((B + drift (1 - t) - q) / sqrt(1 - t))
// under the drift of the present trend (B / t), of the plan (q + z_power), of
// the null (0), or of any effect (effect / final error). The futility index is
// 1 - conditional power under the plan.
//   predictive power    the same averaged over the posterior of the drift, with
//                       a flat prior or a normal one; q: the test's quantile.
// `up` is discovery of an effect > 0, `down` of one < 0 (0 if one-sided).
// A low value is a reason to stop for futility, which costs power and never
// inflates the error; a high one is no evidence by itself.
//
// Source:   K. Lan, J. Wittes, Biometrics 44 (1988) 579 (B-value); D.
//           Spiegelhalter, L. Freedman, P. Blackburn, Control. Clin. Trials 7
//           (1986) 8 (predictive power).
// Accuracy: 1e-15; with interim looks to come 1e-10.
#ifndef STAGECRAFT_STATS_CONDITIONAL_POWER_H_
#define STAGECRAFT_STATS_CONDITIONAL_POWER_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

struct Interim {
  double z = 0;                     // Finite.
  double information_fraction = 0;  // t, in (0, 1).
};

struct ConditionalOptions {
  double alpha = 0.05;  // Total; two-sided unless `one_sided`.
  bool one_sided = false;
};

struct ConditionalPower {
  double up = 0;
  double down = 0;
  double both_tails = 0;
};

// The present state of an estimate whose standard error will be
// `final_standard_error` in the end, and the drift of an assumed effect there.
// Errors: kInvalidArgument for values out of range; kFailedPrecondition if the
// error is 0 or already as small as the final one.
absl::StatusOr<Interim> InterimOf(const NormalEstimate& estimate,
                                  double final_standard_error,
                                  double null_value = 0);

// Drifts: B / t, and q + z_power with the sign of the planned effect (+).
absl::StatusOr<double> CurrentTrendDrift(const Interim& interim);
absl::StatusOr<double> PlannedDrift(double power,
                                    const ConditionalOptions& options = {});

// Errors: kInvalidArgument.
absl::StatusOr<ConditionalPower> PowerGivenInterim(
    const Interim& interim, double drift,
    const ConditionalOptions& options = {});

// The usual four at once.
struct InterimOutlook {
  ConditionalPower under_trend, under_plan, under_null;
  ConditionalPower predictive;  // Flat prior.
  double futility_index = 0;    // 1 - under_plan.up.
};
absl::StatusOr<InterimOutlook> OutlookOf(
    const Interim& interim, double planned_power,
    const ConditionalOptions& options = {});

// `prior` of the drift: absent is flat. A standard error of 0 is a fixed drift.
absl::StatusOr<ConditionalPower> PredictivePower(
    const Interim& interim, const std::optional<NormalEstimate>& prior = {},
    const ConditionalOptions& options = {});

// One look still to come of a group sequential design.
struct FutureLook {
  double time = 0;            // In (t, 1], increasing.
  double upper = kInfinity;   // Discovery at Z >= upper.
  double lower = -kInfinity;  // Two-sided: discovery at Z <= lower;
                              // one-sided: stop for futility there.
};

// The chance of a discovery at any look still to come. One-sided: `down` is 0
// and an exit below `lower` is none.
// Errors: kInvalidArgument for looks that are empty, not increasing, or lower >
// upper.
absl::StatusOr<ConditionalPower> PowerGivenInterim(
    const Interim& interim, double drift, absl::Span<const FutureLook> looks,
    bool one_sided);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_CONDITIONAL_POWER_H_
