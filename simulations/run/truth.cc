#include "simulations/run/truth.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "engine/analysis.h"
#include "simulations/run/virtual_run.h"
#include "simulations/world/world.h"

namespace stagecraft::simulations {
namespace {

using engine::Micros;

// The time after the exposure at which the last window is over.
Micros LongestWindow(const engine::Experiment& experiment) {
  Micros longest = engine::GuardrailWindow(experiment);
  for (const engine::Kpi& kpi : experiment.kpis) {
    longest = std::max(longest, kpi.delay + kpi.length.value_or(0));
  }
  return longest;
}

// The same world without faults, with one look when all windows are over.
std::shared_ptr<const Scenario> WithoutFaults(const Scenario& scenario) {
  auto copy = std::make_shared<Scenario>(scenario);
  copy->faults = {};
  copy->identity = {};
  Micros longest = 0;
  for (const auto& experiment : scenario.experiments) {
    longest = std::max(longest, LongestWindow(*experiment));
  }
  const Micros hours = (longest + engine::kHour - 1) / engine::kHour;
  copy->end += hours * engine::kHour;
  copy->looks = 1;
  copy->look_every = copy->end - copy->start;
  return copy;
}

std::vector<engine::TrueEffect> EffectsOf(const engine::Experiment& experiment,
                                          const engine::ExperimentLook& look) {
  std::vector<engine::TrueEffect> effects;
  for (const engine::KpiAnalysis& analysis :
       engine::Analyze(experiment, look)) {
    for (const engine::ComparisonAnalysis& comparison : analysis.comparisons) {
      if (!comparison.difference.has_value()) continue;
      effects.push_back({analysis.kpi, comparison.variant,
                         *comparison.difference, comparison.relative});
    }
  }
  return effects;
}

}  // namespace

absl::StatusOr<std::vector<std::vector<engine::TrueEffect>>> TrueEffects(
    const Scenario& scenario, const TruthOptions& options) {
  const World world(WithoutFaults(scenario));
  const int64_t worlds = (options.units + world.units() - 1) / world.units();
  int64_t total = 0;
  for (const auto& experiment : scenario.experiments) {
    total += static_cast<int64_t>(experiment->variants.size()) * worlds *
             world.units();
  }
  VirtualRun run(&world, options.threads);
  absl::Mutex mutex;
  int64_t done = 0;
  if (options.progress) {
    run.Watch([&](int64_t units) {
      absl::MutexLock lock(&mutex);
      done += units;
      return options.progress(done, total);
    });
  }
  std::vector<std::vector<engine::TrueEffect>> result;
  for (size_t x = 0; x < scenario.experiments.size(); ++x) {
    const engine::Experiment& experiment = *scenario.experiments[x];
    Draw draw = {.seed = options.seed};
    draw.forced_experiment = static_cast<int>(x);
    run.Begin(draw);
    for (size_t v = 0; v < experiment.variants.size(); ++v) {
      draw.forced_variant = static_cast<int>(v);
      for (draw.replication = 0; draw.replication < worlds;
           ++draw.replication) {
        run.BeginOnTop(draw);
        run.Advance();
        if (run.stopped()) {
          return absl::CancelledError("the simulation was ended");
        }
      }
    }
    result.push_back(EffectsOf(
        experiment, run.Look(static_cast<int>(x), world.scenario().end)));
  }
  return result;
}

}  // namespace stagecraft::simulations
