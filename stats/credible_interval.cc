#include "stats/credible_interval.h"

#include <algorithm>
#include <cmath>

#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

double ValueAt(const Marginal& marginal, double x) {
  return marginal.value ? marginal.value(x) : x;
}

// ln of the density of the reported quantity.
double LogDensity(const Marginal& marginal, double x) {
  const double slope = marginal.slope ? marginal.slope(x) : 1;
  return std::log(marginal.at(x).density) + std::log(slope);
}

}  // namespace

double QuantileOf(const Marginal& marginal, double lower, double upper) {
  // Newton's method on the normal scale of the smaller tail, which is nearly
  // straight, in a shrinking bracket.
  const bool by_lower = lower <= upper;
  const double tail = by_lower ? lower : upper;
  const double target =
      by_lower ? -NormalUpperQuantile(tail) : NormalUpperQuantile(tail);
  double low = marginal.low, high = marginal.high;
  double x = marginal.guess ? marginal.guess(target)
                            : marginal.center + target * marginal.spread;
  const double start = marginal.center;
  if (!(x > low && x < high)) {
    if (!(start > low && start < high)) {
      x = low + (high - low) / 2;
    } else {
      x = x <= low ? low + (start - low) / 2 : start + (high - start) / 2;
    }
  }
  double last_miss = kInfinity;
  for (int i = 0; i < 150; ++i) {
    const TailsAt at = marginal.at(x);
    const double here = by_lower ? at.lower : at.upper;
    const bool below = by_lower ? here < tail : here > tail;
    (below ? low : high) = x;
    double next = low + (high - low) / 2;
    if (std::isinf(low)) {
      next = high - marginal.spread * std::exp2(i);
    } else if (std::isinf(high)) {
      next = low + marginal.spread * std::exp2(i);
    }
    const bool settled =
        std::isfinite(high - low) &&
        high - low <= 4e-16 * std::max(std::abs(low), std::abs(high));
    if (here > 0 && here < 1 && at.density > 0 && std::isfinite(at.density)) {
      const double z =
          by_lower ? -NormalUpperQuantile(here) : NormalUpperQuantile(here);
      const double miss = target - z;
      const double step = miss * NormalDensity(z) / at.density;
      if (std::abs(miss) < 1e-6) {
        // The error is squared by the step.
        x = std::clamp(x + step, marginal.low, marginal.high);
        break;
      }
      // Bisect where a step leaves the bracket or the last one gained little.
      if (x + step > low && x + step < high &&
          std::abs(miss) < 0.5 * last_miss) {
        next = x + step;
      }
      last_miss = std::abs(miss);
    } else {
      last_miss = kInfinity;
    }
    x = next;
    if (settled) break;
  }
  return x;
}

Interval CredibleInterval(const Marginal& marginal, CredibleKind kind,
                          double alpha) {
  const auto quantile = [&](double lower, double upper) {
    return QuantileOf(marginal, lower, upper);
  };
  const auto interval = [&](double from, double to) {
    return Interval{ValueAt(marginal, from), ValueAt(marginal, to), 1 - alpha};
  };
  if (kind == CredibleKind::kEqualTailed) {
    return interval(quantile(alpha / 2, 1 - alpha / 2),
                    quantile(1 - alpha / 2, alpha / 2));
  }
  // With the share `g` of alpha below the interval, the densities at its ends
  // agree at the shortest one.
  double from = 0, to = 0;
  const auto gap = [&](double share) {
    const double below = alpha * share, above = alpha * (1 - share);
    from = quantile(below, 1 - below);
    to = quantile(1 - above, above);
    return LogDensity(marginal, from) - LogDensity(marginal, to);
  };
  constexpr double kEnd = 1e-9;
  const double at_low = gap(kEnd), at_high = gap(1 - kEnd);
  if (!(at_low < 0 && at_high > 0)) {
    // No peak inside: it begins or ends at an end.
    const double lower_end = ValueAt(marginal, marginal.low);
    const double upper_end = ValueAt(marginal, marginal.high);
    const Interval left{
        lower_end, ValueAt(marginal, quantile(1 - alpha, alpha)), 1 - alpha};
    const Interval right{ValueAt(marginal, quantile(alpha, 1 - alpha)),
                         upper_end, 1 - alpha};
    return left.upper - left.lower <= right.upper - right.lower ? left : right;
  }
  // The secant method with bisection (Illinois).
  double low = kEnd, high = 1 - kEnd, low_gap = at_low, high_gap = at_high;
  double share = 0.5;
  int side = 0;
  for (int i = 0; i < 60; ++i) {
    const double here = gap(share);
    if (std::abs(here) < 1e-11 || high - low < 1e-12) break;
    if (here < 0) {
      low = share;
      low_gap = here;
      if (side == -1) high_gap /= 2;
      side = -1;
    } else {
      high = share;
      high_gap = here;
      if (side == 1) low_gap /= 2;
      side = 1;
    }
    double next = low - low_gap * (high - low) / (high_gap - low_gap);
    if (!(next > low && next < high)) next = low + (high - low) / 2;
    if (std::abs(next - share) < 1e-11 * std::min(share, 1 - share)) break;
    share = next;
  }
  return interval(from, to);
}

}  // namespace stagecraft::stats
