// The Nelson-Aalen cumulative hazard from binned durations with censoring.
//
//   H(t) = sum_{t_i <= t} d_i / n_i,  n_i: at risk just before t_i
// Variances:
//   kPoisson   sum d / n^2, the default; O. Aalen, Ann. Stat. 6 (1978) 701; as
//              std.chaz of R's survfit;
//   kBinomial  sum d (n - d) / n^3; J. Klein, Scand. J. Stat. 18 (1991) 333:
//              smaller, for tied times that are really grouped ones.
// Ties: with kFlemingHarrington d tied events count as if they came one after
//   the other: sum_{j<d} 1 / (n - j), kPoisson's variance sum_{j<d} 1 /
//   (n - j)^2 (as ctype = 2 of survfit). Then kBinomial is refused.
// Intervals: on the scale of ln H (kLog: H exp(-+ z se / H), the default; never
//   negative) or of H (kPlain, cut at 0).
// Accuracy: exact to rounding.
#ifndef STAGECRAFT_STATS_SURVIVAL_HAZARD_H_
#define STAGECRAFT_STATS_SURVIVAL_HAZARD_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/survival_bins.h"

namespace stagecraft::stats {

enum class HazardVariance { kPoisson, kBinomial };
enum class HazardTies { kNelsonAalen, kFlemingHarrington };
enum class HazardScale { kLog, kPlain };

struct HazardOptions {
  double alpha = 0.05;
  HazardVariance variance = HazardVariance::kPoisson;
  HazardTies ties = HazardTies::kNelsonAalen;
  HazardScale scale = HazardScale::kLog;
};

// The cumulative hazard from this time on.
struct HazardPoint {
  double time = 0;
  int64_t at_risk = 0;  // Just before `time`.
  int64_t events = 0;
  Estimate hazard;
};

// One point per time that has an event.
// Errors: as OrderedBins; kInvalidArgument for a bad alpha or the pair of
// options named above; kFailedPrecondition without units.
absl::StatusOr<std::vector<HazardPoint>> NelsonAalen(
    absl::Span<const DurationBin> bins, const HazardOptions& options = {});

// H(time): 0 with the interval [0, 0] before the first event.
// Errors: as above; kInvalidArgument for a bad time; kFailedPrecondition beyond
// the last follow-up.
absl::StatusOr<Estimate> CumulativeHazardAt(absl::Span<const DurationBin> bins,
                                            double time,
                                            const HazardOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_SURVIVAL_HAZARD_H_
