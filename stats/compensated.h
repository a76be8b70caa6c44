// Arithmetic that keeps what a sum of doubles loses: an unevaluated pair high +
// low with |low| <= ulp(high) / 2, about 32 digits.
// Source: T. Dekker, Numer. Math. 18 (1971) 224. Needs strict IEEE arithmetic
// (no -ffast-math).
#ifndef STAGECRAFT_STATS_COMPENSATED_H_
#define STAGECRAFT_STATS_COMPENSATED_H_

#include <cmath>

namespace stagecraft::stats {

struct DoublePair {
  double high = 0;
  double low = 0;

  double Value() const { return high + low; }

  // Adds `x`; exact but for the rounding of `low`.
  void Add(double x) {
    const double sum = high + x;
    const double part = sum - high;
    const double lost = (high - (sum - part)) + (x - part);
    low += lost;
    // Normalise.
    high = sum + low;
    low -= high - sum;
  }
};

// a * b, exactly (barring under- and overflow).
inline DoublePair ExactProduct(double a, double b) {
  const double high = a * b;
  return {high, std::fma(a, b, -high)};
}

}  // namespace stagecraft::stats

#endif  // STAGECRAFT_STATS_COMPENSATED_H_
