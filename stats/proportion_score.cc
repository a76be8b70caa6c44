#include "stats/proportion_score.h"

#include <algorithm>
#include <cmath>

#include "stats/distributions.h"
#include "stats/falling_root.h"

namespace stagecraft::stats {
namespace {

// The control rate of highest likelihood among pairs (p, p + difference). The
// score falls in p (the likelihood is concave): Newton's steps between bounds.
double RestrictedControlRate(const Rate& c, const Rate& t, double difference) {
  double low = std::max(0.0, -difference);
  double high = std::min(1.0, 1 - difference);
  const double weight = t.n / (c.n + t.n);
  double p = (1 - weight) * c.p + weight * (t.p - difference);
  if (!(p > low && p < high)) p = low + (high - low) / 2;
  for (int i = 0; i < 200; ++i) {
    const double pt = p + difference;
    double score = 0, slope = 0;
    const auto add = [&](double count, double at) {
      if (count > 0) {
        score += count / at;
        slope -= count / (at * at);
      }
    };
    const auto subtract = [&](double count, double at) {
      if (count > 0) {
        score -= count / at;
        slope -= count / (at * at);
      }
    };
    add(c.x, p);
    add(t.x, pt);
    subtract(c.Failures(), 1 - p);
    subtract(t.Failures(), 1 - pt);
    if (score == 0 || !(slope < 0)) break;
    (score > 0 ? low : high) = p;
    double next = p - score / slope;
    // Out of bounds, or a bound is close: halve instead.
    if (!(next > low && next < high)) next = low + (high - low) / 2;
    if (next <= low || next >= high) break;
    const double step = std::abs(next - p);
    p = next;
    if (step <= 1e-16 * p) break;
  }
  // The score of one sign all over: the maximum is at an end.
  return p;
}

// z <= limit is the same as contrast <= limit se, which needs no division.
double Excess(const ScoreStatistic& score, double limit) {
  return score.contrast - limit * score.standard_error;
}

// The difference whose score statistic is `limit`.
double DifferenceAtScore(const Rate& c, const Rate& t, double limit,
                         double inflation) {
  const auto excess = [&](double difference) {
    return Excess(ScoreOfDifference(c, t, difference, inflation), limit);
  };
  // The estimate separates both sides; the far end is an end of [-1, 1].
  const double estimate = t.p - c.p;
  if (limit > 0) {
    return estimate <= -1 ? -1 : FallingRoot(excess, -1, estimate);
  }
  return estimate >= 1 ? 1 : FallingRoot(excess, estimate, 1);
}

// The ratio whose score statistic is `limit`; the statistic falls in the ratio.
double RatioAtScore(const Rate& c, const Rate& t, double limit,
                    double inflation) {
  const auto excess = [&](double ratio) {
    return Excess(ScoreOfRatio(c, t, ratio, inflation), limit);
  };
  double low = 0, high = 1;
  if (excess(1) > 0) {
    do {
      low = high;
      high *= 4;
      if (high > 1e300) return kInfinity;
    } while (excess(high) > 0);
  } else {
    // Towards 0 by factors, so that small ratios keep their digits.
    low = high;
    do {
      high = low;
      low /= 4;
      if (low < 1e-300) return 0;
    } while (excess(low) <= 0);
  }
  return FallingRoot(excess, low, high);
}

}  // namespace

Rate RateOf(const Proportion& proportion) {
  const double n = static_cast<double>(proportion.trials);
  const double x = static_cast<double>(proportion.successes);
  return {n, x, x / n,
          static_cast<double>(proportion.trials - proportion.successes) / n};
}

double MiettinenNurminenInflation(const Rate& control, const Rate& treatment) {
  const double n = control.n + treatment.n;
  return n / (n - 1);
}

ScoreStatistic ScoreOfDifference(const Rate& c, const Rate& t,
                                 double difference, double inflation) {
  double variance;
  if (difference == 0) {
    const double n = c.n + t.n;
    const double pooled = (c.x + t.x) / n;
    const double rest = (c.Failures() + t.Failures()) / n;
    variance = pooled * rest * (1 / c.n + 1 / t.n);
  } else if (difference <= -1 || difference >= 1) {
    variance = 0;
  } else {
    const double pc = RestrictedControlRate(c, t, difference);
    const double pt = std::clamp(pc + difference, 0.0, 1.0);
    variance = pc * (1 - pc) / c.n + pt * (1 - pt) / t.n;
  }
  return {(t.p - c.p) - difference, std::sqrt(inflation * variance)};
}

ScoreStatistic ScoreOfRatio(const Rate& c, const Rate& t, double ratio,
                            double inflation) {
  const double b = t.n * ratio + t.x + c.n + c.x * ratio;
  const double product = 4 * (c.n + t.n) * ratio * (c.x + t.x);
  const double root = std::sqrt(std::max(0.0, std::fma(b, b, -product)));
  const double pc = std::min(1.0, 2 * (c.x + t.x) / (b + root));
  const double pt = std::min(1.0, ratio * pc);
  const double variance =
      pt * (1 - pt) / t.n + ratio * ratio * pc * (1 - pc) / c.n;
  return {t.p - ratio * c.p, std::sqrt(inflation * variance)};
}

Interval ScoreDifferenceInterval(const Rate& control, const Rate& treatment,
                                 double alpha, Alternative alternative,
                                 double inflation) {
  const double z = NormalUpperQuantile(
      alternative == Alternative::kTwoSided ? alpha / 2 : alpha);
  Interval interval{-1, 1, 1 - alpha};
  if (alternative != Alternative::kLess) {
    interval.lower = DifferenceAtScore(control, treatment, z, inflation);
  }
  if (alternative != Alternative::kGreater) {
    interval.upper = DifferenceAtScore(control, treatment, -z, inflation);
  }
  return interval;
}

Interval ScoreRatioInterval(const Rate& control, const Rate& treatment,
                            double alpha, Alternative alternative,
                            double inflation) {
  const double z = NormalUpperQuantile(
      alternative == Alternative::kTwoSided ? alpha / 2 : alpha);
  Interval interval{0, kInfinity, 1 - alpha};
  if (alternative != Alternative::kLess && treatment.x > 0) {
    interval.lower = RatioAtScore(control, treatment, z, inflation);
  }
  if (alternative != Alternative::kGreater) {
    interval.upper = RatioAtScore(control, treatment, -z, inflation);
  }
  return interval;
}

}  // namespace stagecraft::stats
