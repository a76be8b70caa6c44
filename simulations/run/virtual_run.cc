#include "simulations/run/virtual_run.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <thread>
#include <utility>

#include "engine/specs.h"
#include "engine/unit_fold.h"

namespace stagecraft::simulations {
namespace {

using engine::Micros;

// Units that a thread takes at once: fewer if there are few in all, so that all
// threads have some until the end.
constexpr int64_t kMostPerPart = 512;
constexpr int64_t kLeastPerPart = 32;
constexpr int64_t kPartsPerThread = 8;
// Units after which a thread puts its deltas in the books.
constexpr int64_t kPerFlush = 4096;

engine::FoldedSpecs MakeFolds(const Scenario& scenario, bool with_journey) {
  engine::Specs specs;
  if (with_journey) specs.journeys = {scenario.journey};
  specs.experiments = scenario.experiments;
  engine::FoldedSpecs fresh;
  return engine::Compile(specs, {}, /*newest=*/0, &fresh);
}

}  // namespace

// A life, and which looks know what of it late.
struct VirtualRun::Unit {
  Life life;
  // By event; empty if none is late. See LateLookOf.
  std::vector<int> late;
  int one_from = 0;  // The look from which its ids are known to be one.

  bool Knows(size_t event, int look) const {
    return late.empty() || late[event] <= look;
  }
};

struct VirtualRun::Worker {
  explicit Worker(const engine::FoldSet* folds) : folder(folds) {}

  std::unique_ptr<Unit> NewUnit() {
    if (spare.empty()) return std::make_unique<Unit>();
    auto unit = std::move(spare.back());
    spare.pop_back();
    return unit;
  }

  engine::UnitFolder folder;
  std::vector<std::unique_ptr<Unit>> spare;  // For their memory.
  std::vector<engine::UnitEvent> before;
  std::vector<engine::UnitEvent> events;
  std::vector<engine::UnitEvent> changed;
  Waiting waiting;
  RunTotals totals;
  std::vector<Micros>
      newest;  // By look: of the events that it is first to see.
};

VirtualRun::VirtualRun(const World* world, int threads, bool with_journey)
    : world_(world),
      scenario_(world->scenario()),
      folds_(std::make_unique<engine::FoldSet>(
          MakeFolds(scenario_, with_journey), &world->table())) {
  for (const auto& experiment : scenario_.experiments) {
    specs_.push_back(*folds_->ExperimentNumber(experiment->name));
    asks_newest_ |= experiment->plan.maximum_staleness.has_value();
  }
  for (int i = 0; i < std::max(threads, 1); ++i) {
    workers_.push_back(std::make_unique<Worker>(folds_.get()));
  }
}

VirtualRun::~VirtualRun() = default;

void VirtualRun::Watch(std::function<bool(int64_t units)> watch) {
  watch_ = std::move(watch);
}

void VirtualRun::Begin(const Draw& draw) {
  stopped_ = false;
  BeginOnTop(draw);
  for (size_t spec = 0; spec < folds_->size(); ++spec) {
    engine::Book& book = *folds_->book(spec);
    book.Restore(book.Read(
        [](const engine::Tallies& tallies) { return tallies.Zero(); }));
  }
  for (const auto& worker : workers_) {
    worker->totals = {};
    worker->newest.assign(scenario_.looks + 2, -1);
  }
}

void VirtualRun::BeginOnTop(const Draw& draw) {
  draw_ = draw;
  look_ = 0;
  next_unit_ = 0;
  const auto forget = [this](Waiting* waiting) {
    waiting->clear();
    waiting->resize(scenario_.looks + 1);
  };
  forget(&waiting_);
  for (const auto& worker : workers_) forget(&worker->waiting);
}

Micros VirtualRun::TimeOf(int look) const {
  return scenario_.start + look * scenario_.look_every;
}

int VirtualRun::LookOf(Micros time) const {
  if (time < scenario_.start) return 1;
  const Micros looks = (time - scenario_.start) / scenario_.look_every;
  return static_cast<int>(std::min<Micros>(looks, scenario_.looks)) + 1;
}

int VirtualRun::LateLookOf(Micros happened, Micros received) const {
  if (received == happened) return 0;
  const int should = LookOf(happened);
  if (received < TimeOf(should)) return 0;
  const int look = LookOf(received);
  return look == should ? 0 : look;
}

template <typename Fn>
void VirtualRun::ForEach(int64_t count, const Fn& fn) {
  const int64_t size = std::clamp(
      count / (kPartsPerThread * static_cast<int64_t>(workers_.size())),
      kLeastPerPart, kMostPerPart);
  std::atomic<int64_t> next{0};
  const auto work = [&](Worker* worker) {
    for (int64_t since_flush = 0; !stopped_;) {
      const int64_t from = next.fetch_add(size, std::memory_order_relaxed);
      if (from >= count) break;
      const int64_t to = std::min(from + size, count);
      const int64_t units = worker->totals.units;
      for (int64_t i = from; i < to; ++i) fn(worker, i);
      if (watch_ && !watch_(worker->totals.units - units)) stopped_ = true;
      since_flush += to - from;
      if (since_flush < kPerFlush) continue;
      worker->folder.Flush();
      since_flush = 0;
    }
    worker->folder.Flush();
  };
  const int64_t parts = (count + size - 1) / size;
  std::vector<std::thread> threads;
  for (size_t i = 1; i < workers_.size() && static_cast<int64_t>(i) < parts;
       ++i) {
    threads.emplace_back(work, workers_[i].get());
  }
  work(workers_[0].get());
  for (std::thread& thread : threads) thread.join();
}

int VirtualRun::Advance() {
  ++look_;
  // They changed since the look before.
  auto changed = std::move(waiting_[look_]);
  const auto again = static_cast<int64_t>(changed.size());
  const int64_t until = world_->UnitsBefore(TimeOf(look_));
  ForEach(again + until - next_unit_, [&](Worker* worker, int64_t i) {
    if (i < again) {
      FoldAgain(std::move(changed[i]), worker);
    } else {
      FoldNew(next_unit_ + i - again, worker);
    }
  });
  next_unit_ = until;
  for (const auto& worker : workers_) {
    for (int look = look_ + 1; look <= scenario_.looks; ++look) {
      auto& from = worker->waiting[look];
      std::move(from.begin(), from.end(), std::back_inserter(waiting_[look]));
      from.clear();
    }
  }
  return look_;
}

bool VirtualRun::Has(Part part, const LifeEvent& event) {
  return part == Part::kAll || event.known == (part == Part::kKnown);
}

void VirtualRun::Collect(const Unit& unit, Part part, Known known,
                         std::vector<engine::UnitEvent>* events) const {
  events->clear();
  const int look = known == Known::kBefore ? look_ - 1 : look_;
  for (size_t i = 0; i < unit.life.events.size(); ++i) {
    const LifeEvent& event = unit.life.events[i];
    if (Has(part, event) && unit.Knows(i, look)) {
      events->push_back(ToUnitEvent(event));
    }
  }
}

void VirtualRun::Replace(const Unit& unit, Part old, Part now,
                         Worker* worker) const {
  Collect(unit, now, Known::kNow, &worker->events);
  worker->before.clear();
  worker->changed.clear();
  bool appended = true;
  auto event = worker->events.begin();
  for (size_t i = 0; i < unit.life.events.size(); ++i) {
    const LifeEvent& source = unit.life.events[i];
    if (!Has(now, source) || !unit.Knows(i, look_)) continue;
    if (Has(old, source) && unit.Knows(i, look_ - 1)) {
      worker->before.push_back(*event);
      appended &= worker->changed.empty();
    } else {
      worker->changed.push_back(*event);
    }
    ++event;
  }
  if (worker->changed.empty()) return;
  if (appended) {
    worker->folder.Append(worker->events, worker->before.size(),
                          /*late=*/false);
  } else {
    worker->folder.Replace(worker->before, worker->events, worker->changed,
                           /*late=*/false);
  }
}

void VirtualRun::FoldNew(int64_t number, Worker* worker) const {
  std::unique_ptr<Unit> unit = worker->NewUnit();
  Life& life = unit->life;
  world_->Play(draw_, number, &life);
  ++worker->totals.units;
  worker->totals.events += static_cast<int64_t>(life.events.size());
  if (asks_newest_) NoteNewest(life, worker);
  unit->late.clear();
  unit->one_from = 0;
  if (!life.on_time) {
    for (const LifeEvent& event : life.events) {
      unit->late.push_back(LateLookOf(event.time, event.received));
    }
    if (life.has_two_ids()) {
      unit->one_from = LateLookOf(life.known_from, life.alias_received);
    }
  }
  const auto add = [&](Part part) {
    Collect(*unit, part, Known::kNow, &worker->events);
    if (!worker->events.empty()) worker->folder.Add(worker->events, 1);
  };
  if (unit->one_from <= look_) {
    add(Part::kAll);
  } else {
    add(Part::kAnonymous);
    add(Part::kKnown);
  }
  Keep(std::move(unit), worker);
}

void VirtualRun::Keep(std::unique_ptr<Unit> unit, Worker* worker) const {
  int next = scenario_.looks + 1;
  const auto consider = [&](int look) {
    if (look > look_ && look < next) next = look;
  };
  for (const int look : unit->late) consider(look);
  consider(unit->one_from);
  auto& list = next <= scenario_.looks ? worker->waiting[next] : worker->spare;
  list.push_back(std::move(unit));
}

void VirtualRun::NoteNewest(const Life& life, Worker* worker) const {
  for (const LifeEvent& event : life.events) {
    Micros& newest = worker->newest[LookOf(event.received)];
    newest = std::max(newest, event.time);
  }
}

void VirtualRun::FoldAgain(std::unique_ptr<Unit> unit, Worker* worker) const {
  if (unit->one_from == look_) {
    Collect(*unit, Part::kKnown, Known::kBefore, &worker->before);
    if (!worker->before.empty()) worker->folder.Add(worker->before, -1);
    Replace(*unit, Part::kAnonymous, Part::kAll, worker);
  } else if (unit->one_from < look_) {
    Replace(*unit, Part::kAll, Part::kAll, worker);
  } else {
    Replace(*unit, Part::kAnonymous, Part::kAnonymous, worker);
    Replace(*unit, Part::kKnown, Part::kKnown, worker);
  }
  Keep(std::move(unit), worker);
}

engine::ExperimentLook VirtualRun::Look(int experiment, Micros as_of) const {
  const size_t spec = specs_[experiment];
  engine::ExperimentLook look =
      folds_->book(spec)->Read([&](const engine::Tallies& tallies) {
        return engine::ReadLook(folds_->experiment(spec), tallies, 0, as_of);
      });
  Micros newest = -1;
  for (const auto& worker : workers_) {
    for (int seen = 1; asks_newest_ && seen <= look_; ++seen) {
      newest = std::max(newest, worker->newest[seen]);
    }
  }
  if (newest >= 0) look.newest_event_time = newest;
  return look;
}

engine::JourneyLook VirtualRun::LookAtJourney(Micros as_of) const {
  const auto& folded = folds_->specs().journeys.begin()->second;
  return folded.book->Read([&](const engine::Tallies& tallies) {
    return engine::ReadLook(*folded.fold, tallies, 0, as_of);
  });
}

absl::StatusOr<engine::Assessment> VirtualRun::Assess(
    int experiment, engine::Detail detail) const {
  return engine::Assess(
      *scenario_.experiments[experiment], TimeOf(look_),
      [&](Micros as_of) -> absl::StatusOr<engine::ExperimentLook> {
        return Look(experiment, as_of);
      },
      detail);
}

RunTotals VirtualRun::totals() const {
  RunTotals sum;
  for (const auto& worker : workers_) {
    sum.units += worker->totals.units;
    sum.events += worker->totals.events;
  }
  return sum;
}

}  // namespace stagecraft::simulations
