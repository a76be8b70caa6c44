// Analysis after a group sequential experiment has stopped: p-value, interval
// and estimates that know of the looks.
//
// Outcomes (k, z) of stopping at look k with Z_k = z are ordered; with
//   p(theta) = P_theta(an outcome at least as high as the observed one)
// the p-value is p(0) (two-sided 2 min(p, 1 - p)), the interval is
// p(theta) in (e, 1 - e) for an error e on each side, the median-unbiased
// estimate solves p(theta) = 1/2. Orderings:
//   kStageWise        up at an earlier look is higher, down lower; then z.
//                     Depends on no look after the one that stopped: default.
//   kSampleMean       z / sqrt(I_k)      } both need the bounds of the looks
//   kLikelihoodRatio  z                  } that would have come
// The bias-adjusted estimate solves E_theta(z / sqrt(I) at stopping) = observed
// (J. Whitehead, Biometrika 73 (1986) 573); it too needs the later looks.
//
// Source: A. Tsiatis, G. Rosner, C. Mehta, Biometrics 40 (1984) 797; S.
// Emerson,
//         T. Fleming, Biometrika 77 (1990) 875; G. Rosner, A. Tsiatis,
//         Biometrika 75 (1988) 723; Jennison and Turnbull (2000), chapter 8.
#ifndef STAGECRAFT_STATS_STAGEWISE_H_
#define STAGECRAFT_STATS_STAGEWISE_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

enum class OutcomeOrdering { kStageWise, kSampleMean, kLikelihoodRatio };

// Two-sided futility regions are ordered by the sign of z between what was
// rejected upwards and downwards.

// The looks and their bounds. At the last look everything stops.
struct StoppedTrial {
  std::vector<double> information;   // > 0, increasing.
  std::vector<double> lower, upper;  // Reject outside; infinite ends allowed.
  // Futility region [futility_low, futility_high] within (lower, upper); empty
  // where low > high. One-sided: low = -infinity. May be left out altogether,
  // and is by convention if futility does not bind.
  std::vector<double> futility_low, futility_high;
  // The looks that would have come after `stopped_at` are listed too (or there
  // were none). Needed by the other orderings and the bias-adjusted estimate.
  bool complete = false;
  int stopped_at = 0;  // Index of the look.
  double z = 0;        // Seen there.
};

struct FinalAnalysisOptions {
  OutcomeOrdering ordering = OutcomeOrdering::kStageWise;
  double error_each_side = 0.025;  // In (0, 0.5).
  bool one_sided = false;          // Of the p-value: upwards.
};

struct FinalAnalysis {
  double p_value = 1;
  // For theta, or for the effect where the monitoring knows its unit. Level
  // 1 - 2 error_each_side.
  Interval interval;
  double median_unbiased = 0;
  double naive = 0;  // z / sqrt(I): biased away from 0 by early stops.
  // Absent if the looks after the one that stopped are not known.
  std::optional<double> bias_adjusted;
  OutcomeOrdering ordering = OutcomeOrdering::kStageWise;
};

// Errors: kInvalidArgument for arrays of different sizes, information that does
// not increase, lower > upper, z not finite, an index out of range, a z that
// would not have stopped the trial at `stopped_at` unless it is the last look,
// or an ordering that needs `complete`; kFailedPrecondition if no theta within
// the range of the method solves an equation.
absl::StatusOr<FinalAnalysis> AnalyzeStopped(
    const StoppedTrial& trial, const FinalAnalysisOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_STAGEWISE_H_
