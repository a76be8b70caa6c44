// The log-rank test: do k groups have the same time to the event?
//
// At each event time, expected events e_g = d n_g / n and their hypergeometric
// covariance; X^2 = (O - E)' V^- (O - E), chi-squared with k' - 1 degrees of
// freedom, where groups that are never at risk at an event time drop out.
//
// Source: N. Mantel, Cancer Chemother. Rep. 50 (1966) 163; R's survdiff(rho =
// 0).
#ifndef STAGECRAFT_STATS_LOG_RANK_H_
#define STAGECRAFT_STATS_LOG_RANK_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/survival.h"

namespace stagecraft::stats {

struct LogRank {
  double statistic = 0;  // X^2.
  int degrees_of_freedom = 0;
  double p_value = 1;
  std::vector<double> observed;  // Events per group, in input order.
  std::vector<double> expected;
};

// groups[G] of bins, G >= 2.
// Errors: kInvalidArgument for G < 2 or bad bins; kFailedPrecondition if a
// group has no units, or there are no events while two groups are at risk.
absl::StatusOr<LogRank> LogRankTest(
    absl::Span<const std::vector<DurationBin>> groups);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_LOG_RANK_H_
