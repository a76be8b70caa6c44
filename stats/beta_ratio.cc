#include "stats/beta_ratio.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "stats/quadrature.h"

namespace stagecraft::stats {
namespace {

struct LowerAndDensity {
  double lower = 0;
  double density = 0;
};

double LogitOfMean(const BetaPosterior& x) { return std::log(x.a() / x.b()); }

// P(x <= r y) and the density of ln(x / y).
LowerAndDensity Integrate(const BetaPosterior& x, const BetaPosterior& y,
                          double log_ratio) {
  // At the edge the larger rate is t and the smaller one r t.
  const bool x_is_small = log_ratio <= 0;
  const BetaPosterior& big = x_is_small ? y : x;
  const BetaPosterior& small = x_is_small ? x : y;
  const double fall = -std::abs(log_ratio);
  const double ratio = std::exp(fall), gap = -std::expm1(fall);
  const double big_logit = LogitOfMean(big);
  const double small_logit = LogitOfMean(small);
  const auto width = [](const BetaPosterior& arm) {
    return std::sqrt(1 / arm.a() + 1 / arm.b());
  };
  const bool by_big = width(big) <= width(small);
  const BetaPosterior& base = by_big ? big : small;
  // u where the smaller rate has the logit `l`; infinite out of its reach.
  const auto u_at_small = [&](double l) {
    // t = p / r; t / (1 - t) = p / (r - p) with p = e^l / (1 + e^l).
    const double left = ratio - gap * std::exp(std::min(l, 700.0));
    return left > 0 ? l - std::log(left) : kInfinity;
  };
  constexpr double kFarthest = 100;
  double from = base.lower_end(), to = base.upper_end();
  if (by_big) {
    from += big_logit;
    to += big_logit;
  } else {
    from = u_at_small(from + small_logit);
    to = std::min(u_at_small(to + small_logit),
                  std::max(kFarthest, from + kFarthest));
  }
  if (!(from < to)) return {.lower = x_is_small ? 0.0 : 1.0};
  // Where y is above x / r its upper tail counts, where x is below r y its
  // lower one.
  const bool lower_tail = (x_is_small && by_big) || (!x_is_small && !by_big);
  const auto small_coordinate = [&](double u) {
    // logit(r t) = ln r + ln(t / (1 - r t)), 1 - r t = (1 - t) + gap t.
    return u + fall -
           (u > 0 ? std::log(std::exp(-u) + gap) + u
                  : std::log1p(gap * std::exp(u)));
  };
  size_t big_panel = 0, small_panel = 0;
  const auto sums = TrapezoidSum<2>(
      from, to, 0.75 * std::min(1.0, width(base)), {1, kInfinity},
      [&](double u) {
        const double v = small_coordinate(u) - small_logit;
        const auto at_big = big.At(u - big_logit, &big_panel);
        const auto at_small = small.At(v, &small_panel);
        // (1 - t) / (1 - r t): of dv/du of the smaller one.
        const double slope = u > 0 ? std::exp(-u) / (std::exp(-u) + gap)
                                   : 1 / (1 + gap * std::exp(u));
        const double other_rest =
            u > 0 ? (std::exp(-u) + gap) / (std::exp(-u) + 1)
                  : (1 + gap * std::exp(u)) / (1 + std::exp(u));
        const auto& other = by_big ? at_small : at_big;
        const double weight =
            by_big ? at_big.density : at_small.density * slope;
        // d logit / d ln p = 1 / (1 - p) of the other one.
        const double rest = by_big ? other_rest
                                   : (u > 0 ? std::exp(-u) / (1 + std::exp(-u))
                                            : 1 / (1 + std::exp(u)));
        return std::array<double, 2>{
            weight * (lower_tail ? other.lower : other.upper),
            rest > 0 ? weight * other.density / rest : 0.0};
      });
  double lower = sums[0];
  if (by_big) {
    // Nothing is out of reach; below the base's end its tail is negligible.
  } else if (!x_is_small) {
    // y > 1 / r: x <= r y for certain.
    lower += small.UpperTail(small_coordinate(to) - small_logit);
  }
  return {std::clamp(lower, 0.0, 1.0), sums[1]};
}

}  // namespace

TailsAt RatioTails(const BetaPosterior& x, const BetaPosterior& y,
                   double log_ratio) {
  const LowerAndDensity at = Integrate(x, y, log_ratio);
  if (at.lower <= 0.5) return {at.lower, 1 - at.lower, at.density};
  const LowerAndDensity mirrored = Integrate(y, x, -log_ratio);
  return {1 - mirrored.lower, mirrored.lower, mirrored.density};
}

}  // namespace stagecraft::stats
