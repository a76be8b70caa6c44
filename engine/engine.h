// The engine: takes in events durably, keeps the tallies of all journeys and
// experiments equal to the sum of the contributions of all units, and reads
// them as of any moment. It reads no clock: times are passed in.
#ifndef STAGECRAFT_ENGINE_ENGINE_H_
#define STAGECRAFT_ENGINE_ENGINE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "engine/event.h"
#include "engine/identity.h"
#include "engine/look.h"
#include "engine/specs.h"
#include "engine/store/store.h"
#include "engine/unit_cache.h"

namespace stagecraft::engine {

struct EngineOptions {
  // Memory for units' histories.
  int64_t cache_bytes = int64_t{2} << 30;
  // A unit with more events than this takes no more: a robot, or a default id.
  int64_t max_events_per_unit = 20'000;
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

// Thread-safe. Ingestion runs in parallel; an alias stops it for a moment, and
// a new specification for as long as it takes to fold what is stored. Looks
// never wait for the store.
class Engine {
 public:
  // Reads the store and folds everything in it. `store` outlives the engine.
  // Errors: kDataLoss if a record is damaged; those of the store.
  static absl::StatusOr<std::unique_ptr<Engine>> Open(
      Store* store, const Specs& specs, const EngineOptions& options);

  // Stores the valid items durably, folds them, and reports on each. When it
  // returns, every later look sees them. Events come before aliases.
  // Errors: those of Store::Write; then nothing of the batch is stored or
  // counted, except that its events stay if only its aliases failed.
  absl::StatusOr<IngestReport> Ingest(absl::Span<const Event> events,
                                      absl::Span<const Alias> aliases);

  // Makes `specs` what is folded. Books of new or changed specifications are
  // computed from the store first; ingestion waits for that.
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
  // Several moments at once, of one state of the tallies.
  absl::StatusOr<std::vector<ExperimentLook>> LooksAtExperiment(
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

  // Computes all tallies again from the store and compares them with the
  // running ones. Errors: kDataLoss names the specifications that differ.
  // Ingestion waits.
  absl::Status Verify() const;

  struct Stats {
    UnitCache::Stats cache;
    int64_t stored_events = 0;  // Since the engine was opened.
    int64_t duplicate_events = 0;
    int64_t rejected_events = 0;
    int64_t aliases = 0;
  };
  Stats GetStats() const;

 private:
  struct Pending;  // The events of one unit in a batch.

  Engine(Store* store, const EngineOptions& options);

  absl::Status LoadIdentities() ABSL_EXCLUSIVE_LOCKS_REQUIRED(ingest_);
  absl::StatusOr<UnitHistory> LoadUnit(absl::string_view root) const
      ABSL_SHARED_LOCKS_REQUIRED(ingest_);
  // Calls `fn` with the history of each unit in the store.
  absl::Status ForEachUnit(absl::FunctionRef<absl::Status(
                               absl::string_view root, UnitHistory history)>
                               fn) const ABSL_SHARED_LOCKS_REQUIRED(ingest_);
  // Adds the contributions of all units to the books of `specs`.
  absl::Status FoldAll(const FoldedSpecs& specs, bool fill_cache)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(ingest_);

  absl::Status IngestEvents(absl::Span<const Event> events,
                            IngestReport* report)
      ABSL_SHARED_LOCKS_REQUIRED(ingest_);
  absl::Status FoldUnit(Pending* unit, absl::Span<const Event> events,
                        const FoldedSpecs& specs, IngestReport* report)
      ABSL_SHARED_LOCKS_REQUIRED(ingest_);
  absl::Status IngestAliases(absl::Span<const Alias> aliases,
                             IngestReport* report)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(ingest_);
  absl::Status FoldMerge(const Alias& alias)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(ingest_);

  std::shared_ptr<const FoldedSpecs> specs() const;
  void RaiseNewest(Micros time);

  Store* const store_;
  const EngineOptions options_;
  // Held shared by ingestion, exclusively by whatever must see no batch half
  // done.
  mutable absl::Mutex ingest_;
  Identity identity_ ABSL_GUARDED_BY(ingest_);
  mutable UnitCache cache_;
  mutable absl::Mutex specs_mutex_;  // Held for a copy of the pointer only.
  std::shared_ptr<const FoldedSpecs> specs_ ABSL_GUARDED_BY(specs_mutex_);
  std::atomic<Micros> newest_{-1};
  std::atomic<int64_t> stored_{0};
  std::atomic<int64_t> duplicates_{0};
  std::atomic<int64_t> rejected_{0};
  std::atomic<int64_t> aliases_{0};
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_ENGINE_H_
