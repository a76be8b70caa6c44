// The exact distribution of U under the null, without ties.
#ifndef STAGECRAFT_STATS_MANN_WHITNEY_EXACT_H_
#define STAGECRAFT_STATS_MANN_WHITNEY_EXACT_H_

#include <cstdint>
#include <vector>

namespace stagecraft::stats {

// P(U = 0), ..., P(U = most) for arms of n and m values, 0 <= most <= n m.
// Sums of positive terms only: every entry is good to about 1e-13 of itself.
// Takes n m most steps.
std::vector<double> MannWhitneyProbabilities(int64_t n, int64_t m,
                                             int64_t most);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_MANN_WHITNEY_EXACT_H_
