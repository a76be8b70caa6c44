// What an assignment costs: the hash of the unit's id included, attributes and
// snapshot given. One item is one answer for one experiment.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "engine/allocation.h"
#include "engine/assignment.h"
#include "engine/published.h"

namespace stagecraft::engine {
namespace {

// kTargeted: all experiments have the same targeting; kOwn: each has a
// condition of its own besides.
enum class Shape { kPlain, kTargeted, kEverything, kOwn };

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
    if (shape == Shape::kOwn) {
      Predicate own;
      own.condition = {"age", Condition::Operator::kLess, {70.0 + index}};
      experiment->targeting->children.push_back(own);
    }
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

std::shared_ptr<const AssignmentSnapshot> MakeSnapshot(int count, Shape shape) {
  std::vector<std::shared_ptr<const Experiment>> experiments;
  for (int i = 0; i < count; ++i) {
    experiments.push_back(MakeExperiment(i, shape));
  }
  return *AssignmentSnapshot::Create(std::move(experiments));
}

// Units with attributes of their own; a power of two of them.
struct Unit {
  std::string id;
  Attributes attributes;
  std::vector<AttributeRef> refs;  // The same.
};
constexpr size_t kUnits = 1024;

const std::vector<Unit>& Units() {
  static const auto* units = [] {
    const std::vector<std::string> channels = {"app", "email", "web", "shop"};
    const std::vector<std::string> countries = {"AT", "CH", "DE", "FR", "US"};
    auto* made = new std::vector<Unit>(kUnits);
    for (size_t i = 0; i < kUnits; ++i) {
      Unit& unit = (*made)[i];
      const uint64_t hash = HashBytes(absl::StrCat("unit ", i));
      unit.id = absl::StrCat("018f3b1c-7e2a-7c44-9a1b-", 100'000'000'000 + i);
      unit.attributes = {{"age", static_cast<double>(14 + hash % 60)},
                         {"channel", channels[hash / 64 % channels.size()]},
                         {"country", countries[hash / 512 % countries.size()]},
                         {"plan", std::string(hash % 3 == 0 ? "pro" : "free")}};
      for (const auto& [key, value] : unit.attributes) {
        unit.refs.push_back({key, View(value)});
      }
    }
    return made;
  }();
  return *units;
}

void Report(benchmark::State& state, const AssignmentSnapshot& snapshot) {
  const auto count = static_cast<double>(snapshot.experiments().size());
  state.SetItemsProcessed(
      static_cast<int64_t>(static_cast<double>(state.iterations()) * count));
  state.counters["units"] = benchmark::Counter(
      static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  state.counters["bytes_per_experiment"] =
      static_cast<double>(snapshot.bytes()) / count;
}

// range(0) experiments of shape range(1); units take turns.
template <typename Attributes>
void AssignAll(benchmark::State& state, Attributes Unit::*attributes) {
  const auto snapshot = MakeSnapshot(static_cast<int>(state.range(0)),
                                     static_cast<Shape>(state.range(1)));
  const std::vector<Unit>& units = Units();
  std::vector<Assignment> answers(snapshot->experiments().size());
  size_t next = 0;
  for (auto _ : state) {
    const Unit& unit = units[next++ % kUnits];
    ResolvedUnit resolved(*snapshot, unit.id, unit.*attributes);
    snapshot->AssignAll(resolved, absl::MakeSpan(answers));
    benchmark::DoNotOptimize(answers.data());
    benchmark::ClobberMemory();
  }
  Report(state, *snapshot);
}

// This is what a caller pays: hash of the id, resolution of the attributes,
// answers.
void BM_Assign(benchmark::State& state) { AssignAll(state, &Unit::refs); }
BENCHMARK(BM_Assign)
    ->ArgNames({"experiments", "shape"})
    ->ArgsProduct({{1, 50}, {0, 1, 2, 3}});

// The same with the attributes in a map.
void BM_AssignFromMap(benchmark::State& state) {
  AssignAll(state, &Unit::attributes);
}
BENCHMARK(BM_AssignFromMap)
    ->ArgNames({"experiments", "shape"})
    ->ArgsProduct({{1, 50}, {1}});

// Each experiment by itself, without a snapshot.
void BM_AssignOneByOne(benchmark::State& state) {
  const auto snapshot = MakeSnapshot(static_cast<int>(state.range(0)),
                                     static_cast<Shape>(state.range(1)));
  const std::vector<Unit>& units = Units();
  size_t next = 0;
  for (auto _ : state) {
    const Unit& unit = units[next++ % kUnits];
    const uint64_t hash = UnitHash(unit.id);
    int sum = 0;
    for (const CompiledExperiment& experiment : snapshot->experiments()) {
      sum += experiment.Assign(hash, unit.id, unit.attributes).variant;
    }
    benchmark::DoNotOptimize(sum);
  }
  Report(state, *snapshot);
}
BENCHMARK(BM_AssignOneByOne)
    ->ArgNames({"experiments", "shape"})
    ->ArgsProduct({{1, 50}, {1}});

// Assignments while another thread swaps the snapshot range(0) times a second:
// the 50th and 99th percentile of one unit in 50 targeted experiments, reading
// the published snapshot included.
void BM_AssignWhileSwapped(benchmark::State& state) {
  const auto one = MakeSnapshot(50, Shape::kTargeted);
  Published<AssignmentSnapshot> published(one);
  std::atomic<bool> done{false};
  std::atomic<int64_t> swaps{0};
  std::thread writer([&] {
    if (state.range(0) == 0) return;
    const std::chrono::nanoseconds pause(1'000'000'000 / state.range(0));
    auto next = std::chrono::steady_clock::now();
    while (!done) {
      published.Replace(MakeSnapshot(50, Shape::kTargeted));
      ++swaps;
      std::this_thread::sleep_until(next += pause);
    }
  });
  const std::vector<Unit>& units = Units();
  std::vector<Assignment> answers(50);
  constexpr size_t kTimes = 1 << 20;
  std::vector<float> times(kTimes);
  size_t next = 0;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    const Unit& unit = units[next % kUnits];
    const std::shared_ptr<const AssignmentSnapshot> snapshot = published.Get();
    ResolvedUnit resolved(*snapshot, unit.id, unit.refs);
    snapshot->AssignAll(resolved, absl::MakeSpan(answers));
    benchmark::DoNotOptimize(answers.data());
    benchmark::ClobberMemory();
    const std::chrono::duration<float, std::nano> time =
        std::chrono::steady_clock::now() - begin;
    times[next++ % kTimes] = time.count();
  }
  done = true;
  writer.join();
  times.resize(std::min(next, kTimes));
  std::sort(times.begin(), times.end());
  state.counters["p50_ns"] = times[times.size() / 2];
  state.counters["p99_ns"] = times[times.size() * 99 / 100];
  state.counters["p999_ns"] = times[times.size() * 999 / 1000];
  state.counters["swaps"] = static_cast<double>(swaps);
}
BENCHMARK(BM_AssignWhileSwapped)
    ->ArgName("swaps_per_second")
    ->Arg(0)
    ->Arg(100)
    ->UseRealTime();

// What a reader pays for the newest snapshot.
void BM_ReadPublished(benchmark::State& state) {
  const Published<AssignmentSnapshot> published(MakeSnapshot(1, Shape::kPlain));
  for (auto _ : state) benchmark::DoNotOptimize(published.Get());
}
BENCHMARK(BM_ReadPublished)->ThreadRange(1, 2);

void BM_UnitHash(benchmark::State& state) {
  const std::string unit(state.range(0), 'u');
  for (auto _ : state) benchmark::DoNotOptimize(UnitHash(unit));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_UnitHash)->Arg(8)->Arg(36)->Arg(256);

}  // namespace
}  // namespace stagecraft::engine
