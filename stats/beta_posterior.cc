#include "stats/beta_posterior.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace stagecraft::stats {
namespace {

constexpr double kPanel = 1.7;  // Local deviations.
// The series converges for |v| < pi at least.
constexpr double kSeriesReach = 0.4;

// ln(1 + x) - x without cancellation, x > -1.
double Log1pMinus(double x) {
  if (std::abs(x) > 0.3) return std::log1p(x) - x;
  // ln(1 + x) = 2 atanh(s); the first term and x differ by x s.
  const double s = x / (2 + x), q = s * s;
  // Even and odd powers of q apart: half as many steps in a row.
  const double r = q * q;
  const double even =
      1.0 / 3 +
      r * (1.0 / 7 + r * (1.0 / 11 + r * (1.0 / 15 + r * (1.0 / 19 + r / 23))));
  const double odd =
      1.0 / 5 + r * (1.0 / 9 + r * (1.0 / 13 + r * (1.0 / 17 + r / 21)));
  return 2 * s * q * (even + q * odd) - x * s;
}

// From the values at the Gauss nodes to the Chebyshev coefficients of the
// polynomial through them.
using Matrix = std::array<std::array<double, kGaussNodes>, kGaussNodes>;

Matrix MakeTransform() {
  constexpr size_t n = kGaussNodes;
  const GaussRule& rule = Gauss16();
  // By Legendre coefficients at the Gauss nodes, whose polynomials are then
  // read at the Chebyshev nodes.
  const auto legendre = [](double x) {
    std::array<double, n> p;
    p[0] = 1;
    p[1] = x;
    for (size_t k = 1; k + 1 < n; ++k) {
      p[k + 1] = ((2.0 * k + 1) * x * p[k] - k * p[k - 1]) / (k + 1.0);
    }
    return p;
  };
  Matrix transform{};
  for (size_t j = 0; j < n; ++j) {
    const auto at_node = legendre(rule.nodes[j]);
    for (size_t i = 0; i < n; ++i) {
      const double angle = M_PI * (i + 0.5) / n;
      const auto here = legendre(std::cos(angle));
      double value = 0;
      for (size_t k = 0; k < n; ++k) {
        value += (k + 0.5) * rule.weights[j] * at_node[k] * here[k];
      }
      for (size_t k = 0; k < n; ++k) {
        transform[j][k] += (k == 0 ? 1.0 : 2.0) / n * value *
                           std::cos(static_cast<double>(k) * angle);
      }
    }
  }
  return transform;
}

// a d - b c with one rounding of each product (Kahan).
double Determinant(double a, double b, double c, double d) {
  const double product = b * c;
  const double error = std::fma(-b, c, product);
  return std::fma(a, d, -product) + error;
}

}  // namespace

BetaPosterior::BetaPosterior(double a, double b, double drop)
    : a_(a),
      b_(b),
      mean_(a / (a + b)),
      rest_(b / (a + b)),
      deep_(drop > kDrop) {
  // ln f' = -(a + b) (p - mean), and p - mean follows from p' = p (1 - p).
  std::array<double, kSeries + 1> offset{};
  offset[1] = mean_ * rest_;
  for (size_t k = 1; k <= kSeries; ++k) {
    series_[k - 1] = -(a + b) * offset[k] / static_cast<double>(k + 1);
    if (k == kSeries) break;
    double next = (rest_ - mean_) * offset[k];
    for (size_t i = 1; i < k; ++i) next -= offset[i] * offset[k - i];
    offset[k + 1] = next / static_cast<double>(k + 1);
  }
  // Outward from the mode, on either side.
  const auto side = [&](double sign) {
    std::vector<std::pair<double, double>> spans;
    double from = 0;
    while (LogDensity(from) > -drop) {
      const double to = from + sign * PanelWidth(from, sign);
      spans.push_back({std::min(from, to), std::max(from, to)});
      from = to;
    }
    return spans;
  };
  const auto left = side(-1), right = side(1);
  panels_.reserve(left.size() + right.size());
  for (size_t i = left.size(); i-- > 0;) {
    panels_.push_back(MakePanel(left[i].first, left[i].second));
  }
  for (const auto& [start, end] : right) {
    panels_.push_back(MakePanel(start, end));
  }
  double total = 0;
  for (const Panel& panel : panels_) total += panel.mass;
  double below = 0;
  for (Panel& panel : panels_) {
    panel.mass /= total;
    for (double& c : panel.density) c /= total;
    for (double& c : panel.integral) c /= total;
    panel.below = below;
    below += panel.mass;
  }
  double above = 0;
  for (size_t i = panels_.size(); i-- > 0;) {
    panels_[i].above = above;
    above += panels_[i].mass;
  }
}

// From v outward. kPanel local deviations, at most 2, and no more than sixteen
// nodes can follow of an exponential where the density still counts.
double BetaPosterior::PanelWidth(double v, double sign) const {
  const double total = a_ + b_;
  const auto curvature = [&](double at) { return total * SlopeAt(at); };
  double here = curvature(v);
  double width = std::min(2.0, kPanel / std::sqrt(here));
  // The curvature at the far end, and the largest one if that lies between.
  const double far = v + sign * width;
  const bool crosses =
      (OffsetAt(v) < 0.5 - mean_) != (OffsetAt(far) < 0.5 - mean_);
  here = std::max({here, curvature(far), crosses ? total / 4 : 0.0});
  width = std::min(width, kPanel / std::sqrt(here));
  const double rate = total * std::abs(OffsetAt(v + sign * width / 2));
  const double reach =
      deep_ ? 6 / rate : 3.4 * std::exp(-LogDensity(v) / kGaussNodes) / rate;
  // Far out there is only an exponential tail left.
  if (here < 1e-15) return reach;
  return std::min(width, reach);
}

BetaPosterior::Panel BetaPosterior::MakePanel(double start, double end) const {
  static const Matrix transform = MakeTransform();
  constexpr size_t n = kGaussNodes;
  const GaussRule& rule = Gauss16();
  const double half = (end - start) / 2;
  Panel panel{.start = start,
              .end = end,
              .center = start + half,
              .scale = 1 / half,
              .below = 0,
              .above = 0,
              .mass = 0,
              .density = {},
              .integral = {}};
  for (size_t j = 0; j < n; ++j) {
    const double f = std::exp(LogDensity(panel.center + half * rule.nodes[j]));
    panel.mass += half * rule.weights[j] * f;
    for (size_t k = 0; k < n; ++k) panel.density[k] += transform[j][k] * f;
  }
  // The integral of T_k is (T_{k+1} / (k + 1) - T_{k-1} / (k - 1)) / 2.
  const auto c = [&](size_t k) { return k < n ? panel.density[k] : 0.0; };
  double at_start = 0;
  for (size_t k = 1; k <= n; ++k) {
    panel.integral[k] = half * ((k == 1 ? 2 * c(0) : c(k - 1)) - c(k + 1)) /
                        (2.0 * static_cast<double>(k));
    at_start += k % 2 == 1 ? -panel.integral[k] : panel.integral[k];
  }
  panel.integral[0] = -at_start;
  return panel;
}

double BetaPosterior::Variance() const { return mean_ * rest_ / (a_ + b_ + 1); }

double BetaPosterior::LogDensity(double v) const {
  if (std::abs(v) < kSeriesReach) {
    const double q = v * v;
    double even = 0, odd = 0;
    for (size_t k = kSeries; k > 0; k -= 2) {
      odd = odd * q + series_[k - 1];
      even = even * q + series_[k - 2];
    }
    return q * (even + v * odd);
  }
  // The smaller parameter first.
  const bool swap = a_ > b_;
  const double a = swap ? b_ : a_, b = swap ? a_ : b_;
  const double m = swap ? rest_ : mean_, rest = swap ? mean_ : rest_;
  if (swap) v = -v;
  if (v > 30) {
    return -b * v -
           (a + b) * (std::log(m) + std::log1p(rest / m * std::exp(-v)));
  }
  const double e = std::expm1(v);
  if (std::abs(v) > 0.5) return a * v - (a + b) * std::log1p(m * e);
  // The first-order terms of the two logarithms cancel at the mode.
  const double step = e / (1 + m * e);
  return a * Log1pMinus(rest * step) + b * Log1pMinus(-m * step);
}

const BetaPosterior::Panel& BetaPosterior::PanelAt(double v) const {
  size_t first = 0, count = panels_.size();
  while (count > 1) {
    const size_t half = count / 2;
    if (panels_[first + half].start <= v) first += half;
    count -= half;
  }
  return panels_[first];
}

const BetaPosterior::Panel& BetaPosterior::PanelNear(double v,
                                                     size_t* panel) const {
  size_t i = std::min(*panel, panels_.size() - 1);
  while (i > 0 && v < panels_[i].start) --i;
  while (i + 1 < panels_.size() && panels_[i + 1].start <= v) ++i;
  *panel = i;
  return panels_[i];
}

double BetaPosterior::WidthAt(double v) const {
  const Panel& panel = PanelAt(v);
  return panel.end - panel.start;
}

template <bool kWithIntegral>
BetaPosterior::Sums BetaPosterior::Evaluate(const Panel& panel, double v) {
  // T_{k+2} = 2 T_2 T_k - T_{k-2}: the even and the odd ones side by side.
  const double x = (v - panel.center) * panel.scale;
  const double second = 2 * x * x - 1, twice = 2 * second;
  double even = 1, odd = x, next_even = second, next_odd = x * (twice - 1);
  Sums sums = {panel.density[0] + panel.density[1] * x,
               panel.integral[0] + panel.integral[1] * x};
  for (size_t k = 2; k < kGaussNodes; k += 2) {
    sums.density +=
        panel.density[k] * next_even + panel.density[k + 1] * next_odd;
    if constexpr (kWithIntegral) {
      sums.integral +=
          panel.integral[k] * next_even + panel.integral[k + 1] * next_odd;
    }
    const double last_even = std::exchange(even, next_even);
    const double last_odd = std::exchange(odd, next_odd);
    next_even = twice * even - last_even;
    next_odd = twice * odd - last_odd;
  }
  if constexpr (kWithIntegral) {
    sums.integral += panel.integral[kGaussNodes] * next_even;
  }
  return sums;
}

BetaPosterior::Local BetaPosterior::At(const Panel& panel, double v) {
  const Sums sums = Evaluate<true>(panel, v);
  const double inside = std::clamp(sums.integral, 0.0, panel.mass);
  return {std::min(1.0, panel.below + inside),
          std::min(1.0, panel.above + (panel.mass - inside)),
          std::max(0.0, sums.density)};
}

BetaPosterior::Local BetaPosterior::At(double v) const {
  if (!(v > lower_end())) return {0, 1, 0};
  if (v >= upper_end()) return {1, 0, 0};
  return At(PanelAt(v), v);
}

BetaPosterior::Local BetaPosterior::At(double v, size_t* panel) const {
  if (!(v > lower_end())) return {0, 1, 0};
  if (v >= upper_end()) return {1, 0, 0};
  return At(PanelNear(v, panel), v);
}

double BetaPosterior::DensityAt(double v, size_t* panel) const {
  if (!(v > lower_end()) || v >= upper_end()) return 0;
  return std::max(0.0, Evaluate<false>(PanelNear(v, panel), v).density);
}

double BetaPosterior::OffsetAt(double v) const {
  if (v > 700) return rest_;
  const double e = std::expm1(v);
  return mean_ * rest_ * e / (1 + mean_ * e);
}

double BetaPosterior::SlopeAt(double v) const {
  if (std::abs(v) > 700) return 0;
  const double growth = std::exp(v);
  const double sum = rest_ + mean_ * growth;
  return (mean_ * growth / sum) * (rest_ / sum);
}

double BetaPosterior::AtOffset(double offset) const {
  const double p = mean_ + offset, q = rest_ - offset;
  if (!(p > 0)) return -std::numeric_limits<double>::infinity();
  if (!(q > 0)) return std::numeric_limits<double>::infinity();
  return std::log1p(offset / (mean_ * q));
}

double LogitDistance(const BetaPosterior& x, const BetaPosterior& y) {
  // ln(x.a y.b / (x.b y.a)).
  const double excess = Determinant(x.a(), x.b(), y.a(), y.b());
  const double base = x.b() * y.a();
  const double relative = excess / base;
  return std::abs(relative) < 0.5
             ? std::log1p(relative)
             : std::log(x.a() / x.b()) - std::log(y.a() / y.b());
}

double MeanDistance(const BetaPosterior& x, const BetaPosterior& y) {
  return Determinant(x.a(), x.b(), y.a(), y.b()) /
         ((x.a() + x.b()) * (y.a() + y.b()));
}

}  // namespace stagecraft::stats
