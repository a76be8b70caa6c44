// One replication of a scenario in virtual time, event by event: each unit's
// life goes through the fold that serves, and looks read the tallies as the
// service does. No store, no wire, no clock.
#ifndef STAGECRAFT_SIMULATIONS_RUN_VIRTUAL_RUN_H_
#define STAGECRAFT_SIMULATIONS_RUN_VIRTUAL_RUN_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/assessment.h"
#include "engine/fold_set.h"
#include "engine/look.h"
#include "engine/unit_events.h"
#include "simulations/world/world.h"

namespace stagecraft::simulations {

struct RunTotals {
  int64_t units = 0;   // That were folded.
  int64_t events = 0;  // Of them, each once.
};

// Not thread-safe; works with several threads of its own. The tallies do not
// depend on how many.
class VirtualRun {
 public:
  // `world` outlives it. The journey's own tallies are kept only if wanted.
  VirtualRun(const World* world, int threads, bool with_journey = false);
  ~VirtualRun();

  VirtualRun(const VirtualRun&) = delete;
  VirtualRun& operator=(const VirtualRun&) = delete;

  // Calls `watch` now and then from any of the run's threads, with how many
  // more units were folded. When it answers false the run is stopped: it folds
  // nothing more, and what it says is of no use, until it begins again.
  void Watch(std::function<bool(int64_t units)> watch);
  bool stopped() const { return stopped_; }

  // Forgets all, and is at the beginning of this draw.
  void Begin(const Draw& draw);
  // The same, but what was folded so far stays: its units come on top.
  void BeginOnTop(const Draw& draw);
  // The moment of a look, from 1 to Scenario::looks.
  engine::Micros TimeOf(int look) const;
  // Folds all that was received before the next look; returns its number. The
  // tallies then say what a server would at any moment up to that look. There
  // is a next look.
  int Advance();

  // As the engine reads them; `experiment` is the index in the scenario.
  engine::ExperimentLook Look(int experiment, engine::Micros as_of) const;
  engine::JourneyLook LookAtJourney(engine::Micros as_of) const;
  // What the plan says at the look that was advanced to.
  absl::StatusOr<engine::Assessment> Assess(
      int experiment, engine::Detail detail = engine::Detail::kFull) const;

  const Scenario& scenario() const { return scenario_; }
  const engine::FoldSet& folds() const { return *folds_; }
  RunTotals totals() const;

 private:
  struct Unit;
  struct Worker;
  // Units that change at a later look, by look.
  using Waiting = std::vector<std::vector<std::unique_ptr<Unit>>>;

  // The first look that sees what happened at `time`; 1 at the least.
  int LookOf(engine::Micros time) const;
  // The first look that sees it though looks before should have; 0: none should
  // have, so that it may be there from the beginning.
  int LateLookOf(engine::Micros happened, engine::Micros received) const;
  // Calls `fn(worker, i)` with each of [0, count) from all threads.
  template <typename Fn>
  void ForEach(int64_t count, const Fn& fn);
  void FoldNew(int64_t unit, Worker* worker) const;
  // Notes the newest event that each look knows.
  void NoteNewest(const Life& life, Worker* worker) const;
  void FoldAgain(std::unique_ptr<Unit> unit, Worker* worker) const;
  // Whether they are known before the look, or at it.
  enum class Known { kBefore, kNow };
  // The events that are known, of one id or all.
  enum class Part { kAll, kAnonymous, kKnown };
  static bool Has(Part part, const LifeEvent& event);
  void Collect(const Unit& unit, Part part, Known known,
               std::vector<engine::UnitEvent>* events) const;
  // What was known of `old` before the look becomes what is known of `now`,
  // which has its events.
  void Replace(const Unit& unit, Part old, Part now, Worker* worker) const;
  // Keeps the unit until more is known of it.
  void Keep(std::unique_ptr<Unit> unit, Worker* worker) const;

  const World* const world_;
  const Scenario& scenario_;
  std::unique_ptr<engine::FoldSet> folds_;
  std::vector<size_t> specs_;  // By experiment: its number in `folds_`.
  std::vector<std::unique_ptr<Worker>> workers_;  // One for each thread.
  Draw draw_;
  int look_ = 0;
  int64_t next_unit_ = 0;
  Waiting waiting_;
  bool asks_newest_ = false;  // Some plan does.
  std::function<bool(int64_t units)> watch_;
  std::atomic<bool> stopped_{false};
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_RUN_VIRTUAL_RUN_H_
