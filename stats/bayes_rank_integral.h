// The probability to be the best of k independent quantities and what choosing
// each is expected to cost, by one integral over a common coordinate x:
//   P(i best) = integral of f_i prod_{j != i} F_j dx
//   E (max_j q_j - q_i) = integral of F_i (1 - prod_{j != i} F_j) q'(x) dx
// Every term is positive, so that small answers keep their digits.
#ifndef STAGECRAFT_STATS_BAYES_RANK_INTEGRAL_H_
#define STAGECRAFT_STATS_BAYES_RANK_INTEGRAL_H_

#include <functional>
#include <vector>

#include "absl/types/span.h"
#include "stats/credible_interval.h"

namespace stagecraft::stats {

struct RankArm {
  std::function<TailsAt(double)> at;
  // Ascending; between neighbours the distribution is smooth, outside of them
  // it is negligible.
  std::vector<double> knots;
};

struct RankSums {
  std::vector<double> best, loss;  // In the order of the arms.
};

// `slope` is q'(x), empty for the coordinate itself; larger is better.
RankSums RankIndependent(absl::Span<const RankArm> arms,
                         const std::function<double(double)>& slope);

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BAYES_RANK_INTEGRAL_H_
