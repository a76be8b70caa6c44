// The histories of units in memory, within a budget; the store has them all.
#ifndef STAGECRAFT_ENGINE_UNIT_CACHE_H_
#define STAGECRAFT_ENGINE_UNIT_CACHE_H_

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "engine/history.h"

namespace stagecraft::engine {

// Thread-safe. Units are spread over shards by their root id; who works on a
// unit holds its shard's lock.
//
// A unit that is about to be written is pinned first: a pinned unit stays in
// memory, so that what the cache holds is exactly what was folded, however many
// writers have stored more of it meanwhile.
class UnitCache {
 public:
  // Reads a unit's history from the store.
  using Loader =
      absl::FunctionRef<absl::StatusOr<UnitHistory>(absl::string_view root)>;
  using Work = absl::FunctionRef<absl::Status(UnitHistory* history)>;

  // Keeps about `budget_bytes` of histories.
  explicit UnitCache(int64_t budget_bytes);

  // Loads the unit if it is not there, pins it, and lets `work` look at it.
  // Errors: of `load` and `work`; the unit is then not pinned.
  absl::Status Pin(absl::string_view root, Loader load, Work work);
  // Lets `work` change a pinned unit.
  absl::Status Change(absl::string_view root, Work work);
  // As many times as `Pin`.
  void Unpin(absl::string_view root);
  // Lets `work` look at a unit, which is loaded if it is not there.
  absl::Status Look(absl::string_view root, Loader load, Work work);

  // For whoever has all other work stopped: puts a unit in, if it fits, or
  // takes it out.
  void Put(absl::string_view root, UnitHistory history);
  void Remove(absl::string_view root);
  void Clear();

  struct Stats {
    int64_t units = 0;
    int64_t bytes = 0;
    int64_t misses = 0;  // Reads of the store.
  };
  Stats GetStats() const;

 private:
  static constexpr int kShards = 64;
  struct Entry {
    UnitHistory history;
    int pins = 0;
    int64_t charged = 0;
    std::list<std::string>::iterator position;
  };
  struct Shard {
    mutable absl::Mutex mutex;
    absl::flat_hash_map<std::string, std::unique_ptr<Entry>> units
        ABSL_GUARDED_BY(mutex);
    std::list<std::string> by_use ABSL_GUARDED_BY(mutex);  // Latest first.
    int64_t bytes ABSL_GUARDED_BY(mutex) = 0;
    int64_t misses ABSL_GUARDED_BY(mutex) = 0;
    // Whether a unit that is not here has no events at all.
    bool complete ABSL_GUARDED_BY(mutex) = true;
  };

  Shard& ShardOf(absl::string_view root);
  absl::StatusOr<Entry*> Find(Shard& shard, absl::string_view root, Loader load)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void Charge(Shard& shard, Entry& entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void Evict(Shard& shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);

  const int64_t shard_budget_;
  std::array<Shard, kShards> shards_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_UNIT_CACHE_H_
