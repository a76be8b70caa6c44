// The zero of a falling function between two bounds, to rounding.
#ifndef STAGECRAFT_STATS_FALLING_ROOT_H_
#define STAGECRAFT_STATS_FALLING_ROOT_H_

#include <algorithm>
#include <cmath>

namespace stagecraft::stats {

// `f` is positive at `low` and not at `high`; where it is 0 or undefined at an
// end (0 / 0), the side decides. Inverse quadratic steps, halving where they do
// not pay: T. Chandrupatla, Adv. Eng. Softw. 28 (1997) 145. The result is
// within a relative 4e-16 of a change of sign.
template <typename Function>
double FallingRoot(const Function& f, double low, double high) {
  double a = high, b = low, fa = f(a), fb = f(b);
  if (!(fb > 0)) fb = 1;
  if (!(fa < 0)) fa = -1;
  double c = a, fc = fa, t = 0.5;
  for (int i = 0; i < 200; ++i) {
    const double x = a + t * (b - a);
    const double fx = f(x);
    if ((fx > 0) == (fa > 0)) {
      c = a;
      fc = fa;
    } else {
      c = b;
      fc = fb;
      b = a;
      fb = fa;
    }
    a = x;
    fa = fx;
    const bool first = std::abs(fa) < std::abs(fb);
    const double best = first ? a : b;
    if (fa == 0 || (first ? fa : fb) == 0) return best;
    const double tolerance = 4e-16 * std::abs(best) + 1e-300;
    const double limit = tolerance / std::abs(b - a);
    if (!(limit < 0.5)) return best;
    const double xi = (a - b) / (c - b), phi = (fa - fb) / (fc - fb);
    t = phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi
            ? fa / (fb - fa) * fc / (fb - fc) +
                  (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
            : 0.5;
    t = std::clamp(t, limit, 1 - limit);
  }
  return a;
}

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_FALLING_ROOT_H_
