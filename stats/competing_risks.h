// Competing ends of a stage (advanced, dropped out, ...) with censoring: the
// Aalen-Johansen cumulative incidence of each cause.
//
//   F_j(t) = sum_{t_i <= t} S(t_i-) d_ij / n_i,   S: Kaplan-Meier of any cause
// so sum_j F_j(t) + S(t) = 1. Treating the other causes as censored would
// overstate every one of them.
//
// Standard errors: the delta-method (Aalen) variance
//   sum_i (F(t) - F(t_i))^2 d_i / (n_i (n_i - d_i))
//   + sum_i S(t_i-)^2 d_ij (n_i - d_ij) / n_i^3
//   - 2 sum_i (F(t) - F(t_i)) S(t_i-) d_ij / n_i^2
// Source: O. Aalen, S. Johansen, Scand. J. Stat. 5 (1978) 141; E. Marubini, M.
//         Valsecchi, Analysing Survival Data (1995), 10.12 (as cmprsk::cuminc).
#ifndef STAGECRAFT_STATS_COMPETING_RISKS_H_
#define STAGECRAFT_STATS_COMPETING_RISKS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"

namespace stagecraft::stats {

// `events[j]` units ended by cause j after `time`.
struct CompetingBin {
  double time = 0;  // >= 0, finite.
  std::vector<int64_t> events;
  int64_t censored = 0;
};

struct IncidencePoint {
  double time = 0;
  int64_t at_risk = 0;
  double survival = 1;            // Of no cause yet, just after `time`.
  std::vector<double> incidence;  // F_j(time).
  std::vector<double> standard_error;
};

struct CumulativeIncidence {
  std::vector<IncidencePoint> points;  // By time.
  int causes = 0;
  int64_t units = 0;
  double last_follow_up = 0;
};

// Bins in any order, all with the same number of causes, >= 1.
// Errors: kInvalidArgument for bad times or counts or differing sizes;
// kFailedPrecondition if there are no units.
absl::StatusOr<CumulativeIncidence> EstimateCumulativeIncidence(
    absl::Span<const CompetingBin> bins);

// F_cause(time) with a normal interval cut to [0, 1].
// Errors: kInvalidArgument for a bad cause, time or alpha; kFailedPrecondition
// beyond the last follow-up while units are left.
absl::StatusOr<Estimate> IncidenceAt(const CumulativeIncidence& incidence,
                                     int cause, double time,
                                     double alpha = 0.05);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_COMPETING_RISKS_H_
