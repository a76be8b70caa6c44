// Planning of time-to-event comparisons: how many events, and how many units
// until there are so many.
//
// The log-rank test's power depends on the number of events m alone. With theta
// the hazard ratio (treatment over control), p the treatment's share of units
// and r = p / (1 - p):
//   power = Phi(sqrt(m) g - z),  g the signal of one event:
//   kSchoenfeld     |ln theta - ln theta_0| sqrt(p (1 - p)), the default;
//   kFreedman       |1 - theta| sqrt(r) / (1 + r theta);
//   kHsiehFreedman  2 |1 - theta| sqrt(r) / ((1 + r)(1 + theta)).
// theta_0 (kSchoenfeld only) is the ratio under the null: 1, or the margin of a
// non-inferiority test, with options.one_sided. `both_tails` as in power.h.
// Units: events / P(event), from probabilities of the arms or from exponential
// hazards, uniform entry over `accrual`, then `follow_up`, and drop-outs.
//
// Source: D. Schoenfeld, Biometrics 39 (1983) 499; L. Freedman, Stat. Med. 1
//         (1982) 121; F. Hsieh, Control. Clin. Trials 13 (1992) 131 (the names
//         are rpact's getSampleSizeSurvival's).
// Accuracy: 1e-12 relative.
#ifndef STAGECRAFT_STATS_POWER_EVENTS_H_
#define STAGECRAFT_STATS_POWER_EVENTS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "stats/power.h"

namespace stagecraft::stats {

enum class EventsMethod { kSchoenfeld, kFreedman, kHsiehFreedman };

struct HazardPlan {
  double hazard_ratio = 0;  // theta, > 0 and not the null's.
  double null_ratio = 1;    // theta_0, > 0; other than 1 with kSchoenfeld only.
  EventsMethod method = EventsMethod::kSchoenfeld;
};

struct EventCount {
  int64_t events = 0;  // Of both arms, rounded up.
  double exact = 0;
};

// Errors of all: kInvalidArgument for an option or ratio out of range, or
// results above 2^53.
absl::StatusOr<EventCount> EventsNeeded(const HazardPlan& plan,
                                        const PowerOptions& options = {});
absl::StatusOr<Power> EventsPower(const HazardPlan& plan, int64_t events,
                                  const PowerOptions& options = {});
// The hazard ratio found with the power at so many events: below null_ratio
// for kDown, above for kUp. plan.hazard_ratio is not used. kFailedPrecondition
// if no ratio is found (kFreedman and kHsiehFreedman have a largest power).
absl::StatusOr<double> MinimumDetectableHazardRatio(
    const HazardPlan& plan, int64_t events, Direction direction,
    const PowerOptions& options = {});

// Units, given the chance of each arm's unit to have the event while watched,
// in (0, 1].
absl::StatusOr<SampleSize> TimeToEventSampleSize(
    const HazardPlan& plan, double control_event_probability,
    double treatment_event_probability, const PowerOptions& options = {});

// Of a unit that enters uniformly within `accrual` (>= 0) and is watched until
// `follow_up` (>= 0; their sum > 0) after the last entry, with exponential
// hazards (> 0; of dropping out >= 0), per the same unit of time:
//   h / (h + g) (1 - (exp(-(h + g) F) - exp(-(h + g)(A + F))) / ((h + g) A)).
absl::StatusOr<double> EventProbability(double hazard, double accrual,
                                        double follow_up,
                                        double dropout_hazard = 0);
// The exponential hazard with which a share in (0, 1) has the event by `time`.
absl::StatusOr<double> HazardOfShare(double share, double time);
// 1 - (1 - share)^theta: the treatment's share under proportional hazards.
absl::StatusOr<double> ShareUnderHazardRatio(double control_share,
                                             double hazard_ratio);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_POWER_EVENTS_H_
