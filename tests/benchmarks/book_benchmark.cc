// Books: what a change costs from a unit's contribution to the tallies, what a
// look costs, and the memory of the tallies.
//
// The tallies of the looks are those of five million units that came over 30
// days, minute by minute, into ten slots: everybody, and two dimensions. Half
// of them go on, after times with a heavy tail (log-normal, median 2 hours).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "engine/book.h"
#include "engine/look.h"

namespace stagecraft::engine {
namespace {

constexpr Micros kBegin = 20'000 * kDay;
constexpr Micros kDays = 30;
constexpr Micros kMinute = 60 * kSecond;
constexpr int kUnits = 5'000'000;
constexpr int kBatchUnits = 5000;
constexpr const char* kStages[] = {"see", "want", "cart", "buy", "tell"};

std::shared_ptr<const Journey> MakeJourney() {
  auto journey = std::make_shared<Journey>();
  journey->name = "journeys/j";
  journey->time_resolution = kMinute;
  for (const char* stage : kStages) {
    journey->stages.push_back({.id = stage, .entry = {{stage}, std::nullopt}});
  }
  // With those of other values and of none: ten slots.
  journey->segments = {{"plan", {"free", "plus", "pro"}},
                       {"app", {"ios", "web"}}};
  return journey;
}

std::shared_ptr<const Experiment> MakeExperiment() {
  auto experiment = std::make_shared<Experiment>();
  experiment->journey = MakeJourney();
  experiment->name = "journeys/j/experiments/e";
  experiment->stage = kStages[0];
  experiment->variants = {{"a", 500000}, {"b", 500000}};
  experiment->start_time = kBegin;
  experiment->segments = experiment->journey->segments;
  for (const KpiKind kind :
       {KpiKind::kConversion, KpiKind::kValueSum, KpiKind::kCount,
        KpiKind::kRatio, KpiKind::kTimeToEvent}) {
    Kpi kpi;
    kpi.kind = kind;
    kpi.name = "journeys/j/kpis/k";
    kpi.events = {{"buy"}, std::nullopt};
    kpi.denominator = {{"cart"}, std::nullopt};
    kpi.length = 7 * kDay;
    experiment->kpis.push_back(kpi);
  }
  experiment->plan.primary_kpis = {experiment->kpis[0].name};
  return experiment;
}

// Contributions as the folds make them.
class Maker {
 public:
  Maker(uint64_t seed, bool durations) : random_(seed), durations_(durations) {}

  // Of a unit that came in this minute.
  Contribution Experimental(const ExperimentFold& fold, Micros entry) {
    const Experiment& experiment = fold.experiment();
    const ExperimentColumns& columns = fold.columns();
    Begin(entry, static_cast<int16_t>(random_() & 1));
    Put(ExperimentColumns::kUnits, EventTick(entry), 1, {});
    Put(ExperimentColumns::kMatched, EventTick(entry), 1, {});
    const Micros next = entry + Wait();
    const bool goes_on = random_() % 2 == 0 && next < kBegin + kDays * kDay;
    for (size_t k = 0; k < experiment.kpis.size(); ++k) {
      const Kpi& kpi = experiment.kpis[k];
      const int column = columns.Kpi(static_cast<int>(k));
      if (kpi.kind == KpiKind::kTimeToEvent) {
        Time(column, entry, goes_on ? next : -1, *kpi.length);
        continue;
      }
      const MicroValue value =
          goes_on ? static_cast<MicroValue>(random_() % 100'000'000) : 0;
      Put(column, TimedTick(entry + *kpi.length), 1, {value, 1'000'000});
    }
    for (int stage = 1; stage < 5; ++stage) {
      if (goes_on) Put(columns.StageReached(stage), EventTick(next), 1, {});
      Put(columns.StageConversion(stage), TimedTick(entry + 14 * kDay), 1,
          {goes_on ? 1'000'000 : 0});
    }
    Time(columns.TimeInStage(), entry, goes_on ? next : -1, 14 * kDay);
    return contribution_;
  }
  Contribution Travelled(Micros entry) {
    Begin(entry, 0);
    for (int stage = 0; stage < 5 && entry < kBegin + kDays * kDay; ++stage) {
      const auto column = [&](JourneyFold::StageColumn c) {
        return JourneyFold::ColumnOf(stage, c);
      };
      Put(column(JourneyFold::kEntered), EventTick(entry), 1, {});
      if (stage == 4) break;
      const Micros next = entry + Wait();
      const bool goes_on = random_() % 2 == 0 && next < kBegin + kDays * kDay;
      Time(column(JourneyFold::kTime), entry, goes_on ? next : -1, 0);
      if (!goes_on) break;
      Put(column(JourneyFold::kAdvanced), EventTick(next), 1, {});
      entry = next;
    }
    return contribution_;
  }

 private:
  Micros Wait() {
    return static_cast<Micros>(std::exp(normal_(random_) * 1.8) * 2 *
                               static_cast<double>(kHour));
  }
  void Begin(Micros, int16_t group) {
    contribution_.slots = {0, static_cast<int>(1 + random_() % 5),
                           static_cast<int>(6 + random_() % 4)};
    contribution_.changes.clear();
    group_ = group;
  }
  void Put(int column, Tick tick, int sign, const UnitValue& value,
           DurationKind kind = DurationKind::kOpen) {
    contribution_.changes.push_back({static_cast<int16_t>(column), group_, tick,
                                     static_cast<int8_t>(sign), kind, value});
  }
  void Time(int column, Micros entry, Micros end, Micros horizon) {
    if (!durations_) return;
    const UnitValue open = {EntryBinOf(entry, kMinute)};
    Put(column, EventTick(entry), 1, open);
    if (end >= 0 && (horizon == 0 || end < entry + horizon)) {
      Put(column, EventTick(end), -1, open);
      Put(column, EventTick(end), 1, {DurationBinOf(end - entry, kMinute)},
          DurationKind::kEvent);
    }
  }

  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  const bool durations_;
  int16_t group_ = 0;
  Contribution contribution_;
};

// A book with all units, once for all looks.
struct Full {
  explicit Full(bool of_experiment)
      : experiment(MakeExperiment()),
        journey(MakeJourney()),
        book(of_experiment ? experiment.ZeroTallies() : journey.ZeroTallies()) {
    Maker maker(1, true);
    BookDelta delta = book.NewDelta();
    for (int unit = 0; unit < kUnits; ++unit) {
      const Micros entry = kBegin + kDays * kDay / kUnits * unit;
      delta.Add(of_experiment ? maker.Experimental(experiment, entry)
                              : maker.Travelled(entry),
                1);
      if (unit % kBatchUnits != kBatchUnits - 1) continue;
      book.Apply(delta);
      delta.Clear();
    }
  }
  ExperimentFold experiment;
  JourneyFold journey;
  Book book;
};

const Full& FullExperiment() {
  static const Full& full = *new Full(true);
  return full;
}
const Full& FullJourney() {
  static const Full& full = *new Full(false);
  return full;
}

// The cost of a change and slot, when `units` make a batch: new units that came
// in the same hour (live), or in any of the 30 days (history).
void BM_DeltaAndApply(benchmark::State& state) {
  const auto units = static_cast<size_t>(state.range(0));
  const bool live = state.range(1) != 0;
  const bool apply = state.range(2) != 0;
  const ExperimentFold fold(MakeExperiment());
  Maker maker(2, state.range(3) != 0);
  std::mt19937_64 random(3);
  std::vector<Contribution> pool;
  for (int i = 0; i < 20'000; ++i) {
    const Micros since = live
                             ? 15 * kDay + static_cast<Micros>(random() % kHour)
                             : static_cast<Micros>(random() % (kDays * kDay));
    pool.push_back(maker.Experimental(fold, kBegin + since));
  }
  Book book(fold.ZeroTallies());
  BookDelta delta = book.NewDelta();
  size_t next = 0;
  int64_t changes = 0;
  for (auto _ : state) {
    delta.Clear();
    for (size_t i = 0; i < units; ++i) {
      const Contribution& unit = pool[next++ % pool.size()];
      delta.Add(unit, 1);
      changes += unit.changes.size() * unit.slots.size();
    }
    if (apply) book.Apply(delta);
  }
  state.counters["s/change"] = benchmark::Counter(
      static_cast<double>(changes),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetItemsProcessed(changes);
}
BENCHMARK(BM_DeltaAndApply)
    ->ArgNames({"units", "live", "apply", "durations"})
    ->ArgsProduct({{1000, 10'000}, {1, 0}, {0, 1}, {0, 1}});

// A unit's contribution before and after one more event, which changes two
// values, in the batches of the engine.
void BM_Replace(benchmark::State& state) {
  const ExperimentFold fold(MakeExperiment());
  Maker maker(2, true);
  std::vector<std::pair<Contribution, Contribution>> pool;
  for (int i = 0; i < 5000; ++i) {
    Contribution before = maker.Experimental(fold, kBegin + i * kSecond);
    Contribution after = before;
    after.changes[2].value[0] += 1'000'000;
    after.changes[3].value[0] += 70'000'000;
    pool.emplace_back(before, after);
  }
  Book book(fold.ZeroTallies());
  BookDelta delta = book.NewDelta();
  for (auto _ : state) {
    delta.Clear();
    for (const auto& [before, after] : pool) delta.Replace(before, after);
    book.Apply(delta);
  }
  state.SetItemsProcessed(state.iterations() * pool.size());
}
BENCHMARK(BM_Replace);

// Hours before the end of the 30 days; -1: half an hour after it.
void BM_LookAtExperiment(benchmark::State& state) {
  const Full& full = FullExperiment();
  const Micros as_of =
      kBegin + kDays * kDay -
      (state.range(0) < 0 ? -kHour / 2 : state.range(0) * kHour);
  size_t bins = 0;
  for (auto _ : state) {
    const ExperimentLook look = full.book.Read([&](const Tallies& tallies) {
      return ReadLook(full.experiment, tallies, 0, as_of);
    });
    bins = look.kpis[4][0].bins.size() + look.kpis[4][1].bins.size() +
           look.time_in_stage[0].bins.size() +
           look.time_in_stage[1].bins.size();
    benchmark::DoNotOptimize(look);
  }
  state.counters["bins"] = static_cast<double>(bins);
  state.counters["MB"] = full.book.Read([](const Tallies& tallies) {
    return static_cast<double>(tallies.bytes()) / 1e6;
  });
}
BENCHMARK(BM_LookAtExperiment)
    ->Arg(-1)
    ->Arg(0)
    ->Arg(24)
    ->Arg(360)
    ->Arg(700)
    ->Unit(benchmark::kMicrosecond);

void BM_LookAtJourney(benchmark::State& state) {
  const Full& full = FullJourney();
  const Micros as_of = kBegin + kDays * kDay - state.range(0) * kHour;
  for (auto _ : state) {
    benchmark::DoNotOptimize(full.book.Read([&](const Tallies& tallies) {
      return ReadLook(full.journey, tallies, 0, as_of);
    }));
  }
  state.counters["MB"] = full.book.Read([](const Tallies& tallies) {
    return static_cast<double>(tallies.bytes()) / 1e6;
  });
}
BENCHMARK(BM_LookAtJourney)->Arg(0)->Arg(360)->Unit(benchmark::kMicrosecond);

void BM_Serialize(benchmark::State& state) {
  const Full& full = FullExperiment();
  size_t bytes = 0;
  for (auto _ : state) {
    bytes = full.book.Read(
        [](const Tallies& tallies) { return tallies.Serialize().size(); });
  }
  state.counters["MB"] = static_cast<double>(bytes) / 1e6;
}
BENCHMARK(BM_Serialize)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stagecraft::engine
