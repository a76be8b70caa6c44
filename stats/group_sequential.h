// Group sequential designs: a fixed small number of looks, boundaries that keep
// the total error, a maximal sample size somewhat above the fixed one and a
// smaller expected one.
//
// The canonical process. With information I_k at look k (1 / variance of the
// estimated effect, or anything proportional to it: units, events),
//   Z_k ~ N(theta sqrt(I_k), 1),  Cov(Z_j, Z_k) = sqrt(I_j / I_k), j <= k.
// Times t_k = I_k / I_max; drift = theta sqrt(I_max), so E Z_k = drift
// sqrt(t_k).
//
// One-sided designs look for theta > 0 and reject when Z_k >= upper_k (for a
// metric that should fall, hand in -z). Two-sided ones are symmetric and reject
// when |Z_k| >= upper_k. Rules:
//   kSpending        upper_k spends what the spending function allows by t_k
//   kOBrienFleming   c t_k^(-1/2)      (Wang-Tsiatis, delta 0)
//   kPocock          c                 (delta 1/2)
//   kWangTsiatis     c t_k^(delta-1/2)
//   kHaybittlePeto   a given bound (3) at every look but the last, whose bound
//                    makes the total error alpha
// Futility (never at the last look, where all that is not rejected is
// accepted): one-sided, stop when Z_k <= futility_k; two-sided, stop when |Z_k|
// <= futility_k. By given bounds, or by spending beta = 1 - power under the
// alternative (the function of one side; two-sided, rejections downwards count
// as spent, so that the upper tail keeps the power).
// Binding bounds are counted on when the upper bounds are found (more power;
// the error is kept only if they are always obeyed); non-binding ones are not.
//
// Source:   C. Jennison, B. Turnbull, Group Sequential Methods (2000); J.
//           Whitehead (1997); S. Pampallona, A. Tsiatis, K. Kim, Drug Inf. J.
//           35 (2001) 1113 (beta spending); rpact 3.3.4 for conventions.
// Accuracy: probabilities to 1e-10, bounds to 1e-8 (recursive_integration.h).
#ifndef STAGECRAFT_STATS_GROUP_SEQUENTIAL_H_
#define STAGECRAFT_STATS_GROUP_SEQUENTIAL_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/spending.h"

namespace stagecraft::stats {

enum class StoppingRule {
  kSpending,
  kOBrienFleming,
  kPocock,
  kWangTsiatis,
  kHaybittlePeto,
};

enum class FutilityRule { kNone, kGiven, kBetaSpending };

struct GroupSequentialOptions {
  // Total: of both sides, in (0, 1), or of one, in (0, 0.5).
  double alpha = 0.05;
  bool one_sided = false;
  double power = 0.8;  // Wanted, in (alpha of one side, 1).
  // Planned looks, the last included, equally spaced, in [1, 1000]; ...
  int looks = 5;
  // ... or, if not empty, their information in any unit, increasing, > 0. The
  // design keeps shares of the last one.
  std::vector<double> information;

  StoppingRule rule = StoppingRule::kSpending;
  SpendingFunction spending;         // Of kSpending.
  double wang_tsiatis_delta = 0.25;  // Of kWangTsiatis, in [-1, 1].
  double haybittle_peto_bound = 3;   // Of kHaybittlePeto, > 0.

  FutilityRule futility = FutilityRule::kNone;
  // Of kGiven: one per look but the last; -infinity (two-sided: 0) is none.
  std::vector<double> futility_bounds;
  SpendingFunction beta_spending;  // Of kBetaSpending; spends 1 - power.
  bool binding_futility = false;
};

// One planned look. Infinite bounds: no stop of this kind at this look.
struct PlannedLook {
  double time = 0;                 // t_k, in (0, 1].
  double upper = kInfinity;        // Reject upwards at Z_k >= upper.
  double lower = -kInfinity;       // Two-sided: -upper, reject downwards.
  std::optional<double> futility;  // See above; absent: none at this look.
  // Nominal one-sided level: 1 - Phi(upper). Two-sided p: twice that.
  double stage_level = 0;
  // Up to and with this look, under theta = 0, as if there were no futility
  // stops unless they bind: both sides together.
  double alpha_spent = 0;
  // Under the design's drift, stopped up to and with this look and not rejected
  // upwards, futility obeyed; 1 - power at the last.
  double beta_spent = 0;
  // Bounds for the maximum likelihood estimate of theta, in units of
  // 1 / sqrt(I_max): upper / sqrt(t_k) and so on.
  double upper_effect = kInfinity;
  double lower_effect = -kInfinity;
  std::optional<double> futility_effect;
};

// What happens under a drift, by look.
struct ExitProbabilities {
  double drift = 0;
  std::vector<double> up;        // Rejected upwards at look k.
  std::vector<double> down;      // Rejected downwards; 0 if one-sided.
  std::vector<double> futility;  // Stopped without rejecting before the last.
  double power = 0;       // Sum of `up`: the tail of the effect's own sign is
                          // what sample sizes count.
  double both_tails = 0;  // Sum of `up` and `down`.
  double early_stop = 0;  // Stopped before the last look, for any reason.
  // E t at stopping, a share of the design's I_max.
  double expected_information = 0;
};

struct GroupSequentialDesign {
  GroupSequentialOptions options;  // As given; `information` filled in as t_k.
  std::vector<PlannedLook> looks;
  // c of kOBrienFleming, kPocock, kWangTsiatis: upper = c t^(delta - 1/2).
  std::optional<double> constant;
  // theta sqrt(I_max) that is found with options.power (upper tail).
  double drift = 0;
  // (z_{alpha side} + z_{1 - power}) of the fixed design.
  double fixed_drift = 0;
  // I_max / I_fixed = (drift / fixed_drift)^2.
  double inflation = 1;
  // E I / I_fixed under theta = 0, half of the design's and the design's.
  double average_h0 = 1, average_h01 = 1, average_h1 = 1;
  // Under theta = 0, drift / 2 and drift, with futility stops obeyed.
  ExitProbabilities h0, h01, h1;
};

// Boundaries and everything that follows from them.
//
// Errors: kInvalidArgument for an option out of range (alpha, power, times not
// increasing, wrong number of bounds, a rule's parameter); kFailedPrecondition
// if the bounds cannot be met: Haybittle-Peto's interim bounds already spend
// alpha, given futility bounds leave no power, beta spending crosses.
absl::StatusOr<GroupSequentialDesign> DesignGroupSequential(
    const GroupSequentialOptions& options);

// Exit probabilities of the design's bounds under any finite drift = theta
// sqrt(I_max), in [-100, 100]. `obey_futility` false: as if there were none.
// Errors: kInvalidArgument.
absl::StatusOr<ExitProbabilities> ExitsUnderDrift(
    const GroupSequentialDesign& design, double drift,
    bool obey_futility = true);

// The drift > 0 at which the upper bounds are crossed with probability `power`.
// Errors: kInvalidArgument unless alpha of one side < power < 1;
// kFailedPrecondition if no drift reaches it.
absl::StatusOr<double> DriftForPower(const GroupSequentialDesign& design,
                                     double power);

// The same for any given bounds: lower[k] <= upper[k], infinite ends allowed;
// exits below `lower` are counted in `down`, also at the last look (-infinity
// there if only upward exits matter). `information` in any unit, theta in the
// matching one: drift[k] = theta sqrt(I_k).
absl::StatusOr<ExitProbabilities> ExitsOfBounds(
    absl::Span<const double> information, absl::Span<const double> lower,
    absl::Span<const double> upper, double theta);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_GROUP_SEQUENTIAL_H_
