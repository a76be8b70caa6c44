#include "stats/distributions.h"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

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

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

bool InUnit(double p) { return p > 0 && p < 1; }

}  // namespace

double NormalDensity(double z) {
  return std::exp(-0.5 * z * z) * 0.39894228040143267794;
}

double NormalLowerTail(double z) { return NormalUpperTail(-z); }

double NormalUpperTail(double z) { return 0.5 * std::erfc(z * M_SQRT1_2); }

double LogNormalUpperTail(double z) {
  if (z < 30) {
    // Below 0 the tail is near 1 and its logarithm near 0.
    return z < -1 ? std::log1p(-NormalUpperTail(-z))
                  : std::log(NormalUpperTail(z));
  }
  // Mills ratio, asymptotic: the sixth term is below 1e-13 at z = 30.
  const double y = 1 / (z * z);
  const double series =
      1 - y * (1 - 3 * y * (1 - 5 * y * (1 - 7 * y * (1 - 9 * y))));
  return -0.5 * z * z - std::log(z) - 0.91893853320467274178 + std::log(series);
}

double NormalUpperQuantile(double tail) {
  if (!InUnit(tail)) return kNaN;
  const bm::normal_distribution<double, NoThrow> normal(0, 1);
  return bm::quantile(bm::complement(normal, tail));
}

double NoncentralStudentUpperTail(double t, double degrees_of_freedom,
                                  double noncentrality) {
  if (std::isnan(t) || !(degrees_of_freedom > 0) ||
      !std::isfinite(noncentrality)) {
    return kNaN;
  }
  if (std::isinf(degrees_of_freedom)) return NormalUpperTail(t - noncentrality);
  if (std::isinf(t)) return t > 0 ? 0 : 1;
  // E of P(Z >= t s - noncentrality) over s = chi / sqrt(degrees). The density
  // of ln s is smooth and falls fast on both sides: the trapezoid rule on ln s
  // converges faster than any power of the step.
  const double nu = degrees_of_freedom;
  const double spread = std::sqrt(1 / (2 * nu));
  // ln of the density of x = ln s is nu (x - (e^{2x} - 1) / 2) + log_peak.
  const double half = nu / 2;
  const double log_peak =
      half < 50 ? M_LN2 + half * std::log(half) - half - std::lgamma(half)
                : 0.5 * std::log(nu / M_PI) -
                      (1 - (1 / (half * half)) / 30) / (12 * half);
  const double low = -std::max(20 * spread, 80 / nu);
  const double high = std::max(0.5 * std::log1p(80 / nu), 12 * spread);
  // Where t s is below the noncentrality for every s there is nothing to add
  // up.
  if (noncentrality - std::max(0.0, t) * std::exp(high) > 9) return 1;
  // Where the normal tail changes, t s is near the noncentrality: it is as
  // steep in x as that is large.
  const double fine = std::min(spread, 1 / (1 + std::abs(noncentrality))) / 6;
  const double count = std::min(50000.0, std::ceil((high - low) / fine));
  const double step = (high - low) / count;
  double sum = 0;
  for (double i = 0; i <= count; ++i) {
    const double x = low + i * step;
    const double log_density = nu * (x - 0.5 * std::expm1(2 * x));
    if (log_density < -745) continue;
    sum += std::exp(log_density) *
           NormalUpperTail(t * std::exp(x) - noncentrality);
  }
  return std::min(1.0, sum * step * std::exp(log_peak));
}

double ChiSquaredUpperTail(double x, double degrees_of_freedom) {
  if (!(x >= 0) || !(degrees_of_freedom > 0)) return kNaN;
  if (std::isinf(x)) return 0;
  const bm::chi_squared_distribution<double, NoThrow> chi(degrees_of_freedom);
  return bm::cdf(bm::complement(chi, x));
}

double ChiSquaredLowerTail(double x, double degrees_of_freedom) {
  if (!(x >= 0) || !(degrees_of_freedom > 0)) return kNaN;
  if (std::isinf(x)) return 1;
  const bm::chi_squared_distribution<double, NoThrow> chi(degrees_of_freedom);
  return bm::cdf(chi, x);
}

double BetaLowerTail(double x, double a, double b) {
  if (!(x >= 0 && x <= 1) || !(a > 0) || !(b > 0)) return kNaN;
  return bm::ibeta(a, b, x, NoThrow());
}

double BetaUpperTail(double x, double a, double b) {
  if (!(x >= 0 && x <= 1) || !(a > 0) || !(b > 0)) return kNaN;
  return bm::ibetac(a, b, x, NoThrow());
}

double BetaLowerQuantile(double p, double a, double b) {
  if (!InUnit(p) || !(a > 0) || !(b > 0)) return kNaN;
  return bm::ibeta_inv(a, b, p, static_cast<double*>(nullptr), NoThrow());
}

double BetaUpperQuantile(double tail, double a, double b) {
  if (!InUnit(tail) || !(a > 0) || !(b > 0)) return kNaN;
  return bm::ibetac_inv(a, b, tail, static_cast<double*>(nullptr), NoThrow());
}

double PValue(double statistic, double degrees_of_freedom,
              Alternative alternative) {
  switch (alternative) {
    case Alternative::kGreater:
      return StudentUpperTail(statistic, degrees_of_freedom);
    case Alternative::kLess:
      return StudentUpperTail(-statistic, degrees_of_freedom);
    case Alternative::kTwoSided:
      break;
  }
  return std::min(
      1.0, 2 * StudentUpperTail(std::abs(statistic), degrees_of_freedom));
}

Interval SymmetricInterval(double value, double standard_error,
                           double degrees_of_freedom, double alpha,
                           Alternative alternative) {
  const bool two_sided = alternative == Alternative::kTwoSided;
  const double radius =
      standard_error *
      StudentUpperQuantile(two_sided ? alpha / 2 : alpha, degrees_of_freedom);
  Interval interval{.level = 1 - alpha};
  if (alternative != Alternative::kLess) interval.lower = value - radius;
  if (alternative != Alternative::kGreater) interval.upper = value + radius;
  return interval;
}

}  // namespace stagecraft::stats
