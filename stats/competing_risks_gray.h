// Gray's test: does one cause end k groups equally often, in the presence of
// other causes?
//
// With S_g and F_g the Kaplan-Meier curve of any cause and the incidence of
// this one in group g, the units at risk are re-weighted to the risk set of the
// subdistribution, R_g = n_g (1 - F_g(t-)) / S_g(t-), and
//   U_g = sum (1 - F(t-))^rho (d_g - d R_g / R),
// F the pooled incidence sum d / sum_g (n_g / S_g(t-)). The statistic U' V^- U
// is chi-squared with k - 1 degrees of freedom. With one cause and rho = 0 the
// score is the log-rank test's.
//
// Source:   R. Gray, Ann. Stat. 16 (1988) 1141; R's cmprsk::cuminc, whose tie
//           corrections of V these are.
// Accuracy: exact to rounding, cost linear in the bins.
#ifndef STAGECRAFT_STATS_COMPETING_RISKS_GRAY_H_
#define STAGECRAFT_STATS_COMPETING_RISKS_GRAY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "stats/competing_risks_bins.h"

namespace stagecraft::stats {

struct GrayTestResult {
  double statistic = 0;
  int degrees_of_freedom = 0;
  double p_value = 1;
};

// groups[G] of bins, G >= 2, all with the same causes; 0 <= cause.
// Errors: kInvalidArgument for G < 2, bad bins, a bad cause or rho < 0;
// kFailedPrecondition if a group has no units or the statistic no variance.
absl::StatusOr<GrayTestResult> GrayTest(
    absl::Span<const std::vector<CompetingBin>> groups, int cause,
    double rho = 0);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_COMPETING_RISKS_GRAY_H_
