#include "simulations/pool/unit_pool.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/fold_set.h"
#include "engine/look.h"
#include "engine/specs.h"
#include "engine/unit_fold.h"
#include "simulations/world/world.h"

namespace stagecraft::simulations {
namespace {

using engine::Micros;

constexpr Micros kOpenEnded = 90 * engine::kDay;
// Replications of the world from here on are the pool's.
constexpr int64_t kFirstReplication = int64_t{1} << 40;
// So many units are played for one that meets the experiment, at most.
constexpr int64_t kMostPerUnit = 1000;
constexpr int64_t kReportEvery = 1024;

// How long after exposure everything has happened that is counted.
Micros LongestWindow(const engine::Experiment& experiment) {
  Micros longest = engine::GuardrailWindow(experiment);
  for (const engine::Kpi& kpi : experiment.kpis) {
    longest = std::max(
        longest, kpi.length.has_value() ? kpi.delay + *kpi.length : kOpenEnded);
  }
  return longest;
}

// The same world without faults, that goes on until all windows are over. Who
// arrives last may take as long as the world to reach the experiment's stage.
std::shared_ptr<const Scenario> PoolScenario(const Scenario& scenario,
                                             int experiment) {
  auto pool = std::make_shared<Scenario>(scenario);
  pool->faults = {};
  pool->identity = {};
  pool->end += (scenario.end - scenario.begin) +
               LongestWindow(*scenario.experiments[experiment]);
  pool->end = std::min(pool->end, engine::kMaxTime);
  return pool;
}

// Steps of it, modulo `units`, come to every unit once, and spread: near the
// golden section, and without a common divisor.
int64_t ScatteringStep(int64_t units) {
  int64_t step =
      static_cast<int64_t>(0.6180339887 * static_cast<double>(units));
  step = std::max<int64_t>(step, 1);
  while (std::gcd(step, units) != 1) ++step;
  return step;
}

// Plays units under one variant.
class ArmPlayer {
 public:
  ArmPlayer(const World& world, int experiment, int variant,
            const PoolOptions& options)
      : world_(world),
        experiment_(experiment),
        variant_(variant),
        options_(options),
        set_(MakeFolds(world.scenario(), experiment), &world.table()),
        folder_(&set_),
        tallies_(set_.experiment(0).ZeroTallies()) {}

  // Stops early when `stop` is set, and sets it when the progress says so.
  void Play(std::atomic<bool>* stop) {
    Draw draw = {.seed = options_.seed,
                 .replication = kFirstReplication,
                 .forced_experiment = experiment_,
                 .forced_variant = variant_,
                 .copies = false};
    Life life;
    const int64_t most = options_.units > INT64_MAX / kMostPerUnit
                             ? INT64_MAX
                             : options_.units * kMostPerUnit;
    // Units are numbered by their arrival: they are taken from all over the
    // world's time, each once.
    const int64_t units = world_.units();
    const int64_t step = ScatteringStep(units);
    int64_t unit = 0;
    int64_t seen = 0;
    while (met_ < options_.units && played_ < most) {
      if (played_ % kReportEvery == 0 && played_ > 0) {
        Report(stop);
        if (*stop) return;
      }
      world_.Play(draw, unit, &life);
      ++played_;
      Take(life);
      unit = (unit + step) % units;
      if (++seen == units) {
        seen = 0;
        unit = 0;
        ++draw.replication;
      }
    }
    if (in_block_ > 0) EndBlock();
    Report(stop);
  }

  engine::RehearsalArm& arm() { return arm_; }
  int64_t met() const { return met_; }
  int64_t played() const { return played_; }
  int64_t events() const { return events_; }

 private:
  static engine::FoldedSpecs MakeFolds(const Scenario& scenario,
                                       int experiment) {
    engine::FoldedSpecs fresh;
    return engine::Compile(
        {.journeys = {}, .experiments = {scenario.experiments[experiment]}}, {},
        /*newest=*/0, &fresh);
  }

  void Report(std::atomic<bool>* stop) {
    if (!options_.progress) return;
    if (!options_.progress(met_ - reported_)) *stop = true;
    reported_ = met_;
  }

  void Take(const Life& life) {
    if (life.met[experiment_].variant != variant_) return;
    unit_.clear();
    for (const LifeEvent& event : life.events) {
      unit_.push_back(ToUnitEvent(event));
    }
    set_.Contribute(0, folder_.Facts(unit_), &contribution_);
    if (contribution_.changes.empty()) return;
    tallies_.Apply(contribution_, 1);
    events_ += static_cast<int64_t>(unit_.size());
    ++met_;
    if (++in_block_ == options_.units_per_block) EndBlock();
  }

  // Reads the block's tallies as a look would at the end of the world.
  void EndBlock() {
    engine::ExperimentLook look = engine::ReadLook(set_.experiment(0), tallies_,
                                                   0, world_.scenario().end);
    engine::UnitBlock block;
    block.units = look.units[variant_];
    for (std::vector<engine::KpiTally>& kpi : look.kpis) {
      block.kpis.push_back(std::move(kpi[variant_].sums));
      block.times.push_back(std::move(kpi[variant_].bins));
    }
    for (std::vector<engine::KpiTally>& stage : look.stage_conversions) {
      block.stage_conversions.push_back(std::move(stage[variant_].sums));
    }
    if (!look.time_in_stage.empty()) {
      block.time_in_stage = std::move(look.time_in_stage[variant_].bins);
    }
    arm_.blocks.push_back(std::move(block));
    tallies_ = tallies_.Zero();
    in_block_ = 0;
  }

  const World& world_;
  const int experiment_;
  const int variant_;
  const PoolOptions& options_;
  engine::FoldSet set_;
  engine::UnitFolder folder_;
  engine::Tallies tallies_;  // Of the block.
  engine::Contribution contribution_;
  std::vector<engine::UnitEvent> unit_;
  engine::RehearsalArm arm_;
  int64_t in_block_ = 0;
  int64_t met_ = 0;
  int64_t played_ = 0;
  int64_t events_ = 0;
  int64_t reported_ = 0;
};

}  // namespace

Micros ArrivalsEnd(const Scenario& scenario) {
  return scenario.begin +
         static_cast<Micros>(scenario.arrivals.size() - 1) * engine::kHour;
}

absl::StatusOr<UnitPool> MakeUnitPool(const Scenario& scenario, int experiment,
                                      const PoolOptions& options) {
  const World world(PoolScenario(scenario, experiment));
  const engine::Experiment& spec = *scenario.experiments[experiment];
  std::vector<std::unique_ptr<ArmPlayer>> players;
  for (size_t v = 0; v < spec.variants.size(); ++v) {
    players.push_back(std::make_unique<ArmPlayer>(
        world, experiment, static_cast<int>(v), options));
  }
  std::atomic<size_t> next{0};
  std::atomic<bool> stop{false};
  const auto work = [&] {
    for (size_t i = next++; i < players.size() && !stop; i = next++) {
      players[i]->Play(&stop);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < options.threads && i < static_cast<int>(players.size());
       ++i) {
    threads.emplace_back(work);
  }
  work();
  for (std::thread& thread : threads) thread.join();
  if (stop) return absl::CancelledError("stopped while units were played");

  UnitPool pool;
  for (const auto& player : players) {
    if (player->met() < options.units) {
      return absl::FailedPreconditionError(absl::StrCat(
          spec.name, ": ", player->met(), " of ", player->played(),
          " people meet the experiment, want more than one in ", kMostPerUnit));
    }
    pool.arms.push_back(std::move(player->arm()));
    pool.events += player->events();
  }
  // The mean over that time.
  pool.arrivals_end = ArrivalsEnd(scenario) - scenario.start;
  const double share = static_cast<double>(players[0]->met()) /
                       static_cast<double>(players[0]->played());
  pool.units_per_day = share * static_cast<double>(world.units()) *
                       static_cast<double>(engine::kDay) /
                       static_cast<double>(pool.arrivals_end);
  return pool;
}

}  // namespace stagecraft::simulations
