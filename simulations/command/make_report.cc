#include "simulations/command/make_report.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "engine/rehearsal.h"
#include "simulations/pool/unit_pool.h"
#include "simulations/run/simulate.h"
#include "simulations/run/truth.h"
#include "simulations/world/world.h"

namespace stagecraft::simulations {
namespace {

using engine::Micros;

// Blocks are a tenth of what a variant gets in the time of a look, so that what
// waits for its block to be full is little. `units_per_day`: who meet the
// experiment.
int64_t BlockSize(const Scenario& scenario, const engine::Experiment& plan,
                  double units_per_day) {
  const double per_look =
      units_per_day * static_cast<double>(scenario.look_every) / engine::kDay /
      static_cast<double>(plan.variants.size());
  return std::clamp<int64_t>(static_cast<int64_t>(per_look / 10), 1, 100);
}

// The scenario as it is played. Errors: kInvalidArgument.
absl::StatusOr<std::shared_ptr<const Scenario>> Prepare(
    const Scenario& scenario, const ReportOptions& options) {
  auto played = std::make_shared<Scenario>(scenario);
  const Micros span = scenario.looks * scenario.look_every;
  if (options.looks.has_value()) {
    const int64_t most = span / engine::kHour;
    if (*options.looks < 1 || *options.looks > most) {
      return absl::InvalidArgumentError(absl::StrCat(
          "looks is ", *options.looks, ", want 1 to ", most,
          ", one for each hour until the last look of the scenario"));
    }
    played->looks = *options.looks;
    played->look_every = span / *options.looks / engine::kHour * engine::kHour;
    // Looks are whole hours apart; the last one must not come much earlier.
    if (span - *options.looks * played->look_every >= played->look_every) {
      return absl::InvalidArgumentError(absl::StrCat(
          "looks is ", *options.looks, ", want a number like ",
          span / played->look_every, ", by which the ", span / engine::kHour,
          " hours until the scenario's last look divide nearly evenly"));
    }
  }
  const Micros arrivals_end = ArrivalsEnd(scenario);
  if (arrivals_end <= scenario.start) {
    return absl::FailedPreconditionError(
        "world.start is at the end of arrivals, want somebody to come after "
        "it");
  }
  if (arrivals_end < scenario.start + span) {
    for (auto& experiment : played->experiments) {
      auto concluded = std::make_shared<engine::Experiment>(*experiment);
      concluded->end_time = arrivals_end;
      experiment = std::move(concluded);
    }
  }
  return played;
}

// Whether the scenario breaks the split of an experiment.
bool IsSplitBroken(const Scenario& scenario, int experiment) {
  const Faults& faults = scenario.faults;
  const auto concerns = [&](const auto& fault) {
    return fault.arm.experiment == experiment && fault.share > 0;
  };
  return std::any_of(faults.lost_exposures.begin(), faults.lost_exposures.end(),
                     concerns) ||
         std::any_of(faults.broken_splits.begin(), faults.broken_splits.end(),
                     concerns);
}

// Looks that were taken: each replication takes those up to its stop.
int64_t LooksTaken(const engine::OperatingCharacteristics::Summary& summary,
                   int looks) {
  double stopped = 0;
  double taken = 0;
  for (int k = 0; k < looks; ++k) {
    taken += 1 - stopped;
    if (k < static_cast<int>(summary.stopped_by_look.size())) {
      stopped = summary.stopped_by_look[k];
    }
  }
  return static_cast<int64_t>(
      taken * static_cast<double>(summary.replications) + 0.5);
}

class Simulator {
 public:
  Simulator(std::shared_ptr<const Scenario> scenario,
            const ReportOptions& options)
      : shared_scenario_(std::move(scenario)),
        scenario_(*shared_scenario_),
        options_(options) {}

  absl::Status FromEvents(SimulationReport* report) {
    Begin("units", 0);
    TruthOptions asked = {.units = options_.pool_units,
                          .threads = options_.threads};
    asked.progress = [this](int64_t done, int64_t total) {
      return Reach(done, total);
    };
    const auto truth = TrueEffects(scenario_, asked);
    if (!truth.ok()) return truth.status();
    Begin("replications", options_.replications);
    const World world(shared_scenario_);
    const auto found =
        Simulate(world, *truth,
                 {.seed = options_.seed,
                  .replications = options_.replications,
                  .threads = options_.threads,
                  .progress = [this](int64_t done) { return Reach(done); }});
    if (!found.ok()) return found.status();
    report->events = found->totals.events;
    for (size_t i = 0; i < truth->size(); ++i) {
      report->plans.push_back({*scenario_.experiments[i], (*truth)[i],
                               found->characteristics[i].Summarize(),
                               IsSplitBroken(scenario_, static_cast<int>(i))});
    }
    return absl::OkStatus();
  }

  absl::Status FromTallies(SimulationReport* report) {
    for (size_t i = 0; i < scenario_.expectations.size(); ++i) {
      const Expectation& expectation = scenario_.expectations[i];
      if (expectation.of == Expectation::Of::kSampleRatioAlarm &&
          IsSplitBroken(scenario_, expectation.experiment)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "expect[", i,
            "].measure is SAMPLE_RATIO_ALARM of a broken split, "
            "want events to drive the simulation: tallies know no faults"));
      }
    }
    report->pool_units = options_.pool_units;
    for (size_t i = 0; i < scenario_.experiments.size(); ++i) {
      auto plan = FromPool(static_cast<int>(i), &report->events);
      if (!plan.ok()) return plan.status();
      report->plans.push_back(*std::move(plan));
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<PlanReport> FromPool(int experiment, int64_t* events) {
    const engine::Experiment& plan = *scenario_.experiments[experiment];
    Begin("units",
          options_.pool_units * static_cast<int64_t>(plan.variants.size()));
    // Few tell how many of those who come meet the experiment.
    constexpr int64_t kProbe = 500;
    const auto probe =
        MakeUnitPool(scenario_, experiment,
                     {.seed = options_.seed,
                      .units = std::min(kProbe, options_.pool_units),
                      .threads = options_.threads,
                      .progress = [this](int64_t) { return Advance(0); }});
    if (!probe.ok()) return probe.status();
    const auto pool = MakeUnitPool(
        scenario_, experiment,
        {.seed = options_.seed,
         .units = options_.pool_units,
         .units_per_block = BlockSize(scenario_, plan, probe->units_per_day),
         .threads = options_.threads,
         .progress = [this](int64_t units) { return Advance(units); }});
    if (!pool.ok()) return pool.status();
    *events += pool->events;

    Begin("replications", options_.replications);
    engine::RehearsalOptions rehearsal;
    rehearsal.units_per_day = pool->units_per_day;
    rehearsal.looks = scenario_.looks;
    rehearsal.look_every = scenario_.look_every;
    rehearsal.replications = options_.replications;
    rehearsal.seed = options_.seed;
    rehearsal.threads = options_.threads;
    if (plan.end_time.has_value()) {
      rehearsal.arrivals_end = *plan.end_time - scenario_.start;
    }
    rehearsal.progress = [this](int64_t done) { return Reach(done); };
    const auto found = engine::Rehearse(plan, pool->arms, rehearsal);
    if (!found.ok()) return found.status();
    Reach(options_.replications);
    return PlanReport{plan, engine::TrueEffects(plan, pool->arms),
                      found->Summarize(), /*split_broken=*/false};
  }

  void Begin(std::string items, int64_t total) {
    absl::MutexLock lock(&mutex_);
    progress_ = {std::move(items), 0, total};
  }
  bool Advance(int64_t more) {
    absl::MutexLock lock(&mutex_);
    progress_.done += more;
    return !options_.progress || options_.progress(progress_);
  }
  bool Reach(int64_t done, std::optional<int64_t> total = std::nullopt) {
    absl::MutexLock lock(&mutex_);
    progress_.done = done;
    if (total.has_value()) progress_.total = *total;
    return !options_.progress || options_.progress(progress_);
  }

  const std::shared_ptr<const Scenario> shared_scenario_;
  const Scenario& scenario_;
  const ReportOptions& options_;
  absl::Mutex mutex_;
  ReportProgress progress_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<SimulationReport> MakeReport(const Scenario& scenario,
                                            const ReportOptions& options) {
  if (scenario.experiments.empty()) {
    return absl::FailedPreconditionError(
        "experiments is empty, want at least one to simulate");
  }
  const auto prepared = Prepare(scenario, options);
  if (!prepared.ok()) return prepared.status();
  const Scenario& played = **prepared;
  SimulationReport report;
  report.scenario = played.id;
  report.description = played.description;
  report.driven = options.driven;
  report.seed = options.seed;
  report.replications = options.replications;
  report.looks = played.looks;
  report.look_every = played.look_every;
  Simulator simulator(*prepared, options);
  const absl::Status status = options.driven == Driven::kEvents
                                  ? simulator.FromEvents(&report)
                                  : simulator.FromTallies(&report);
  if (!status.ok()) return status;
  for (const Expectation& expectation : played.expectations) {
    report.plans[expectation.experiment].expectations.push_back(expectation);
  }
  for (const PlanReport& plan : report.plans) {
    report.looks_taken += LooksTaken(plan.summary, report.looks);
  }
  return report;
}

}  // namespace stagecraft::simulations
