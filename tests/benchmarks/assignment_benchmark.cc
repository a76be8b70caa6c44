// What an assignment costs: the hash of the unit's id included, attributes and
// snapshot given. One item is one answer for one experiment.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "engine/allocation.h"
#include "engine/assignment.h"

namespace stagecraft::engine {
namespace {

enum class Shape { kPlain, kTargeted, kEverything };

std::shared_ptr<const Experiment> MakeExperiment(int index, Shape shape) {
  auto experiment = std::make_shared<Experiment>();
  experiment->name = absl::StrCat("journeys/onboarding/experiments/e-", index);
  experiment->state = Experiment::State::kRunning;
  experiment->salt = experiment->name;
  experiment->variants = {{"control", 500'000}, {"b", 500'000}};
  experiment->allocations = *Allocate({}, experiment->variants);
  auto journey = std::make_shared<Journey>();
  journey->name = "journeys/onboarding";
  if (shape != Shape::kPlain) {
    Predicate channel;
    channel.condition = {
        "channel",
        Condition::Operator::kIn,
        {std::string("app"), std::string("email"), std::string("web")}};
    Predicate age;
    age.condition = {"age", Condition::Operator::kGreaterOrEqual, {18.0}};
    experiment->targeting.emplace();
    experiment->targeting->kind = Predicate::Kind::kAllOf;
    experiment->targeting->children = {channel, age};
  }
  if (shape == Shape::kEverything) {
    journey->holdout_ppm = 50'000;
    experiment->layer = "layers/home";
    experiment->layer_start_ppm = 0;
    experiment->layer_end_ppm = 900'000;
    experiment->coverage_ppm = 900'000;
    experiment->overrides = {{"tester", "b"}};
  }
  experiment->journey = journey;
  return experiment;
}

// range(0) experiments of shape range(1); units take turns.
void BM_Assign(benchmark::State& state) {
  std::vector<std::shared_ptr<const Experiment>> experiments;
  for (int i = 0; i < state.range(0); ++i) {
    experiments.push_back(
        MakeExperiment(i, static_cast<Shape>(state.range(1))));
  }
  const auto snapshot = AssignmentSnapshot::Create(experiments);
  if (!snapshot.ok()) {
    state.SkipWithError(std::string(snapshot.status().message()).c_str());
    return;
  }
  const Attributes attributes = {{"age", 42.0},
                                 {"channel", std::string("web")},
                                 {"country", std::string("DE")},
                                 {"plan", std::string("pro")}};
  std::vector<std::string> units;
  for (int i = 0; i < 4096; ++i) {
    units.push_back(absl::StrCat("018f3b1c-7e2a-7c44-9a1b-", 100'000 + i));
  }
  size_t next = 0;
  for (auto _ : state) {
    const std::string& unit = units[next++ % units.size()];
    const uint64_t hash = UnitHash(unit);
    int sum = 0;
    for (const CompiledExperiment& experiment : (*snapshot)->experiments()) {
      sum += experiment.Assign(hash, unit, attributes).variant;
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Assign)
    ->ArgNames({"experiments", "shape"})
    ->ArgsProduct({{1, 50}, {0, 1, 2}});

void BM_UnitHash(benchmark::State& state) {
  const std::string unit(state.range(0), 'u');
  for (auto _ : state) benchmark::DoNotOptimize(UnitHash(unit));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_UnitHash)->Arg(8)->Arg(36)->Arg(256);

}  // namespace
}  // namespace stagecraft::engine
