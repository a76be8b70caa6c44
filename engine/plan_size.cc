#include "engine/plan_size.h"

#include <algorithm>
#include <cmath>

#include "engine/group_sequential.h"
#include "stats/confidence_sequence.h"
#include "stats/distributions.h"
#include "stats/group_sequential_size.h"
#include "stats/plan_time_to_verdict.h"
#include "stats/power.h"

namespace stagecraft::engine {
namespace {

absl::StatusOr<double> FixedUnits(const Plan& plan, double alpha,
                                  const ExpectedChange& change) {
  stats::PowerOptions options;
  options.alpha = alpha;
  options.power = std::max(plan.power, alpha);
  options.treatment_share = change.treatment_share;
  const auto size =
      change.is_rate
          ? stats::ProportionSampleSize(
                change.value, change.value + change.difference, options)
          : stats::MeanSampleSize(change.difference, change.deviation,
                                  change.deviation, options);
  if (!size.ok()) return size.status();
  return static_cast<double>(size->total);
}

absl::StatusOr<MethodSize> GroupSequentialUnits(const Plan& plan, double alpha,
                                                const ExpectedChange& change) {
  stats::GroupSequentialOptions options = DesignOptionsOf(plan, true);
  options.alpha = alpha / 2;
  const bool futility = options.futility != stats::FutilityRule::kNone;
  if (!futility) {
    // Both directions stop.
    options.one_sided = false;
    options.alpha = alpha;
  }
  const auto design = stats::DesignGroupSequential(options);
  if (!design.ok()) return design.status();
  const auto size =
      change.is_rate
          ? stats::GroupSequentialProportionSize(
                *design, change.value, change.value + change.difference,
                change.treatment_share)
          : stats::GroupSequentialMeanSize(*design, change.difference,
                                           change.deviation, change.deviation,
                                           change.treatment_share);
  if (!size.ok()) return size.status();
  return MethodSize{std::ceil(size->maximum), size->expected_h1,
                    size->expected_h0};
}

// Mean units until the interval at the plan's alpha lies within plus or minus
// the change, or until `maximum`.
absl::StatusOr<double> UnitsUntilEquivalent(const Plan& plan,
                                            const ExpectedChange& change,
                                            double deviation_of_difference,
                                            double maximum) {
  stats::SequenceOptions options;
  options.alpha = plan.alpha;
  if (plan.planned_units > 0) options.planned_units = plan.planned_units;
  constexpr int kSteps = 200;
  double settled = 0;
  double units = 0;
  for (int step = 1; step <= kSteps; ++step) {
    units += (1 - settled) * maximum / kSteps;
    const double n = maximum * step / kSteps;
    const double error = deviation_of_difference / std::sqrt(n);
    const auto critical = stats::SequenceCriticalValue(
        error,
        std::max(static_cast<int64_t>(std::llround(n)), stats::kMinimumUnits),
        options);
    if (!critical.ok()) return critical.status();
    const double room = std::abs(change.difference) / error - *critical;
    if (room > 0) {
      settled = std::max(settled, 1 - 2 * stats::NormalUpperTail(room));
    }
  }
  return units;
}

absl::StatusOr<MethodSize> AlwaysValidUnits(const Plan& plan, double alpha,
                                            const ExpectedChange& change,
                                            double fixed) {
  const double deviation = change.is_rate
                               ? std::sqrt(change.value * (1 - change.value))
                               : change.deviation;
  stats::VerdictPlan verdict;
  verdict.treatment_share = change.treatment_share;
  verdict.sequence.alpha = alpha;
  if (plan.planned_units > 0) {
    verdict.sequence.planned_units = plan.planned_units;
  }
  // The sequence is tuned at the plan's alpha, whatever the correction.
  const auto rho =
      stats::SequenceRhoSquared(plan.alpha, verdict.sequence.planned_units);
  if (!rho.ok()) return rho.status();
  verdict.sequence.tuning = stats::SequenceTuning::kRhoSquared;
  verdict.sequence.rho_squared = *rho;
  const auto run = [&](double maximum, int looks) {
    verdict.maximum_units = std::max(static_cast<int64_t>(std::ceil(maximum)),
                                     2 * stats::kMinimumUnits);
    verdict.every_units = std::max<int64_t>(verdict.maximum_units / looks, 1);
    verdict.first_units = std::max(verdict.every_units, stats::kMinimumUnits);
    return stats::PlanTimeToVerdict(change.difference, deviation, deviation,
                                    verdict);
  };
  // Far enough, then as many looks up to where the power is reached.
  constexpr int kCoarse = 80;
  constexpr int kFine = 100;
  double maximum = 4 * fixed;
  absl::StatusOr<stats::TimeToVerdict> times = run(maximum, kCoarse);
  for (int i = 0; i < 4 && times.ok() && times->power < plan.power; ++i) {
    maximum *= 2;
    times = run(maximum, kCoarse);
  }
  if (!times.ok()) return times.status();
  if (times->power < plan.power) {
    return absl::FailedPreconditionError(
        "the power is not reached with 64 times the units of a fixed horizon: "
        "want planned_units nearer to what is needed");
  }
  double reached = 0;
  for (const stats::VerdictLook& look : times->looks) {
    reached += look.right;
    maximum = static_cast<double>(look.units);
    if (reached >= plan.power) break;
  }
  times = run(maximum, kFine);
  if (!times.ok()) return times.status();
  const double share = change.treatment_share;
  const auto without = UnitsUntilEquivalent(
      plan, change, deviation / std::sqrt(share * (1 - share)), maximum);
  if (!without.ok()) return without.status();
  return MethodSize{maximum, times->expected_units, *without};
}

}  // namespace

absl::StatusOr<MethodSize> SizeFor(Plan::Method method, const Plan& plan,
                                   double alpha, const ExpectedChange& change) {
  const auto fixed = FixedUnits(plan, alpha, change);
  if (!fixed.ok()) return fixed.status();
  switch (method) {
    case Plan::Method::kFixedHorizon:
      return MethodSize{*fixed, *fixed, *fixed};
    case Plan::Method::kGroupSequential:
      return GroupSequentialUnits(plan, alpha, change);
    case Plan::Method::kAlwaysValid:
      return AlwaysValidUnits(plan, alpha, change, *fixed);
  }
  return absl::InternalError("unknown method");
}

double FirstComparisonAlpha(const Plan& plan, int comparisons) {
  const double alpha = plan.alpha;
  const double count = std::max(comparisons, 1);
  switch (plan.correction) {
    case Plan::Correction::kNone:
      return alpha;
    case Plan::Correction::kSidak:
      return -std::expm1(std::log1p(-alpha) / count);
    case Plan::Correction::kBenjaminiYekutieli: {
      double harmonic = 0;
      for (int i = 1; i <= comparisons; ++i) harmonic += 1.0 / i;
      return alpha / (count * std::max(harmonic, 1.0));
    }
    case Plan::Correction::kHolm:
    case Plan::Correction::kBonferroni:
    case Plan::Correction::kHochberg:
    case Plan::Correction::kHommel:
    case Plan::Correction::kBenjaminiHochberg:
      return alpha / count;
  }
  return alpha / count;
}

}  // namespace stagecraft::engine
