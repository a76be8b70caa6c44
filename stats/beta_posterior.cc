#include "stats/beta_posterior.h"

#include <algorithm>
#include <boost/math/special_functions/log1p.hpp>
#include <cmath>
#include <limits>

#include "stats/quadrature.h"

namespace stagecraft::stats {
namespace {

constexpr double kDrop = 80;  // Panels end where ln f is this far below.

// ln(1 + x) - x without cancellation, x > -1.
double Log1pMinus(double x) {
  return std::abs(x) < 0.3 ? boost::math::log1pmx(x) : std::log1p(x) - x;
}

// a ln(p / m) + b ln((1 - p) / (1 - m)), m = a / (a + b).
double LogRelative(double a, double b, double v) {
  if (a > b) return LogRelative(b, a, -v);
  const double m = a / (a + b), rest = b / (a + b);
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

// a d - b c with one rounding of each product (Kahan).
double Determinant(double a, double b, double c, double d) {
  const double product = b * c;
  const double error = std::fma(-b, c, product);
  return std::fma(a, d, -product) + error;
}

}  // namespace

BetaPosterior::BetaPosterior(double a, double b)
    : a_(a), b_(b), mean_(a / (a + b)), rest_(b / (a + b)) {
  const double sd = std::sqrt(1 / a + 1 / b);
  // Where the density ends, on either side.
  const auto end = [&](double sign) {
    double inside = 0, outside = sd;
    while (LogDensity(sign * outside) > -kDrop) {
      inside = outside;
      outside *= 2;
    }
    while (outside - inside > 0.01 * outside) {
      const double middle = (inside + outside) / 2;
      (LogDensity(sign * middle) > -kDrop ? inside : outside) = middle;
    }
    return outside;
  };
  // Panels of half a deviation, wider where only an exponential tail is left.
  const double width = std::min(0.5, sd / 2);
  const auto panels = [&](double reach, double rate) {
    std::vector<double> ends;
    double at = 0;
    while (at < reach) {
      at += at < 45 ? width : std::max(width, 4 / rate);
      ends.push_back(at);
    }
    return ends;
  };
  const std::vector<double> left = panels(end(-1), a);
  const std::vector<double> right = panels(end(1), b);
  for (size_t i = left.size(); i-- > 0;) ends_.push_back(-left[i]);
  ends_.push_back(0);
  ends_.insert(ends_.end(), right.begin(), right.end());

  const GaussRule& rule = Gauss16();
  const size_t count = ends_.size() - 1;
  coefficients_.resize(count);
  mass_.resize(count);
  double total = 0;
  for (size_t i = 0; i < count; ++i) {
    const double half = (ends_[i + 1] - ends_[i]) / 2;
    const double center = ends_[i] + half;
    auto& c = coefficients_[i];
    c.fill(0);
    for (size_t j = 0; j < kGaussNodes; ++j) {
      const double x = rule.nodes[j];
      const double f = std::exp(LogDensity(center + half * x));
      double before = 0, here = 1;
      for (size_t k = 0; k < kOrder; ++k) {
        c[k] += (k + 0.5) * rule.weights[j] * f * here * half;
        const double next = ((2.0 * k + 1) * x * here - k * before) / (k + 1.0);
        before = here;
        here = next;
      }
    }
    mass_[i] = 2 * c[0];
    total += mass_[i];
  }
  scale_ = 1 / total;
  below_.assign(count, 0);
  above_.assign(count, 0);
  for (size_t i = 0; i < count; ++i) {
    mass_[i] *= scale_;
    for (double& c : coefficients_[i]) c *= scale_;
    if (i > 0) below_[i] = below_[i - 1] + mass_[i - 1];
  }
  for (size_t i = count - 1; i-- > 0;) above_[i] = above_[i + 1] + mass_[i + 1];
}

double BetaPosterior::Variance() const { return mean_ * rest_ / (a_ + b_ + 1); }

double BetaPosterior::LogDensity(double v) const {
  return LogRelative(a_, b_, v);
}

double BetaPosterior::Density(double v) const {
  return v < lower_end() || v > upper_end() ? 0
                                            : scale_ * std::exp(LogDensity(v));
}

double BetaPosterior::WithinPanel(size_t i, double x) const {
  // The integral of P_k from -1 is (P_{k+1} - P_{k-1}) / (2 k + 1).
  const auto& c = coefficients_[i];
  double before = 1, here = x;
  double sum = c[0] * (x + 1);
  for (size_t k = 1; k < kOrder; ++k) {
    const double next = ((2.0 * k + 1) * x * here - k * before) / (k + 1.0);
    sum += c[k] * (next - before) / (2.0 * k + 1);
    before = here;
    here = next;
  }
  return std::clamp(sum, 0.0, mass_[i]);
}

double BetaPosterior::LowerTail(double v) const {
  if (!(v > lower_end())) return 0;
  if (v >= upper_end()) return 1;
  const size_t i =
      std::upper_bound(ends_.begin(), ends_.end(), v) - ends_.begin() - 1;
  const double x = 2 * (v - ends_[i]) / (ends_[i + 1] - ends_[i]) - 1;
  return std::min(1.0, below_[i] + WithinPanel(i, x));
}

double BetaPosterior::UpperTail(double v) const {
  if (!(v > lower_end())) return 1;
  if (v >= upper_end()) return 0;
  const size_t i =
      std::upper_bound(ends_.begin(), ends_.end(), v) - ends_.begin() - 1;
  const double x = 2 * (v - ends_[i]) / (ends_[i + 1] - ends_[i]) - 1;
  return std::min(1.0, above_[i] + (mass_[i] - WithinPanel(i, x)));
}

double BetaPosterior::LowerQuantile(double tail) const {
  double low = lower_end(), high = upper_end();
  for (int i = 0; i < 100; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    // Compare in the smaller tail.
    const bool below =
        tail < 0.5 ? LowerTail(middle) < tail : UpperTail(middle) > 1 - tail;
    (below ? low : high) = middle;
  }
  return low + (high - low) / 2;
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
