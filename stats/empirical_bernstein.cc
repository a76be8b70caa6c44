#include "stats/empirical_bernstein.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/stitched_boundary.h"

namespace stagecraft::stats {

absl::StatusOr<EmpiricalBernsteinSequence> EmpiricalBernsteinSequence::Create(
    const BernsteinOptions& options) {
  if (auto status =
          FirstError({CheckBounded(options.bounded),
                      CheckBetween(options.truncation, 0, 1, "truncation"),
                      CheckPositive(options.v_opt, "v_opt"),
                      CheckPositive(options.v_min, "v_min")});
      !status.ok()) {
    return status;
  }
  EmpiricalBernsteinSequence sequence(options);
  if (options.boundary == BernsteinBoundary::kMixture) {
    if (auto status =
            CheckBetween(sequence.SideAlpha(), 0, 0.5, "alpha of one side");
        !status.ok()) {
      return status;
    }
    const auto mixture =
        MakeMixture(BoundaryKind::kGammaExponential,
                    {options.v_opt, sequence.SideAlpha()}, {.c = 1});
    if (!mixture.ok()) return mixture.status();
    sequence.mixture_ = *mixture;
  }
  return sequence;
}

double EmpiricalBernsteinSequence::SideAlpha() const {
  return options_.bounded.alternative == Alternative::kTwoSided
             ? options_.bounded.alpha / 2
             : options_.bounded.alpha;
}

double EmpiricalBernsteinSequence::SumBound() const {
  const auto bound =
      options_.boundary == BernsteinBoundary::kMixture
          ? MixtureBound(mixture_, previous_squares_, SideAlpha())
          : StitchedBound(previous_squares_, SideAlpha(),
                          {.v_min = options_.v_min, .c = 1});
  // All arguments were checked; a bound that is not finite bounds nothing.
  return bound.ok() ? *bound : kInfinity;
}

EmpiricalBernsteinSequence::Ends EmpiricalBernsteinSequence::Unit() const {
  if (n_ == 0) return {0, 1};
  double center, radius;
  if (options_.boundary == BernsteinBoundary::kPlugIn) {
    center = weighted_ / weight_;
    radius = (penalty_ - std::log(SideAlpha())) / weight_;
  } else {
    center = sum_ / static_cast<double>(n_);
    radius = SumBound() / static_cast<double>(n_);
  }
  return {std::clamp(center - radius, 0.0, 1.0),
          std::clamp(center + radius, 0.0, 1.0)};
}

absl::Status EmpiricalBernsteinSequence::Add(double x) {
  const auto y = ToUnit(x, options_.bounded);
  if (!y.ok()) return y.status();
  const auto before = static_cast<double>(n_);
  const double previous_mean = (0.5 + sum_) / (before + 1);
  const double t = before + 1;
  const double square = (*y - previous_mean) * (*y - previous_mean);
  if (options_.boundary == BernsteinBoundary::kPlugIn) {
    const double variance = regular_squares_ / t;
    const double bet = std::min(
        options_.truncation,
        std::sqrt(-2 * std::log(SideAlpha()) / (variance * t * std::log1p(t))));
    weight_ += bet;
    weighted_ += bet * *y;
    penalty_ += square * (-std::log1p(-bet) - bet);
  }
  ++n_;
  sum_ += *y;
  previous_squares_ += square;
  const double mean = (0.5 + sum_) / (t + 1);
  regular_squares_ += (*y - mean) * (*y - mean);

  if (options_.boundary == BernsteinBoundary::kMixture) {
    // A root is found only where the running interval moves.
    const double threshold = -std::log(SideAlpha());
    const auto crosses = [&](double s) {
      if (!(s > 0)) return false;
      const auto value = LogSupermartingale(mixture_, s, previous_squares_);
      return value.ok() && *value > threshold;
    };
    if (!crosses(sum_ - t * running_low_) &&
        !crosses(t * running_high_ - sum_)) {
      return absl::OkStatus();
    }
  }
  const Ends ends = Unit();
  running_low_ = std::max(running_low_, ends.low);
  running_high_ = std::min(running_high_, ends.high);
  return absl::OkStatus();
}

Interval EmpiricalBernsteinSequence::Look() const {
  const Ends ends = Unit();
  return FromUnit(ends.low, ends.high, options_.bounded);
}

Interval EmpiricalBernsteinSequence::Running() const {
  return FromUnit(running_low_, running_high_, options_.bounded);
}

absl::StatusOr<Interval> EmpiricalBernsteinInterval(
    absl::Span<const double> values, const BernsteinOptions& options) {
  auto sequence = EmpiricalBernsteinSequence::Create(options);
  if (!sequence.ok()) return sequence.status();
  if (values.empty()) return NotEnough("values are empty, want at least one");
  for (size_t i = 0; i < values.size(); ++i) {
    if (auto status = sequence->Add(values[i]); !status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("values[", i, "]: ", status.message()));
    }
  }
  return sequence->Running();
}

}  // namespace stagecraft::stats
