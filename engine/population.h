// The population: all units, who they are and what happened to them. Derived
// from the log and the aliases; the books are the sum of what its units
// contribute.
#ifndef STAGECRAFT_ENGINE_POPULATION_H_
#define STAGECRAFT_ENGINE_POPULATION_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <bitset>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "engine/content_table.h"
#include "engine/event_batch.h"
#include "engine/identity.h"
#include "engine/unit_events.h"
#include "engine/unit_table.h"

namespace stagecraft::engine {

// What a file has of a unit: packed events (unit_events.h) that come after the
// first `keep` ones of those that it has by then, or among them if that is 0.
struct SavedUnit {
  absl::string_view id;
  uint32_t keep = 0;
  absl::string_view packed;
};

// An event of a batch, on its way to its unit.
struct RoutedEvent {
  uint64_t unit_hash = 0;  // Of the unit's root.
  uint32_t item = 0;       // Index into the batch's items.
  // So many events had the unit when this one was not among them; -1 if it was,
  // or if nobody has looked.
  int32_t new_at = -1;
  absl::string_view root;
  UnitEvent event;
};

// The events of a batch in the order of (hash of the unit's root, item).
struct RoutedBatch {
  std::vector<RoutedEvent> events;
  int64_t identity_version = 0;
  std::deque<std::string> roots;  // Those that are not texts of the batch.

  // Calls `fn(shard, events, how)` with the events of each shard that has any,
  // from `first_shard` on and then from the first one. Memory of the next ones
  // is on its way meanwhile. `fn` works under a ShardLock that is made like
  // `how`; if it does not hold the mutex, since others work on the shard, `fn`
  // returns false, and is called again when it was for all others. Stops at
  // the first error.
  template <typename Fn>
  absl::Status ForEachShard(UnitTable* units, const Fn& fn) {
    const std::vector<Part> parts = Parts();
    std::vector<size_t> busy;
    const auto of = [&](size_t i) {
      return absl::MakeSpan(events).subspan(parts[i].begin, parts[i].size);
    };
    for (size_t i = 0; i < parts.size() + 2; ++i) {
      if (i < parts.size()) {
        PrefetchSlots(of(i), &units->shard(parts[i].shard));
      }
      if (i >= 1 && i - 1 < parts.size()) {
        PrefetchUnits(of(i - 1), &units->shard(parts[i - 1].shard));
      }
      if (i < 2) continue;
      const absl::StatusOr<bool> done =
          fn(&units->shard(parts[i - 2].shard), of(i - 2), ShardLock::kTry);
      if (!done.ok()) return done.status();
      if (!*done) busy.push_back(i - 2);
    }
    for (const size_t i : busy) {
      const absl::StatusOr<bool> done =
          fn(&units->shard(parts[i].shard), of(i), ShardLock::kWait);
      if (!done.ok()) return done.status();
    }
    return absl::OkStatus();
  }
  // Batches that are folded at the same time begin at different shards, or they
  // would wait for each other all along.
  int first_shard = 0;

 private:
  // Neighbouring events of one shard.
  struct Part {
    int shard;
    size_t begin;
    size_t size;
  };
  // Those that there are, from `first_shard` on and then from the first one.
  std::vector<Part> Parts() const;
  // Ask for memory that Find and those who unpack will read. A shard that
  // somebody works on is left alone.
  static void PrefetchSlots(absl::Span<const RoutedEvent> events,
                            UnitShard* shard) ABSL_LOCKS_EXCLUDED(shard->mutex);
  static void PrefetchUnits(absl::Span<const RoutedEvent> events,
                            UnitShard* shard) ABSL_LOCKS_EXCLUDED(shard->mutex);
};

// The events of one unit among those of a shard: those at its front that have
// the same root.
absl::Span<RoutedEvent> FirstUnit(absl::Span<RoutedEvent> events);

// Whether the events of one unit are later than the packed ones that it has.
bool AreLater(absl::Span<const RoutedEvent> events, absl::string_view packed);

// Thread-safe where nothing else is said. Who takes several mutexes takes the
// identity's first, then those of shards in increasing order.
class Population {
 public:
  // Units beyond `budget_bytes` go to `scratch`, which outlives it.
  Population(Store* scratch, int64_t budget_bytes)
      : units_(scratch, budget_bytes) {}

  ContentTable& contents() { return contents_; }
  const ContentTable& contents() const { return contents_; }
  UnitTable& units() { return units_; }
  const UnitTable& units() const { return units_; }

  // Held shared by who finds out the roots of ids, exclusively by who makes two
  // units one, who holds the shards of both as well: who holds a shard and
  // knows that a root of it is one (MayHaveMoved) can rely on it.
  absl::Mutex& identity_mutex() ABSL_LOCK_RETURNED(identity_mutex_) {
    return identity_mutex_;
  }
  const Identity& identity() const ABSL_SHARED_LOCKS_REQUIRED(identity_mutex_) {
    return identity_;
  }
  // Makes two ids one unit; the units' events are the caller's business. The
  // shards of both are held, unless nobody else is at work.
  std::string MergeIds(absl::string_view a, absl::string_view b)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(identity_mutex_);
  // Forgets the ids of a unit, whose shard is held.
  void RemoveIds(absl::string_view root)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(identity_mutex_);
  // Changes with every MergeIds and RemoveIds.
  int64_t identity_version() const { return identity_version_.load(); }
  // Whether ids whose root had this hash when the identity had `version` may
  // have another one by now. The root's shard is held.
  bool MayHaveMoved(uint64_t root_hash, int64_t version) const;
  // The root of an id. `hash` is the id's, and becomes the root's. The text is
  // `id` itself, or lives as long as the identity is not changed.
  absl::string_view RootOf(absl::string_view id, uint64_t* hash) const
      ABSL_SHARED_LOCKS_REQUIRED(identity_mutex_);

  // Finds out whose each of the batch's items is, and what. `batch` outlives
  // the result.
  RoutedBatch Route(const EventBatch& batch)
      ABSL_LOCKS_EXCLUDED(identity_mutex_);

  // Adds the items of a block of the log that are not there yet.
  absl::Status AddBlock(const EventBatch& block);
  // Gives the units of these very ids, whatever their roots are, what a file
  // has of them, best if units of a shard follow each other. Errors: kDataLoss
  // if one has fewer events than are to be kept; those of the store.
  absl::Status LoadUnits(absl::Span<const SavedUnit> units);
  // Removes the unit of this very id and returns its packed events; nothing if
  // there is none. Errors: those of the store.
  absl::StatusOr<std::optional<std::string>> TakeOut(absl::string_view id);
  // Gives the unit of this very id packed events that it may have in part;
  // `before` gets those that it had. Errors: those of the store.
  absl::Status Unite(absl::string_view id, absl::string_view packed,
                     std::string* before);

  // Calls `fn(thread, root, packed events)` with each unit from `threads`
  // threads, the calling one included. The population must not change
  // meanwhile. Stops soon after the first error, and returns it.
  absl::Status ForEachUnit(
      int threads,
      absl::FunctionRef<absl::Status(int thread, absl::string_view root,
                                     absl::string_view packed)>
          fn);

 private:
  absl::Status LoadUnit(const SavedUnit& from, uint64_t hash, UnitShard* shard)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard->mutex);
  // Adds packed events that the unit may have in part.
  Unit* AddEvents(absl::string_view packed, uint64_t hash, Unit* unit,
                  UnitShard* shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard->mutex);

  void RootIsGone(uint64_t hash) ABSL_EXCLUSIVE_LOCKS_REQUIRED(identity_mutex_);

  ContentTable contents_;
  UnitTable units_;
  mutable absl::Mutex identity_mutex_;
  Identity identity_ ABSL_GUARDED_BY(identity_mutex_);
  // By the hash of an id: whether it may have an alias.
  std::bitset<1 << 20> has_alias_ ABSL_GUARDED_BY(identity_mutex_);
  std::atomic<int64_t> identity_version_{0};
  // Of the latest versions: the hash of the root that was none from the next
  // version on. Written by who holds the identity's mutex, read by who does
  // not.
  std::array<std::atomic<uint64_t>, 64> gone_ = {};
  std::atomic<uint32_t> routed_{0};  // Batches.
};

std::string PackAll(absl::Span<const UnitEvent> events);
// Puts `events` into a unit's place in its shard. The events may borrow from
// the unit. Returns the unit, which may have moved.
Unit* StoreEvents(absl::Span<const UnitEvent> events, uint64_t hash, Unit* unit,
                  UnitShard* shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard->mutex);

// The same of events that come after those that the unit has.
Unit* AppendEvents(absl::Span<const UnitEvent> events, uint64_t hash,
                   Unit* unit, UnitShard* shard)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard->mutex);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_POPULATION_H_
