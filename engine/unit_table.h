// The events of all units: compact, in memory as far as the budget goes, and in
// the store's scratch keyspace beyond it. Derived from the log.
#ifndef STAGECRAFT_ENGINE_UNIT_TABLE_H_
#define STAGECRAFT_ENGINE_UNIT_TABLE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "engine/slab.h"
#include "engine/slab_memory.h"
#include "engine/store/store.h"
#include "engine/unit_events.h"

namespace stagecraft::engine {

// A unit in memory: this head, its id, and its packed events (unit_events.h).
struct Unit {
  uint32_t capacity = 0;  // Of the whole record.
  uint32_t event_bytes = 0;
  uint32_t events = 0;
  // So many events, the first ones, stand in files as they are here; none do
  // if one of them changed.
  uint32_t saved = 0;
  uint16_t id_size = 0;
  uint8_t used = 0;  // Since the clock's hand passed last.
  uint8_t pad = 0;

  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  absl::string_view id() const { return {data(), id_size}; }
  absl::string_view packed() const { return {data() + id_size, event_bytes}; }
  char* events_begin() { return data() + id_size; }
};

// A part of the table. Who holds its mutex may work on its units. Pointers to
// units live until the next call of a non-const method.
class UnitShard {
 public:
  UnitShard() = default;

  // The unit, from memory or scratch; null if there is none.
  // Errors: those of the store.
  absl::StatusOr<Unit*> Find(uint64_t hash, absl::string_view id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // The unit, new and empty if there is none in memory, then with room for
  // `bytes` of packed events. Call after Find.
  Unit* Insert(uint64_t hash, absl::string_view id,
               size_t bytes = 2 * kMinEventBytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Makes room for `bytes` of packed events; the unit may move.
  Unit* Grow(uint64_t hash, Unit* unit, size_t bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // To remove a unit call Find, RemoveCopy and Remove under one lock, and
  // change what follows from the unit after RemoveCopy: only Remove cannot
  // fail. Takes away the copy that scratch may have of a unit in memory.
  // Errors: those of the store; the unit is still there then.
  absl::Status RemoveCopy(absl::string_view id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Takes the unit out of memory, if it is there.
  void Remove(uint64_t hash, absl::string_view id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Writes units to scratch until the shard fits into its budget.
  absl::Status Evict() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Makes room for so many units more, if the table's growth allows it.
  void Reserve(size_t units) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // Hints, so that memory is there when Find asks for it. Always inline: GCC
  // takes a function that only prefetches for one without effect.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void PrefetchSlot(uint64_t hash) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex) {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash & mask_]);
  }
  ABSL_ATTRIBUTE_ALWAYS_INLINE void PrefetchUnit(uint64_t hash) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex) {
    if (slots_.empty()) return;
    size_t slot = hash & mask_;
    while (slots_[slot] != 0 && !MayBe(slot, hash)) slot = (slot + 1) & mask_;
    if (slots_[slot] == 0) return;
    const char* unit = reinterpret_cast<const char*>(At(slot));
    for (int line = 0; line < 4; ++line) __builtin_prefetch(unit + 64 * line);
  }

  // Calls `fn` with each unit in memory. `fn` may not change the shard.
  void ForEachInMemory(absl::FunctionRef<void(Unit* unit)> fn)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool InMemory(uint64_t hash, absl::string_view id) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex) {
    return FindSlot(hash, id) >= 0;
  }

  int64_t bytes() const ABSL_SHARED_LOCKS_REQUIRED(mutex) {
    return live_bytes_ + static_cast<int64_t>(8 * slots_.size());
  }
  int64_t units() const ABSL_SHARED_LOCKS_REQUIRED(mutex) {
    return static_cast<int64_t>(size_);
  }
  int64_t misses() const ABSL_SHARED_LOCKS_REQUIRED(mutex) { return misses_; }
  // Whether some units are, or were, in scratch only.
  bool spilled() const ABSL_SHARED_LOCKS_REQUIRED(mutex) { return spilled_; }

  mutable absl::Mutex mutex;
  // A snapshot that is being written has the shard's units: what happens to
  // them from here on is late.
  bool dumped ABSL_GUARDED_BY(mutex) = false;

 private:
  friend class UnitTable;
  // A slot holds the unit's address in its low 48 bits, and 16 bits of its
  // hash; 0 is free.
  static Unit* UnitIn(uint64_t slot) {
    return reinterpret_cast<Unit*>(slot & ((uint64_t{1} << 48) - 1));
  }
  Unit* At(size_t slot) const { return UnitIn(slots_[slot]); }
  bool MayBe(size_t slot, uint64_t hash) const {
    return slots_[slot] >> 48 == (hash >> 32 & 0xffff);
  }
  static uint64_t SlotOf(uint64_t hash, const Unit* unit) {
    return reinterpret_cast<uint64_t>(unit) | hash >> 32 << 48;
  }
  int64_t FindSlot(uint64_t hash, absl::string_view id) const;
  void InsertSlot(uint64_t hash, Unit* unit);
  void Rehash(size_t slots);
  void RemoveSlot(size_t slot);
  Unit* Make(absl::string_view id, size_t event_bytes);
  void Free(Unit* unit);

  Store* scratch_ = nullptr;
  int64_t budget_ = 0;
  std::vector<uint64_t> slots_ ABSL_GUARDED_BY(mutex);
  size_t mask_ ABSL_GUARDED_BY(mutex) = 0;
  size_t size_ ABSL_GUARDED_BY(mutex) = 0;
  size_t hand_ ABSL_GUARDED_BY(mutex) = 0;
  Slab slab_ ABSL_GUARDED_BY(mutex);
  int64_t live_bytes_ ABSL_GUARDED_BY(mutex) = 0;
  int64_t misses_ ABSL_GUARDED_BY(mutex) = 0;
  bool spilled_ ABSL_GUARDED_BY(mutex) = false;
};

// Holds a shard's mutex as long as it lives, if it got it.
class ABSL_SCOPED_LOCKABLE ShardLock {
 public:
  enum How {
    kTry,   // Only if nobody holds it.
    kWait,  // In any case.
  };
  ShardLock(UnitShard* shard, How how)
      ABSL_EXCLUSIVE_LOCK_FUNCTION(shard->mutex)
      : shard_(shard) {
    if (how == kWait) {
      shard->mutex.Lock();
    } else if (!shard->mutex.TryLock()) {
      shard_ = nullptr;
    }
  }
  ~ShardLock() ABSL_UNLOCK_FUNCTION() {
    if (shard_ != nullptr) shard_->mutex.Unlock();
  }
  ShardLock(const ShardLock&) = delete;
  ShardLock& operator=(const ShardLock&) = delete;

  bool held() const { return shard_ != nullptr; }

 private:
  UnitShard* shard_;
};

class UnitTable {
 public:
  static constexpr int kShardBits = 7;
  static constexpr int kShards = 1 << kShardBits;

  // Keeps about `budget_bytes` in memory; the rest goes to `scratch`, which
  // outlives the table.
  UnitTable(Store* scratch, int64_t budget_bytes);

  static int ShardOf(uint64_t hash) {
    return static_cast<int>(hash >> (64 - kShardBits));
  }
  UnitShard& shard(int i) { return shards_[i]; }

  // Calls `fn` with the id and the packed events of each unit, in no order;
  // those in memory shard by shard under its mutex, then those in scratch. The
  // table must not change meanwhile. Stops at the first error.
  using Visit = absl::FunctionRef<absl::Status(absl::string_view id,
                                               absl::string_view packed)>;
  absl::Status ForEachInScratch(Visit fn);

  struct Stats {
    int64_t units = 0;  // In memory.
    int64_t bytes = 0;
    int64_t misses = 0;  // Reads of scratch.
    bool spilled = false;
  };
  Stats GetStats() const;

 private:
  Store* const scratch_;
  SlabMemory memory_;
  std::array<UnitShard, kShards> shards_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_UNIT_TABLE_H_
