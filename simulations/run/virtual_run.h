// One replication of a scenario in virtual time, event by event: each unit's
// life goes through the fold that serves, and looks read the tallies as the
// service does. No store, no wire, no clock.
#ifndef STAGECRAFT_SIMULATIONS_RUN_VIRTUAL_RUN_H_
#define STAGECRAFT_SIMULATIONS_RUN_VIRTUAL_RUN_H_

#include <cstdint>
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
  struct Worker;
  // A unit that changes at a later look.
  struct Pending {
    int64_t unit = 0;
    int look = 0;
  };

  // The first look that sees what happened at `time`; 1 at the least.
  int LookOf(engine::Micros time) const;
  // Calls `fn(worker, from, to)` with parts of [begin, end) from all threads.
  template <typename Fn>
  void ForEachPart(int64_t begin, int64_t end, const Fn& fn);
  void FoldNew(int64_t unit, Worker* worker) const;
  // Notes the newest event that each look knows.
  void NoteNewest(const Life& life, Worker* worker) const;
  void FoldAgain(int64_t unit, Worker* worker) const;
  // Whether it is known at the look.
  bool IsThere(engine::Micros happened, engine::Micros received,
               int look) const;
  // Whether the unit's ids are known to be one.
  bool IsOne(const Life& life, int look) const;
  // The events that are known at the look, of one id or all.
  enum class Part { kAll, kAnonymous, kKnown };
  void Collect(const Life& life, Part part, int look,
               std::vector<engine::UnitEvent>* events) const;
  // What was known at the look before becomes what is known now.
  void ReplacePart(Part part, Worker* worker) const;
  // Adds what is known of the worker's life at a look.
  void AddVersion(int look, int sign, Worker* worker) const;
  // The first look after `look` at which more is known of it, or 0.
  int NextChange(const Life& life, int look) const;
  void KeepPending();

  const World* const world_;
  const Scenario& scenario_;
  std::unique_ptr<engine::FoldSet> folds_;
  std::vector<size_t> specs_;  // By experiment: its number in `folds_`.
  std::vector<std::unique_ptr<Worker>> workers_;  // One for each thread.
  Draw draw_;
  int look_ = 0;
  int64_t next_unit_ = 0;
  std::vector<std::vector<int64_t>> pending_;  // Units by look.
  bool asks_newest_ = false;                   // Some plan does.
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_RUN_VIRTUAL_RUN_H_
