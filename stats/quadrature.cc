#include "stats/quadrature.h"

namespace stagecraft::stats {
namespace {

GaussRule MakeRule() {
  GaussRule rule;
  constexpr int n = static_cast<int>(kGaussNodes);
  for (int i = 0; i < n; ++i) {
    // Newton's method from the asymptotic position of the root of P_n.
    double x = -std::cos(M_PI * (i + 0.75) / (n + 0.5));
    double slope = 1;
    for (int step = 0; step < 100; ++step) {
      double before = 1, here = x;
      for (int k = 2; k <= n; ++k) {
        const double next = ((2 * k - 1) * x * here - (k - 1) * before) / k;
        before = here;
        here = next;
      }
      slope = n * (x * here - before) / (x * x - 1);
      const double move = here / slope;
      x -= move;
      if (std::abs(move) < 1e-16) break;
    }
    rule.nodes[i] = x;
    rule.weights[i] = 2 / ((1 - x * x) * slope * slope);
  }
  return rule;
}

}  // namespace

const GaussRule& Gauss16() {
  static const GaussRule rule = MakeRule();
  return rule;
}

}  // namespace stagecraft::stats
