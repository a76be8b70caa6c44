// Arithmetic that the mixture boundaries share: what is left of a logarithm of
// gamma functions when its large terms have cancelled, and a root finder.
//
// The mixtures of this library differ from textbook form: ln Gamma(a) of a =
// 1e9 is 2e10, and differences of such numbers keep only 6 digits. Written with
// the functions below nothing large is ever subtracted.
#ifndef STAGECRAFT_STATS_BOUNDARY_MATH_H_
#define STAGECRAFT_STATS_BOUNDARY_MATH_H_

#include <cmath>

#include "stats/discrete.h"  // StirlingRemainder.

namespace stagecraft::stats {

// t - ln(1 + t) for t > -1, without cancellation at 0: about t^2 / 2.
double LogExcess(double t);

// (1 + t) ln(1 + t) - t for t >= -1, without cancellation at 0: about t^2 / 2.
double EntropyExcess(double t);

// Kullback-Leibler divergence of Bernoulli(p + shift) from Bernoulli(p), p in
// (0, 1), p + shift in [0, 1].
double BernoulliDivergence(double p, double shift);

// ln B(a, b) without its entropy a ln(a / (a + b)) + b ln(b / (a + b)).
double LogBetaShape(double a, double b);

// Riemann's zeta, for s > 1.
double RiemannZeta(double s);

// The root of an increasing function with f(low) <= 0 <= f(high), to the
// spacing of doubles. `f` may return infinities, not NaN.
template <typename Function>
double IncreasingRoot(const Function& f, double low, double high) {
  double f_low = f(low), f_high = f(high);
  if (!(f_low < 0)) return low;
  if (!(f_high > 0)) return high;
  for (int i = 0; i < 400; ++i) {
    const double width = high - low;
    const double middle = low + width / 2;
    if (!(middle > low && middle < high)) break;
    // False position two times of three, halving once: the halving bounds the
    // number of steps whatever the shape.
    double next = middle;
    if (i % 3 != 2 && std::isfinite(f_low) && std::isfinite(f_high)) {
      const double guess = low - f_low * (width / (f_high - f_low));
      // Lean over the root, so that both ends move.
      const double lean = i % 3 == 0 ? 1e-9 * width : -1e-9 * width;
      if (guess + lean > low && guess + lean < high) next = guess + lean;
    }
    const double value = f(next);
    if (value == 0) return next;
    if (value < 0) {
      low = next;
      f_low = value;
    } else {
      high = next;
      f_high = value;
    }
  }
  return std::abs(f_low) < std::abs(f_high) ? low : high;
}

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_BOUNDARY_MATH_H_
