// Gauss-Legendre quadrature over panels and the trapezoid rule for analytic
// functions, for the functions of this library.
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

// The sum of `visit(u)` times du over [from, to], by the trapezoid rule for
// analytic functions that are negligible at both ends. Each component settles
// relative to itself or to its scale; an infinite scale never waits. Far from
// 0 the nodes spread out: u = 6 sinh(t / 6).
template <size_t kCount, typename Visit>
std::array<double, kCount> TrapezoidSum(double from, double to,
                                        double first_step,
                                        const std::array<double, kCount>& scale,
                                        const Visit& visit) {
  // Errors are squared, or better, by every halving.
  constexpr double kAgreement = 1e-7;
  constexpr double kNegligible = 1e-13;
  constexpr double kStretch = 6;
  constexpr int kMostHalvings = 12;
  std::array<double, kCount> sum{};
  if (!(from < to)) return sum;
  const bool stretched = std::max(-from, to) > 2;
  const double start =
      stretched ? kStretch * std::asinh(from / kStretch) : from;
  const double end = stretched ? kStretch * std::asinh(to / kStretch) : to;
  const auto add = [&](double t, double weight) {
    double u = t, slope = 1;
    if (stretched) {
      const bool near = std::abs(t) < 1;
      const double change = near ? std::expm1(t / kStretch) : 0;
      const double growth = near ? 1 + change : std::exp(t / kStretch);
      u = kStretch * 0.5 *
          (near ? change + change / growth : growth - 1 / growth);
      slope = 0.5 * (growth + 1 / growth);
    }
    const std::array<double, kCount> value = visit(u);
    for (size_t i = 0; i < kCount; ++i) sum[i] += weight * slope * value[i];
  };
  double intervals =
      std::clamp(std::ceil((end - start) / first_step), 4.0, 65536.0);
  double step = (end - start) / intervals;
  for (double i = 0; i <= intervals; ++i) {
    add(start + i * step, i == 0 || i == intervals ? 0.5 : 1);
  }
  for (int halving = 0; halving < kMostHalvings; ++halving) {
    std::array<double, kCount> coarse = sum;
    for (double i = 0; i < intervals; ++i) {
      add(start + (i + 0.5) * step, 1);
    }
    bool settled = true;
    for (size_t i = 0; i < kCount; ++i) {
      const double fine = sum[i] / 2;
      settled = settled && std::abs(fine - coarse[i]) * step <=
                               std::max(kAgreement * std::abs(fine) * step,
                                        kNegligible * scale[i]);
    }
    step /= 2;
    intervals *= 2;
    if (settled) break;
  }
  for (double& component : sum) component *= step;
  return sum;
}

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_QUADRATURE_H_
