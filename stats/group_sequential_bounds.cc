#include "stats/group_sequential_bounds.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/distributions.h"

namespace stagecraft::stats {

double FarFor(double alpha) {
  return std::clamp(NormalUpperQuantile(std::max(alpha, 1e-300)) + 6.5,
                    ExitRecursion::kFar, ExitRecursion::kFarthest);
}

BoundaryWalk::BoundaryWalk(bool one_sided, bool binding, double drift,
                           double far)
    : one_sided_(one_sided),
      binding_(binding),
      drift_(drift),
      alpha_path_(0, 0, far),
      beta_path_(0, drift, far) {}

LookBounds BoundaryWalk::Step(const LookRule& rule) {
  const double root = std::sqrt(rule.time);
  const int sides = one_sided_ ? 1 : 2;
  LookBounds bounds{.time = rule.time};
  alpha_path_.Next(rule.time);
  if (rule.upper) {
    bounds.upper = *rule.upper;
  } else {
    const double increment = (rule.alpha_spent - alpha_spent_) / sides;
    // Below the rounding of what was spent before there is nothing to spend.
    if (increment > 4e-16 * alpha_spent_ && increment > 0) {
      bounds.upper = alpha_path_.UpperScore(increment) / root;
      if (!one_sided_ && !(bounds.upper > 0)) bounds.upper = 0;
    }
  }
  if (bounds.upper < kInfinity) {
    alpha_spent_ += sides * alpha_path_.Above(bounds.upper * root, 0);
  }
  bounds.futility = rule.futility;
  if (rule.beta_spent > 0) {
    beta_path_.Next(rule.time);
    if (!one_sided_ && bounds.upper < kInfinity) {
      beta_spent_ += beta_path_.Below(-bounds.upper * root, drift_);
    }
    const double increment = rule.beta_spent - beta_spent_;
    if (increment > 4e-16 * rule.beta_spent) {
      bounds.futility = FutilityFor(increment, bounds.upper);
      if (bounds.futility && *bounds.futility >= bounds.upper) {
        bounds.crossed = true;
        bounds.futility = bounds.upper;
      }
      if (bounds.futility) {
        const double score = *bounds.futility * root;
        beta_spent_ += one_sided_ ? beta_path_.Below(score, drift_)
                                  : beta_path_.Between(-score, score, drift_);
      }
    }
    beta_path_.Continue(ContinuationOf(bounds, one_sided_, true));
  }
  alpha_path_.Continue(ContinuationOf(bounds, one_sided_, binding_));
  return bounds;
}

// One-sided: the z with P(Z <= z) = increment; two-sided: P(|Z| <= z).
std::optional<double> BoundaryWalk::FutilityFor(double increment,
                                                double upper) {
  const double information = beta_path_.information();
  const double root = std::sqrt(information);
  const auto mass = [&](double z) {
    return one_sided_ ? beta_path_.Below(z * root, drift_)
                      : beta_path_.Between(-z * root, z * root, drift_);
  };
  if (mass(upper) <= increment) return upper;
  double high = upper, low = 0;
  if (one_sided_) {
    // The unstopped process has more mass below any bound.
    low = increment < 1 ? drift_ * root - NormalUpperQuantile(increment) - 1e-9
                        : upper;
    high = std::isfinite(upper) ? upper : std::max(low, drift_ * root) + 40;
  } else if (!std::isfinite(high)) {
    high = drift_ * root + 40;
  }
  // Brackets [low, high] shrink around secants of the logarithm.
  double f_low = std::log(mass(low) / increment);
  double f_high = std::log(mass(high) / increment);
  if (!(f_low < 0)) return low;
  double z = low;
  for (int step = 0; step < 200 && high - low > 1e-11; ++step) {
    const double secant = low + (high - low) * f_low / (f_low - f_high);
    z = std::isfinite(f_low) && step % 3 != 2 ? std::clamp(secant, low, high)
                                              : 0.5 * (low + high);
    const double f = std::log(mass(z) / increment);
    if (f == 0 || std::abs(f) < 1e-14) return z;
    if (f < 0) {
      low = z;
      f_low = f;
    } else {
      high = z;
      f_high = f;
    }
  }
  return z;
}

Continuation ContinuationOf(const LookBounds& bounds, bool one_sided,
                            bool obey_futility) {
  const double root = std::sqrt(bounds.time);
  Continuation region{.upper = bounds.upper * root};
  if (!one_sided) region.lower = -region.upper;
  if (obey_futility && bounds.futility) {
    const double score = *bounds.futility * root;
    if (one_sided) {
      region.lower = score;
    } else if (score > 0) {
      region.hole_low = -score;
      region.hole_high = score;
    }
  }
  return region;
}

ExitProbabilities ExitsOf(absl::Span<const LookBounds> bounds, bool one_sided,
                          bool obey_futility, double drift, double far) {
  const size_t looks = bounds.size();
  ExitProbabilities exits{.drift = drift};
  exits.up.resize(looks);
  exits.down.resize(looks);
  exits.futility.resize(looks);
  // Scores less their mean: a process without drift and moving bounds, so any
  // drift is served alike.
  ExitRecursion path(0, 0, far);
  double stopped = 0;
  for (size_t k = 0; k < looks; ++k) {
    const double time = bounds[k].time;
    const double mean = drift * time;
    const bool last = k + 1 == looks;
    path.Next(time);
    Continuation region =
        ContinuationOf(bounds[k], one_sided, obey_futility && !last);
    exits.up[k] = path.Above(region.upper - mean, 0);
    if (!one_sided) {
      exits.down[k] = path.Below(region.lower - mean, 0);
      if (region.hole_low <= region.hole_high) {
        exits.futility[k] =
            path.Between(region.hole_low - mean, region.hole_high - mean, 0);
      }
    } else if (region.lower > -kInfinity) {
      exits.futility[k] = path.Below(region.lower - mean, 0);
    }
    exits.power += exits.up[k];
    exits.both_tails += exits.up[k] + exits.down[k];
    if (!last) {
      const double here = exits.up[k] + exits.down[k] + exits.futility[k];
      stopped += here;
      exits.expected_information += here * time;
      region.lower -= mean;
      region.upper -= mean;
      region.hole_low -= mean;
      region.hole_high -= mean;
      path.Continue(region);
    } else {
      exits.expected_information += std::max(0.0, 1 - stopped) * time;
    }
  }
  exits.early_stop = stopped;
  return exits;
}

ExitTable::ExitTable(absl::Span<const LookBounds> bounds, bool one_sided,
                     bool obey_futility, double drift_high, double far)
    : one_sided_(one_sided) {
  ExitRecursion path(0, drift_high, far);
  for (size_t k = 0; k < bounds.size(); ++k) {
    const bool last = k + 1 == bounds.size();
    path.Next(bounds[k].time);
    regions_.push_back(
        ContinuationOf(bounds[k], one_sided, obey_futility && !last));
    paths_.push_back(path);
    path.Continue(regions_.back());
  }
}

ExitProbabilities ExitTable::At(double drift) const {
  const size_t looks = paths_.size();
  ExitProbabilities exits{.drift = drift};
  exits.up.resize(looks);
  exits.down.resize(looks);
  exits.futility.resize(looks);
  for (size_t k = 0; k < looks; ++k) {
    const ExitRecursion& path = paths_[k];
    const Continuation& region = regions_[k];
    exits.up[k] = path.Above(region.upper, drift);
    if (!one_sided_) {
      exits.down[k] = path.Below(region.lower, drift);
      if (region.hole_low <= region.hole_high) {
        exits.futility[k] =
            path.Between(region.hole_low, region.hole_high, drift);
      }
    } else if (region.lower > -kInfinity) {
      exits.futility[k] = path.Below(region.lower, drift);
    }
    exits.power += exits.up[k];
    exits.both_tails += exits.up[k] + exits.down[k];
    if (k + 1 < looks) {
      const double here = exits.up[k] + exits.down[k] + exits.futility[k];
      exits.early_stop += here;
      exits.expected_information += here * path.information();
    } else {
      exits.expected_information +=
          std::max(0.0, 1 - exits.early_stop) * path.information();
    }
  }
  return exits;
}

double WangTsiatisBound(double constant, double delta, double time) {
  return constant * std::pow(time, delta - 0.5);
}

double WangTsiatisDelta(const GroupSequentialOptions& options) {
  switch (options.rule) {
    case StoppingRule::kOBrienFleming:
      return 0;
    case StoppingRule::kPocock:
      return 0.5;
    default:
      return options.wang_tsiatis_delta;
  }
}

absl::Status CheckTimes(absl::Span<const double> times,
                        absl::string_view name) {
  double before = 0;
  for (size_t k = 0; k < times.size(); ++k) {
    if (!std::isfinite(times[k]) || !(times[k] > before) ||
        times[k] - before < kSmallestIncrement * times[k]) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, "[", k, "] is ", times[k], ", want a finite number ",
          k == 0
              ? absl::StrCat("> 0")
              : absl::StrCat("above ", before, " by more than a millionth")));
    }
    before = times[k];
  }
  if (!times.empty() && !(times[0] / before >= kSmallestTime)) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, "[0] is ", times[0], ", want at least ",
                     kSmallestTime, " of the last one, ", before));
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::stats
