// Time to an event from binned durations with censoring: Kaplan-Meier curve,
// quantiles, restricted mean.
//
//   S(t) = prod_{t_i <= t} (1 - d_i / n_i),  n_i: at risk just before t_i
//   Greenwood: var ln S(t) = sum d_i / (n_i (n_i - d_i))
//   RMST(tau) = integral of S over [0, tau]
//   var RMST  = sum_{t_i <= tau} (integral of S over [t_i, tau])^2
//                 d_i / (n_i (n_i - d_i))
//
// A unit censored at t is at risk at t (it leaves just after the events of t).
// Shapes:  bins in any order; bins of equal time add up. Times need not be
//          integers and have whatever unit the caller gives them.
// Source:  E. Kaplan, P. Meier, JASA 53 (1958) 457; M. Greenwood (1926);
//          D. Collett, Modelling Survival Data (quantiles, midpoint rule). As
//          R's survfit(conf.type = "log") and survfit(...)$rmean.
#ifndef STAGECRAFT_STATS_SURVIVAL_H_
#define STAGECRAFT_STATS_SURVIVAL_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

// `events` units had the event after `time`, `censored` were last seen then.
struct DurationBin {
  double time = 0;  // >= 0, finite.
  int64_t events = 0;
  int64_t censored = 0;
};

// Pointwise intervals of S: on the scale of ln S (kLog, the default),
// ln(-ln S) (kLogLog) or S itself (kPlain); cut to [0, 1].
enum class SurvivalScale { kLog, kLogLog, kPlain };

struct SurvivalOptions {
  double alpha = 0.05;
  SurvivalScale scale = SurvivalScale::kLog;
};

// The curve from this time on, until the next point's.
struct SurvivalPoint {
  double time = 0;
  int64_t at_risk = 0;  // Just before `time`.
  int64_t events = 0;
  int64_t censored = 0;
  double survival = 1;
  // Of `survival`; where the curve has reached 0 it is undefined, and given as
  // 0 with the interval [0, 1].
  double standard_error = 0;
  Interval interval;
};

struct SurvivalCurve {
  std::vector<SurvivalPoint> points;  // By time; every time that has units.
  int64_t units = 0;
  int64_t events = 0;
  int64_t censored = 0;
  double last_follow_up = 0;  // The largest time.
  SurvivalOptions options;
};

// Errors: kInvalidArgument for a negative or not finite time, a negative count
// or a bad alpha; kFailedPrecondition if there are no units.
absl::StatusOr<SurvivalCurve> KaplanMeier(absl::Span<const DurationBin> bins,
                                          const SurvivalOptions& options = {});

// S(t) with its interval: 1 before the first event. Errors: kInvalidArgument
// for a bad time; kFailedPrecondition beyond the last follow-up of a curve that
// has not reached 0.
absl::StatusOr<Estimate> SurvivalAt(const SurvivalCurve& curve, double time);

// When a share of the units has had the event. Absent: not reached.
struct SurvivalQuantile {
  std::optional<double> value;
  std::optional<double> lower;  // Where the lower curve first crosses.
  std::optional<double> upper;
  double level = 0;
};

// The smallest t with S(t) < 1 - share or, if S equals 1 - share exactly on an
// interval, its midpoint; the interval reads the same off the curve's interval.
// share = 0.5 is the median. Errors: kInvalidArgument unless 0 < share < 1.
absl::StatusOr<SurvivalQuantile> DurationQuantile(const SurvivalCurve& curve,
                                                  double share);

// RMST(horizon) with a normal interval.
// Errors: as KaplanMeier; kInvalidArgument unless horizon > 0 and finite;
// kFailedPrecondition if the horizon is beyond the last follow-up while the
// curve is above 0: nothing is known there.
absl::StatusOr<Estimate> RestrictedMean(absl::Span<const DurationBin> bins,
                                        double horizon, double alpha = 0.05);

// Treatment minus control. Errors: as above for either arm;
// kFailedPrecondition if neither has variance.
absl::StatusOr<Effect> CompareRestrictedMeans(
    absl::Span<const DurationBin> control,
    absl::Span<const DurationBin> treatment, double horizon,
    const TestOptions& options = {});

// The bins by time, equal times added up, empty ones left out.
// Errors: kInvalidArgument as KaplanMeier.
absl::StatusOr<std::vector<DurationBin>> SortedBins(
    absl::Span<const DurationBin> bins);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SURVIVAL_H_
