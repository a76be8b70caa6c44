// Replications a second of a plan of 100 looks, 3 KPIs and 2 variants, driven
// from tallies: ./dev bench rehearsal
#include <memory>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "engine/random.h"
#include "engine/rehearsal.h"

namespace stagecraft::engine {
namespace {

constexpr int kUnitsPerBlock = 20;

// A share, a mean and a ratio. With `stages`, a journey of three stages, so
// that there are automatic guardrails too.
Experiment MakeExperiment(Plan::Method method, bool stages) {
  auto journey = std::make_shared<Journey>();
  journey->name = "journeys/j";
  journey->stages = {{.id = "see", .entry = {{"see"}, std::nullopt}}};
  if (stages) {
    journey->stages.push_back({.id = "cart", .entry = {{"cart"}, {}}});
    journey->stages.push_back({.id = "buy", .entry = {{"buy"}, {}}});
  }
  Experiment experiment;
  experiment.name = "journeys/j/experiments/e";
  experiment.stage = "see";
  experiment.variants = {{"a", 500000}, {"b", 500000}};
  experiment.journey = journey;
  const KpiKind kinds[] = {KpiKind::kConversion, KpiKind::kValueSum,
                           KpiKind::kRatingMean};
  for (const KpiKind kind : kinds) {
    Kpi kpi;
    kpi.name = absl::StrCat("journeys/j/kpis/k", experiment.kpis.size());
    kpi.kind = kind;
    kpi.length = 7 * kDay;
    experiment.plan.primary_kpis.push_back(kpi.name);
    experiment.kpis.push_back(kpi);
  }
  experiment.plan.method = method;
  experiment.plan.planned_units = 80'000;
  experiment.plan.minimum_detectable_effect = 0.001;  // Runs to the end.
  return experiment;
}

RehearsalArm MakeArm(const Experiment& experiment) {
  Random random(11);
  RehearsalArm arm;
  for (int b = 0; b < 2000; ++b) {
    UnitBlock& block = arm.blocks.emplace_back();
    block.units = kUnitsPerBlock;
    block.kpis = {Sums(1), Sums(1), Sums(2)};
    const bool stages = experiment.journey->stages.size() > 1;
    if (stages) block.stage_conversions = {Sums(1), Sums(1)};
    for (int u = 0; u < kUnitsPerBlock; ++u) {
      const MicroValue bought = random.Uniform() < 0.2 ? 1'000'000 : 0;
      const auto value = static_cast<MicroValue>(random.Below(100'000'000));
      const auto answers = static_cast<MicroValue>(random.Below(3));
      block.kpis[0].Add({bought}, 1);
      block.kpis[1].Add({bought == 0 ? 0 : value}, 1);
      block.kpis[2].Add({answers * 4'000'000, answers * 1'000'000}, 1);
      if (!stages) continue;
      block.stage_conversions[0].Add({random.Uniform() < 0.5 ? 1'000'000 : 0},
                                     1);
      block.stage_conversions[1].Add({bought}, 1);
      const auto time = static_cast<Micros>(random.Below(14) * kDay);
      block.time_in_stage.push_back(
          {time, time < 7 * kDay, 0, time >= 7 * kDay});
    }
  }
  return arm;
}

void BM_Rehearse(benchmark::State& state, Plan::Method method, bool stages) {
  const Experiment experiment = MakeExperiment(method, stages);
  const RehearsalArm arm = MakeArm(experiment);
  RehearsalOptions options;
  options.units_per_day = 1'000;
  options.looks = 100;
  options.look_every = kDay;
  options.replications = 50;
  int64_t looks = 0;
  int64_t replications = 0;
  for (auto _ : state) {
    ++options.seed;
    const auto result = Rehearse(experiment, {{arm, arm}}, options);
    const auto summary = result->Summarize();
    replications += summary.replications;
    looks += static_cast<int64_t>(summary.days.value *
                                  static_cast<double>(summary.replications));
  }
  state.counters["replications"] = benchmark::Counter(
      static_cast<double>(replications), benchmark::Counter::kIsRate);
  state.counters["per_look"] = benchmark::Counter(
      static_cast<double>(looks),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK_CAPTURE(BM_Rehearse, always_valid, Plan::Method::kAlwaysValid, false)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Rehearse, always_valid_stages, Plan::Method::kAlwaysValid,
                  true)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Rehearse, fixed_horizon, Plan::Method::kFixedHorizon, true)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Rehearse, group_sequential, Plan::Method::kGroupSequential,
                  true)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stagecraft::engine
