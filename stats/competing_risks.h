// Competing ends of a stage (advanced, dropped out, ...) with censoring: the
// Aalen-Johansen cumulative incidence of each cause.
//
//   F_j(t) = sum_{t_i <= t} S(t_i-) d_ij / n_i,   S: Kaplan-Meier of any cause
// so sum_j F_j(t) + S(t) = 1. Treating the other causes as censored would
// overstate every one of them.
//
// Variances of F = F_j(t), with d_i the events of all causes:
//   kDelta  the default: the delta method with multinomial steps,
//             sum_i (F(t) - F(t_i))^2 d_i / (n_i (n_i - d_i))
//           + sum_i S(t_i-)^2 d_ij (n_i - d_ij) / n_i^3
//           - 2 sum_i (F(t) - F(t_i)) S(t_i-) d_ij / n_i^2.
//           Equals the infinitesimal jackknife of R's survival::survfit; with
//           one cause Greenwood's; without censoring the binomial's.
//   kAalen  the counting process form, as R's cmprsk::cuminc: with r_i =
//           (F(t) - F(t_i)) / S(t_i), and r_i = 0 where S(t_i) = 0,
//             sum_i S(t_i-)^2 / n_i^2 (d_ij c(d_ij) (1 - r_i)^2
//                                      + (d_i - d_ij) c(d_i - d_ij) r_i^2),
//           c(d) = 1 - (d - 1) / (n_i - 1) for d > 1, otherwise 1. Somewhat
//           larger in small samples.
// Source:   O. Aalen, S. Johansen, Scand. J. Stat. 5 (1978) 141; E. Marubini,
//           M. Valsecchi, Analysing Survival Data (1995), 10.12 (kDelta); O.
//           Aalen, Ann. Stat. 6 (1978) 534, and R. Gray's cmprsk (kAalen).
// Accuracy: exact to rounding.
#ifndef STAGECRAFT_STATS_COMPETING_RISKS_H_
#define STAGECRAFT_STATS_COMPETING_RISKS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/competing_risks_bins.h"  // IWYU pragma: export
#include "stats/estimate.h"

namespace stagecraft::stats {

enum class IncidenceVariance { kDelta, kAalen };

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

// Errors: as OrderedCompetingBins.
absl::StatusOr<CumulativeIncidence> EstimateCumulativeIncidence(
    absl::Span<const CompetingBin> bins,
    IncidenceVariance variance = IncidenceVariance::kDelta);

// Intervals of F, each normal on its own scale and cut to [0, 1]:
//   kPlain   F -+ z se, the default;
//   kLog     F exp(-+ z se / F), as R's survfit;
//   kLogLog  1 - (1 - F)^exp(-+ z se / ((1 - F) ln(1 - F))): within (0, 1).
// Where F is 0 (no such end yet) or 1 the error is 0 by each of them and the
// interval is that point.
enum class IncidenceScale { kPlain, kLog, kLogLog };

// F_cause(time), 0 before the first such end.
// Errors: kInvalidArgument for a bad cause, time or alpha; kFailedPrecondition
// beyond the last follow-up while units are left.
absl::StatusOr<Estimate> IncidenceAt(
    const CumulativeIncidence& incidence, int cause, double time,
    double alpha = 0.05, IncidenceScale scale = IncidenceScale::kPlain);

// The same without building the curves.
struct IncidenceOptions {
  double alpha = 0.05;
  IncidenceScale scale = IncidenceScale::kPlain;
  IncidenceVariance variance = IncidenceVariance::kDelta;
};
absl::StatusOr<Estimate> IncidenceAt(absl::Span<const CompetingBin> bins,
                                     int cause, double time,
                                     const IncidenceOptions& options = {});

// F_cause(time) of the treatment minus that of the control: z test and normal
// interval cut to [-1, 1].
// Errors: as above for either arm; kFailedPrecondition if neither has variance.
absl::StatusOr<Effect> CompareIncidenceAt(
    absl::Span<const CompetingBin> control,
    absl::Span<const CompetingBin> treatment, int cause, double time,
    const TestOptions& options = {},
    IncidenceVariance variance = IncidenceVariance::kDelta);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_COMPETING_RISKS_H_
