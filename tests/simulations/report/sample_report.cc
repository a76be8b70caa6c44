#include "tests/simulations/report/sample_report.h"

namespace stagecraft::testing {

using engine::VerdictKind;

simulations::SimulationReport SampleReport() {
  simulations::PlanReport plan;
  engine::Experiment& experiment = plan.experiment;
  experiment.name = "journeys/shop/experiments/checkout";
  experiment.stage = "cart";
  experiment.variants = {{"a", 500'000}, {"b", 500'000}};
  engine::Kpi buy;
  buy.name = "journeys/shop/kpis/buy";
  experiment.kpis = {buy};
  experiment.plan.primary_kpis = {buy.name};
  experiment.plan.planned_units = 12'000;
  plan.truth = {{buy.name, 1, 0.06, 0.12},
                {"stages/paid/conversion", 1, -0.01, -0.1},
                {"stages/cart/time", 1, 0, std::nullopt}};

  auto& summary = plan.summary;
  summary.replications = 1'000;
  summary.verdicts = {
      {VerdictKind::kCollecting, {1'000, 0.05, 0.0381, 0.0653}},
      {VerdictKind::kWinner, {1'000, 0.83, 0.8055, 0.8520}},
      {VerdictKind::kNoDifference, {1'000, 0.1, 0.0829, 0.1201}},
      {VerdictKind::kHarmful, {1'000, 0.02, 0.0130, 0.0307}},
      {VerdictKind::kInvalid, {1'000, 0, 0, 0.0038}}};
  summary.false_winner = {1'000, 0, 0, 0.0038};
  summary.false_finding = {1'000, 0.006, 0.0028, 0.0130};
  summary.power = {1'000, 0.83, 0.8055, 0.8520};
  summary.units = {1'000, 9'876.5, 9'800, 9'953};
  summary.days = {1'000, 17.25, 17, 17.5};
  summary.wins = {{1'000, 0.83, 0.8055, 0.8520}};
  summary.sample_ratio_alarms = {1'000, 0.002, 0.0005, 0.0073};
  summary.harmed = {{"stages/cart/time", {1'000, 0.031, 0.0219, 0.0436}},
                    {"stages/paid/conversion", {1'000, 0.4, 0.3700, 0.4307}}};
  summary.coverage = {
      {buy.name, "b", "difference/newcombe", {1'000, 0.9, 0.8798, 0.9171}},
      {buy.name,
       "b",
       "difference/sequential/acs",
       {1'000, 0.97, 0.9575, 0.9789}},
      {buy.name,
       "b",
       "relative/sequential/acs",
       {1'000, 0.93, 0.9125, 0.9442}}};
  summary.estimates = {{buy.name,
                        "b",
                        0.06,
                        {1'000, 0.004, 0.003, 0.005},
                        engine::MonteCarlo{830, 0.072, 0.071, 0.073},
                        1.2},
                       {"stages/paid/conversion",
                        "b",
                        -0.01,
                        {1'000, 0.0001, -0.0002, 0.0004},
                        std::nullopt,
                        std::nullopt}};
  summary.stopped_by_look = {0, 0.4, 0.95};
  summary.won_by_look = {0, 0.35, 0.83};

  simulations::SimulationReport report;
  report.scenario = "winner";
  report.description = "A better checkout.";
  report.driven = simulations::Driven::kTallies;
  report.seed = 7;
  report.replications = 1'000;
  report.looks = 4;
  report.look_every = 7 * engine::kDay;
  report.pool_units = 50'000;
  report.events = 345'678;
  report.looks_taken = 2'650;
  report.plans = {plan};
  return report;
}

}  // namespace stagecraft::testing
