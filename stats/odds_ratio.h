// The odds ratio of two rates: odds of the treatment over odds of the control.
//
//   OR = x_t (n_c - x_c) / (x_c (n_t - x_t))
//
//   kWoolf          the default: exp(ln OR -+ z s), s^2 = 1/x_t + 1/(n_t - x_t)
//                   + 1/x_c + 1/(n_c - x_c); test z = (ln OR - ln null) / s.
//                   B. Woolf, Ann. Hum. Genet. 19 (1955) 251;
//   kWoolfAdjusted  the same with 1/2 added to each of the four counts, also in
//                   the value: defined with empty cells. J. Gart, J. R. Stat.
//                   Soc. B 28 (1966) 164;
//   kConditional    given both margins: the conditional maximum likelihood
//                   estimate (not x_t ... above), the exact interval with
//                   alpha/2 in each tail, and Fisher's exact p-value
//                   (two-sided: all outcomes no more likely than the observed).
//                   As R's fisher.test; p-value and interval may disagree.
//
// An odds ratio is not a ratio of rates: 2 does not mean twice the conversions,
// unless conversions are rare.
#ifndef STAGECRAFT_STATS_ODDS_RATIO_H_
#define STAGECRAFT_STATS_ODDS_RATIO_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/estimate.h"
#include "stats/proportion.h"

namespace stagecraft::stats {

enum class OddsRatioMethod { kWoolf, kWoolfAdjusted, kConditional };

// Units of an arm that kConditional takes: some 0.5 s at the bound.
inline constexpr int64_t kMaxConditionalTrials = 10000000000;

struct OddsRatioOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
  double null_value = 1;  // Odds ratio under the null, > 0.
  OddsRatioMethod method = OddsRatioMethod::kWoolf;
};

struct OddsRatio {
  // >= 0; kConditional may be 0 or infinite where the data are at an end of
  // what the margins allow.
  double value = 1;
  // Standard error of ln(value) and z; absent for kConditional.
  std::optional<double> log_standard_error;
  std::optional<double> statistic;
  // In [0, infinity]. One-sided: the other end is 0 or infinity.
  Interval interval;
  double p_value = 1;
  Alternative alternative = Alternative::kTwoSided;
  absl::string_view method;  // For reports.
};

// Errors: those of CheckProportion; kInvalidArgument for a bad option;
// so for kConditional beyond kMaxConditionalTrials;
// kFailedPrecondition if kWoolf is asked of a table with an empty cell, or
// kConditional where the margins allow one table only (no successes at all, or
// nothing but successes).
absl::StatusOr<OddsRatio> CompareOdds(const Proportion& control,
                                      const Proportion& treatment,
                                      const OddsRatioOptions& options = {});

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_ODDS_RATIO_H_
