#include "simulations/run/simulate.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

namespace stagecraft::simulations {
namespace {

// What threads share.
struct Shared {
  const SimulateOptions& options;
  std::atomic<int64_t> next{0};
  std::atomic<bool> stopped{false};
  absl::Mutex mutex;
  int64_t done ABSL_GUARDED_BY(mutex) = 0;
  absl::Status status ABSL_GUARDED_BY(mutex);

  void Stop(const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    status.Update(why);
    stopped = true;
  }
  void Done(const absl::Status& outcome) ABSL_LOCKS_EXCLUDED(mutex) {
    absl::MutexLock lock(&mutex);
    if (!outcome.ok()) Stop(outcome);
    ++done;
    Ask();
  }
  // Whether to go on, within a replication.
  bool GoesOn() ABSL_LOCKS_EXCLUDED(mutex) {
    absl::MutexLock lock(&mutex);
    Ask();
    return !stopped;
  }
  void Ask() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    if (!stopped && options.progress && !options.progress(done)) {
      Stop(absl::CancelledError("the simulation was ended"));
    }
  }
};

void Work(const World& world, Simulation* part, Shared* shared) {
  VirtualRun run(&world, 1);
  run.Watch([shared](int64_t) { return shared->GoesOn(); });
  while (!shared->stopped) {
    const int64_t replication = shared->next.fetch_add(1);
    if (replication >= shared->options.replications) return;
    const auto outcomes = PlayReplication(
        {.seed = shared->options.seed, .replication = replication}, &run);
    if (outcomes.ok()) {
      for (size_t x = 0; x < outcomes->size(); ++x) {
        part->characteristics[x].Add((*outcomes)[x]);
      }
      part->totals.units += run.totals().units;
      part->totals.events += run.totals().events;
    }
    shared->Done(outcomes.status());
  }
}

}  // namespace

absl::StatusOr<std::vector<engine::Outcome>> PlayReplication(const Draw& draw,
                                                             VirtualRun* run) {
  const Scenario& scenario = run->scenario();
  const size_t experiments = scenario.experiments.size();
  std::vector<engine::Outcome> outcomes(experiments);
  std::vector<bool> stopped(experiments);
  size_t running = experiments;
  run->Begin(draw);
  for (int look = 1; look <= scenario.looks && running > 0; ++look) {
    run->Advance();
    if (run->stopped()) {
      return absl::CancelledError("the simulation was ended");
    }
    for (size_t x = 0; x < experiments; ++x) {
      if (stopped[x]) continue;
      if (look < scenario.looks) {
        const auto decision =
            run->Assess(static_cast<int>(x), engine::Detail::kDecision);
        if (!decision.ok()) return decision.status();
        if (!engine::IsFinal(decision->verdict.kind)) {
          engine::NoteAlarms(decision->verdict, &outcomes[x]);
          continue;
        }
      }
      const auto assessment = run->Assess(static_cast<int>(x));
      if (!assessment.ok()) return assessment.status();
      engine::Outcome outcome =
          engine::OutcomeOf(*scenario.experiments[x], *assessment);
      outcome.look = look;
      outcome.sample_ratio_alarm |= outcomes[x].sample_ratio_alarm;
      for (std::string& kpi : outcomes[x].harmed) {
        if (std::find(outcome.harmed.begin(), outcome.harmed.end(), kpi) ==
            outcome.harmed.end()) {
          outcome.harmed.push_back(std::move(kpi));
        }
      }
      outcomes[x] = std::move(outcome);
      stopped[x] = true;
      --running;
    }
  }
  return outcomes;
}

absl::StatusOr<Simulation> Simulate(
    const World& world,
    const std::vector<std::vector<engine::TrueEffect>>& truth,
    const SimulateOptions& options) {
  if (options.replications < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "replications is ", options.replications, ", want 1 or more"));
  }
  if (truth.size() != world.scenario().experiments.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("truth is of ", truth.size(), " experiments, want ",
                     world.scenario().experiments.size()));
  }
  Simulation none;
  for (size_t x = 0; x < world.scenario().experiments.size(); ++x) {
    none.characteristics.emplace_back(*world.scenario().experiments[x],
                                      truth[x]);
  }
  const int threads = static_cast<int>(
      std::clamp<int64_t>(options.threads, 1, options.replications));
  std::vector<Simulation> parts(threads, none);
  Shared shared{options};
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) {
    others.emplace_back(Work, std::cref(world), &parts[i], &shared);
  }
  Work(world, &parts[0], &shared);
  for (std::thread& thread : others) thread.join();
  {
    absl::MutexLock lock(&shared.mutex);
    if (!shared.status.ok()) return shared.status;
  }
  for (const Simulation& part : parts) {
    for (size_t x = 0; x < none.characteristics.size(); ++x) {
      none.characteristics[x].Merge(part.characteristics[x]);
    }
    none.totals.units += part.totals.units;
    none.totals.events += part.totals.events;
  }
  return none;
}

}  // namespace stagecraft::simulations
