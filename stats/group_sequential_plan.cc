#include "stats/group_sequential_plan.h"

#include <algorithm>
#include <cmath>

#include "stats/distributions.h"
#include "stats/quadrature.h"
#include "stats/recursive_integration.h"

namespace stagecraft::stats {

bool FixedConstants(const GroupSequentialOptions& options) {
  return options.rule != StoppingRule::kSpending;
}

LookRule RuleAt(const GroupSequentialDesign& design, size_t k, double time,
                bool final_look, double alpha) {
  const GroupSequentialOptions& options = design.options;
  const int sides = options.one_sided ? 1 : 2;
  LookRule rule{.time = time};
  if (FixedConstants(options)) {
    rule.upper = design.looks[k].upper;
  } else {
    rule.alpha_spent = final_look ? alpha
                                  : Spent(options.spending, options.information,
                                          alpha, sides, time);
  }
  if (final_look) return rule;
  if (options.futility == FutilityRule::kBetaSpending) {
    rule.beta_spent = Spent(options.beta_spending, options.information,
                            1 - options.power, 1, time);
  } else if (k + 1 < design.looks.size()) {
    rule.futility = design.looks[k].futility;
  }
  return rule;
}

BoundaryWalk NewWalk(const GroupSequentialDesign& design, double alpha) {
  return BoundaryWalk(design.options.one_sided, design.options.binding_futility,
                      design.drift, FarFor(alpha));
}

std::vector<LookBounds> RemainingLooks(const GroupSequentialDesign& design,
                                       BoundaryWalk walk, size_t done,
                                       double time) {
  std::vector<LookBounds> bounds;
  for (size_t k = 0; k < design.looks.size(); ++k) {
    const bool last = k + 1 == design.looks.size();
    const double planned = last ? 1 : design.looks[k].time;
    if (FixedConstants(design.options)
            ? k < done
            : planned - time < kSmallestIncrement * planned) {
      continue;
    }
    bounds.push_back(
        walk.Step(RuleAt(design, k, planned, last, design.options.alpha)));
    if (last) bounds.back().futility.reset();
  }
  return bounds;
}

double RepeatedPValue(const GroupSequentialDesign& design,
                      const std::vector<double>& times, bool last_is_final,
                      const std::vector<LookBounds>& bounds, size_t k,
                      double seen) {
  const GroupSequentialOptions& options = design.options;
  const bool one_sided = options.one_sided;
  const int sides = one_sided ? 1 : 2;
  const double z = one_sided ? seen : std::abs(seen);
  if (options.rule == StoppingRule::kHaybittlePeto) {
    std::vector<LookBounds> so_far(bounds.begin(), bounds.begin() + k + 1);
    const bool last = k + 1 == design.looks.size();
    if (!last && z < bounds[k].upper) return 1;
    if (last) so_far[k].upper = z;
    return std::min(
        1.0,
        ExitsOf(so_far, one_sided, options.binding_futility, 0).both_tails);
  }
  if (FixedConstants(options)) {
    const double delta = WangTsiatisDelta(options);
    const double constant = z / WangTsiatisBound(1, delta, times[k]);
    std::vector<LookBounds> all;
    for (const PlannedLook& look : design.looks) {
      all.push_back({.time = look.time,
                     .upper = WangTsiatisBound(constant, delta, look.time),
                     .futility = look.futility});
      if (all.back().futility && !options.binding_futility) {
        all.back().futility.reset();
      }
      if (all.back().futility && *all.back().futility >= all.back().upper) {
        all.back().futility.reset();
      }
    }
    return std::min(
        1.0, ExitsOf(all, one_sided, options.binding_futility, 0).both_tails);
  }
  // The bound rises with x, where alpha = sides P(Z > x).
  const auto excess = [&](double x) {
    const double alpha = sides * NormalUpperTail(x);
    BoundaryWalk walk = NewWalk(design, alpha);
    double upper = kInfinity;
    for (size_t j = 0; j <= k; ++j) {
      LookRule rule = RuleAt(design, j, times[j],
                             j + 1 == times.size() && last_is_final, alpha);
      // Futility stays what it was.
      rule.beta_spent = 0;
      rule.futility = options.binding_futility ? bounds[j].futility
                                               : std::optional<double>();
      upper = walk.Step(rule).upper;
    }
    return std::clamp(upper - z, -50.0, 50.0);
  };
  // From small alphas up to the first that rejects: for alphas near 1 nothing
  // may be left to spend at late looks, and the bound rises again.
  const double lowest = one_sided ? -3 : 1e-12;
  constexpr double kHighest = 37;  // alpha of one side 6e-300.
  double high = std::clamp(z, 1e-9, kHighest);
  double f_high = excess(high);
  while (f_high < 0 && high < kHighest) {
    high = std::min(high + 1, kHighest);
    f_high = excess(high);
  }
  // Beyond what a double holds the p-value is 0.
  if (f_high < 0) return z > kHighest + 3 ? 0 : sides * NormalUpperTail(high);
  double low = high, f_low = f_high;
  while (f_low >= 0) {
    if (low <= lowest) return 1;
    high = low;
    f_high = f_low;
    low = std::max(lowest, low - std::clamp(0.6 * f_low, 0.1, 2.0));
    f_low = excess(low);
  }
  double x = low;
  // The Illinois method: secants within a bracket.
  for (int step = 0; step < 200 && high - low > 1e-11; ++step) {
    x = (low * f_high - high * f_low) / (f_high - f_low);
    if (step % 8 == 7) x = 0.5 * (low + high);
    const double f = excess(x);
    if (std::abs(f) < 1e-11) break;
    if (f < 0) {
      low = x;
      f_low = f;
      f_high *= 0.5;
    } else {
      high = x;
      f_high = f;
      f_low *= 0.5;
    }
  }
  return std::min(1.0, sides * NormalUpperTail(x));
}

double ConditionalUp(const std::vector<LookBounds>& bounds, bool one_sided,
                     double time, double score, double drift) {
  ExitRecursion path(0, 0);
  double up = 0;
  for (const LookBounds& look : bounds) {
    Continuation region = ContinuationOf(look, one_sided, true);
    const double ahead = look.time - time;
    const double start = score + drift * ahead;
    region.lower -= start;
    region.upper -= start;
    region.hole_low -= start;
    region.hole_high -= start;
    path.Next(ahead);
    up += path.Above(region.upper, 0);
    path.Continue(region);
  }
  return up;
}

double PredictiveUp(const std::vector<LookBounds>& bounds, bool one_sided,
                    double time, double score) {
  if (bounds.empty()) return 0;
  if (time < 1e-4) {
    // The drift is N(score / time, 1 / time): wide beside the stretch in which
    // power goes from 0 to 1, which is integrated; beyond it power is 1.
    const double far = 10 + std::min(bounds.back().upper, 40.0);
    const double sd = 1 / std::sqrt(time);
    const double mean = score / time;
    double sum = NormalUpperTail((far - mean) / sd);
    VisitNodes({}, -far, far, 4, [&](double drift, double weight) {
      sum += weight * NormalDensity((drift - mean) / sd) / sd *
             ConditionalUp(bounds, one_sided, time, score, drift);
    });
    return std::min(sum, 1.0);
  }
  // S / t has independent increments too, of variance 1 / time - 1 / t.
  ExitRecursion path(0, 0);
  double up = 0;
  for (const LookBounds& look : bounds) {
    Continuation region = ContinuationOf(look, one_sided, true);
    const auto move = [&](double bound) {
      return bound / look.time - score / time;
    };
    region.lower = move(region.lower);
    region.upper = move(region.upper);
    region.hole_low = move(region.hole_low);
    region.hole_high = move(region.hole_high);
    path.Next((look.time - time) / (time * look.time));
    up += path.Above(region.upper, 0);
    path.Continue(region);
  }
  return up;
}

}  // namespace stagecraft::stats
