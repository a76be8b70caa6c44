#include "engine/plan_rehearsal.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/block_effect.h"

namespace stagecraft::engine {
namespace {

// Each look of an always-valid plan is analysed, of the others the planned
// ones.
int64_t MaxLooks(Plan::Method method) {
  return method == Plan::Method::kAlwaysValid ? 50 : 100;
}

// The plan without what a rehearsal has nothing to say of, and which of its
// KPIs are left.
Experiment Deciding(const Experiment& experiment, std::vector<size_t>* kept) {
  Experiment deciding = experiment;
  Plan& plan = deciding.plan;
  plan.secondary_kpis.clear();
  plan.post_stratify_by.clear();
  plan.maximum_staleness.reset();
  plan.minimum_identity_match_rate = 0;
  deciding.segments.clear();
  deciding.targeting.reset();
  deciding.overrides.clear();
  deciding.kpis.clear();
  for (size_t i = 0; i < experiment.kpis.size(); ++i) {
    const std::string& name = experiment.kpis[i].name;
    const bool decides =
        std::find(plan.primary_kpis.begin(), plan.primary_kpis.end(), name) !=
            plan.primary_kpis.end() ||
        std::any_of(
            plan.guardrails.begin(), plan.guardrails.end(),
            [&](const auto& guardrail) { return guardrail.kpi == name; });
    if (!decides) continue;
    kept->push_back(i);
    deciding.kpis.push_back(experiment.kpis[i]);
  }
  deciding.state = Experiment::State::kRunning;
  deciding.end_time.reset();
  return deciding;
}

// How many blocks to draw as one: the time that a rehearsal takes falls with
// it. They stay small against what comes to an arm between two looks, and many
// enough that means over them spread as they should.
size_t BlocksTogether(absl::Span<const UnitBlock> blocks,
                      double units_per_look) {
  constexpr double kPerLook = 20;
  constexpr size_t kFewest = 1'000;
  const auto per_block = static_cast<double>(blocks[0].units);
  const double together = units_per_look / kPerLook / per_block;
  return static_cast<size_t>(
      std::clamp(together, 1.0,
                 std::max(1.0, static_cast<double>(blocks.size() / kFewest))));
}

}  // namespace

absl::StatusOr<PlanRehearsal> PrepareRehearsal(
    const Experiment& experiment, const StageHistory& history,
    const PlanForecast& forecast, const PlanRehearsalOptions& options) {
  if (history.blocks.empty()) {
    return absl::FailedPreconditionError(
        "no unit of the history is mature, want some to rehearse with");
  }
  if (!(forecast.units_per_day > 0)) {
    return absl::FailedPreconditionError(
        "no units would enter the experiment, want some to rehearse with");
  }
  if (forecast.planned_units <= 0) {
    return absl::FailedPreconditionError(
        "how many units the plan needs is not known, want planned_units");
  }
  PlanRehearsal plan;
  std::vector<size_t> kept;
  plan.experiment = Deciding(experiment, &kept);
  plan.experiment.start_time = history.to;
  int64_t units = forecast.planned_units;
  if (plan.experiment.plan.method == Plan::Method::kAlwaysValid) {
    // It ends by itself: what counts is when its power is reached.
    for (const MethodForecast& method : forecast.methods) {
      if (method.method == Plan::Method::kAlwaysValid &&
          method.size.has_value()) {
        units = static_cast<int64_t>(method.size->units);
      }
    }
  } else if (plan.experiment.plan.planned_units == 0) {
    plan.experiment.plan.planned_units = units;
  }
  // Arrivals are random, and the last block of each arm is not full.
  constexpr double kSlack = 1.1;
  const auto planned = static_cast<double>(units);
  const double with_slack =
      kSlack * planned + 4 * std::sqrt(planned) +
      static_cast<double>(static_cast<int64_t>(experiment.variants.size()) *
                          history.blocks[0].units);
  const double wanted = with_slack / forecast.units_per_day * kDay +
                        static_cast<double>(FollowUp(plan.experiment)) + kHour;
  const auto maximum = static_cast<double>(options.maximum_duration);
  const double duration = std::min(
      maximum,
      std::max(wanted, static_cast<double>(experiment.plan.minimum_duration)));
  const auto hours =
      std::max<int64_t>(static_cast<int64_t>(std::ceil(duration / kHour)), 1);
  const int64_t most = MaxLooks(experiment.plan.method);
  const int64_t every = (hours + most - 1) / most;
  const double units_per_look =
      forecast.units_per_day * static_cast<double>(every) * kHour / kDay;
  const size_t together = BlocksTogether(
      history.blocks, units_per_look / experiment.variants.size());
  absl::Span<const UnitBlock> rest = history.blocks;
  while (!rest.empty()) {
    const UnitBlock block = PoolBlocks(rest.subspan(0, together));
    rest.remove_prefix(std::min(together, rest.size()));
    UnitBlock& taken = plan.blocks.emplace_back();
    taken.units = block.units;
    for (const size_t i : kept) {
      taken.kpis.push_back(block.kpis[i]);
      taken.times.push_back(block.times[i]);
    }
    taken.stage_conversions = block.stage_conversions;
    taken.time_in_stage = block.time_in_stage;
  }
  plan.options.units_per_day = forecast.units_per_day;
  plan.options.look_every = every * kHour;
  plan.options.looks = static_cast<int>((hours + every - 1) / every);
  // A unit counts from the look after its arrival, and ripens at a look.
  if (duration < maximum) plan.options.looks += 2;
  plan.options.replications = options.replications;
  plan.options.seed = options.seed;
  plan.options.threads = options.threads;
  return plan;
}

absl::StatusOr<std::vector<RehearsalArm>> ArmsFor(RehearsalScenario scenario,
                                                  const PlanRehearsal& plan) {
  const Experiment& experiment = plan.experiment;
  std::vector<RehearsalArm> arms(experiment.variants.size(),
                                 RehearsalArm{plan.blocks});
  if (scenario == RehearsalScenario::kNoEffect) return arms;
  const double sign =
      scenario == RehearsalScenario::kMinimumDetectableEffect ? 1 : -1;
  for (size_t i = 0; i < experiment.kpis.size(); ++i) {
    const Kpi& kpi = experiment.kpis[i];
    const auto& primary = experiment.plan.primary_kpis;
    if (std::find(primary.begin(), primary.end(), kpi.name) == primary.end()) {
      continue;
    }
    // The fraction is of the value, which may be negative.
    double total = 1;
    if (FamilyOf(kpi.kind) != KpiFamily::kTime) {
      absl::int128 sum = 0;
      for (const UnitBlock& block : plan.blocks) sum += block.kpis[i].sum(0);
      total = sum < 0 ? -1 : 1;
    }
    const double relative = sign * total * (kpi.higher_is_better ? 1 : -1) *
                            experiment.plan.minimum_detectable_effect;
    absl::Status status = ApplyEffect(experiment, static_cast<int>(i), relative,
                                      plan.options.seed + i, &arms[1].blocks);
    if (!status.ok()) return status;
  }
  return arms;
}

}  // namespace stagecraft::engine
