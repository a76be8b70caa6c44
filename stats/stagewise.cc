#include "stats/stagewise.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/group_sequential_bounds.h"
#include "stats/recursive_integration.h"

namespace stagecraft::stats {
namespace {

// The trial on times t = I / I_last, with everything resolved.
struct Trial {
  std::vector<double> times, lower, upper, hole_low, hole_high;
  size_t stopped_at = 0;
  double z = 0;
};

// Probabilities of outcomes at least as high and at most as high.
struct Sides {
  double high = 0, low = 0;
};

struct LookScores {
  Continuation region;
  double threshold = 0;  // Of the ordering.
};

// At look k under `drift`, all less the mean of the score.
LookScores ScoresAt(const Trial& trial, size_t k, double drift,
                    OutcomeOrdering ordering) {
  const double time = trial.times[k];
  const double root = std::sqrt(time);
  const double mean = drift * time;
  const double seen =
      ordering == OutcomeOrdering::kSampleMean
          ? trial.z * std::sqrt(time / trial.times[trial.stopped_at])
          : trial.z;
  LookScores scores{.region = {.lower = trial.lower[k] * root - mean,
                               .upper = trial.upper[k] * root - mean},
                    .threshold = seen * root - mean};
  if (trial.hole_low[k] <= trial.hole_high[k]) {
    scores.region.hole_low = trial.hole_low[k] * root - mean;
    scores.region.hole_high = trial.hole_high[k] * root - mean;
  }
  return scores;
}

bool HasHole(const Continuation& region) {
  return region.hole_low <= region.hole_high;
}

// One-sided futility is a hole that begins at -infinity: the continuation's
// lower end, for the recursion.
Continuation Merged(Continuation region) {
  if (HasHole(region) && region.hole_low == -kInfinity) {
    region.lower = std::max(region.lower, region.hole_high);
    region.hole_low = kInfinity;
    region.hole_high = -kInfinity;
  }
  return region;
}

Sides StageWise(const Trial& trial, double drift) {
  Sides sides;
  ExitRecursion path(0, 0);
  const size_t last = trial.stopped_at;
  const bool rejected_up = trial.z >= trial.upper[last];
  const bool rejected_down = trial.z <= trial.lower[last];
  for (size_t k = 0; k <= last; ++k) {
    path.Next(trial.times[k]);
    const LookScores scores =
        ScoresAt(trial, k, drift, OutcomeOrdering::kStageWise);
    if (k == last) {
      sides.high += path.Above(scores.threshold, 0);
      sides.low += path.Below(scores.threshold, 0);
      break;
    }
    const Continuation region = Merged(scores.region);
    sides.high += path.Above(region.upper, 0);
    sides.low += path.Below(region.lower, 0);
    if (HasHole(region)) {
      const double zero = -drift * trial.times[k];
      const double middle = std::clamp(zero, region.hole_low, region.hole_high);
      const double above = path.Between(middle, region.hole_high, 0);
      const double below = path.Between(region.hole_low, middle, 0);
      (rejected_up ? sides.low : sides.high) += above;
      (rejected_down ? sides.high : sides.low) += below;
    }
    path.Continue(region);
  }
  return sides;
}

// By a statistic that compares outcomes of different looks.
Sides ByStatistic(const Trial& trial, double drift, OutcomeOrdering ordering) {
  Sides sides;
  ExitRecursion path(0, 0);
  for (size_t k = 0; k < trial.times.size(); ++k) {
    path.Next(trial.times[k]);
    const LookScores scores = ScoresAt(trial, k, drift, ordering);
    const double c = scores.threshold;
    if (k + 1 == trial.times.size()) {
      sides.high += path.Above(c, 0);
      sides.low += path.Below(c, 0);
      break;
    }
    const Continuation region = Merged(scores.region);
    sides.high += path.Above(std::max(c, region.upper), 0) +
                  path.Between(c, region.lower, 0);
    sides.low += path.Below(std::min(c, region.lower), 0) +
                 path.Between(region.upper, c, 0);
    if (HasHole(region)) {
      sides.high +=
          path.Between(std::max(c, region.hole_low), region.hole_high, 0);
      sides.low +=
          path.Between(region.hole_low, std::min(c, region.hole_high), 0);
    }
    path.Continue(region);
  }
  return sides;
}

Sides SidesOf(const Trial& trial, OutcomeOrdering ordering, double drift) {
  return ordering == OutcomeOrdering::kStageWise
             ? StageWise(trial, drift)
             : ByStatistic(trial, drift, ordering);
}

// E(S / t at stopping): the expected maximum likelihood estimate of drift.
double ExpectedEstimate(const Trial& trial, double drift) {
  double expected = 0;
  ExitRecursion path(0, 0);
  for (size_t k = 0; k < trial.times.size(); ++k) {
    const double time = trial.times[k];
    path.Next(time);
    const Continuation region =
        Merged(ScoresAt(trial, k, drift, OutcomeOrdering::kStageWise).region);
    double moment = 0, stopped = 0;
    if (k + 1 == trial.times.size()) {
      moment = path.MomentAbove(-kInfinity, 0);
      stopped = path.Reached(0);
    } else {
      moment =
          path.MomentAbove(region.upper, 0) + path.MomentBelow(region.lower, 0);
      stopped = path.Above(region.upper, 0) + path.Below(region.lower, 0);
      if (HasHole(region)) {
        moment += path.MomentAbove(region.hole_low, 0) -
                  path.MomentAbove(region.hole_high, 0);
        stopped += path.Between(region.hole_low, region.hole_high, 0);
      }
      path.Continue(region);
    }
    expected += moment / time + drift * stopped;
  }
  return expected;
}

// A normal quantile of p, from the smaller of both tails: rises with p.
double Probit(const Sides& sides) {
  constexpr double kTiny = 1e-300;
  return sides.high < sides.low
             ? -NormalUpperQuantile(std::max(sides.high, kTiny))
             : NormalUpperQuantile(std::max(sides.low, kTiny));
}

absl::Status CheckTrial(const StoppedTrial& trial,
                        const FinalAnalysisOptions& options) {
  const size_t looks = trial.information.size();
  if (looks == 0 || looks > 1000 || trial.lower.size() != looks ||
      trial.upper.size() != looks) {
    return absl::InvalidArgumentError(
        absl::StrCat("information, lower and upper have ", looks, ", ",
                     trial.lower.size(), " and ", trial.upper.size(),
                     " entries, want one number of looks in [1, 1000]"));
  }
  for (const size_t size :
       {trial.futility_low.size(), trial.futility_high.size()}) {
    if (size != trial.futility_low.size() || (size != 0 && size != looks)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a futility array has ", size,
                       " entries, want both with 0 or ", looks));
    }
  }
  if (trial.stopped_at < 0 || trial.stopped_at >= static_cast<int>(looks)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "stopped_at is ", trial.stopped_at, ", want an index below ", looks));
  }
  for (size_t k = 0; k < looks; ++k) {
    if (!(trial.lower[k] <= trial.upper[k])) {
      return absl::InvalidArgumentError(
          absl::StrCat("lower[", k, "] is ", trial.lower[k],
                       ", want at most upper[", k, "], ", trial.upper[k]));
    }
    if (!trial.futility_low.empty() && (std::isnan(trial.futility_low[k]) ||
                                        std::isnan(trial.futility_high[k]))) {
      return absl::InvalidArgumentError(
          absl::StrCat("the futility region of look ", k,
                       " has an end that is not a number"));
    }
  }
  if (options.ordering != OutcomeOrdering::kStageWise && !trial.complete) {
    return absl::InvalidArgumentError(
        "complete is false, want true for this ordering: it needs the bounds "
        "of the looks that would have come");
  }
  return FirstError(
      {CheckTimes(trial.information, "information"), CheckFinite(trial.z, "z"),
       CheckBetween(options.error_each_side, 0, 0.5, "error_each_side")});
}

Trial Resolve(const StoppedTrial& given) {
  const size_t looks = given.complete
                           ? given.information.size()
                           : static_cast<size_t>(given.stopped_at) + 1;
  Trial trial{.stopped_at = static_cast<size_t>(given.stopped_at),
              .z = given.z};
  for (size_t k = 0; k < looks; ++k) {
    trial.times.push_back(given.information[k] / given.information[looks - 1]);
    trial.lower.push_back(given.lower[k]);
    trial.upper.push_back(given.upper[k]);
    const bool none = given.futility_low.empty();
    trial.hole_low.push_back(none ? kInfinity : given.futility_low[k]);
    trial.hole_high.push_back(none ? -kInfinity : given.futility_high[k]);
  }
  return trial;
}

}  // namespace

absl::StatusOr<FinalAnalysis> AnalyzeStopped(
    const StoppedTrial& given, const FinalAnalysisOptions& options) {
  if (absl::Status status = CheckTrial(given, options); !status.ok()) {
    return status;
  }
  const Trial trial = Resolve(given);
  const size_t k = trial.stopped_at;
  const bool stops =
      k + 1 == given.information.size() || trial.z >= trial.upper[k] ||
      trial.z <= trial.lower[k] ||
      (trial.z >= trial.hole_low[k] && trial.z <= trial.hole_high[k]);
  if (!stops) {
    return absl::InvalidArgumentError(absl::StrCat(
        "z is ", trial.z, " at look ", k, ", want one that stops there: >= ",
        trial.upper[k], " or <= ", trial.lower[k]));
  }
  const Sides null = SidesOf(trial, options.ordering, 0);
  FinalAnalysis answer{.ordering = options.ordering};
  answer.p_value = std::min(
      1.0, options.one_sided ? null.high : 2 * std::min(null.high, null.low));
  const double root = std::sqrt(trial.times[k]);
  const double estimate = trial.z / root;  // Of the drift.
  // The drift at which outcomes as high as this have the probability whose
  // normal lower quantile is `target`.
  const auto solve = [&](double target) {
    return SolveProbit(
        [&](double drift) {
          return Probit(SidesOf(trial, options.ordering, drift));
        },
        target, estimate + target / root, 1e-11);
  };
  const double z_error = NormalUpperQuantile(options.error_each_side);
  const std::optional<double> low = solve(-z_error);
  const std::optional<double> middle = solve(0);
  const std::optional<double> high = solve(z_error);
  if (!low || !middle || !high) {
    return NotEnough(
        "no effect solves the equations of the interval: z is too extreme for "
        "these bounds");
  }
  const double unit = 1 / std::sqrt(given.information[trial.times.size() - 1]);
  answer.interval = {.lower = *low * unit,
                     .upper = *high * unit,
                     .level = 1 - 2 * options.error_each_side};
  answer.median_unbiased = *middle * unit;
  answer.naive = estimate * unit;
  if (given.complete) {
    const std::optional<double> adjusted = SolveProbit(
        [&](double drift) { return ExpectedEstimate(trial, drift); }, estimate,
        *middle, 1e-11);
    if (adjusted) answer.bias_adjusted = *adjusted * unit;
  }
  return answer;
}

}  // namespace stagecraft::stats
