#include "simulations/run/virtual_run.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "engine/specs.h"
#include "engine/unit_fold.h"

namespace stagecraft::simulations {
namespace {

using engine::Micros;

constexpr int64_t kPart = 512;  // Units that a thread takes at once.
constexpr int kPartsPerFlush =
    8;  // Then a thread puts its deltas in the books.

engine::FoldedSpecs MakeFolds(const Scenario& scenario, bool with_journey) {
  engine::Specs specs;
  if (with_journey) specs.journeys = {scenario.journey};
  specs.experiments = scenario.experiments;
  engine::FoldedSpecs fresh;
  return engine::Compile(specs, {}, /*newest=*/0, &fresh);
}

}  // namespace

struct VirtualRun::Worker {
  explicit Worker(const engine::FoldSet* folds) : folder(folds) {}

  engine::UnitFolder folder;
  Life life;
  std::vector<engine::UnitEvent> events;
  std::vector<engine::UnitEvent> before;
  std::vector<engine::UnitEvent> changed;
  std::vector<Pending> pending;
  RunTotals totals;
  std::vector<Micros>
      newest;     // By look: of the events that it is first to see.
  int parts = 0;  // Since the last flush.
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

void VirtualRun::Begin(const Draw& draw) {
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
  pending_.assign(scenario_.looks + 1, {});
}

Micros VirtualRun::TimeOf(int look) const {
  return scenario_.start + look * scenario_.look_every;
}

int VirtualRun::LookOf(Micros time) const {
  if (time < scenario_.start) return 1;
  const Micros looks = (time - scenario_.start) / scenario_.look_every;
  return static_cast<int>(std::min<Micros>(looks, scenario_.looks)) + 1;
}

template <typename Fn>
void VirtualRun::ForEachPart(int64_t begin, int64_t end, const Fn& fn) {
  std::atomic<int64_t> next{begin};
  const auto work = [&](Worker* worker) {
    while (true) {
      const int64_t from = next.fetch_add(kPart, std::memory_order_relaxed);
      if (from >= end) break;
      fn(worker, from, std::min(from + kPart, end));
      if (++worker->parts % kPartsPerFlush == 0) worker->folder.Flush();
    }
    worker->folder.Flush();
  };
  const int64_t parts = (end - begin + kPart - 1) / kPart;
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
  const std::vector<int64_t> changed = std::move(pending_[look_]);
  ForEachPart(0, static_cast<int64_t>(changed.size()),
              [&](Worker* worker, int64_t from, int64_t to) {
                for (int64_t i = from; i < to; ++i) {
                  FoldAgain(changed[i], worker);
                }
              });
  const int64_t until = world_->UnitsBefore(TimeOf(look_));
  ForEachPart(next_unit_, until, [&](Worker* worker, int64_t from, int64_t to) {
    for (int64_t unit = from; unit < to; ++unit) {
      FoldNew(unit, worker);
    }
  });
  next_unit_ = until;
  KeepPending();
  return look_;
}

void VirtualRun::KeepPending() {
  for (const auto& worker : workers_) {
    for (const Pending& pending : worker->pending) {
      pending_[pending.look].push_back(pending.unit);
    }
    worker->pending.clear();
  }
}

int VirtualRun::NextChange(const Life& life, int look) const {
  if (life.on_time) return 0;
  int next = scenario_.looks + 1;
  const auto consider = [&](Micros happened, Micros received) {
    const int at = LookOf(received);
    if (at > look && at < next && at > LookOf(happened)) next = at;
  };
  for (const LifeEvent& event : life.events) {
    consider(event.time, event.received);
  }
  if (life.has_two_ids()) consider(life.known_from, life.alias_received);
  return next > scenario_.looks ? 0 : next;
}

// What arrives before the look that sees it anyway may be there already: looks
// before that do not see it.
bool VirtualRun::IsThere(Micros happened, Micros received, int look) const {
  const int at = LookOf(received);
  return at <= look || at == LookOf(happened);
}

bool VirtualRun::IsOne(const Life& life, int look) const {
  return !life.has_two_ids() ||
         IsThere(life.known_from, life.alias_received, look);
}

void VirtualRun::Collect(const Life& life, Part part, int look,
                         std::vector<engine::UnitEvent>* events) const {
  events->clear();
  for (const LifeEvent& event : life.events) {
    if (part != Part::kAll && event.known != (part == Part::kKnown)) continue;
    if (!life.on_time && !IsThere(event.time, event.received, look)) continue;
    events->push_back(ToUnitEvent(event));
  }
}

void VirtualRun::AddVersion(int look, int sign, Worker* worker) const {
  const auto add = [&](Part part) {
    Collect(worker->life, part, look, &worker->events);
    if (!worker->events.empty()) worker->folder.Add(worker->events, sign);
  };
  if (IsOne(worker->life, look)) {
    add(Part::kAll);
  } else {
    add(Part::kAnonymous);
    add(Part::kKnown);
  }
}

void VirtualRun::ReplacePart(Part part, Worker* worker) const {
  Collect(worker->life, part, look_ - 1, &worker->before);
  Collect(worker->life, part, look_, &worker->events);
  worker->changed.clear();
  size_t at = 0;
  for (const engine::UnitEvent& event : worker->events) {
    if (at < worker->before.size() && worker->before[at].time == event.time) {
      ++at;
    } else {
      worker->changed.push_back(event);
    }
  }
  if (worker->changed.empty()) return;
  worker->folder.Replace(worker->before, worker->events, worker->changed,
                         /*late=*/false);
}

void VirtualRun::FoldNew(int64_t unit, Worker* worker) const {
  world_->Play(draw_, unit, &worker->life);
  ++worker->totals.units;
  worker->totals.events += static_cast<int64_t>(worker->life.events.size());
  AddVersion(look_, 1, worker);
  if (asks_newest_) NoteNewest(worker->life, worker);
  const int next = NextChange(worker->life, look_);
  if (next != 0) worker->pending.push_back({unit, next});
}

void VirtualRun::NoteNewest(const Life& life, Worker* worker) const {
  for (const LifeEvent& event : life.events) {
    Micros& newest = worker->newest[LookOf(event.received)];
    newest = std::max(newest, event.time);
  }
}

void VirtualRun::FoldAgain(int64_t unit, Worker* worker) const {
  const Life& life = worker->life;
  world_->Play(draw_, unit, &worker->life);
  if (IsOne(life, look_ - 1) != IsOne(life, look_)) {
    AddVersion(look_ - 1, -1, worker);
    AddVersion(look_, 1, worker);
  } else if (IsOne(life, look_)) {
    ReplacePart(Part::kAll, worker);
  } else {
    ReplacePart(Part::kAnonymous, worker);
    ReplacePart(Part::kKnown, worker);
  }
  const int next = NextChange(life, look_);
  if (next != 0) worker->pending.push_back({unit, next});
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
