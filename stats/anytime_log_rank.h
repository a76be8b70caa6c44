// The always-valid log-rank test: evidence that may be looked at after every
// event, and stopped on, without inflating the error.
//
// With d events at a time, x of them in the treatment, of n_t and n_c at risk,
// and a design hazard ratio theta (treatment over control),
//   e = prod theta^x / E[theta^X],   X ~ hypergeometric(n_t, n_c, d),
// the likelihood ratio of theta against equal hazards (for d = 1 the factor is
// theta^x (n_t + n_c) / (theta n_t + n_c)). Under equal hazards it is a
// non-negative martingale that starts at 1: P(some e >= 1 / alpha) <= alpha,
// for any theta chosen beforehand. theta decides only how fast evidence grows.
//   kLess      theta < 1: fewer events in the treatment;
//   kGreater   theta > 1;
//   kTwoSided  the average of the e of theta and of 1 / theta.
// p = min(1, 1 / max over looks of e).
//
// Evidence:
//   kExact     as above, the default: no approximation;
//   kGaussian  exp(-m mu^2 / 2 + sqrt(m) mu Z): m events, mu = ln theta
//              sqrt(N_t N_c) / (N_t + N_c) from the numbers at risk at the
//              start, Z = U / sqrt(V) the log-rank statistic. For summaries
//              without risk sets; near 1 : 1 allocation and theta in about
//              [0.5, 2] only;
//   kScore     exp(ln(theta) U - ln(theta)^2 V / 2), the same with the log-rank
//              variance itself; holds for any allocation.
// What it does not mean: e is evidence against equal hazards, not the chance of
// them; the test assumes that units of both arms with the same time behind them
// can be exchanged. With binned times, units censored within a bin are counted
// as at risk for all of its events. When units enter one by one and each look
// counts durations anew, every look's e is valid by itself; their maximum is so
// in the limit of many events (T. Sellke, D. Siegmund, Biometrika 70 (1983)
// 315), and exactly if all started together.
//
// Source:   J. ter Schure, M. Perez-Ortiz, A. Ly, P. Grunwald, The anytime-
//           valid logrank test (arXiv 2011.06931; New Engl. J. Stat. Data Sci.
//           2 (2024) 190).
// Accuracy: log e to about 1e-12 relative to the sum of its factors' logs.
#ifndef STAGECRAFT_STATS_ANYTIME_LOG_RANK_H_
#define STAGECRAFT_STATS_ANYTIME_LOG_RANK_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/estimate.h"
#include "stats/survival_bins.h"

namespace stagecraft::stats {

enum class LogRankEvidence { kExact, kGaussian, kScore };

struct AnytimeLogRankOptions {
  // theta: > 0 and not 1; below 1 for kLess, above for kGreater.
  double hazard_ratio = 0.7;
  Alternative alternative = Alternative::kTwoSided;
  LogRankEvidence evidence = LogRankEvidence::kExact;
};

// One time: who was at risk just before it and who had the event.
struct RiskSet {
  int64_t control_at_risk = 0;
  int64_t treatment_at_risk = 0;
  int64_t control_events = 0;
  int64_t treatment_events = 0;
};

struct AnytimeLogRank {
  double log_e_value = 0;      // ln e, now. Not below the largest double.
  double max_log_e_value = 0;  // The largest so far, >= 0.
  double p_value = 1;          // exp(-max_log_e_value).
  int64_t events = 0;
  double score = 0;     // Log-rank O - E of the treatment.
  double variance = 0;  // Of the score.
};

// The running test: events one by one, or time by time. A value type; not for
// use by two threads at a time.
class AnytimeLogRankProcess {
 public:
  // Errors: kInvalidArgument for a bad option.
  static absl::StatusOr<AnytimeLogRankProcess> Create(
      const AnytimeLogRankOptions& options = {});

  // Takes the next time. Errors: kInvalidArgument if a count is negative or
  // above 2^53, an arm has more events than units at risk, or kExact meets more
  // than a million events at one time; then nothing is taken.
  absl::Status Add(const RiskSet& next);

  const AnytimeLogRank& state() const { return state_; }

 private:
  explicit AnytimeLogRankProcess(const AnytimeLogRankOptions& options);

  AnytimeLogRankOptions options_;
  AnytimeLogRank state_;
  double log_ratio_;          // ln theta.
  double up_ = 0, down_ = 0;  // ln e of theta and, if two-sided, 1 / theta.
  double drift_ = 0;          // sqrt(N_t N_c) / (N_t + N_c) at the start.
  bool started_ = false;
};

// The evidence of a whole data set at one look: e after its last time;
// max_log_e_value and p_value are those of this look alone. Over looks the
// p-value is the running minimum, kept by the caller.
//
// Errors: as OrderedBins and Create; kFailedPrecondition if an arm has no
// units, or there are no events while both arms are at risk.
absl::StatusOr<AnytimeLogRank> TestAnytimeLogRank(
    absl::Span<const DurationBin> control,
    absl::Span<const DurationBin> treatment,
    const AnytimeLogRankOptions& options = {});

// An always-valid interval of the hazard ratio, by the normal mixture of the
// score: with U, V of the log-rank test, u = V rho^2 and rho^2 = (-2 ln alpha +
// ln(1 - 2 ln alpha)) / V*,
//   exp(U / V +- sqrt(2 (u + 1) / u ln(sqrt(u + 1) / alpha)) / sqrt(V))
// (one-sided as in confidence_sequence.h), tightest at V*, about a quarter of
// the planned events. Asymptotic, and U / V is the Peto ratio: for ratios
// within about [0.5, 2]. `standard_error` is that of ln HR; `statistic` is U /
// sqrt(V); the p-value is always valid.
// Errors: as TestAnytimeLogRank; kInvalidArgument for a bad option;
// kFailedPrecondition with fewer than 100 events.
struct AnytimeHazardRatioOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  int64_t planned_events = 400;  // Of both arms, > 0; V* is a quarter of it.
};
absl::StatusOr<Effect> AnytimeHazardRatio(
    absl::Span<const DurationBin> control,
    absl::Span<const DurationBin> treatment,
    const AnytimeHazardRatioOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_ANYTIME_LOG_RANK_H_
