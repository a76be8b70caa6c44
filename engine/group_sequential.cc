#include "engine/group_sequential.h"

#include <algorithm>
#include <cmath>

#include "stats/spending.h"

namespace stagecraft::engine {
namespace {

using Spending = Plan::GroupSequential::Spending;

stats::SpendingFunction SpendingOf(Spending spending, double parameter) {
  stats::SpendingFunction function;
  switch (spending) {
    case Spending::kOBrienFleming:
      function.family = stats::SpendingFamily::kOBrienFleming;
      return function;
    case Spending::kPocock:
      function.family = stats::SpendingFamily::kPocock;
      return function;
    case Spending::kHwangShihDeCani:
      function.family = stats::SpendingFamily::kHwangShihDeCani;
      break;
    case Spending::kPowerFamily:
      function.family = stats::SpendingFamily::kPower;
      break;
  }
  function.parameter = parameter;
  return function;
}

}  // namespace

stats::GroupSequentialOptions DesignOptionsOf(const Plan& plan,
                                              bool with_futility) {
  const Plan::GroupSequential& design = plan.group_sequential;
  stats::GroupSequentialOptions options;
  options.alpha = plan.alpha / 2;
  options.one_sided = true;
  options.power = std::max(plan.power, plan.alpha);
  options.information = design.fractions;
  options.spending = SpendingOf(design.spending, design.parameter);
  if (with_futility && design.futility) {
    options.futility = stats::FutilityRule::kBetaSpending;
    options.beta_spending =
        SpendingOf(design.futility_spending, design.futility_parameter);
  }
  return options;
}

namespace {

// The plan's design; each thread keeps the last ones, as one plan is looked at
// many times.
absl::StatusOr<stats::GroupSequentialDesign> DesignOf(const Plan& plan,
                                                      bool futility) {
  struct Memo {
    double alpha = 0;  // Of no plan.
    double power = 0;
    Plan::GroupSequential options;
    absl::StatusOr<stats::GroupSequentialDesign> design;
  };
  thread_local Memo memos[2];
  Memo& memo = memos[futility ? 1 : 0];
  if (memo.alpha != plan.alpha || memo.power != plan.power ||
      memo.options != plan.group_sequential) {
    memo = {plan.alpha, plan.power, plan.group_sequential,
            stats::DesignGroupSequential(DesignOptionsOf(plan, futility))};
  }
  return memo.design;
}

}  // namespace

absl::StatusOr<PlannedLimits> PlannedLimits::Of(const Experiment& experiment,
                                                const ExperimentLook& look) {
  const auto position = PlannedLookOf(experiment, look);
  if (!position.has_value()) {
    return absl::FailedPreconditionError(
        "the look is not a planned one, want one with the units for it");
  }
  const Plan& plan = experiment.plan;
  PlannedLimits limits;
  limits.position_ = *position;
  limits.planned_units_ = static_cast<double>(plan.planned_units);
  const auto units = static_cast<double>(MatureUnits(experiment, look));
  for (const PastLook& past : look.past_looks) {
    const auto before = static_cast<double>(past.units);
    // Units may be taken away later: a look that had as many as this one has
    // been overtaken.
    if (before > 0 && before < units &&
        (limits.information_.empty() || before > limits.information_.back())) {
      limits.information_.push_back(before);
    }
  }
  limits.information_.push_back(units);
  auto design = DesignOf(plan, /*futility=*/false);
  if (!design.ok()) return design.status();
  limits.design_ = *std::move(design);
  const auto bounds =
      limits.Monitor(limits.design_, 0, 1, /*bounds_only=*/true);
  if (!bounds.ok()) return bounds.status();
  limits.boundary_ = bounds->looks.back().upper;
  if (plan.group_sequential.futility && !position->is_last) {
    const auto with_futility = DesignOf(plan, /*futility=*/true);
    if (!with_futility.ok()) return with_futility.status();
    const auto futility =
        limits.Monitor(*with_futility, 0, 1, /*bounds_only=*/true);
    if (!futility.ok()) return futility.status();
    limits.futility_ = futility->looks.back().futility;
  }
  return limits;
}

absl::StatusOr<stats::Monitoring> PlannedLimits::Monitor(
    const stats::GroupSequentialDesign& design, double z, double standard_error,
    bool bounds_only) const {
  std::vector<stats::InterimLook> looks;
  for (const double information : information_) {
    // What the looks before saw did not end the plan; it matters no more.
    looks.push_back({.information = information, .z = 0});
  }
  looks.back().z = z;
  looks.back().standard_error = standard_error;
  stats::MonitoringOptions options;
  options.max_information = planned_units_;
  options.last_is_final = position_.is_last;
  options.bounds_only = bounds_only;
  options.last_p_value_only = true;
  options.better = z < 0 ? stats::Direction::kDown : stats::Direction::kUp;
  return stats::MonitorGroupSequential(design, looks, options);
}

GroupSequentialAnswer PlannedLimits::LimitsAt(double z,
                                              bool higher_is_better) const {
  GroupSequentialAnswer answer;
  answer.look = position_.look;
  answer.looks = position_.looks;
  answer.information_fraction = information_.back() / planned_units_;
  answer.z = z;
  answer.boundary = boundary_;
  if (futility_.has_value()) {
    answer.futility_boundary = higher_is_better ? *futility_ : -*futility_;
  }
  return answer;
}

absl::StatusOr<GroupSequentialAnswer> PlannedLimits::Decide(
    const stats::NormalEstimate& difference, bool higher_is_better) const {
  const double error = difference.standard_error;
  const double z = difference.value / error;
  // Near the limit the p-value itself decides, with its own rounding.
  if (!(error > 0) || std::abs(z) > boundary_ * (1 - 1e-6)) {
    return Answer(difference, std::nullopt, higher_is_better);
  }
  return LimitsAt(z, higher_is_better);
}

absl::StatusOr<GroupSequentialAnswer> PlannedLimits::Answer(
    const stats::NormalEstimate& difference,
    const std::optional<RelativeEffect>& relative,
    bool higher_is_better) const {
  if (!(difference.standard_error > 0)) {
    return absl::FailedPreconditionError(
        "the standard error of the difference is 0, want some variance");
  }
  const double z = difference.value / difference.standard_error;
  const auto monitoring = Monitor(design_, z, difference.standard_error);
  if (!monitoring.ok()) return monitoring.status();
  const stats::MonitoredLook& now = monitoring->looks.back();
  GroupSequentialAnswer answer = LimitsAt(z, higher_is_better);
  answer.repeated_p_value = std::min(1.0, 2 * now.repeated_p_value);
  answer.repeated = now.repeated_interval;
  if (relative.has_value()) {
    const auto interval =
        FiellerInterval(*relative, boundary_, now.repeated_interval.level);
    if (interval.ok()) answer.repeated_relative = *interval;
  }
  answer.alpha_spent = 2 * now.alpha_spent;
  if (monitoring->conditional_power.has_value()) {
    answer.conditional_power = monitoring->conditional_power->under_estimate;
  }
  if (monitoring->final_analysis.has_value()) {
    const stats::FinalAnalysis& last = *monitoring->final_analysis;
    answer.stagewise_p_value = std::min(1.0, 2 * last.p_value);
    answer.median_unbiased = last.median_unbiased;
    answer.stagewise = last.interval;
  }
  return answer;
}

}  // namespace stagecraft::engine
