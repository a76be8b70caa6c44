#include "stats/beta_normal_form.h"

#include <algorithm>
#include <cmath>

#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

// ln(1 + x) - x without cancellation, x > -1.
double Log1pMinus(double x) {
  if (std::abs(x) > 0.3) return std::log1p(x) - x;
  // ln(1 + x) = 2 atanh(s); the first term and x differ by x s.
  const double s = x / (2 + x), q = s * s;
  if (q < 1e-4) {
    // |x| < 0.02.
    return 2 * s * q *
               (1.0 / 3 +
                q * (1.0 / 5 + q * (1.0 / 7 + q * (1.0 / 9 + q / 11)))) -
           x * s;
  }
  const double r = q * q;
  const double even =
      1.0 / 3 +
      r * (1.0 / 7 + r * (1.0 / 11 + r * (1.0 / 15 + r * (1.0 / 19 + r / 23))));
  const double odd =
      1.0 / 5 + r * (1.0 / 9 + r * (1.0 / 13 + r * (1.0 / 17 + r / 21)));
  return 2 * s * q * (even + q * odd) - x * s;
}

double Horner(const double* coefficients, size_t count, double z) {
  double sum = coefficients[count - 1];
  for (size_t k = count - 1; k-- > 0;) sum = sum * z + coefficients[k];
  return sum;
}

}  // namespace

BetaNormalForm::BetaNormalForm(double a, double b)
    : a_(a), b_(b), mean_(a / (a + b)), rest_(b / (a + b)) {
  const double n = a + b, least = std::min(a, b);
  unit_ = std::sqrt(mean_ * rest_ / n);
  terms_ = least >= 1e8    ? 6
           : least >= 1e6  ? 7
           : least >= 1e5  ? 8
           : least >= 1e4  ? 10
           : least >= 1000 ? 14
           : least >= 200  ? 18
                           : kMost;
  // With E(z) the scaled offset: E E' = z (1 + alpha E - E^2 / n). The products
  // S_m = sum_{i + j = m} e_i e_j satisfy
  //   m / 2 S_m = [m = 2] + alpha e_{m-2} - S_{m-2} / n.
  const double alpha = (rest_ - mean_) / (n * unit_);
  std::array<double, kMost + 3> e{}, products{};
  e[1] = 1;
  products[2] = 1;
  for (size_t m = 3; m <= terms_ + 1; ++m) {
    products[m] = (alpha * e[m - 2] - products[m - 2] / n) * 2 / m;
    double inner = 0;
    for (size_t i = 2; i + 1 < m; ++i) inner += e[i] * e[m - i];
    e[m - 1] = (products[m] - inner) / 2;
  }
  for (size_t k = 0; k < terms_; ++k) shape_[k] = e[k + 1];
  // g = 1 / (E / z).
  g_[0] = 1;
  for (size_t k = 1; k < terms_; ++k) {
    double sum = 0;
    for (size_t i = 1; i <= k; ++i) sum += shape_[i] * g_[k - i];
    g_[k] = -sum;
  }
  // Integrals of z^k phi, by parts.
  std::array<double, kMost + 3> d{};
  for (size_t j = terms_; j-- > 0;) {
    d[j] = (j + 1 < terms_ ? g_[j + 1] : 0) + (j + 2.0) * d[j + 2];
  }
  const double total = 1 + d[1];
  for (size_t k = 0; k < terms_; ++k) {
    g_[k] /= total;
    tail_[k] = d[k] / total;
  }
}

double BetaNormalForm::OffsetAt(double z) const {
  return unit_ * z * Horner(shape_.data(), terms_, z);
}

double BetaNormalForm::DensityOfZ(double z) const {
  return NormalDensity(z) * Horner(g_.data(), terms_, z);
}

BetaNormalForm::Local BetaNormalForm::At(double offset) const {
  const double p = mean_ + offset, q = rest_ - offset;
  if (!(p > 0)) return {0, 1, 0};
  if (!(q > 0)) return {1, 0, 0};
  const double half =
      -(a_ * Log1pMinus(offset / mean_) + b_ * Log1pMinus(-offset / rest_));
  const double size = std::sqrt(2 * half);
  const double z = offset < 0 ? -size : size;
  const double bell = std::exp(-half) * 0.39894228040143267794;
  const double small = 0.5 * std::erfc(size * M_SQRT1_2);
  // Of a series beyond its reach nothing is left but the bell.
  const double reach = std::sqrt(M_PI * std::min(a_, b_));
  const double inside = std::clamp(z, -reach, reach);
  const double rest = bell * Horner(tail_.data(), terms_, inside);
  const double tail = std::max(0.0, small + (z < 0 ? -rest : rest));
  // That of the logit is the bell itself, up to a constant.
  const double density = bell * g_[0] * (mean_ / p) * (rest_ / q) / unit_;
  if (z < 0) return {tail, 1 - tail, density};
  return {1 - tail, tail, density};
}

}  // namespace stagecraft::stats
