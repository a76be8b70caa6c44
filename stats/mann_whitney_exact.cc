#include "stats/mann_whitney_exact.h"

#include <algorithm>
#include <utility>

namespace stagecraft::stats {

std::vector<double> MannWhitneyProbabilities(int64_t n, int64_t m,
                                             int64_t most) {
  if (m > n) std::swap(n, m);
  // p(i, j) by whether the largest of the i + j values is one of the i (then it
  // is above all j) or one of the j:
  //   p(i, j)(u) = i / (i + j) p(i - 1, j)(u - j) + j / (i + j) p(i, j - 1)(u).
  // row[j] holds p(i, j) for the current i.
  const size_t size = static_cast<size_t>(most) + 1;
  std::vector<std::vector<double>> row(static_cast<size_t>(m) + 1,
                                       std::vector<double>(size, 0));
  for (auto& entry : row) entry[0] = 1;  // i = 0: U is 0.
  std::vector<double> next(size);
  for (int64_t i = 1; i <= n; ++i) {
    for (int64_t j = 1; j <= m; ++j) {
      const double sum = static_cast<double>(i + j);
      const double own = static_cast<double>(i) / sum;
      const double other = static_cast<double>(j) / sum;
      std::vector<double>& here = row[static_cast<size_t>(j)];
      const std::vector<double>& left = row[static_cast<size_t>(j - 1)];
      const size_t reach =
          static_cast<size_t>(std::min<int64_t>(most, i * j)) + 1;
      const size_t shift = static_cast<size_t>(j);
      for (size_t u = 0; u < std::min(shift, reach); ++u) {
        next[u] = other * left[u];
      }
      for (size_t u = shift; u < reach; ++u) {
        next[u] = own * here[u - shift] + other * left[u];
      }
      std::copy(next.begin(), next.begin() + static_cast<int64_t>(reach),
                here.begin());
    }
  }
  return std::move(row[static_cast<size_t>(m)]);
}

}  // namespace stagecraft::stats
