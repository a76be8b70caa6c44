// How fast scenarios are played event by event: lives are made up and folded.
// Items are events; `cpu_ns` is user CPU time per event, of all threads.
#include <sys/resource.h>

#include <memory>
#include <string>

#include "benchmark/benchmark.h"
#include "simulations/run/virtual_run.h"
#include "simulations/scenario/compile.h"
#include "simulations/scenario/read.h"
#include "simulations/world/world.h"

namespace stagecraft::simulations {
namespace {

std::shared_ptr<const Scenario> Load(const std::string& name) {
  const auto source =
      ReadScenario(std::string(STAGECRAFT_REPOSITORY) +
                   "/simulations/scenarios/" + name + ".textproto");
  if (!source.ok()) return nullptr;
  const auto scenario = Compile(*source);
  return scenario.ok() ? *scenario : nullptr;
}

double UserSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec);
}

void Report(benchmark::State& state, double user, int64_t events) {
  state.SetItemsProcessed(events);
  state.counters["cpu_ns"] = 1e9 * user / static_cast<double>(events);
}

// Lives alone: nothing is folded.
void BM_Play(benchmark::State& state, const char* name) {
  const auto scenario = Load(name);
  if (scenario == nullptr) return state.SkipWithError("no such scenario");
  const World world(scenario);
  Life life;
  int64_t events = 0;
  int64_t replication = 0;
  const double before = UserSeconds();
  for (auto _ : state) {
    const Draw draw = {.replication = replication++};
    for (int64_t unit = 0; unit < world.units(); ++unit) {
      world.Play(draw, unit, &life);
      events += static_cast<int64_t>(life.events.size());
    }
  }
  Report(state, UserSeconds() - before, events);
}

// Whole replications with their daily looks; nothing is assessed.
void BM_Run(benchmark::State& state, const char* name) {
  const auto scenario = Load(name);
  if (scenario == nullptr) return state.SkipWithError("no such scenario");
  const World world(scenario);
  VirtualRun run(&world, static_cast<int>(state.range(0)));
  int64_t events = 0;
  int64_t replication = 0;
  const double before = UserSeconds();
  for (auto _ : state) {
    run.Begin({.replication = replication++});
    for (int look = 1; look <= scenario->looks; ++look) run.Advance();
    events += run.totals().events;
  }
  Report(state, UserSeconds() - before, events);
}

BENCHMARK_CAPTURE(BM_Play, aa, "aa")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Play, messy, "messy")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Run, aa, "aa")
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Run, messy, "messy")
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stagecraft::simulations
