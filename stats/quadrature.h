// Gauss-Legendre quadrature over panels, for the functions of this library.
#ifndef STAGECRAFT_STATS_QUADRATURE_H_
#define STAGECRAFT_STATS_QUADRATURE_H_

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace stagecraft::stats {

inline constexpr size_t kGaussNodes = 16;

struct GaussRule {
  std::array<double, kGaussNodes> nodes;    // In (-1, 1), ascending.
  std::array<double, kGaussNodes> weights;  // Sum to 2.
};

// The rule of order 16, exact for polynomials of degree 31.
const GaussRule& Gauss16();

// Calls visit(x, weight) at the nodes of every panel between neighbours of
// `ends`, which need not be sorted, within [low, high]. Panels wider than
// `widest` are cut.
template <typename Visit>
void VisitNodes(std::vector<double> ends, double low, double high,
                double widest, const Visit& visit) {
  if (!(low < high)) return;
  ends.push_back(low);
  ends.push_back(high);
  std::sort(ends.begin(), ends.end());
  const GaussRule& rule = Gauss16();
  double from = low;
  for (double to : ends) {
    if (!(to > from) || to > high) continue;
    const double pieces =
        std::clamp(std::ceil((to - from) / widest), 1.0, 64.0);
    const double half = (to - from) / pieces / 2;
    for (int piece = 0; piece < static_cast<int>(pieces); ++piece) {
      const double center = from + (2 * piece + 1) * half;
      for (size_t k = 0; k < kGaussNodes; ++k) {
        visit(center + half * rule.nodes[k], half * rule.weights[k]);
      }
    }
    from = to;
  }
}

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_QUADRATURE_H_
