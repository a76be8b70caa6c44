// Ingestion within the process: events per second that are stored, folded into
// one journey of five stages and `experiments` experiments, and read back.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/store/memory_store.h"
#include "engine/store/rocks_store.h"

namespace stagecraft::engine {
namespace {

constexpr Micros kBegin = 1'700'000'000'000'000 / kHour * kHour;
constexpr int kBatch = 1000;
constexpr const char* kNames[] = {"see", "want", "cart", "buy", "tell"};

Specs MakeSpecs(int experiments) {
  auto journey = std::make_shared<Journey>();
  journey->name = "journeys/j";
  for (const char* name : kNames) {
    journey->stages.push_back({.id = name, .entry = {{name}, std::nullopt}});
  }
  Specs specs;
  specs.journeys.push_back(journey);
  for (int i = 0; i < experiments; ++i) {
    auto experiment = std::make_shared<Experiment>();
    experiment->name = absl::StrCat("journeys/j/experiments/e", i);
    experiment->stage = kNames[i % 4];
    experiment->variants = {{"a", 500000}, {"b", 500000}};
    experiment->journey = journey;
    experiment->start_time = kBegin;
    for (const KpiKind kind : {KpiKind::kConversion, KpiKind::kValueSum}) {
      Kpi kpi;
      kpi.name = absl::StrCat("journeys/j/kpis/", ToText(kind));
      kpi.kind = kind;
      kpi.events = {{"buy"}, std::nullopt};
      kpi.length = 3 * kDay;
      experiment->kpis.push_back(kpi);
    }
    experiment->plan.primary_kpis = {experiment->kpis[0].name};
    specs.experiments.push_back(experiment);
  }
  return specs;
}

// Ten events of each unit, hour by hour; every fourth one is an exposure.
std::vector<Event> MakeBatch(int64_t number, int experiments) {
  std::vector<Event> events(kBatch);
  for (int i = 0; i < kBatch; ++i) {
    Event& event = events[i];
    const int64_t sequence = number * kBatch + i;
    const int64_t step = number % 10;
    event.unit_id = absl::StrCat("unit-", number / 10 * kBatch + i);
    event.time = kBegin + (number / 10 + step) * kHour + i * kSecond;
    if (step % 4 == 1 && experiments > 0) {
      event = MakeExposure(
          event.unit_id,
          absl::StrCat("journeys/j/experiments/e", step % experiments),
          i % 2 == 0 ? "a" : "b", event.time, {});
    } else {
      event.name = kNames[step / 2];
      event.event_id = absl::StrCat(sequence);
      event.value = 12'500'000;
      event.attributes["channel"] = std::string("web");
    }
  }
  return events;
}

void Ingest(benchmark::State& state, Store* store) {
  const int experiments = static_cast<int>(state.range(0));
  const auto engine = Engine::Open(store, MakeSpecs(experiments), {});
  if (!engine.ok()) {
    state.SkipWithError(engine.status().ToString().c_str());
    return;
  }
  int64_t number = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const std::vector<Event> events = MakeBatch(number++, experiments);
    state.ResumeTiming();
    const auto report = (*engine)->Ingest(events, {});
    if (!report.ok()) state.SkipWithError(report.status().ToString().c_str());
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
  state.counters["cache_bytes_per_unit"] =
      static_cast<double>((*engine)->GetStats().cache.bytes) /
      std::max<int64_t>((*engine)->GetStats().cache.units, 1);
}

void BM_IngestMemory(benchmark::State& state) {
  MemoryStore store;
  Ingest(state, &store);
}
BENCHMARK(BM_IngestMemory)->Arg(0)->Arg(3)->Arg(8)->Iterations(1000);

void BM_IngestRocks(benchmark::State& state) {
  const std::string path =
      std::filesystem::temp_directory_path() / "stagecraft-ingest-benchmark";
  std::filesystem::remove_all(path);
  {
    auto store = OpenRocksStore({.path = path});
    if (!store.ok()) {
      state.SkipWithError(store.status().ToString().c_str());
      return;
    }
    Ingest(state, store->get());
  }
  std::filesystem::remove_all(path);
}
BENCHMARK(BM_IngestRocks)->Arg(0)->Arg(3)->Arg(8)->Iterations(1000);

void BM_Look(benchmark::State& state) {
  MemoryStore store;
  const auto engine = Engine::Open(&store, MakeSpecs(3), {});
  for (int64_t number = 0; number < state.range(0) / kBatch; ++number) {
    if (!(*engine)->Ingest(MakeBatch(number, 3), {}).ok()) return;
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize((*engine)->LookAtExperiment(
        "journeys/j/experiments/e1", kBegin + 400 * kDay));
  }
}
BENCHMARK(BM_Look)->Arg(10'000)->Arg(100'000)->Arg(1'000'000);

}  // namespace
}  // namespace stagecraft::engine
