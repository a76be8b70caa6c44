// Time to an event from binned durations with censoring: the Kaplan-Meier
// curve, its value at a time, its quantiles, and two curves at a time.
//
//   S(t) = prod_{t_i <= t} (1 - d_i / n_i),  n_i: at risk just before t_i
//   Greenwood: g = var ln S(t) = sum d_i / (n_i (n_i - d_i)),
//              var S(t) = S(t)^2 g
//
// A unit censored at t is at risk at t (it leaves just after the events of t).
// Source:  E. Kaplan, P. Meier, JASA 53 (1958) 457; M. Greenwood (1926);
//          D. Collett, Modelling Survival Data (quantiles, midpoint rule). As
//          R's survfit, whose conf.type names the scales.
// Accuracy: S and its error are exact to rounding, about 1e-16 times the number
//          of bins. Times are taken as exact: survival_binning.h bounds what
//          rounding them down did.
// Speed:   linear in the bins if they are sorted; SurvivalAt of bins builds no
//          curve.
#ifndef STAGECRAFT_STATS_SURVIVAL_H_
#define STAGECRAFT_STATS_SURVIVAL_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/survival_bins.h"             // IWYU pragma: export
#include "stats/survival_restricted_mean.h"  // IWYU pragma: export

namespace stagecraft::stats {

// Pointwise intervals of S, each normal on its own scale and cut to [0, 1];
// z is the normal quantile of 1 - alpha / 2:
//   kLog     S exp(-+ z sqrt(g)), the default, as in survfit;
//   kLogLog  S^exp(-+ z sqrt(g) / ln S), never leaves [0, 1];
//   kPlain   S (1 -+ z sqrt(g));
//   kLogit   on ln(S / (1 - S)), with error sqrt(g) / (1 - S);
//   kArcsine on arcsin(sqrt(S)), with error sqrt(g S / (1 - S)) / 2.
// Before the first event S is known to be 1 by each of them: [1, 1].
enum class SurvivalScale { kLog, kLogLog, kPlain, kLogit, kArcsine };

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

// The same without building the curve. Errors: of both.
absl::StatusOr<Estimate> SurvivalAt(absl::Span<const DurationBin> bins,
                                    double time,
                                    const SurvivalOptions& options = {});

// How the test of two curves at a time is scaled. The log-log scale keeps its
// level best in small samples: J. Klein, B. Logan, M. Harhoff, P. Andersen,
// Stat. Med. 26 (2007) 4505.
enum class SurvivalTestScale { kPlain, kLogLog };

// S_treatment(time) - S_control(time) with the interval
// difference +- z sqrt(var_t + var_c), cut to [-1, 1]. The test of kPlain is
// the difference over that error; of kLogLog that of ln(-ln S), signed like the
// difference, with error sqrt(g) / |ln S|; options.null_value must then be 0.
// `standard_error` is that of the difference in both.
//
// Errors: as SurvivalAt for either arm; kInvalidArgument for a bad option;
// kFailedPrecondition if neither arm has variance at that time or, for kLogLog,
// an S is 0 or 1.
absl::StatusOr<Effect> CompareSurvivalAt(
    absl::Span<const DurationBin> control,
    absl::Span<const DurationBin> treatment, double time,
    const TestOptions& options = {},
    SurvivalTestScale scale = SurvivalTestScale::kPlain);

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

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SURVIVAL_H_
