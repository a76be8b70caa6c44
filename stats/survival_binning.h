// What rounding durations down to bins did to the survival estimates: exact
// worst-case bounds.
//
// Each true duration T, of an event or of censoring, was written as the bin b
// with b <= T < b + width. The estimates computed from the bins are exact for
// the bins; those that the true durations would have given lie within
//
//   L(t) = prod_{b_i <= t}         (1 - d_i / (n_i - c_i))
//   U(t) = prod_{b_i + width <= t} (1 - d_i / n_i)
//   L(t) <= S_true(t) <= U(t) for every t, hence
//   integral of L <= RMST_true(tau) <= integral of U over [0, tau].
//
// Proof. n_i, the units with T >= b_i, is the same in both. Within one bin let
// the d events and c censorings come in any order. An event seen with m units
// left multiplies S by 1 - 1/m; k tied events by 1 - k/m, the same as one after
// the other. Moving a censoring from just before an event to just after it
// raises that event's m by one and leaves all others: S grows. So the bin's
// whole factor is largest with every event first, (n - d) / n, and least with
// every censoring first, (n - c - d) / (n - c). At t the bins with b_i + width
// <= t are complete, those with b_i > t have not begun, and of the one between
// anything from no event (factor 1) to every event may have happened. All of
// these can happen together, so the bounds cannot be improved: L is reached as
// a limit, U is reached at every t.   QED
//
// Consequences: the bins' own S and RMST lie within the bounds. Where no bin
// holds both events and censoring, L is the bins' own curve, so that rounding
// down only ever lowers: RMST_true - RMST_bins is in [0, width]. With both in a
// bin the right end still holds, for U(t) <= S_bins(t - width), whose integral
// to tau exceeds that of S_bins by at most width; the left end is what L says.
// These are bounds of the effect of rounding, not confidence limits: sampling
// error comes on top.
//
// Durations rounded to the nearest bin are durations minus width / 2, rounded
// down; rounded up: minus width. Shift the times first.
#ifndef STAGECRAFT_STATS_SURVIVAL_BINNING_H_
#define STAGECRAFT_STATS_SURVIVAL_BINNING_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/survival_bins.h"

namespace stagecraft::stats {

struct BinningBounds {
  double lower = 0;   // No true durations give less.
  double binned = 0;  // From the bins as they are.
  double upper = 0;   // No true durations give more.
};

// S(time) and RMST(horizon). Bins with units must be at least `width` apart.
//
// Errors: as OrderedBins; kInvalidArgument for a width that is not positive and
// finite or bins that overlap, a bad time or horizon; kFailedPrecondition
// without units or beyond the last bin of a curve that has not reached 0.
absl::StatusOr<BinningBounds> SurvivalBinningBounds(
    absl::Span<const DurationBin> bins, double width, double time);
absl::StatusOr<BinningBounds> RestrictedMeanBinningBounds(
    absl::Span<const DurationBin> bins, double width, double horizon);

// Of treatment minus control, each with bounds of its own.
BinningBounds DifferenceBounds(const BinningBounds& control,
                               const BinningBounds& treatment);

// Of the time when `share` of the units has had the event, as DurationQuantile:
// the first time with L <= 1 - share, and with U < 1 - share (absent: never).
// Errors: as above; kInvalidArgument unless 0 < share < 1.
struct QuantileBinningBounds {
  std::optional<double> lower;
  std::optional<double> upper;
};
absl::StatusOr<QuantileBinningBounds> DurationQuantileBinningBounds(
    absl::Span<const DurationBin> bins, double width, double share);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SURVIVAL_BINNING_H_
