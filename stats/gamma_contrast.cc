#include "stats/gamma_contrast.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

namespace stagecraft::stats {
namespace {

using Complex = std::complex<double>;

constexpr double kStirlingFrom = 11;
constexpr double kLargeFrom = 1000;  // For the Taylor series.

constexpr auto kInverse = [] {
  std::array<double, 28> inverse{};
  for (size_t k = 1; k < inverse.size(); ++k) {
    inverse[k] = 1 / static_cast<double>(k);
  }
  return inverse;
}();

// Products by parts: std::complex's operator checks for infinities.
inline Complex Times(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(),
          a.real() * b.imag() + a.imag() * b.real()};
}

inline Complex Inverse(Complex a) {
  const double norm = a.real() * a.real() + a.imag() * a.imag();
  return {a.real() / norm, -a.imag() / norm};
}

// ln(1 + u) - u.
Complex Log1pMinus(Complex u) {
  const double x = u.real(), y = u.imag();
  const double size = x * x + y * y;
  if (size < 0.01) {
    // sum_{k >= 2} (-1)^(k + 1) u^k / k, as many terms as count.
    const int terms = size < 1e-8 ? 5 : size < 1e-6 ? 6 : size < 1e-4 ? 8 : 16;
    Complex sum(kInverse[terms], 0);
    for (int k = terms - 1; k >= 2; --k) {
      sum = kInverse[k] - Times(u, sum);
    }
    return -Times(Times(u, u), sum);
  }
  return {0.5 * std::log1p(2 * x + size) - x, std::atan2(y, 1 + x) - y};
}

double Log1pMinusReal(double x) {
  if (std::abs(x) > 0.3) return std::log1p(x) - x;
  const double s = x / (2 + x), q = s * s;
  double sum = 1.0 / 27;
  const int first = q < 1e-4 ? 11 : 25;
  if (first == 11) sum = 1.0 / 13;
  for (int k = first; k >= 3; k -= 2) sum = sum * q + kInverse[k];
  return 2 * s * q * sum - x * s;
}

double RestOfLarge(double w) {
  const double v = 1 / w, q = v * v;
  return v * (1.0 / 12 - q * (1.0 / 360 - q / 1260));
}

// Stirling's series of ln Gamma without its leading terms, Re w >= 11.
Complex StirlingRest(Complex w) {
  const Complex v = Inverse(w), q = Times(v, v);
  Complex sum(1.0 / 156, 0);
  sum = -691.0 / 360360 + Times(q, sum);
  sum = 1.0 / 1188 + Times(q, sum);
  sum = -1.0 / 1680 + Times(q, sum);
  sum = 1.0 / 1260 + Times(q, sum);
  sum = -1.0 / 360 + Times(q, sum);
  sum = 1.0 / 12 + Times(q, sum);
  return Times(v, sum);
}

// The sum over nodes repeats the tail at the period 2 pi / step. Near the mean
// the neighbour is 1 and is taken off; further out, where it is neither 1 nor
// nothing, the step is made so small that it does not count.
double PoleReach(double log_tail) {
  return log_tail > -8 ? 1.0 / 3 : 1 / (35 - log_tail);
}

// exp(-log_scale) / (exp(period) - 1) without overflow.
double PoleCorrection(double log_scale, double period) {
  return std::exp(-log_scale - period) / -std::expm1(-period);
}

struct Polygamma {
  double excess;  // digamma(a + s) - ln a.
  double slope;   // trigamma(a + s).
};

Polygamma PolygammaAt(double a, double s) {
  double w = a + s;
  Polygamma result{0, 0};
  const double before = w;
  while (w < 8) {
    result.excess -= 1 / w;
    result.slope += 1 / (w * w);
    w += 1;
  }
  const double v = 1 / w, q = v * v;
  result.excess += -v / 2 - q * (1.0 / 12 - q * (1.0 / 120 - q / 252));
  result.slope += v + q / 2 + q * v * (1.0 / 6 - q * (1.0 / 30 - q / 42));
  const double ratio = (w - before + s) / a;
  result.excess += std::log1p(ratio);
  return result;
}

}  // namespace

GammaContrast::GammaContrast(std::array<double, 2> plus,
                             std::array<double, 2> minus, double center)
    : center_(center),
      highest_(std::numeric_limits<double>::infinity()),
      lowest_(-std::numeric_limits<double>::infinity()) {
  for (double shape : plus) {
    if (shape > 0) {
      terms_[count_++] = {shape, 1};
      lowest_ = std::max(lowest_, -shape);
    }
  }
  for (double shape : minus) {
    if (shape > 0) {
      terms_[count_++] = {shape, -1};
      highest_ = std::min(highest_, shape);
    }
  }
}

double GammaContrast::Mean() const {
  double sum = 0;
  for (size_t i = 0; i < count_; ++i) {
    sum += terms_[i].sign * PolygammaAt(terms_[i].shape, 0).excess;
  }
  return center_ + sum;
}

double GammaContrast::Variance() const {
  double sum = 0;
  for (size_t i = 0; i < count_; ++i) {
    sum += PolygammaAt(terms_[i].shape, 0).slope;
  }
  return sum;
}

GammaContrast GammaContrast::Mirrored() const {
  GammaContrast result = *this;
  for (Term& term : result.terms_) term.sign = -term.sign;
  result.center_ = -center_;
  result.highest_ = -lowest_;
  result.lowest_ = -highest_;
  return result;
}

// Where K(s) + s distance - ln s is least on (0, highest), roughly: any point
// near it will do.
double GammaContrast::Saddle(double distance, double* curvature) const {
  const auto slope = [&](double s, double* second) {
    double sum = distance - 1 / s;
    double square = 1 / (s * s);
    for (size_t i = 0; i < count_; ++i) {
      const Polygamma at = PolygammaAt(terms_[i].shape, terms_[i].sign * s);
      sum += terms_[i].sign * at.excess;
      square += at.slope;
    }
    *second = square;
    return sum;
  };
  double variance = 0;
  for (size_t i = 0; i < count_; ++i) {
    variance += 1 / terms_[i].shape + 0.5 / (terms_[i].shape * terms_[i].shape);
  }
  double low = 0, high = highest_;
  double s = (-distance + std::sqrt(distance * distance + 4 * variance)) /
             (2 * variance);
  if (!(s < 0.7 * high)) s = 0.7 * high;
  for (int i = 0; i < 200; ++i) {
    const double first = slope(s, curvature);
    (first < 0 ? low : high) = s;
    const double step = -first / *curvature;
    if (std::abs(step) * std::sqrt(*curvature) < 0.1) break;
    double next = s + step;
    if (!(next > low && next < high)) {
      next = low > 0 ? low + (high - low) / 2
                     : std::min(high / 2, std::max(high * 1e-3, s / 8));
    }
    if (next == s) break;
    s = next;
  }
  return s;
}

// With large shapes the exponent is a short Taylor series about the saddle
// point, whose coefficients are Stirling's series of the polygamma functions.
ContrastTail GammaContrast::UpperOfLarge(double distance, double gap,
                                         double rate, double c,
                                         double curvature,
                                         double least_shape) const {
  constexpr int kMost = 24;
  const int terms = least_shape >= 1e7   ? 8
                    : least_shape >= 1e5 ? 12
                    : least_shape >= 1e4 ? 16
                                         : kMost;
  std::array<double, kMost + 1> taylor{};  // Of (i y)^k.
  double level = distance * c, slope = distance;
  for (size_t i = 0; i < count_; ++i) {
    const double a = terms_[i].shape, sign = terms_[i].sign;
    const double u = sign * c / a, w = a + sign * c, v = 1 / w;
    const double m = Log1pMinusReal(u);
    level += a * (u * u + m + u * m) - 0.5 * (u + m) +
             (RestOfLarge(w) - RestOfLarge(a));
    slope += sign * (u + m - v * (0.5 + v * (1.0 / 12 - v * v / 120)));
    // ln Gamma's coefficient of h^k at w: (-1)^k w^-k (w / (k (k - 1)) +
    // 1 / (2 k) + 1 / (12 w) - (k + 1) (k + 2) / (720 w^3) + ...), by the sign
    // of the term.
    const double ratio = -sign * v;
    double power = ratio;
    for (int k = 2; k <= terms; ++k) {
      power *= ratio;
      taylor[k] +=
          power * (w * kInverse[k] * kInverse[k - 1] + 0.5 * kInverse[k] +
                   v * (1.0 / 12 - v * v * (k + 1) * (k + 2) / 720));
    }
  }
  // Powers of i: even ones are real.
  for (int k = 2; k <= terms; k += 4) {
    taylor[k] = -taylor[k];
    taylor[k + 1] = -taylor[k + 1];
  }
  double step = 0.5 / std::sqrt(curvature);
  step = std::min(step, 2 * M_PI * c * PoleReach(level));
  double tail = 0, density = 0;
  for (int k = 0; k < 1000; ++k) {
    const double y = k * step, q = y * y;
    double even = 0, odd = 0;
    for (int j = terms; j > 1; j -= 2) {
      even = even * q + taylor[j];
      odd = odd * q + taylor[j - 1];
    }
    // taylor[1] is 0: the linear term stands apart.
    const double size = std::exp(even * q) * (k == 0 ? 0.5 : 1.0);
    const double phase = y * (slope + odd);
    const double real = size * std::cos(phase), imag = size * std::sin(phase);
    tail += (real * c + imag * y) / (c * c + q);
    density += real;
    if (size < 1e-17) break;
  }
  const double factor = step / M_PI;
  const double correction = PoleCorrection(level, 2 * M_PI * c / step);
  density *= factor;
  tail = factor * tail - correction;
  const double scale = std::exp(level);
  return {.tail = std::clamp(scale * tail, 0.0, 1.0),
          .log_tail = std::min(0.0, level + std::log(tail)),
          .density = std::max(0.0, scale * density),
          .excess = scale * (gap * tail + rate * density)};
}

ContrastTail GammaContrast::Upper(double distance, double gap,
                                  double rate) const {
  double curvature = 0;
  const double c = Saddle(distance, &curvature);
  double least_shape = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < count_; ++i) {
    least_shape = std::min(least_shape, terms_[i].shape + terms_[i].sign * c);
  }
  if (least_shape >= kLargeFrom) {
    return UpperOfLarge(distance, gap, rate, c, curvature, least_shape);
  }
  // Shapes are raised until Stirling's series holds at c.
  struct Raised {
    double shape, sign, big, rest;
    int steps;
  };
  std::array<Raised, kMostTerms> raised;
  double linear = distance, level = 0;
  for (size_t i = 0; i < count_; ++i) {
    const double a = terms_[i].shape, sign = terms_[i].sign;
    const double least = std::min(a, a + sign * c);
    Raised& r = raised[i];
    r = {a, sign, a, 0, 0};
    if (least < kStirlingFrom) {
      r.steps = static_cast<int>(std::ceil(kStirlingFrom - least));
      r.big = a + r.steps;
      linear += sign * std::log1p(r.steps / a);
      for (int j = 0; j < r.steps; ++j) {
        level -= std::log1p(sign * c / (a + j));
      }
    }
    r.rest = StirlingRest(r.big).real();
  }
  // ln of the integrand without its linear factor and 1/s.
  const auto exponent = [&](Complex s) {
    Complex sum(linear * s.real(), linear * s.imag());
    for (size_t i = 0; i < count_; ++i) {
      const Raised& r = raised[i];
      const Complex u = s * (r.sign / r.big);
      const Complex m = Log1pMinus(u);
      sum += r.big * (Times(u, u) + m + Times(u, m)) - 0.5 * (u + m) +
             StirlingRest(r.big + r.sign * s) - r.rest;
    }
    return sum;
  };
  const double at_c = exponent({c, 0}).real();
  const double log_scale = at_c + level;
  // s = c + i lambda sinh(u).
  const double lambda = std::min(highest_ - c, c - lowest_);
  const double width = 1 / (std::sqrt(curvature) * lambda);
  double step = std::min(width, 0.25);
  double pole = std::numeric_limits<double>::infinity();
  if (c < lambda) {
    pole = std::asin(c / lambda);
    step = std::min(step, 2 * M_PI * pole * PoleReach(log_scale));
  }
  struct Sums {
    double tail = 0, density = 0, excess = 0;
  };
  Sums sums;
  // The nodes first + k stride, k = 0, 1, ..., until they do not count.
  const auto add = [&](double first, double stride) {
    constexpr int kMostNodes = 100000;
    for (int k = 0; k < kMostNodes; ++k) {
      const double u = first + k * stride;
      double y = 0, slope = 0;
      if (u > 0.3) {
        const double growth = std::exp(u);
        y = lambda * 0.5 * (growth - 1 / growth);
        slope = lambda * 0.5 * (growth + 1 / growth);
      } else {
        // sinh and cosh of little.
        const double q = u * u;
        y = lambda * u *
            (1 +
             q / 6 *
                 (1 + q / 20 * (1 + q / 42 * (1 + q / 72 * (1 + q / 110)))));
        slope =
            lambda *
            (1 +
             q / 2 *
                 (1 +
                  q / 12 *
                      (1 +
                       q / 30 * (1 + q / 56 * (1 + q / 90 * (1 + q / 132))))));
      }
      const Complex s(c, y);
      const Complex e = exponent(s);
      const double size = std::exp(e.real() - at_c);
      Complex value(size * std::cos(e.imag()), size * std::sin(e.imag()));
      for (size_t i = 0; i < count_; ++i) {
        const Raised& r = raised[i];
        if (r.steps == 0) continue;
        Complex ratio(1, 0);
        for (int j = 0; j < r.steps; ++j) {
          const double here = r.shape + j + r.sign * c;
          ratio = Times(ratio, Complex(1, r.sign * y / here));
        }
        value = Times(value, Inverse(ratio));
      }
      value *= (u == 0 ? 0.5 : 1.0) * slope;
      const Complex over = Times(value, Inverse(s));
      sums.tail += over.real();
      sums.density += value.real();
      sums.excess += gap * over.real() + rate * value.real();
      if (std::abs(value.real()) + std::abs(value.imag()) <
          1e-17 * (std::abs(sums.tail) * c + std::abs(sums.density))) {
        break;
      }
    }
  };
  const auto integrals = [&] {
    const double factor = step / M_PI;
    const double correction =
        c < lambda ? PoleCorrection(log_scale, 2 * M_PI * pole / step) : 0.0;
    return Sums{factor * sums.tail - correction, factor * sums.density,
                factor * sums.excess - gap * correction};
  };
  add(0, step);
  Sums result = integrals();
  // Every halving squares the error, or nearly.
  for (int halving = 0; halving < 8; ++halving) {
    const Sums coarse = result;
    add(step / 2, step);
    step /= 2;
    result = integrals();
    const auto near = [](double a, double b, double noise) {
      return std::abs(a - b) <= std::max(2e-7 * std::abs(a), noise);
    };
    if (near(result.tail, coarse.tail, 0) &&
        near(result.density, coarse.density, 0) &&
        near(result.excess, coarse.excess,
             1e-14 * (std::abs(gap) * result.tail + rate * result.density))) {
      break;
    }
  }
  const double scale = std::exp(log_scale);
  return {.tail = std::clamp(scale * result.tail, 0.0, 1.0),
          .log_tail = std::min(0.0, log_scale + std::log(result.tail)),
          .density = std::max(0.0, scale * result.density),
          .excess = scale * result.excess};
}

GammaContrast::Tails GammaContrast::At(double distance) const {
  // Mean - x = (mean - center) + distance.
  const bool upper = Mean() - center_ + distance <= 0;
  Tails result;
  if (upper) {
    const ContrastTail tail = Upper(distance);
    result = {1 - tail.tail, tail.tail, std::log1p(-tail.tail), tail.log_tail,
              tail.density};
  } else {
    const ContrastTail tail = Mirrored().Upper(-distance);
    result = {tail.tail, 1 - tail.tail, tail.log_tail, std::log1p(-tail.tail),
              tail.density};
  }
  return result;
}

}  // namespace stagecraft::stats
