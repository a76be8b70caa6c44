#include "engine/unit_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/record.h"
#include "engine/unit_events.h"

namespace stagecraft::engine {
namespace {

constexpr size_t kFirstSlots = 16;
constexpr size_t kEvictBytes = size_t{1} << 20;  // In one write.

}  // namespace

int64_t UnitShard::FindSlot(uint64_t hash, absl::string_view id) const
    ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (slots_.empty()) return -1;
  for (size_t slot = hash & mask_; slots_[slot] != 0;
       slot = (slot + 1) & mask_) {
    if (MayBe(slot, hash) && At(slot)->id() == id) {
      return static_cast<int64_t>(slot);
    }
  }
  return -1;
}

void UnitShard::InsertSlot(uint64_t hash,
                           Unit* unit) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (size_ * 8 >= slots_.size() * 7) {
    Rehash(std::max(kFirstSlots, 2 * slots_.size()));
  }
  size_t slot = hash & mask_;
  while (slots_[slot] != 0) slot = (slot + 1) & mask_;
  slots_[slot] = SlotOf(hash, unit);
  ++size_;
}

void UnitShard::Rehash(size_t slots) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  std::vector<uint64_t> old(slots);
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  hand_ = 0;
  size_ = 0;
  constexpr size_t kAhead = 8;
  for (size_t i = 0; i < old.size(); ++i) {
    // Harmless of a free slot.
    if (i + kAhead < old.size()) __builtin_prefetch(UnitIn(old[i + kAhead]));
    if (old[i] == 0) continue;
    Unit* moved = UnitIn(old[i]);
    InsertSlot(HashText(moved->id()), moved);
  }
}

void UnitShard::Reserve(size_t units) {
  const size_t wanted = std::bit_ceil((size_ + units) * 8 / 7 + 1);
  // Slots count as memory, too.
  if (wanted > slots_.size() &&
      static_cast<int64_t>(8 * wanted) < budget_ / 2) {
    Rehash(std::max(kFirstSlots, wanted));
  }
}

void UnitShard::RemoveSlot(size_t slot) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  // Those after it move up, unless they are before their own place then.
  size_t free = slot;
  for (size_t next = (slot + 1) & mask_; slots_[next] != 0;
       next = (next + 1) & mask_) {
    const size_t home = HashText(At(next)->id()) & mask_;
    if (((next - home) & mask_) >= ((next - free) & mask_)) {
      slots_[free] = slots_[next];
      free = next;
    }
  }
  slots_[free] = 0;
  --size_;
}

Unit* UnitShard::Make(absl::string_view id,
                      size_t event_bytes) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const size_t capacity =
      Slab::Capacity(sizeof(Unit) + id.size() + event_bytes);
  Unit* unit = new (slab_.Allocate(capacity)) Unit();
  unit->capacity = static_cast<uint32_t>(capacity);
  unit->id_size = static_cast<uint16_t>(id.size());
  std::memcpy(unit->data(), id.data(), id.size());
  live_bytes_ += static_cast<int64_t>(capacity);
  return unit;
}

void UnitShard::Free(Unit* unit) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  live_bytes_ -= unit->capacity;
  slab_.Free(reinterpret_cast<char*>(unit), unit->capacity);
}

absl::StatusOr<Unit*> UnitShard::Find(uint64_t hash, absl::string_view id) {
  const int64_t slot = FindSlot(hash, id);
  if (slot >= 0) {
    Unit* unit = At(slot);
    unit->used = 1;
    return unit;
  }
  if (!spilled_) return nullptr;
  ++misses_;
  const auto stored = scratch_->Get(Keyspace::kScratch, id);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return nullptr;
  const std::string& packed = **stored;
  Unit* unit = Make(id, packed.size());
  unit->used = 1;
  std::memcpy(unit->events_begin(), packed.data(), packed.size());
  unit->event_bytes = static_cast<uint32_t>(packed.size());
  const char* end = unit->events_begin() + packed.size();
  UnitEvent event;
  for (const char* in = unit->events_begin(); in < end;) {
    in = Unpack(in, &event);
    ++unit->events;
  }
  InsertSlot(hash, unit);
  return unit;
}

Unit* UnitShard::Insert(uint64_t hash, absl::string_view id, size_t bytes) {
  const int64_t slot = FindSlot(hash, id);
  if (slot >= 0) return At(slot);
  Unit* unit = Make(id, bytes);
  unit->used = 1;
  InsertSlot(hash, unit);
  return unit;
}

Unit* UnitShard::Grow(uint64_t hash, Unit* unit, size_t bytes) {
  if (sizeof(Unit) + unit->id_size + bytes <= unit->capacity) return unit;
  const int64_t slot = FindSlot(hash, unit->id());
  Unit* larger = Make(unit->id(), bytes);
  larger->event_bytes = unit->event_bytes;
  larger->events = unit->events;
  larger->saved = unit->saved;
  larger->used = unit->used;
  std::memcpy(larger->events_begin(), unit->events_begin(), unit->event_bytes);
  slots_[slot] = SlotOf(hash, larger);
  Free(unit);
  return larger;
}

absl::Status UnitShard::RemoveCopy(absl::string_view id) {
  if (!spilled_) return absl::OkStatus();
  WriteBatch batch;
  batch.Delete(Keyspace::kScratch, id);
  return scratch_->WriteScratch(batch);
}

void UnitShard::Remove(uint64_t hash, absl::string_view id) {
  const int64_t slot = FindSlot(hash, id);
  if (slot < 0) return;
  Unit* unit = At(slot);
  RemoveSlot(slot);
  Free(unit);
}

absl::Status UnitShard::Evict() {
  if (bytes() <= budget_ || size_ == 0) return absl::OkStatus();
  WriteBatch batch;
  std::vector<Unit*> victims;
  int64_t rest = bytes();
  // Twice round at most: the first round may only take the marks away.
  for (size_t steps = 0; steps < 2 * slots_.size(); ++steps) {
    hand_ = (hand_ + 1) & mask_;
    if (slots_[hand_] == 0) continue;
    Unit* unit = At(hand_);
    if (unit->used != 0) {
      unit->used = 0;
      continue;
    }
    batch.Put(Keyspace::kScratch, unit->id(), unit->packed());
    victims.push_back(unit);
    unit->used = 2;  // Taken: not twice.
    rest -= unit->capacity;
    if (rest <= budget_ - budget_ / 8 || batch.bytes() >= kEvictBytes) break;
  }
  absl::Status status = scratch_->WriteScratch(batch);
  if (!status.ok()) {
    for (Unit* unit : victims) unit->used = 0;
    return status;
  }
  spilled_ = spilled_ || !victims.empty();
  for (Unit* unit : victims) {
    RemoveSlot(FindSlot(HashText(unit->id()), unit->id()));
    Free(unit);
  }
  return absl::OkStatus();
}

void UnitShard::ForEachInMemory(absl::FunctionRef<void(Unit* unit)> fn) {
  constexpr size_t kAhead = 8;
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slot + kAhead < slots_.size() && slots_[slot + kAhead] != 0) {
      const char* ahead = reinterpret_cast<const char*>(At(slot + kAhead));
      for (int line = 0; line < 4; ++line) {
        __builtin_prefetch(ahead + 64 * line);
      }
    }
    if (slots_[slot] != 0) fn(At(slot));
  }
}

UnitTable::UnitTable(Store* scratch, int64_t budget_bytes) : scratch_(scratch) {
  for (UnitShard& shard : shards_) {
    shard.scratch_ = scratch;
    shard.slab_.UseMemory(&memory_);
    shard.budget_ = budget_bytes / kShards;
  }
}

absl::Status UnitTable::ForEachInScratch(Visit fn) {
  bool spilled = false;
  for (UnitShard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    spilled = spilled || shard.spilled();
  }
  if (!spilled) return absl::OkStatus();
  absl::Status failure;
  const absl::Status status =
      scratch_->Scan(Keyspace::kScratch, "", "",
                     [&](absl::string_view id, absl::string_view packed) {
                       const uint64_t hash = HashText(id);
                       UnitShard& shard = shards_[ShardOf(hash)];
                       {
                         absl::MutexLock lock(&shard.mutex);
                         if (shard.InMemory(hash, id)) return true;
                       }
                       failure = fn(id, packed);
                       return failure.ok();
                     });
  return failure.ok() ? status : failure;
}

UnitTable::Stats UnitTable::GetStats() const {
  Stats stats;
  for (const UnitShard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    stats.units += shard.units();
    stats.bytes += shard.bytes();
    stats.misses += shard.misses();
    stats.spilled = stats.spilled || shard.spilled();
  }
  return stats;
}

}  // namespace stagecraft::engine
