#include "stats/group_sequential.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "stats/check.h"
#include "stats/distributions.h"
#include "stats/group_sequential_bounds.h"

namespace stagecraft::stats {
namespace {

constexpr int kMostLooks = 1000;
constexpr double kLargestDrift = 100;
// The table's density without drift must not underflow where drifts lead.
constexpr double kTableDrift = 20;

// Fills in the times and checks everything that can be checked beforehand.
absl::Status Prepare(GroupSequentialOptions& options) {
  const int sides = options.one_sided ? 1 : 2;
  if (absl::Status status =
          CheckBetween(options.alpha, 0, 0.5 * sides, "alpha");
      !status.ok()) {
    return status;
  }
  if (!(options.power > options.alpha / sides && options.power < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("power is ", options.power, ", want a number in (",
                     options.alpha / sides, ", 1), alpha of one side to 1"));
  }
  if (options.information.empty()) {
    if (options.looks < 1 || options.looks > kMostLooks) {
      return absl::InvalidArgumentError(absl::StrCat("looks is ", options.looks,
                                                     ", want a number in [1, ",
                                                     kMostLooks, "]"));
    }
    for (int k = 1; k <= options.looks; ++k) {
      options.information.push_back(static_cast<double>(k) / options.looks);
    }
  } else {
    if (options.information.size() > kMostLooks) {
      return absl::InvalidArgumentError(
          absl::StrCat("information has ", options.information.size(),
                       " looks, want at most ", kMostLooks));
    }
    if (absl::Status status = CheckTimes(options.information, "information");
        !status.ok()) {
      return status;
    }
    const double last = options.information.back();
    for (double& time : options.information) time /= last;
    options.looks = static_cast<int>(options.information.size());
  }
  if (options.rule == StoppingRule::kSpending) {
    if (absl::Status status = CheckSpending(
            options.spending, options.information, options.alpha, "spending");
        !status.ok()) {
      return status;
    }
  }
  if (options.rule == StoppingRule::kWangTsiatis &&
      !(options.wang_tsiatis_delta >= -1 && options.wang_tsiatis_delta <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("wang_tsiatis_delta is ", options.wang_tsiatis_delta,
                     ", want a number in [-1, 1]"));
  }
  if (options.rule == StoppingRule::kHaybittlePeto) {
    if (absl::Status status =
            CheckPositive(options.haybittle_peto_bound, "haybittle_peto_bound");
        !status.ok()) {
      return status;
    }
  }
  if (options.futility == FutilityRule::kBetaSpending) {
    return CheckSpending(options.beta_spending, options.information,
                         1 - options.power, "beta_spending");
  }
  if (options.futility == FutilityRule::kGiven) {
    if (options.futility_bounds.size() + 1 != options.information.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("futility_bounds has ", options.futility_bounds.size(),
                       " entries, want ", options.information.size() - 1,
                       ", one per look but the last"));
    }
    for (size_t k = 0; k < options.futility_bounds.size(); ++k) {
      const double bound = options.futility_bounds[k];
      const bool good = options.one_sided ? bound < kInfinity
                                          : bound >= 0 && bound < kInfinity;
      if (!good) {
        return absl::InvalidArgumentError(
            absl::StrCat("futility_bounds[", k, "] is ", bound, ", want ",
                         options.one_sided ? "a number below infinity"
                                           : "a finite number >= 0"));
      }
    }
  }
  return absl::OkStatus();
}

std::optional<double> GivenFutility(const GroupSequentialOptions& options,
                                    size_t look) {
  if (options.futility != FutilityRule::kGiven ||
      look >= options.futility_bounds.size()) {
    return std::nullopt;
  }
  const double bound = options.futility_bounds[look];
  if (options.one_sided ? bound == -kInfinity : bound == 0) return std::nullopt;
  return bound;
}

// The bounds when beta is spent under `drift` (unused otherwise). The constant
// of Wang-Tsiatis rules is given.
std::vector<LookBounds> Walk(const GroupSequentialOptions& options,
                             double constant, double drift) {
  BoundaryWalk walk(options.one_sided, options.binding_futility, drift,
                    FarFor(options.alpha));
  std::vector<LookBounds> bounds;
  const size_t looks = options.information.size();
  const int sides = options.one_sided ? 1 : 2;
  for (size_t k = 0; k < looks; ++k) {
    const bool last = k + 1 == looks;
    LookRule rule{.time = options.information[k],
                  .alpha_spent = options.alpha,
                  .futility = GivenFutility(options, k)};
    if (options.rule == StoppingRule::kSpending) {
      rule.alpha_spent = Spent(options.spending, options.information,
                               options.alpha, sides, last ? 1 : rule.time);
    } else if (options.rule != StoppingRule::kHaybittlePeto) {
      rule.upper =
          WangTsiatisBound(constant, WangTsiatisDelta(options), rule.time);
    } else if (!last) {
      rule.upper = options.haybittle_peto_bound;
    }
    if (options.futility == FutilityRule::kBetaSpending && !last) {
      rule.beta_spent = Spent(options.beta_spending, options.information,
                              1 - options.power, 1, rule.time);
    }
    bounds.push_back(walk.Step(rule));
  }
  return bounds;
}

// The constant that spends alpha; futility as counted for alpha.
absl::StatusOr<double> SolveConstant(const GroupSequentialOptions& options,
                                     double drift) {
  const int sides = options.one_sided ? 1 : 2;
  const double target = NormalUpperQuantile(options.alpha / sides);
  const bool one_sided = options.one_sided;
  const auto probit = [&](double constant) {
    const std::vector<LookBounds> bounds = Walk(options, constant, drift);
    const double error = ExitsOf(bounds, one_sided, options.binding_futility, 0,
                                 FarFor(options.alpha))
                             .both_tails;
    return NormalUpperQuantile(std::min(error / sides, 1 - 1e-16));
  };
  const std::optional<double> constant =
      SolveProbit(probit, target, target + 0.2, 1e-11);
  if (!constant || !(one_sided || *constant > 0)) {
    return NotEnough(absl::StrCat("no constant gives alpha = ", options.alpha,
                                  " with these looks and futility bounds"));
  }
  return *constant;
}

struct Solution {
  std::vector<LookBounds> bounds;
  std::optional<double> constant;
  double drift = 0;
};

// Bounds for a drift that is known, or immaterial without beta spending.
absl::StatusOr<Solution> SolveBounds(const GroupSequentialOptions& options,
                                     double drift) {
  Solution solution;
  const bool constants = options.rule != StoppingRule::kSpending &&
                         options.rule != StoppingRule::kHaybittlePeto;
  if (constants) {
    const absl::StatusOr<double> constant = SolveConstant(options, drift);
    if (!constant.ok()) return constant.status();
    solution.constant = *constant;
  }
  solution.bounds = Walk(options, solution.constant.value_or(0), drift);
  return solution;
}

std::optional<double> SolveDrift(const std::vector<LookBounds>& bounds,
                                 bool one_sided, double power, double start) {
  // Up to this drift the table answers; beyond it, one by one.
  const double drift_high = std::min(2 * std::abs(start) + 4, kTableDrift);
  const ExitTable table(bounds, one_sided, true, drift_high);
  return SolveProbit(
      [&](double drift) {
        const double found =
            drift >= 0 && drift <= drift_high
                ? table.At(drift).power
                : ExitsOf(bounds, one_sided, true, drift).power;
        return -NormalUpperQuantile(std::clamp(found, 1e-300, 1 - 1e-16));
      },
      -NormalUpperQuantile(power), start, 1e-11);
}

absl::Status CheckBounds(const GroupSequentialOptions& options,
                         const std::vector<LookBounds>& bounds) {
  for (size_t k = 0; k < bounds.size(); ++k) {
    if (std::isnan(bounds[k].upper) || bounds[k].upper == -kInfinity) {
      return NotEnough(absl::StrCat("alpha = ", options.alpha,
                                    " cannot be spent at look ", k + 1,
                                    ": too few paths come this far"));
    }
    if (bounds[k].crossed ||
        (bounds[k].futility && *bounds[k].futility >= bounds[k].upper)) {
      return NotEnough(absl::StrCat(
          "the futility bound meets the upper one, ", bounds[k].upper,
          ", at look ", k + 1, ", before the last: spend or ask for less"));
    }
  }
  if (options.rule == StoppingRule::kHaybittlePeto &&
      bounds.back().upper == kInfinity) {
    return NotEnough(absl::StrCat("haybittle_peto_bound ",
                                  options.haybittle_peto_bound,
                                  " spends more than alpha = ", options.alpha,
                                  " before the last look, want a larger one"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Solution> Solve(const GroupSequentialOptions& options,
                               double fixed_drift) {
  const double target = -NormalUpperQuantile(options.power);
  absl::StatusOr<Solution> solution = SolveBounds(options, fixed_drift);
  if (!solution.ok()) return solution;
  std::optional<double> drift;
  if (options.futility == FutilityRule::kBetaSpending &&
      options.information.size() > 1) {
    drift = SolveProbit(
        [&](double trial) {
          solution = SolveBounds(options, trial);
          if (!solution.ok()) return std::nan("");
          return -NormalUpperQuantile(std::clamp(
              ExitsOf(solution->bounds, options.one_sided, true, trial).power,
              1e-300, 1 - 1e-16));
        },
        target, fixed_drift, 1e-11);
    if (!solution.ok()) return solution;
  } else {
    if (absl::Status status = CheckBounds(options, solution->bounds);
        !status.ok()) {
      return status;
    }
    drift = SolveDrift(solution->bounds, options.one_sided, options.power,
                       fixed_drift);
  }
  if (absl::Status status = CheckBounds(options, solution->bounds);
      !status.ok()) {
    return status;
  }
  if (!drift) {
    return NotEnough(absl::StrCat("no drift reaches power = ", options.power,
                                  " with these bounds"));
  }
  solution->drift = *drift;
  return solution;
}

void Describe(const Solution& solution, GroupSequentialDesign& design) {
  const bool one_sided = design.options.one_sided;
  const bool counts_futility = design.options.binding_futility ||
                               design.options.futility == FutilityRule::kNone;
  const ExitProbabilities error =
      counts_futility ? design.h0
                      : ExitsOf(solution.bounds, one_sided, false, 0,
                                FarFor(design.options.alpha));
  double alpha = 0, beta = 0;
  const size_t looks = solution.bounds.size();
  for (size_t k = 0; k < looks; ++k) {
    const LookBounds& bounds = solution.bounds[k];
    alpha += error.up[k] + error.down[k];
    beta += design.h1.down[k] + design.h1.futility[k];
    const double root = std::sqrt(bounds.time);
    PlannedLook look{.time = bounds.time,
                     .upper = bounds.upper,
                     .futility = bounds.futility,
                     .stage_level = NormalUpperTail(bounds.upper),
                     .alpha_spent = alpha,
                     .beta_spent = k + 1 == looks ? 1 - design.h1.power : beta,
                     .upper_effect = bounds.upper / root};
    if (!one_sided) {
      look.lower = -look.upper;
      look.lower_effect = -look.upper_effect;
    }
    if (look.futility) look.futility_effect = *look.futility / root;
    design.looks.push_back(look);
  }
}

}  // namespace

absl::StatusOr<GroupSequentialDesign> DesignGroupSequential(
    const GroupSequentialOptions& options) {
  GroupSequentialDesign design{.options = options};
  if (absl::Status status = Prepare(design.options); !status.ok()) {
    return status;
  }
  const int sides = options.one_sided ? 1 : 2;
  design.fixed_drift = NormalUpperQuantile(options.alpha / sides) +
                       NormalUpperQuantile(1 - options.power);
  const absl::StatusOr<Solution> solution =
      Solve(design.options, design.fixed_drift);
  if (!solution.ok()) return solution.status();
  design.constant = solution->constant;
  design.drift = solution->drift;
  const double ratio = design.drift / design.fixed_drift;
  design.inflation = ratio * ratio;
  const double drift = design.drift;
  const ExitTable table(solution->bounds, options.one_sided, true,
                        std::min(drift, kTableDrift), FarFor(options.alpha));
  const auto exits = [&](double under) {
    return under <= kTableDrift
               ? table.At(under)
               : ExitsOf(solution->bounds, options.one_sided, true, under);
  };
  design.h0 = exits(0);
  design.h01 = exits(drift / 2);
  design.h1 = exits(drift);
  design.average_h0 = design.inflation * design.h0.expected_information;
  design.average_h01 = design.inflation * design.h01.expected_information;
  design.average_h1 = design.inflation * design.h1.expected_information;
  Describe(*solution, design);
  return design;
}

namespace {

std::vector<LookBounds> BoundsOf(const GroupSequentialDesign& design) {
  std::vector<LookBounds> bounds;
  for (const PlannedLook& look : design.looks) {
    bounds.push_back(
        {.time = look.time, .upper = look.upper, .futility = look.futility});
  }
  return bounds;
}

}  // namespace

absl::StatusOr<ExitProbabilities> ExitsUnderDrift(
    const GroupSequentialDesign& design, double drift, bool obey_futility) {
  if (!(std::abs(drift) <= kLargestDrift)) {
    return absl::InvalidArgumentError(
        absl::StrCat("drift is ", drift, ", want a number in [", -kLargestDrift,
                     ", ", kLargestDrift, "]"));
  }
  return ExitsOf(BoundsOf(design), design.options.one_sided, obey_futility,
                 drift);
}

absl::StatusOr<double> DriftForPower(const GroupSequentialDesign& design,
                                     double power) {
  const double side = design.options.one_sided ? design.options.alpha
                                               : design.options.alpha / 2;
  if (!(power > side && power < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("power is ", power, ", want a number in (", side,
                     ", 1), alpha of one side to 1"));
  }
  const std::optional<double> drift =
      SolveDrift(BoundsOf(design), design.options.one_sided, power,
                 NormalUpperQuantile(side) - NormalUpperQuantile(power));
  if (!drift) {
    return NotEnough(
        absl::StrCat("no drift reaches power = ", power, " with these bounds"));
  }
  return *drift;
}

absl::StatusOr<ExitProbabilities> ExitsOfBounds(
    absl::Span<const double> information, absl::Span<const double> lower,
    absl::Span<const double> upper, double theta) {
  const size_t looks = information.size();
  if (looks == 0 || looks > kMostLooks || lower.size() != looks ||
      upper.size() != looks) {
    return absl::InvalidArgumentError(absl::StrCat(
        "information, lower and upper have ", looks, ", ", lower.size(),
        " and ", upper.size(), " entries, want one number of looks in [1, ",
        kMostLooks, "]"));
  }
  if (absl::Status status = FirstError({CheckTimes(information, "information"),
                                        CheckFinite(theta, "theta")});
      !status.ok()) {
    return status;
  }
  const double drift = theta * std::sqrt(information.back());
  if (!(std::abs(drift) <= kLargestDrift)) {
    return absl::InvalidArgumentError(
        absl::StrCat("theta sqrt(I_max) is ", drift, ", want a number in [",
                     -kLargestDrift, ", ", kLargestDrift, "]"));
  }
  ExitProbabilities exits{.drift = drift};
  exits.futility.resize(looks);
  ExitRecursion path(0, 0);
  double stopped = 0;
  for (size_t k = 0; k < looks; ++k) {
    if (!(lower[k] <= upper[k])) {
      return absl::InvalidArgumentError(
          absl::StrCat("lower[", k, "] is ", lower[k], ", want at most upper[",
                       k, "], ", upper[k]));
    }
    const double time = information[k] / information.back();
    const double root = std::sqrt(time);
    path.Next(time);
    const Continuation region{.lower = lower[k] * root - drift * time,
                              .upper = upper[k] * root - drift * time};
    exits.up.push_back(path.Above(region.upper, 0));
    exits.down.push_back(path.Below(region.lower, 0));
    exits.power += exits.up[k];
    const double here = exits.up[k] + exits.down[k];
    exits.both_tails += here;
    if (k + 1 < looks) {
      stopped += here;
      exits.expected_information += here * time;
      path.Continue(region);
    } else {
      exits.expected_information += std::max(0.0, 1 - stopped);
    }
  }
  exits.early_stop = stopped;
  return exits;
}

}  // namespace stagecraft::stats
