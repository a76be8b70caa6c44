#include "stats/beta_difference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "stats/distributions.h"

namespace stagecraft::stats {
namespace {

// The sum of `visit(u)` times du over [from, to], by the trapezoid rule for
// analytic functions that are negligible at both ends. Each component settles
// relative to itself or to its scale; an infinite scale never waits. Far from
// 0 the nodes spread out: u = 6 sinh(t / 6).
template <size_t kCount, typename Visit>
std::array<double, kCount> Trapezoid(double from, double to, double first_step,
                                     const std::array<double, kCount>& scale,
                                     const Visit& visit) {
  // Errors are squared, or better, by every halving.
  constexpr double kAgreement = 1e-7;
  constexpr double kNegligible = 1e-13;
  constexpr double kStretch = 6;
  constexpr int kMostHalvings = 12;
  std::array<double, kCount> sum{};
  if (!(from < to)) return sum;
  const bool stretched = std::max(-from, to) > 2;
  const double start =
      stretched ? kStretch * std::asinh(from / kStretch) : from;
  const double end = stretched ? kStretch * std::asinh(to / kStretch) : to;
  const auto add = [&](double t, double weight) {
    double u = t, slope = 1;
    if (stretched) {
      const double growth = std::exp(t / kStretch);
      u = kStretch * 0.5 * (growth - 1 / growth);
      if (std::abs(t) < 1) u = kStretch * std::sinh(t / kStretch);
      slope = 0.5 * (growth + 1 / growth);
    }
    const std::array<double, kCount> value = visit(u);
    for (size_t i = 0; i < kCount; ++i) sum[i] += weight * slope * value[i];
  };
  double intervals =
      std::clamp(std::ceil((end - start) / first_step), 4.0, 65536.0);
  double step = (end - start) / intervals;
  for (double i = 0; i <= intervals; ++i) {
    add(start + i * step, i == 0 || i == intervals ? 0.5 : 1);
  }
  for (int halving = 0; halving < kMostHalvings; ++halving) {
    std::array<double, kCount> coarse = sum;
    for (double i = 0; i < intervals; ++i) {
      add(start + (i + 0.5) * step, 1);
    }
    bool settled = true;
    for (size_t i = 0; i < kCount; ++i) {
      const double fine = sum[i] / 2;
      settled = settled && std::abs(fine - coarse[i]) * step <=
                               std::max(kAgreement * std::abs(fine) * step,
                                        kNegligible * scale[i]);
    }
    step /= 2;
    intervals *= 2;
    if (settled) break;
  }
  for (double& component : sum) component *= step;
  return sum;
}

constexpr double kFirstStep = 0.75;  // Deviations.

double Deviation(const BetaPosterior& x) { return std::sqrt(x.Variance()); }

// ln p of a posterior at v.
double LogRate(const BetaPosterior& x, double v) {
  const double odds = std::log(x.a() / x.b()) + v;
  return odds < 0 ? odds - std::log1p(std::exp(odds))
                  : -std::log1p(std::exp(-odds));
}
double LogComplement(const BetaPosterior& x, double v) {
  const double odds = std::log(x.a() / x.b()) + v;
  return odds > 0 ? -odds - std::log1p(std::exp(-odds))
                  : -std::log1p(std::exp(odds));
}

struct TailAndDensity {
  double lower = 0;    // P(x - y <= d).
  double density = 0;  // Of x - y at d.
};

// At d = E(x - y) + `offset`.
//
// With `base` the narrower posterior and `other` the wider one, p_other =
// p_base + e, where e is d or -d, and both are in (0, 1) for p_base = low + A,
// A + B = length = 1 - |e|. In terms of A and B, with e+ = max(e, 0) and
// e- = max(-e, 0):
//   p_base  = A + e-   1 - p_base  = B + e+
//   p_other = A + e+   1 - p_other = B + e-
// so that nothing cancels at either end.
class DifferenceAt {
 public:
  DifferenceAt(const BetaPosterior& x, const BetaPosterior& y, double offset)
      : by_y_(y.Variance() <= x.Variance()),
        base_(by_y_ ? y : x),
        other_(by_y_ ? x : y),
        // The other arm's offset from its mean minus the base's from its own.
        shift_(by_y_ ? offset : -offset) {
    const double e = shift_ - MeanDistance(base_, other_);
    rise_ = std::max(e, 0.0);
    fall_ = std::max(-e, 0.0);
    length_ = 1 - std::abs(e);
    // Centered on the mean of the base where the interval holds it well.
    center_below_ = e >= 0 ? base_.Mean() : other_.Mean() + shift_;
    center_above_ = e >= 0 ? other_.Complement() - shift_ : base_.Complement();
    // Otherwise a deviation from the end that is near.
    const double inside = std::min(Deviation(base_), length_ / 2);
    if (center_below_ < inside) {
      center_below_ = inside;
      center_above_ = length_ - inside;
      center_offset_ = (fall_ - base_.Mean()) + inside;
    } else if (center_above_ < inside) {
      center_above_ = inside;
      center_below_ = length_ - inside;
      center_offset_ = (base_.Complement() - rise_) - inside;
    }
    share_ = center_below_ / (center_below_ + center_above_);
    rest_ = center_above_ / (center_below_ + center_above_);
  }

  TailAndDensity Integrate() const {
    if (!(length_ > 0)) {
      // d is -1 or 1.
      return {.lower = by_y_ == (rise_ > 0) ? 1.0 : 0.0};
    }
    const double width =
        Deviation(base_) * length_ / (center_below_ * center_above_);
    const double from = LowestU(), to = HighestU();
    const auto sums =
        Trapezoid<2>(from, to, kFirstStep * std::min(1.0, width),
                     {1, kInfinity}, [&](double u) {
                       const Pair at = At(u);
                       const double weight = at.base.density * at.slope;
                       return std::array<double, 2>{
                           weight * Tail(at.other),
                           weight * at.other.density * at.other_slope};
                     });
    // What the base has outside, where the other rate is out of reach or (both
    // near the same end) does not change any more.
    const Pair first = At(std::min(from, to)), last = At(to);
    const double left = fall_ > 0 ? (by_y_ ? 0 : 1) : Tail(first.other);
    const double right = rise_ > 0 ? (by_y_ ? 1 : 0) : Tail(last.other);
    return {.lower = std::clamp(
                sums[0] + first.base.lower * left + last.base.upper * right,
                0.0, 1.0),
            .density = sums[1]};
  }

 private:
  struct Pair {
    BetaPosterior::Local base, other;
    double slope;        // dv/du of the base.
    double other_slope;  // dv/dp of the other.
  };

  double Tail(const BetaPosterior::Local& other) const {
    return by_y_ ? other.lower : other.upper;
  }

  Pair At(double u) const {
    const double growth = std::exp(u);
    const double sum = rest_ + share_ * growth;
    const double below = length_ * (share_ * growth / sum);
    const double above = length_ * (rest_ / sum);
    const double change = std::abs(u) < 0.5 ? std::expm1(u) : growth - 1;
    const double offset =
        length_ * rest_ * (share_ * change / sum) + center_offset_;
    const double p = below + fall_, complement = above + rise_;
    const double q = below + rise_, other_complement = above + fall_;
    // dp / (p (1 - p)), dp = A B du / length.
    return {base_.At(Coordinate(base_, offset, p, complement)),
            other_.At(Coordinate(other_, offset + shift_, q, other_complement)),
            (below / p) * (above / complement) / length_,
            1 / (q * other_complement)};
  }

  // The logit of p relative to the mean.
  static double Coordinate(const BetaPosterior& arm, double offset, double p,
                           double complement) {
    const double change = offset / (arm.Mean() * complement);
    if (std::abs(change) < 0.5) return std::log1p(change);
    return std::log(p / arm.Mean() * (arm.Complement() / complement));
  }

  // u where A is exp(log_below), or B exp(log_above).
  double AtBelow(double log_below) const {
    if (!(log_below < std::log(length_))) return kFarthest;
    const double rest = length_ - std::exp(log_below);
    return log_below - std::log(std::max(rest, 1e-300)) +
           std::log(rest_ / share_);
  }
  double AtAbove(double log_above) const {
    if (!(log_above < std::log(length_))) return -kFarthest;
    const double rest = length_ - std::exp(log_above);
    return std::log(std::max(rest, 1e-300)) - log_above +
           std::log(rest_ / share_);
  }

  // Below, the integrand is negligible.
  double LowestU() const {
    const double base = LogRate(base_, base_.lower_end());
    const double other = LogRate(other_, other_.lower_end());
    double log_below = Reduced(base, fall_);
    // The lower tail of the other vanishes below its end; the upper tail is 1
    // there, and only the length that is left counts.
    log_below = std::max(log_below, by_y_       ? Reduced(other, rise_)
                                    : fall_ > 0 ? Negligible()
                                                : -kFarthest);
    return std::max(AtBelow(log_below), -kFarthest);
  }
  double HighestU() const {
    const double base = LogComplement(base_, base_.upper_end());
    const double other = LogComplement(other_, other_.upper_end());
    double log_above = Reduced(base, rise_);
    log_above = std::max(log_above, !by_y_      ? Reduced(other, fall_)
                                    : rise_ > 0 ? Negligible()
                                                : -kFarthest);
    return std::min(AtAbove(log_above), kFarthest);
  }
  // ln(exp(log_value) - less), if positive.
  static double Reduced(double log_value, double less) {
    if (less == 0) return log_value;
    const double left = std::exp(log_value) - less;
    return left > 0 ? std::log(left) : -kFarthest;
  }
  double Negligible() const { return std::log(1e-18 * Deviation(base_)); }

  static constexpr double kFarthest = 700;

  const bool by_y_;
  const BetaPosterior& base_;
  const BetaPosterior& other_;
  const double shift_;
  double rise_, fall_, length_;  // e+, e-, 1 - |e|.
  double center_below_, center_above_, center_offset_ = 0;
  double share_, rest_;  // Of A and B at the center, of their sum.
};

double ThirdCumulant(const BetaPosterior& x) {
  const double n = x.a() + x.b(), variance = x.Variance();
  return 2 * (x.Complement() - x.Mean()) * variance / (n + 2);
}
double FourthCumulant(const BetaPosterior& x) {
  const double n = x.a() + x.b(), variance = x.Variance();
  const double spread = x.Complement() - x.Mean();
  return 6 * variance * (spread * spread - variance * (n + 2)) /
         ((n + 2) * (n + 3));
}

}  // namespace

BetaOrder CompareOrder(const BetaPosterior& x, const BetaPosterior& y) {
  const bool by_y = y.Variance() <= x.Variance();
  const BetaPosterior& base = by_y ? y : x;
  const BetaPosterior& other = by_y ? x : y;
  const double shift = LogitDistance(base, other);
  const double distance = MeanDistance(other, base);
  const double size = other.a() + other.b();
  const double width =
      std::sqrt((1 / base.a() + 1 / base.b()) * (base.a() + base.b()) /
                (base.a() + base.b() + 1));
  const double deviation = Deviation(other);
  // E max(other - p, 0) = (mean - p) P(other > p) + f(v) / (a + b), with the
  // density f of the logit; and the same the other way round.
  const auto sums = Trapezoid<3>(
      base.lower_end(), base.upper_end(), kFirstStep * std::min(1.0, width),
      {1, deviation, deviation}, [&](double v) {
        const auto at = other.At(v + shift);
        const double weight = base.At(v).density;
        const double gap = distance - base.OffsetAt(v);
        const double spread = at.density / size;
        return std::array<double, 3>{weight * (by_y ? at.upper : at.lower),
                                     weight * (gap * at.upper + spread),
                                     weight * (spread - gap * at.lower)};
      });
  const double above = std::clamp(sums[0], 0.0, 1.0);
  double other_excess = std::max(0.0, sums[1]);
  double base_excess = std::max(0.0, sums[2]);
  // The larger one is known better by their difference.
  if (distance > 0) {
    other_excess = base_excess + distance;
  } else {
    base_excess = other_excess - distance;
  }
  if (by_y) return {above, other_excess, base_excess};
  return {above, base_excess, other_excess};
}

double DifferenceQuantile(const BetaPosterior& x, const BetaPosterior& y,
                          double tail) {
  const double mean = MeanDistance(x, y);
  const double variance = x.Variance() + y.Variance();
  const double sd = std::sqrt(variance);
  const double target = -NormalUpperQuantile(tail);
  // Cornish and Fisher's expansion to start with; then Newton's method on the
  // normal scale of the probability, in a shrinking bracket of offsets.
  const double skewness =
      (ThirdCumulant(x) - ThirdCumulant(y)) / (variance * sd);
  const double kurtosis =
      (FourthCumulant(x) + FourthCumulant(y)) / (variance * variance);
  const double z2 = target * target;
  const double guess = target + skewness * (z2 - 1) / 6 +
                       kurtosis * target * (z2 - 3) / 24 -
                       skewness * skewness * target * (2 * z2 - 5) / 36;
  double low = -1 - mean, high = 1 - mean;
  double offset = sd * (std::abs(guess) < 10 ? guess : target);
  if (!(offset > low && offset < high)) offset = (offset < 0 ? low : high) / 2;
  double last_miss = kInfinity;
  for (int i = 0; i < 200; ++i) {
    const TailAndDensity at = DifferenceAt(x, y, offset).Integrate();
    (at.lower < tail ? low : high) = offset;
    double next = low + (high - low) / 2;
    bool settled = high - low <= 1e-13 * sd;
    if (at.lower > 0 && at.lower < 1 && at.density > 0 &&
        std::isfinite(at.density)) {
      const double z = -NormalUpperQuantile(at.lower);
      const double miss = target - z;
      const double step = miss * NormalDensity(z) / at.density;
      // The error is squared by the step.
      settled =
          settled || (std::abs(step) < 1e-6 * sd && std::abs(miss) < 1e-6);
      // Bisect where a step leaves the bracket or the last one gained little.
      if (settled || (offset + step > low && offset + step < high &&
                      std::abs(miss) < 0.5 * last_miss)) {
        next = offset + step;
      }
      last_miss = std::abs(miss);
    }
    offset = next;
    if (settled) break;
  }
  return mean + offset;
}

}  // namespace stagecraft::stats
