// The engine: takes in events durably, keeps the tallies of all journeys and
// experiments equal to the sum of the contributions of all units, and reads
// them as of any moment. It reads no clock: times are passed in.
#ifndef STAGECRAFT_ENGINE_ENGINE_H_
#define STAGECRAFT_ENGINE_ENGINE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "engine/event.h"
#include "engine/event_batch.h"
#include "engine/fold_set.h"
#include "engine/log.h"
#include "engine/look.h"
#include "engine/population.h"
#include "engine/specs.h"
#include "engine/store/store.h"
#include "engine/tallies.h"
#include "engine/unit_fold.h"
#include "engine/unit_snapshot.h"

namespace stagecraft::engine {

class FrameWriter;
struct HistoryOptions;  // engine/stage_history.h
struct StageHistory;

struct EngineOptions {
  // Memory for the events of units; what does not fit goes to the store's
  // scratch keyspace, and ingestion becomes slower.
  int64_t unit_bytes = int64_t{4} << 30;
  // A unit with more events than this takes no more: a robot, or a default id.
  int64_t max_events_per_unit = 20'000;
  // Threads that read the log, fold all units, or scan them. At least 1.
  int threads = 2;
  // A snapshot is not due before so many events came since the last one.
  int64_t snapshot_events = 1'000'000;
  // After so many files the next snapshot is written as a whole again. At
  // least 1.
  int snapshot_files = 64;
};

// What became of the items of a batch.
struct IngestReport {
  enum class Outcome { kStored, kDuplicate, kRejected };
  struct Item {
    Outcome outcome = Outcome::kStored;
    std::string message;  // Only of rejected ones.
  };
  std::vector<Item> events;   // As many as events.
  std::vector<Item> aliases;  // As many as aliases.
};

// Thread-safe. Ingestion runs in parallel; a new specification stops it for as
// long as it takes to fold the units in memory. Looks never wait for the store.
class Engine {
 public:
  ~Engine();

  // Reads the snapshot of units, if there is a sound one, and what the log has
  // after it, and folds all units. `store` outlives the engine.
  // Errors: kDataLoss if a record of the store is damaged; those of the store.
  static absl::StatusOr<std::unique_ptr<Engine>> Open(
      Store* store, const Specs& specs, const EngineOptions& options);

  // Stores the items durably, all or none, folds them, and reports on each.
  // When it returns, every later look sees them. Events come before aliases.
  // Errors: those of Store::Write; then nothing of the batch is stored or
  // counted.
  absl::StatusOr<IngestReport> Ingest(const EventBatch& batch,
                                      absl::Span<const Alias> aliases);
  // The same for events that were not checked yet.
  absl::StatusOr<IngestReport> Ingest(absl::Span<const Event> events,
                                      absl::Span<const Alias> aliases);

  // Makes `specs` what is folded. Books of new or changed specifications are
  // computed from the units first, if any event concerns them; ingestion waits
  // for that.
  absl::Status SetSpecs(const Specs& specs);

  // The tallies as of `as_of`. Errors: kNotFound if no such experiment was
  // started, or no such segment is kept.
  struct SegmentKey {
    std::string attribute;
    std::string value;
  };
  absl::StatusOr<ExperimentLook> LookAtExperiment(
      absl::string_view name, Micros as_of,
      const std::optional<SegmentKey>& segment = std::nullopt) const;
  absl::StatusOr<JourneyLook> LookAtJourney(
      absl::string_view name, Micros as_of,
      const std::optional<SegmentKey>& segment = std::nullopt) const;
  // Looks at several moments, of one state of the tallies, with the tallies of
  // primary KPIs only (LookPurpose::kPath): what AnalyzePath needs.
  absl::StatusOr<std::vector<ExperimentLook>> PathOfExperiment(
      absl::string_view name, absl::Span<const Micros> as_of) const;
  // The segments that are kept of an experiment.
  absl::StatusOr<std::vector<SegmentKey>> ExperimentSegments(
      absl::string_view name) const;

  // The moment that a look is made as of: `requested`, at a full hour if it is
  // not after the newest event. Absent: `now`, or just after the newest event
  // if that is later.
  Micros ResolveAsOf(std::optional<Micros> requested, Micros now) const;
  // The time of the newest event, or nothing.
  std::optional<Micros> newest_event_time() const;

  // The variants (indexes) that the unit was exposed to, first one first, in
  // the order of the experiments' names given; none where it was not, or not
  // started. Waits for a change of the specifications, and reads the store if
  // the unit is not in memory.
  absl::StatusOr<std::vector<std::vector<int>>> VariantsMet(
      absl::string_view unit_id,
      absl::Span<const std::string> experiments) const;

  // Computes all tallies again from the log and compares them with the running
  // ones. Errors: kDataLoss names the specifications that differ. Ingestion
  // waits. Takes as much memory again as the units do, within the same budget.
  absl::Status Verify() const;

  // Computes a look that no tallies are kept for: of `experiment`, which may
  // differ from the running one in KPIs, windows and segments. Ingestion goes
  // on, unless aliases arrive meanwhile or units do not fit in memory: then it
  // waits. `progress` is called now and then with the share that is done, and
  // ends the scan when it returns false (kCancelled).
  absl::StatusOr<ExperimentLook> Scan(
      std::shared_ptr<const Experiment> experiment, Micros as_of,
      const std::optional<SegmentKey>& segment,
      absl::FunctionRef<bool(double done)> progress) const;

  // The history of the stage of `experiment`, whose journey and KPIs are set;
  // it need not be one of those that are folded. Ingestion and `progress` as of
  // Scan.
  absl::StatusOr<StageHistory> ReadHistory(
      std::shared_ptr<const Experiment> experiment,
      const HistoryOptions& options,
      absl::FunctionRef<bool(double done)> progress) const;

  // Writes a snapshot of the units, so that the next start reads less of the
  // log: what changed since the last one into a file of its own, or everything
  // if there is none that it could follow, units do not fit in memory, or files
  // became many or much larger than what they are for. Ingestion goes on.
  // Errors: those of the file; kUnimplemented if the store has no place for it;
  // kFailedPrecondition after a DeleteEventsBefore that was cut short.
  absl::Status WriteSnapshot();
  // Whether the log has grown enough since the last one: by
  // options.snapshot_events and, unless `soon`, by a sixteenth, or a quarter
  // where everything has to be written. What a start reads is then in
  // proportion to what has to be read anyway, and so is the work of writing
  // snapshots; who can afford more of it has shorter starts.
  bool SnapshotDue(bool soon) const;

  // Removes a unit with all its ids: from tallies and memory at once and for
  // good, and from log, aliases and snapshot before it returns. What arrives
  // for these ids afterwards is a new unit. Returns the number of events.
  // Errors: those of the store. If the removal from files was cut short, the
  // next call or start takes it up.
  absl::StatusOr<int64_t> DeleteUnit(absl::string_view unit_id);

  // Forgets the events before `cutoff`, or before the earliest moment that an
  // unfinished experiment needs, whichever is earlier; returns that moment.
  // Tallies of finished experiments are kept as they are, for good. From then
  // on older events are refused. Errors: those of the store. If it was cut
  // short, the next call or start takes it up.
  absl::StatusOr<Micros> DeleteEventsBefore(Micros cutoff);

  struct Stats {
    UnitTable::Stats units;
    int64_t contents = 0;
    int64_t content_bytes = 0;
    int64_t stored_events = 0;  // Since the engine was opened.
    int64_t duplicate_events = 0;
    int64_t rejected_events = 0;
    int64_t aliases = 0;
    int64_t replayed_events = 0;  // At the start: from the log,
    int64_t snapshot_units = 0;   // and from the snapshot,
    int64_t snapshot_files = 0;   // in so many files;
    int64_t snapshot_books = 0;   // whose tallies came with it.
    // Why there was a snapshot and no use of it, or not of all of its files.
    std::string snapshot_refused;
  };
  Stats GetStats() const;

  // Of `count` parts of all units one, by the hash of their roots.
  struct Part {
    uint64_t number = 0;
    uint64_t count = 1;
  };

 private:
  // A set of folds, and the folders that are made for it.
  class Folding;

  Engine(Store* store, const EngineOptions& options);

  // Ingestion: engine_ingest.cc.
  std::vector<uint32_t> LeaveOut(const EventBatch& batch, RoutedBatch* routed,
                                 IngestReport* report, absl::Status* status);
  // What folding a batch counts.
  struct FoldCounts {
    int64_t stored = 0;
    int64_t gone = 0;  // Replaced by a copy, or there twice after a merge.
    int64_t duplicates = 0;
    int64_t aliases = 0;
    Micros newest = -1;
  };
  absl::Status FoldBatch(RoutedBatch* routed, const EventBatch& batch,
                         UnitFolder* folder, IngestReport* report,
                         FoldCounts* counts)
      ABSL_SHARED_LOCKS_REQUIRED(ingest_);
  absl::Status FoldUnits(absl::Span<RoutedEvent> events, UnitShard* shard,
                         UnitFolder* folder, IngestReport* report,
                         FoldCounts* counts)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard->mutex);
  // The same of events of one unit.
  absl::Status FoldUnit(absl::Span<RoutedEvent> events, UnitShard* shard,
                        UnitFolder* folder, IngestReport* report,
                        FoldCounts* counts)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard->mutex);
  void PlanAliases(absl::Span<const Alias> aliases, IngestReport* report,
                   WriteBatch* batch);
  absl::Status FoldMerge(const Alias& alias, UnitFolder* folder,
                         FoldCounts* counts)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(population_->identity_mutex());
  // A batch between its number and its fold.
  struct InFlight {
    uint64_t sequence = 0;
    std::vector<uint64_t> deleted;  // Failed blocks that it deletes.
    bool stored = false;
    bool folded = false;
  };
  InFlight BeginSequence(WriteBatch* write);
  void EndSequence(const InFlight& in_flight);

  // Recovery: engine_recovery.cc, engine_restore.cc, engine_snapshot.cc,
  // engine_erase.cc.
  absl::Status LoadIdentities(Population* population) const;
  absl::Status LoadFacts();
  // Calls `add` with the blocks of the log from `first` on, without what is not
  // kept, from several threads.
  struct Replayed {
    int64_t events = 0;
    Micros newest = -1;
  };
  absl::StatusOr<Replayed> Replay(
      uint64_t first,
      absl::FunctionRef<absl::Status(EventBatch* block)> add) const;
  // What is in a snapshot beside units and contents.
  struct Snapshot {
    // Units that became one unit after they were written: what each had.
    std::vector<std::pair<std::string, std::string>> merges;
    struct Kept {
      uint64_t fingerprint = 0;
      std::vector<Tallies::Saved> chain;
    };
    std::map<std::string, Kept> tallies;  // By specification.
    SnapshotHead head;                    // Of the last file.
  };
  // The files of a snapshot, if the next one may follow them.
  struct Chain {
    int files = 0;             // 0: it may not.
    uint64_t last = 0;         // The number of the last one.
    uint64_t bytes = 0;        // Of all of them,
    uint64_t first_bytes = 0;  // and of the first one.
    uint32_t contents = 0;     // That they have.
  };
  // Adds the units and contents of the snapshot's files to the population, up
  // to the first one that is damaged. Errors: kNotFound if there is none;
  // whatever the first one is refused for.
  absl::Status LoadSnapshot(Snapshot* snapshot)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(erase_mutex_);
  // Of the file that follows the one of that number. False: there is none, or
  // one that was left of an earlier chain.
  absl::StatusOr<bool> LoadFile(const std::string& path, uint64_t follows,
                                Snapshot* snapshot)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(erase_mutex_);
  // Makes units that are one by now one unit.
  absl::Status UniteAliases(Snapshot* snapshot)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(erase_mutex_);
  absl::Status ResetPopulation();
  absl::Status CheckHead(const SnapshotHead& head) const;
  absl::Status ClearScratch();
  // Fills the books that there are tallies for, and returns those; the others
  // stay in `specs`.
  FoldedSpecs RestoreTallies(Snapshot* snapshot, FoldedSpecs* specs);
  // Makes `restored` what the population contributes, once the log was read.
  absl::StatusOr<Replayed> CatchUp(const Snapshot& snapshot,
                                   FoldedSpecs restored);
  // Of the file that follows so many others.
  std::optional<std::string> SnapshotPath(int followed = 0) const;
  // Reads all units: engine_scan.cc. Calls `visit(thread, root, events)` with
  // each unit that is wanted, and `flush(thread)` now and then and at the end.
  absl::Status VisitUnits(
      Population* population,
      absl::FunctionRef<bool(int thread, absl::string_view packed)> wanted,
      absl::FunctionRef<void(int thread, absl::string_view root,
                             absl::Span<const UnitEvent> events)>
          visit,
      absl::FunctionRef<void(int thread)> flush,
      absl::FunctionRef<bool(double done)> progress) const;
  // Calls `read` while no unit is merged into another; ingestion goes on as
  // long as that can be.
  template <typename Read>
  auto WhileUnitsStand(const Read& read) const;
  // Adds the contributions of all units to the books of `set`.
  absl::Status FoldAll(const FoldSet& set, Population* population,
                       absl::FunctionRef<bool(double done)> progress,
                       std::optional<Tick> as_of = std::nullopt) const;
  absl::Status WriteSnapshotLocked()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(erase_mutex_);
  bool MayFollow(const Chain& chain) const;
  // Writes the next file of a chain, or the first one. kAborted: the next one
  // would not do.
  absl::Status WriteFile(Chain chain)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(erase_mutex_);
  void SetChain(const Chain& chain) ABSL_EXCLUSIVE_LOCKS_REQUIRED(erase_mutex_);
  // Removes the files that follow so many others, and what is left of some.
  absl::Status RemoveFollowers(int followed) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(erase_mutex_);
  // The first block that may have more than what was folded.
  uint64_t FirstUnfolded() const ABSL_LOCKS_EXCLUDED(sequence_mutex_);
  // Contents before `*contents` are in files before; moves on.
  absl::Status AppendUnits(bool follows, uint32_t* contents,
                           FrameWriter* writer);
  absl::Status AppendContents(uint32_t* from, FrameWriter* writer) const;
  absl::Status AppendBooks(const Folding& folding, const SnapshotHead& head,
                           FrameWriter* writer);
  absl::Status FinishErasures() ABSL_EXCLUSIVE_LOCKS_REQUIRED(erase_mutex_);
  // Takes the events before `cutoff` out of all units and the books of `set`.
  absl::Status ForgetEvents(Micros cutoff, const FoldSet& set)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(ingest_);
  // Gives sealed experiments the tallies they are sealed with.
  void Seal(FoldedSpecs* specs) const;

  std::shared_ptr<Folding> folding() const;
  void RaiseNewest(Micros time);

  Store* const store_;
  const EngineOptions options_;
  // Held shared by ingestion, exclusively by whatever must see no batch half
  // done.
  mutable absl::Mutex ingest_;
  // Held shared from a batch's number to its fold, exclusively for a moment by
  // snapshots.
  absl::Mutex batches_ ABSL_ACQUIRED_AFTER(ingest_);
  std::unique_ptr<Population> population_;
  mutable absl::Mutex specs_mutex_;  // Held for a copy of the pointer only.
  std::shared_ptr<Folding> folding_ ABSL_GUARDED_BY(specs_mutex_);
  std::atomic<Micros> newest_{-1};
  std::atomic<Micros> cutoff_{0};  // Events before it are not kept.

  // Numbers of blocks: given out, and not folded yet.
  mutable absl::Mutex sequence_mutex_;
  uint64_t next_sequence_ ABSL_GUARDED_BY(sequence_mutex_) = 1;
  absl::btree_set<uint64_t> in_flight_ ABSL_GUARDED_BY(sequence_mutex_);
  // Blocks whose write failed: should one turn up after all, it is deleted.
  std::vector<uint64_t> failed_ ABSL_GUARDED_BY(sequence_mutex_);
  // The first block that was stored and not folded as a whole; 0: none.
  uint64_t unfolded_ ABSL_GUARDED_BY(sequence_mutex_) = 0;

  // One at a time writes snapshots or rewrites the log.
  mutable absl::Mutex erase_mutex_ ABSL_ACQUIRED_BEFORE(ingest_);
  // Ids that are being erased, with the last block they may be in.
  ErasedIds erased_ ABSL_GUARDED_BY(erase_mutex_);
  // Events before cutoff_ are gone from the log, but perhaps not from all
  // units.
  bool forgetting_ ABSL_GUARDED_BY(erase_mutex_) = false;
  // Snapshots may have them.
  bool snapshots_outdated_ ABSL_GUARDED_BY(erase_mutex_) = false;
  Chain chain_ ABSL_GUARDED_BY(erase_mutex_);
  std::atomic<bool> may_follow_{false};  // Whether there is a chain.
  // While a snapshot is written: units that were merged away.
  absl::Mutex merged_mutex_;
  bool dumping_ ABSL_GUARDED_BY(merged_mutex_) = false;
  std::vector<std::string> merged_ ABSL_GUARDED_BY(merged_mutex_);  // Frames.
  // Ids of units that were merged away, if a file may follow that has to say
  // so: the next one, or the one that is being written; and meanwhile those
  // that the next one has to say, since this one has them.
  bool keeps_gone_ ABSL_GUARDED_BY(merged_mutex_) = false;
  std::vector<std::string> gone_ ABSL_GUARDED_BY(merged_mutex_);
  std::vector<std::string> gone_late_ ABSL_GUARDED_BY(merged_mutex_);
  // Serialised tallies of experiments whose events are gone, see SealKey.
  std::map<std::string, std::string> sealed_ ABSL_GUARDED_BY(ingest_);

  std::atomic<int64_t> total_events_{0};  // In the population.
  std::atomic<int64_t> since_snapshot_{0};
  std::atomic<int64_t> stored_{0};
  std::atomic<int64_t> duplicates_{0};
  std::atomic<int64_t> rejected_{0};
  std::atomic<int64_t> aliases_{0};
  // Of the start.
  int64_t replayed_ = 0;
  int64_t snapshot_units_ = 0;
  int64_t snapshot_files_ = 0;
  int64_t snapshot_books_ = 0;
  std::string snapshot_refused_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_ENGINE_H_
