#include "stats/beta_difference.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "stats/quadrature.h"

namespace stagecraft::stats {
namespace {

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
    size_t base_panel = 0, other_panel = 0;
    const auto sums =
        TrapezoidSum<2>(from, to, kFirstStep * std::min(1.0, width),
                        {1, kInfinity}, [&](double u) -> std::array<double, 2> {
                          const Pair at = At(u);
                          const double weight =
                              base_.DensityAt(at.base, &base_panel) * at.slope;
                          if (weight == 0) return {0, 0};
                          const auto other = other_.At(at.other, &other_panel);
                          return {weight * Tail(other),
                                  weight * other.density * at.other_slope};
                        });
    // What the base has outside, where the other rate is out of reach or (both
    // near the same end) does not change any more.
    const Pair first = At(std::min(from, to)), last = At(to);
    const double left =
        fall_ > 0 ? (by_y_ ? 0 : 1) : Tail(other_.At(first.other));
    const double right =
        rise_ > 0 ? (by_y_ ? 1 : 0) : Tail(other_.At(last.other));
    return {.lower = std::clamp(sums[0] + base_.At(first.base).lower * left +
                                    base_.At(last.base).upper * right,
                                0.0, 1.0),
            .density = sums[1]};
  }

 private:
  struct Pair {
    double base, other;  // Coordinates.
    double slope;        // dv/du of the base.
    double other_slope;  // dv/dp of the other.
  };

  double Tail(const BetaPosterior::Local& other) const {
    return by_y_ ? other.lower : other.upper;
  }

  Pair At(double u) const {
    const bool near = std::abs(u) < 0.5;
    const double little = near ? std::expm1(u) : 0;
    const double growth = near ? 1 + little : std::exp(u);
    const double change = near ? little : growth - 1;
    const double sum = rest_ + share_ * growth;
    const double below = length_ * (share_ * growth / sum);
    const double above = length_ * (rest_ / sum);
    const double offset =
        length_ * rest_ * (share_ * change / sum) + center_offset_;
    const double p = below + fall_, complement = above + rise_;
    const double q = below + rise_, other_complement = above + fall_;
    // dp / (p (1 - p)), dp = A B du / length.
    return {Coordinate(base_, offset, p, complement),
            Coordinate(other_, offset + shift_, q, other_complement),
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

}  // namespace

TailsAt DifferenceTails(const BetaPosterior& x, const BetaPosterior& y,
                        double offset) {
  // The smaller tail as such.
  if (offset > 0) {
    const TailAndDensity at = DifferenceAt(y, x, -offset).Integrate();
    return {1 - at.lower, at.lower, at.density};
  }
  const TailAndDensity at = DifferenceAt(x, y, offset).Integrate();
  return {at.lower, 1 - at.lower, at.density};
}

}  // namespace stagecraft::stats
