// The log-rank test and its weighted and stratified kin: do k groups have the
// same time to the event?
//
// At each time with d > 0 events among n at risk, n_g of them in group g:
//   E_g = sum w d n_g / n,   O_g = sum w d_g,
//   V_gh = sum w^2 d (n - d) / (n - 1) (n_g / n) (1{g = h} - n_h / n)
//   X^2 = (O - E)' V^- (O - E)
// chi-squared with k' - 1 degrees of freedom, where groups that are never at
// risk at an event time drop out. A single unit at risk has no variance and
// adds nothing to V.
//
// Weights w, of all groups together:
//   kLogRank          1: best against proportional hazards;
//   kGehan            n (Gehan, and Breslow for k groups; "Wilcoxon");
//   kTaroneWare       sqrt(n);
//   kPetoPeto         S~(t) = prod_{t_i <= t} (1 - d_i / (n_i + 1));
//   kModifiedPetoPeto S~(t) n / (n + 1);
//   kFlemingHarrington  S(t-)^rho (1 - S(t-))^gamma, S: Kaplan-Meier.
// R's survdiff(rho) is kFlemingHarrington with that rho and gamma 0, its rho =
// 1 is often called Peto-Peto too. Weights are chosen before looking.
// Strata: O - E and V add up over the strata (each with its own weights).
//
// Source:   N. Mantel, Cancer Chemother. Rep. 50 (1966) 163; R. Peto, J. Peto,
//           JRSS A 135 (1972) 185; D. Harrington, T. Fleming, Biometrika 69
//           (1982) 553; R. Tarone, J. Ware, Biometrika 64 (1977) 156; J. Klein,
//           M. Moeschberger, Survival Analysis (2003), 7.3.
// Accuracy: sums in one pass, exact to about 1e-15 times the number of times.
// Speed:    linear in the bins if they are sorted.
#ifndef STAGECRAFT_STATS_LOG_RANK_H_
#define STAGECRAFT_STATS_LOG_RANK_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/survival.h"

namespace stagecraft::stats {

enum class LogRankWeight {
  kLogRank,
  kGehan,
  kTaroneWare,
  kPetoPeto,
  kModifiedPetoPeto,
  kFlemingHarrington
};

struct LogRankOptions {
  LogRankWeight weight = LogRankWeight::kLogRank;
  double rho = 0;    // Of kFlemingHarrington alone, >= 0.
  double gamma = 0;  // Likewise.
};

struct LogRank {
  double statistic = 0;  // X^2.
  int degrees_of_freedom = 0;
  double p_value = 1;
  // Per group, in input order, over all strata; sums of weighted events.
  std::vector<double> observed;
  std::vector<double> expected;
};

// groups[G] of bins, G >= 2.
// Errors: kInvalidArgument for G < 2, bad bins or a bad option;
// kFailedPrecondition if a group has no units, or there are no events while two
// groups are at risk.
absl::StatusOr<LogRank> LogRankTest(
    absl::Span<const std::vector<DurationBin>> groups,
    const LogRankOptions& options = {});
// The same of two groups, without a copy of them.
absl::StatusOr<LogRank> LogRankTestOfTwo(absl::Span<const DurationBin> first,
                                         absl::Span<const DurationBin> second,
                                         const LogRankOptions& options = {});

// strata[S] of groups[G], S >= 1, the same G in all; a group may be empty
// within a stratum but not in all of them.
absl::StatusOr<LogRank> StratifiedLogRankTest(
    absl::Span<const std::vector<std::vector<DurationBin>>> strata,
    const LogRankOptions& options = {});

// Two groups, control and treatment.
struct LogRankScore {
  double score = 0;     // U = O - E of the treatment; < 0: fewer events.
  double variance = 0;  // V of U, > 0.
  double z = 0;         // U / sqrt(V), signed.
  // Events without weights, and weighted sums as in LogRank.
  int64_t control_events = 0, treatment_events = 0;
  double control_expected = 0, treatment_expected = 0;
  double control_observed = 0, treatment_observed = 0;
};

// Errors: as LogRankTest; kFailedPrecondition if U has no variance.
absl::StatusOr<LogRankScore> ScoreLogRank(
    absl::Span<const DurationBin> control,
    absl::Span<const DurationBin> treatment,
    const LogRankOptions& options = {});

// One stratum of two arms.
struct TwoArmBins {
  std::vector<DurationBin> control;
  std::vector<DurationBin> treatment;
};
absl::StatusOr<LogRankScore> ScoreStratifiedLogRank(
    absl::Span<const TwoArmBins> strata, const LogRankOptions& options = {});

// How the hazard ratio (treatment over control) is read off the test:
//   kPeto  one step of Newton's method from 1: exp(U / V), error of its
//          logarithm 1 / sqrt(V). Biased towards 1 when the ratio is far from
//          it (S. Greenland, A. Salvan, Stat. Med. 9 (1990) 247), the default;
//   kPike  (O_t / E_t) / (O_c / E_c), error of its logarithm
//          sqrt(1 / E_t + 1 / E_c). Not of a weighted test.
enum class HazardRatioMethod { kPeto, kPike };

struct HazardRatioOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  HazardRatioMethod method = HazardRatioMethod::kPeto;
};

// `value` and interval are hazard ratios; `standard_error` is that of ln HR;
// statistic and p-value are those of the log-rank test, z = U / sqrt(V), with
// kGreater meaning more hazard in the treatment. Assumes proportional hazards.
//
// Errors: as ScoreLogRank; kFailedPrecondition for kPike if an arm has no
// events.
absl::StatusOr<Effect> HazardRatio(absl::Span<const DurationBin> control,
                                   absl::Span<const DurationBin> treatment,
                                   const HazardRatioOptions& options = {});
absl::StatusOr<Effect> StratifiedHazardRatio(
    absl::Span<const TwoArmBins> strata,
    const HazardRatioOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_LOG_RANK_H_
