// A group sequential experiment under way: bounds at the information that
// actually came, the decision, repeated p-values and intervals, conditional
// power, and the analysis after stopping.
//
// Spending designs evaluate their function at the actual times t_k = I_k /
// max_information, so looks may come earlier, later, more or less often than
// planned. A look at t >= 1, or one declared final, spends all of alpha that is
// left: also at t < 1 (ended early) and t > 1 (overrun). Beta is spent
// likewise, under the planned drift; given futility bounds belong to look 1, 2,
// ... A non-binding futility stop is advice: it decides only if no look
// follows, and final p-values and intervals do not count on it. Designs with
// fixed constants (O'Brien-Fleming, Pocock, Wang-Tsiatis, Haybittle-Peto) hold
// at their planned times only: actual ones that differ by more than
// `time_tolerance` are an error. The documented way out is ConvertToSpending: a
// design that spends, at the planned times, what these bounds spend there,
// linearly in between; decide on it before looking.
//
// The estimated effect is z * standard_error; standard_error is
// 1 / sqrt(information) unless it is given.
#ifndef STAGECRAFT_STATS_GROUP_SEQUENTIAL_MONITORING_H_
#define STAGECRAFT_STATS_GROUP_SEQUENTIAL_MONITORING_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/group_sequential.h"
#include "stats/stagewise.h"

namespace stagecraft::stats {

// What was seen at a look, of all data up to it.
struct InterimLook {
  // 1 / standard_error^2, or units or events in the unit of max_information.
  double information = 0;  // > 0, increasing over looks.
  double z = 0;            // Estimate / standard error, treatment - control.
  // Of the estimate in the metric's unit; absent: 1 / sqrt(information).
  std::optional<double> standard_error;
};

// Of an estimate with its standard error > 0: {1 / se^2, value / se, se}.
absl::StatusOr<InterimLook> LookOfEstimate(const NormalEstimate& effect);

struct MonitoringOptions {
  // Information planned for the last look, in the unit of the looks: see
  // MaximumInformation below and group_sequential_size.h.
  double max_information = 0;  // Required, > 0.
  // The last of the looks is the final one, whatever its time.
  bool last_is_final = false;
  // Of designs with fixed constants: |actual - planned time| allowed.
  double time_tolerance = 1e-6;
  // Of one-sided designs: kDown tests theta < 0; then `lower` is the bound that
  // rejects, and futility is z >= futility.
  Direction better = Direction::kUp;
  // Effect for conditional power, in the unit of standard_error; absent: the
  // planned one (the design's drift).
  std::optional<double> assumed_effect;
  OutcomeOrdering ordering = OutcomeOrdering::kStageWise;
  // Leaves out what takes time: repeated p-values (they stay 1), conditional
  // power and the final analysis.
  bool bounds_only = false;
  // Repeated p-values are of the last look only; those before it stay 1.
  bool last_p_value_only = false;
};

enum class SequentialDecision {
  kContinue,
  kRejectUp,    // The effect is > 0.
  kRejectDown,  // The effect is < 0.
  kStopForFutility,
  kAccept,  // The final look did not reject.
};

struct MonitoredLook {
  double time = 0;  // information / max_information.
  double z = 0;
  double effect = 0;
  double upper = kInfinity;  // For z, at the actual times.
  double lower = -kInfinity;
  std::optional<double> futility;
  double stage_level = 0;  // One-sided nominal level 1 - Phi(upper).
  double alpha_spent = 0;  // Cumulative, both sides.
  SequentialDecision decision = SequentialDecision::kContinue;
  // The smallest total alpha at which a design of this kind would have rejected
  // at this look (Jennison and Turnbull 2000, 9); two-sided if the design is.
  // Valid at every look. In [0, 1]; futility bounds that bind stay as they are.
  // Haybittle-Peto's interim bounds do not move
  // with alpha: what they spend up to here, or 1 if not crossed.
  double repeated_p_value = 1;
  // estimate +- upper * standard_error: all looks' intervals cover together
  // with probability 1 - alpha. One-sided designs: each end has error alpha,
  // level 1 - 2 alpha.
  Interval repeated_interval;
};

// Probability to reject in the tested direction (two-sided: in that of the
// current estimate) at one of the remaining planned looks, given z now. Planned
// futility stops are obeyed, binding or not.
struct ConditionalPower {
  // If the true effect is ...
  double under_estimate = 0;  // ... the current estimate (the trend);
  double under_plan = 0;      // ... the assumed one, or the planned one in
                              // the direction above;
  double under_null = 0;      // ... 0.
  // Predictive: averaged over N(estimate, 1 / information), a flat prior.
  double predictive = 0;
};

struct Monitoring {
  std::vector<MonitoredLook> looks;  // One per look handed in.
  SequentialDecision decision = SequentialDecision::kContinue;
  // Index of the look that stopped it; later looks are reported but decide
  // nothing.
  std::optional<int> stopped_at;
  // If it goes on: over the planned looks that are still to come.
  std::optional<ConditionalPower> conditional_power;
  // If it has stopped.
  std::optional<FinalAnalysis> final_analysis;
};

// `looks` in order, at least one.
//
// Errors: kInvalidArgument for values that are not finite, information that
// does not increase, a look after t >= 1 or more looks than a fixed-constant
// design plans; kFailedPrecondition for times that such a design did not plan.
absl::StatusOr<Monitoring> MonitorGroupSequential(
    const GroupSequentialDesign& design, absl::Span<const InterimLook> looks,
    const MonitoringOptions& options);

// The spending design (kUser) that equals `design` at its planned times.
absl::StatusOr<GroupSequentialDesign> ConvertToSpending(
    const GroupSequentialDesign& design);

// I_max = (drift / effect)^2: in units of 1 / variance of the effect, so that
// `effect` (not 0) is found with the design's power.
absl::StatusOr<double> MaximumInformation(const GroupSequentialDesign& design,
                                          double effect);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_GROUP_SEQUENTIAL_MONITORING_H_
