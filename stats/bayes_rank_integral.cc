#include "stats/bayes_rank_integral.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "stats/quadrature.h"

namespace stagecraft::stats {

RankSums RankIndependent(absl::Span<const RankArm> arms,
                         const std::function<double(double)>& slope) {
  const size_t n = arms.size();
  RankSums sums{std::vector<double>(n, 0), std::vector<double>(n, 0)};
  std::vector<double> ends;
  double low = kInfinity, high = -kInfinity;
  for (const RankArm& arm : arms) {
    ends.insert(ends.end(), arm.knots.begin(), arm.knots.end());
    low = std::min(low, arm.knots.front());
    high = std::max(high, arm.knots.back());
  }
  std::vector<TailsAt> at(n);
  // Products of the lower tails before and from i on, and 1 minus them.
  std::vector<double> after(n + 1, 1), after_rest(n + 1, 0);
  VisitNodes(std::move(ends), low, high, kInfinity,
             [&](double x, double weight) {
               for (size_t i = n; i-- > 0;) {
                 at[i] = arms[i].at(x);
                 after[i] = after[i + 1] * at[i].lower;
                 after_rest[i] = at[i].upper + at[i].lower * after_rest[i + 1];
               }
               const double scale = weight * (slope ? slope(x) : 1.0);
               double before = 1, before_rest = 0;
               for (size_t i = 0; i < n; ++i) {
                 sums.best[i] += weight * at[i].density * before * after[i + 1];
                 const double rest = before_rest + before * after_rest[i + 1];
                 sums.loss[i] += scale * at[i].lower * rest;
                 before_rest += before * at[i].upper;
                 before *= at[i].lower;
               }
             });
  // Exactly one is the best.
  double total = 0;
  for (double best : sums.best) total += best;
  for (double& best : sums.best) best /= total;
  return sums;
}

}  // namespace stagecraft::stats
