#include "simulations/report/to_proto.h"

#include "simulations/report/expected.h"
#include "simulations/report/words.h"

namespace stagecraft::simulations {
namespace {

using Proto = v1::OperatingCharacteristics;

void Set(const engine::MonteCarlo& from, Proto::MonteCarlo* to) {
  to->set_value(from.value);
  to->set_lower(from.lower);
  to->set_upper(from.upper);
  to->set_replications(from.replications);
}

v1::Plan::Method MethodToProto(engine::Plan::Method method) {
  switch (method) {
    case engine::Plan::Method::kFixedHorizon:
      return v1::Plan::FIXED_HORIZON;
    case engine::Plan::Method::kAlwaysValid:
      return v1::Plan::ALWAYS_VALID;
    case engine::Plan::Method::kGroupSequential:
      return v1::Plan::GROUP_SEQUENTIAL;
  }
  return v1::Plan::METHOD_UNSPECIFIED;
}

void Set(const PlanReport& plan, v1::Simulation::PlanResult* to) {
  to->set_experiment(plan.experiment.name);
  to->set_method(MethodToProto(plan.experiment.plan.method));
  to->set_alpha(plan.experiment.plan.alpha);
  to->set_split_broken(plan.split_broken);
  for (const engine::TrueEffect& effect : plan.truth) {
    v1::Simulation::TrueEffect* added = to->add_truth();
    added->set_kpi(effect.kpi);
    added->set_variant(VariantId(plan.experiment, effect.variant));
    added->set_difference(effect.difference);
    if (effect.relative.has_value()) added->set_relative(*effect.relative);
  }
  for (const Line& line : ExpectedLines(plan)) {
    v1::Simulation::Expected* added = to->add_expected();
    added->set_what(line.what);
    if (line.measured.replications > 0) {
      Set(line.measured, added->mutable_measured());
    }
    if (line.promise->kind == Promise::Kind::kAtLeast) {
      added->set_at_least(line.promise->value);
    } else {
      added->set_at_most(line.promise->value);
    }
    added->set_broken(IsBroken(line));
  }
  *to->mutable_characteristics() = ToProto(plan.experiment, plan.summary);
}

}  // namespace

v1::OperatingCharacteristics ToProto(
    const engine::Experiment& experiment,
    const engine::OperatingCharacteristics::Summary& summary) {
  Proto proto;
  proto.set_replications(summary.replications);
  for (const auto& [kind, share] : summary.verdicts) {
    Proto::VerdictRate* rate = proto.add_verdicts();
    rate->set_kind(ToProto(kind));
    Set(share, rate->mutable_share());
  }
  Set(summary.false_winner, proto.mutable_false_winner());
  Set(summary.false_finding, proto.mutable_false_finding());
  if (summary.power.has_value()) Set(*summary.power, proto.mutable_power());
  Set(summary.units, proto.mutable_units());
  Set(summary.days, proto.mutable_days());
  for (size_t v = 0; v < summary.wins.size(); ++v) {
    Proto::Wins* wins = proto.add_wins();
    wins->set_variant(VariantId(experiment, static_cast<int>(v) + 1));
    Set(summary.wins[v], wins->mutable_share());
  }
  Set(summary.sample_ratio_alarms, proto.mutable_sample_ratio_alarms());
  for (const auto& [kpi, share] : summary.harmed) {
    Proto::HarmedRate* rate = proto.add_harmed();
    rate->set_kpi(kpi);
    Set(share, rate->mutable_share());
  }
  for (const auto& from : summary.coverage) {
    Proto::Coverage* coverage = proto.add_coverage();
    coverage->set_kpi(from.kpi);
    coverage->set_variant(from.variant);
    coverage->set_kind(from.kind);
    Set(from.covered, coverage->mutable_covered());
  }
  for (const auto& from : summary.estimates) {
    Proto::Estimate* estimate = proto.add_estimates();
    estimate->set_kpi(from.kpi);
    estimate->set_variant(from.variant);
    estimate->set_truth(from.truth);
    Set(from.bias, estimate->mutable_bias());
    if (from.of_winners.has_value()) {
      Set(*from.of_winners, estimate->mutable_of_winners());
    }
    if (from.exaggeration.has_value()) {
      estimate->set_exaggeration(*from.exaggeration);
    }
  }
  proto.mutable_stopped_by_look()->Add(summary.stopped_by_look.begin(),
                                       summary.stopped_by_look.end());
  proto.mutable_won_by_look()->Add(summary.won_by_look.begin(),
                                   summary.won_by_look.end());
  return proto;
}

v1::Simulation ToProto(const SimulationReport& report) {
  v1::Simulation proto;
  proto.set_scenario(report.scenario);
  proto.set_description(report.description);
  proto.set_driver(report.driven == Driven::kEvents ? v1::Simulation::EVENTS
                                                    : v1::Simulation::TALLIES);
  proto.set_seed(report.seed);
  proto.set_replications(report.replications);
  proto.set_looks(report.looks);
  proto.mutable_look_every()->set_seconds(report.look_every / engine::kSecond);
  proto.set_pool_units(report.pool_units);
  proto.set_events(report.events);
  proto.set_looks_taken(report.looks_taken);
  for (const PlanReport& plan : report.plans) Set(plan, proto.add_plans());
  return proto;
}

}  // namespace stagecraft::simulations
