// Student's tail and its quantile (declared in distributions.h), fast where
// tests of experiments live.
//
// With N = nu - 1/2 and z^2 = N ln(1 + t^2 / nu), u = z^2 / N, the density of
// z is proportional to phi(z) h(u), h(u) = sqrt((u / 2) / sinh(u / 2)), which
// is even in u. Integrating the Taylor series of h term by term gives
//
//   P(T >= t) = Q(z) + phi(z) S(z) / A
//   b_k = h_k + (2 k + 1) / N b_{k+1},   A = b_0,
//   S(z) = (1 / z) sum_{k >= 1} b_k u^k,
//
// where Q and phi are the normal tail and density; A is the normalisation. The
// error of 11 even terms is below 1e-15 of the tail for nu >= 16 and u <= 1
// (t below 1.3 sqrt(nu)); Boost.Math answers elsewhere. Checked against
// Boost.Math and mpmath in tests/stats/student_test.cc.
#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

namespace bm = boost::math;
namespace bp = boost::math::policies;

using NoThrow = bp::policy<
    bp::domain_error<bp::ignore_error>, bp::pole_error<bp::ignore_error>,
    bp::overflow_error<bp::ignore_error>, bp::underflow_error<bp::ignore_error>,
    bp::denorm_error<bp::ignore_error>, bp::rounding_error<bp::ignore_error>,
    bp::evaluation_error<bp::ignore_error>,
    bp::indeterminate_result_error<bp::ignore_error>,
    bp::promote_double<false>>;

constexpr double kSmallestDegrees = 16;
constexpr double kLargestU = 1;

// h_0, h_2, ..., h_22: exact rationals, rounded.
constexpr double kH[] = {1,
                         -1.0 / 48,
                         1.0 / 2560,
                         -61.0 / 7741440,
                         1261.0 / 7431782400,
                         -3.8050641917219065657e-9,
                         8.7483775963154073041e-11,
                         -2.0445233594119738176e-12,
                         4.8333517979677044083e-14,
                         -1.1524341017673859239e-15,
                         2.7660520435993700423e-17,
                         -6.6742819508916599512e-19};
constexpr int kTerms = std::size(kH);

struct Series {
  double correction;  // S(z) / A.
  double density;     // h(u) / A: the density of z over phi(z).
};

Series SeriesAt(double z, double u, double n) {
  const double step = 1 / n;
  double b = 0;    // b_k, from the largest k down.
  double sum = 0;  // sum_{j >= k} b_j u^{j - 1}.
  double h = 0;
  const double u2 = u * u;
  // The terms fall like (u / 2 pi)^k and (k / N)^k.
  const int last = u < 0.05 && n > 500 ? 4 : kTerms - 1;
  for (int m = last; m >= 1; --m) {
    const double k = 2 * m;
    b = (2 * k + 3) * step * b;  // b_{k+1}; h_{k+1} = 0.
    sum = sum * u + b;
    b = kH[m] + (2 * k + 1) * step * b;
    sum = sum * u + b;
    h = h * u2 + kH[m];
  }
  b = 3 * step * b;  // b_1.
  sum = sum * u + b;
  const double a = 1 + step * b;
  return {z * step * sum / a, (1 + h * u2) / a};
}

double BoostTail(double t, double degrees) {
  const bm::students_t_distribution<double, NoThrow> student(degrees);
  return bm::cdf(bm::complement(student, t));
}

double BoostQuantile(double tail, double degrees) {
  const bm::students_t_distribution<double, NoThrow> student(degrees);
  return bm::quantile(bm::complement(student, tail));
}

// (Q(y) - Q(y + d)) / phi(y + d), by its Taylor series in d: g' = 1 + (y + d)
// g.
double ScaledStep(double y, double d) {
  double before = 0, g = 1, power = d, sum = d;
  for (int k = 1; k < 9; ++k) {
    const double next = (y * g + before) / (k + 1);
    before = g;
    g = next;
    power *= d;
    sum += g * power;
  }
  return sum;
}

// t >= 0.
double Tail(double t, double degrees) {
  if (degrees >= kSmallestDegrees) {
    const double u = std::log1p(t / degrees * t);
    if (u <= kLargestU) {
      const double n = degrees - 0.5;
      const double z = std::sqrt(n * u);
      return NormalUpperTail(z) +
             NormalDensity(z) * SeriesAt(z, u, n).correction;
    }
  }
  return BoostTail(t, degrees);
}

// tail <= 1/2.
double Quantile(double tail, double degrees) {
  if (degrees < kSmallestDegrees) return BoostQuantile(tail, degrees);
  const double n = degrees - 0.5;
  const double y = NormalUpperQuantile(tail);
  if (!(y * y <= 0.95 * kLargestU * n)) return BoostQuantile(tail, degrees);
  // Find d with Q(y + d) + phi(y + d) S(y + d) = Q(y).
  double d = -y * (y * y + 3) / (48 * n * n);
  for (int i = 0; i < 4; ++i) {
    const double z = y + d;
    const Series series = SeriesAt(z, z * z / n, n);
    const double miss = ScaledStep(y, d) - series.correction;
    // The derivative of `miss` is density + z miss.
    const double step = miss / (series.density + z * miss);
    d -= step;
    // Newton squares the error.
    if (std::abs(step) <= 1e-9 * (1 + y)) break;
  }
  const double z = y + d;
  return std::sqrt(degrees * std::expm1(z / n * z));
}

}  // namespace

double StudentUpperTail(double t, double degrees_of_freedom) {
  if (std::isnan(t) || !(degrees_of_freedom > 0)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (std::isinf(degrees_of_freedom)) return NormalUpperTail(t);
  if (std::isinf(t)) return t > 0 ? 0 : 1;
  return t < 0 ? 1 - Tail(-t, degrees_of_freedom) : Tail(t, degrees_of_freedom);
}

double StudentUpperQuantile(double tail, double degrees_of_freedom) {
  if (!(tail > 0 && tail < 1) || !(degrees_of_freedom > 0)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (std::isinf(degrees_of_freedom)) return NormalUpperQuantile(tail);
  return tail > 0.5 ? -Quantile(1 - tail, degrees_of_freedom)
                    : Quantile(tail, degrees_of_freedom);
}

}  // namespace stagecraft::stats
