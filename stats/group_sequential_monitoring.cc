#include "stats/group_sequential_monitoring.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/group_sequential_bounds.h"
#include "stats/group_sequential_plan.h"

namespace stagecraft::stats {
namespace {

// The looks so far on the design's scale, turned so that up is good.
struct State {
  std::vector<double> times, z;
  bool last_is_final = false;  // Declared, or t >= 1.
  double sign = 1;
};

absl::Status CheckLooks(const GroupSequentialDesign& design,
                        absl::Span<const InterimLook> looks,
                        const MonitoringOptions& options) {
  if (design.looks.empty() ||
      design.looks.size() != design.options.information.size()) {
    return absl::InvalidArgumentError(
        "design has no looks, want one made by DesignGroupSequential");
  }
  if (looks.empty() || looks.size() > 1000) {
    return absl::InvalidArgumentError(
        absl::StrCat("looks has ", looks.size(), " entries, want 1 to 1000"));
  }
  if (!design.options.one_sided && options.better == Direction::kDown) {
    return absl::InvalidArgumentError(
        "better is down, want up for a two-sided design: it tests both");
  }
  std::vector<double> information;
  for (size_t k = 0; k < looks.size(); ++k) {
    information.push_back(looks[k].information);
    const absl::Status status = FirstError(
        {CheckFinite(looks[k].z, absl::StrCat("looks[", k, "].z")),
         looks[k].standard_error
             ? CheckPositive(*looks[k].standard_error,
                             absl::StrCat("looks[", k, "].standard_error"))
             : absl::OkStatus()});
    if (!status.ok()) return status;
  }
  return FirstError(
      {CheckPositive(options.max_information, "max_information"),
       CheckNotNegative(options.time_tolerance, "time_tolerance"),
       options.assumed_effect
           ? CheckFinite(*options.assumed_effect, "assumed_effect")
           : absl::OkStatus(),
       CheckTimes(information, "looks.information")});
}

// Rounding of information / max_information must not make a final look interim.
constexpr double kTimeRounding = 1e-9;

absl::StatusOr<State> StateOf(const GroupSequentialDesign& design,
                              absl::Span<const InterimLook> looks,
                              const MonitoringOptions& options) {
  State state;
  state.sign = options.better == Direction::kDown ? -1 : 1;
  const std::vector<PlannedLook>& plan = design.looks;
  if (FixedConstants(design.options) && looks.size() > plan.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "looks has ", looks.size(), " entries, want at most ", plan.size(),
        ", the planned looks of a design with fixed constants"));
  }
  for (size_t k = 0; k < looks.size(); ++k) {
    double time = looks[k].information / options.max_information;
    const bool last = k + 1 == looks.size();
    if (!(time >= kSmallestTime && time <= 1 / kSmallestTime)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "looks[", k, "].information is ", looks[k].information,
          ", want between ", kSmallestTime, " and ", 1 / kSmallestTime,
          " times max_information, ", options.max_information));
    }
    if (FixedConstants(design.options)) {
      if (!(std::abs(time - plan[k].time) <= options.time_tolerance)) {
        return absl::FailedPreconditionError(absl::StrCat(
            "look ", k + 1, " came at time ", time, ", planned was ",
            plan[k].time,
            ": constants of this rule may not be changed after the fact; want "
            "a spending design (ConvertToSpending before the first look)"));
      }
      time = plan[k].time;
      if (last && options.last_is_final && k + 1 < plan.size()) {
        return absl::FailedPreconditionError(absl::StrCat(
            "look ", k + 1, " of ", plan.size(),
            " is declared final: constants of this rule leave alpha unspent; "
            "want a spending design (ConvertToSpending before the first "
            "look)"));
      }
    }
    if (!last && time >= 1 - kTimeRounding) {
      return absl::InvalidArgumentError(
          absl::StrCat("looks[", k, "] is at time ", time,
                       " and spends all of alpha, want it to be the last one"));
    }
    state.times.push_back(time);
    state.z.push_back(state.sign * looks[k].z);
  }
  state.last_is_final =
      options.last_is_final || state.times.back() >= 1 - kTimeRounding;
  return state;
}

SequentialDecision Decide(const LookBounds& bounds, double z, bool one_sided,
                          bool final_look) {
  if (z >= bounds.upper) return SequentialDecision::kRejectUp;
  if (!one_sided && z <= -bounds.upper) return SequentialDecision::kRejectDown;
  if (final_look) return SequentialDecision::kAccept;
  if (bounds.futility && (one_sided ? z : std::abs(z)) <= *bounds.futility) {
    return SequentialDecision::kStopForFutility;
  }
  return SequentialDecision::kContinue;
}

ConditionalPower PowerFrom(const GroupSequentialDesign& design,
                           std::vector<LookBounds> bounds, double time,
                           double z, std::optional<double> assumed_drift) {
  const bool one_sided = design.options.one_sided;
  const double side = !one_sided && z < 0 ? -1 : 1;
  const double score = side * z * std::sqrt(time);
  const auto power = [&](double drift) {
    return ConditionalUp(bounds, one_sided, time, score, drift);
  };
  return {
      .under_estimate = power(score / time),
      .under_plan = power(assumed_drift ? side * *assumed_drift : design.drift),
      .under_null = power(0),
      .predictive = PredictiveUp(bounds, one_sided, time, score)};
}

// Bounds of the looks so far and of those that would have come.
absl::StatusOr<FinalAnalysis> Finish(const GroupSequentialDesign& design,
                                     const State& state,
                                     const std::vector<LookBounds>& bounds,
                                     const std::vector<LookBounds>& later,
                                     size_t stopped_at,
                                     OutcomeOrdering ordering) {
  const bool one_sided = design.options.one_sided;
  StoppedTrial trial{.complete = true,
                     .stopped_at = static_cast<int>(stopped_at),
                     .z = state.z[stopped_at]};
  const auto add = [&](const LookBounds& look) {
    trial.information.push_back(look.time);
    trial.upper.push_back(look.upper);
    trial.lower.push_back(one_sided ? -kInfinity : -look.upper);
    const bool binds = design.options.binding_futility && look.futility;
    trial.futility_high.push_back(binds ? *look.futility : -kInfinity);
    trial.futility_low.push_back(!binds      ? kInfinity
                                 : one_sided ? -kInfinity
                                             : -*look.futility);
  };
  for (size_t k = 0; k <= stopped_at; ++k) add(bounds[k]);
  const double z = trial.z;
  const LookBounds& last = bounds[stopped_at];
  const bool crossed = z >= last.upper || (!one_sided && z <= -last.upper) ||
                       design.options.binding_futility;
  // A stop that did not follow a binding bound ends the trial there.
  if (crossed) {
    for (const LookBounds& look : later) add(look);
  }
  return AnalyzeStopped(
      trial, {.ordering = ordering,
              .error_each_side =
                  one_sided ? design.options.alpha : design.options.alpha / 2,
              .one_sided = one_sided});
}

void Turn(Interval& interval) {
  std::swap(interval.lower, interval.upper);
  interval.lower = -interval.lower;
  interval.upper = -interval.upper;
}

// Back to the given signs.
void Turn(MonitoredLook& look) {
  std::swap(look.upper, look.lower);
  look.upper = -look.upper;
  look.lower = -look.lower;
  if (look.futility) look.futility = -*look.futility;
  if (look.decision == SequentialDecision::kRejectUp) {
    look.decision = SequentialDecision::kRejectDown;
  }
}

void Scale(FinalAnalysis& analysis, double factor) {
  if (factor < 0) {
    std::swap(analysis.interval.lower, analysis.interval.upper);
  }
  analysis.interval.lower *= factor;
  analysis.interval.upper *= factor;
  analysis.median_unbiased *= factor;
  analysis.naive *= factor;
  if (analysis.bias_adjusted) *analysis.bias_adjusted *= factor;
}

}  // namespace

absl::StatusOr<InterimLook> LookOfEstimate(const NormalEstimate& effect) {
  const absl::Status status = FirstError(
      {CheckFinite(effect.value, "effect.value"),
       CheckPositive(effect.standard_error, "effect.standard_error")});
  if (!status.ok()) return status;
  const InterimLook look{
      .information = 1 / (effect.standard_error * effect.standard_error),
      .z = effect.value / effect.standard_error,
      .standard_error = effect.standard_error};
  const absl::Status result =
      CheckResult({look.information, look.z}, "the look of this estimate");
  if (!result.ok()) return result;
  return look;
}

absl::StatusOr<Monitoring> MonitorGroupSequential(
    const GroupSequentialDesign& design, absl::Span<const InterimLook> looks,
    const MonitoringOptions& options) {
  if (absl::Status status = CheckLooks(design, looks, options); !status.ok()) {
    return status;
  }
  const absl::StatusOr<State> state = StateOf(design, looks, options);
  if (!state.ok()) return state.status();
  const bool one_sided = design.options.one_sided;
  const double alpha = design.options.alpha;
  BoundaryWalk walk = NewWalk(design, alpha);
  // As it was after the look that stopped: where the other looks would go on.
  BoundaryWalk walk_at_stop = walk;
  std::vector<LookBounds> bounds;
  Monitoring answer;
  for (size_t k = 0; k < looks.size(); ++k) {
    const bool last = k + 1 == looks.size();
    const bool final_look = last && state->last_is_final;
    bounds.push_back(
        walk.Step(RuleAt(design, k, state->times[k], final_look, alpha)));
    const LookBounds& bound = bounds.back();
    if (std::isnan(bound.upper) || bound.upper == -kInfinity) {
      return NotEnough(absl::StrCat("alpha = ", alpha,
                                    " cannot be spent at look ", k + 1,
                                    ": too few paths come this far"));
    }
    const double z = state->z[k];
    const double error =
        looks[k].standard_error.value_or(1 / std::sqrt(looks[k].information));
    MonitoredLook look{
        .time = state->times[k],
        .z = z,
        .effect = z * error,
        .upper = bound.upper,
        .lower = one_sided ? -kInfinity : -bound.upper,
        .futility = bound.futility,
        .stage_level = NormalUpperTail(bound.upper),
        .alpha_spent = walk.alpha_spent(),
        .decision = Decide(bound, z, one_sided, final_look),
        .repeated_p_value =
            options.bounds_only || (options.last_p_value_only && !last)
                ? 1
                : RepeatedPValue(design, state->times, state->last_is_final,
                                 bounds, k, z),
        .repeated_interval = {.lower = (z - bound.upper) * error,
                              .upper = (z + bound.upper) * error,
                              .level = one_sided ? 1 - 2 * alpha : 1 - alpha}};
    const bool advice = look.decision == SequentialDecision::kStopForFutility &&
                        !design.options.binding_futility && !last;
    if (!answer.stopped_at && !advice &&
        look.decision != SequentialDecision::kContinue) {
      answer.stopped_at = static_cast<int>(k);
      answer.decision = look.decision;
      walk_at_stop = walk;
    }
    answer.looks.push_back(look);
  }
  if (!options.bounds_only) {
    const size_t now = answer.stopped_at.value_or(looks.size() - 1);
    const bool over = now + 1 == looks.size() && state->last_is_final;
    std::vector<LookBounds> later;
    if (!over) {
      later = RemainingLooks(design, answer.stopped_at ? walk_at_stop : walk,
                             now + 1, state->times[now]);
    }
    // From theta = drift / sqrt(I_max) to the metric's unit.
    const double unit = looks[now].standard_error.value_or(
                            1 / std::sqrt(looks[now].information)) *
                        std::sqrt(state->times[now]);
    if (!answer.stopped_at) {
      std::optional<double> assumed;
      if (options.assumed_effect) {
        assumed = state->sign * *options.assumed_effect / unit;
      }
      answer.conditional_power =
          PowerFrom(design, later, state->times[now], state->z[now], assumed);
    } else {
      absl::StatusOr<FinalAnalysis> analysis =
          Finish(design, *state, bounds, later, now, options.ordering);
      if (!analysis.ok()) return analysis.status();
      Scale(*analysis, state->sign * unit);
      answer.final_analysis = *analysis;
    }
  }
  if (state->sign < 0) {
    for (MonitoredLook& look : answer.looks) {
      look.z = -look.z;
      look.effect = -look.effect;
      Turn(look);
      Turn(look.repeated_interval);
    }
    if (answer.decision == SequentialDecision::kRejectUp) {
      answer.decision = SequentialDecision::kRejectDown;
    }
  }
  return answer;
}

absl::StatusOr<GroupSequentialDesign> ConvertToSpending(
    const GroupSequentialDesign& design) {
  GroupSequentialOptions options = design.options;
  if (options.rule == StoppingRule::kSpending) return design;
  if (design.looks.empty()) {
    return absl::InvalidArgumentError(
        "design has no looks, want one made by DesignGroupSequential");
  }
  options.rule = StoppingRule::kSpending;
  options.spending = {.family = SpendingFamily::kUser};
  for (const PlannedLook& look : design.looks) {
    options.spending.cumulative.push_back(
        std::min(look.alpha_spent, options.alpha));
  }
  options.spending.cumulative.back() = options.alpha;
  return DesignGroupSequential(options);
}

absl::StatusOr<double> MaximumInformation(const GroupSequentialDesign& design,
                                          double effect) {
  if (!std::isfinite(effect) || effect == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "effect is ", effect, ", want a finite number other than 0"));
  }
  const double root = design.drift / effect;
  const double information = root * root;
  if (information == 0) {
    return NotEnough(absl::StrCat("max_information comes out as 0 for effect ",
                                  effect, ", want a smaller effect"));
  }
  const absl::Status status = CheckResult({information}, "max_information");
  if (!status.ok()) return status;
  return information;
}

}  // namespace stagecraft::stats
