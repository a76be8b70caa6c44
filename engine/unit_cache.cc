#include "engine/unit_cache.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"

namespace stagecraft::engine {
namespace {

// What a unit costs besides its records: map slots, list node, entry, strings.
constexpr int64_t kOverheadBytes = 200;

}  // namespace

UnitCache::UnitCache(int64_t budget_bytes)
    : shard_budget_(std::max<int64_t>(budget_bytes / kShards, 1)) {}

UnitCache::Shard& UnitCache::ShardOf(absl::string_view root) {
  // Not stored anywhere: this hash may differ from run to run.
  return shards_[absl::HashOf(root) % kShards];
}

absl::StatusOr<UnitCache::Entry*> UnitCache::Find(Shard& shard,
                                                  absl::string_view root,
                                                  Loader load) {
  const auto it = shard.units.find(root);
  if (it != shard.units.end()) {
    shard.by_use.splice(shard.by_use.begin(), shard.by_use,
                        it->second->position);
    return it->second.get();
  }
  auto entry = std::make_unique<Entry>();
  if (!shard.complete) {
    ++shard.misses;
    absl::StatusOr<UnitHistory> history = load(root);
    if (!history.ok()) return history.status();
    entry->history = *std::move(history);
  }
  shard.by_use.emplace_front(root);
  entry->position = shard.by_use.begin();
  Entry* result = entry.get();
  shard.units.emplace(std::string(root), std::move(entry));
  Charge(shard, *result);
  return result;
}

void UnitCache::Charge(Shard& shard, Entry& entry) {
  const int64_t bytes = kOverheadBytes +
                        static_cast<int64_t>(entry.history.bytes()) +
                        2 * static_cast<int64_t>(entry.position->size());
  shard.bytes += bytes - entry.charged;
  entry.charged = bytes;
}

void UnitCache::Evict(Shard& shard) {
  auto it = shard.by_use.end();
  while (shard.bytes > shard_budget_ && it != shard.by_use.begin()) {
    --it;
    const auto unit = shard.units.find(*it);
    if (unit->second->pins > 0) continue;
    shard.bytes -= unit->second->charged;
    shard.units.erase(unit);
    it = shard.by_use.erase(it);
    shard.complete = false;
  }
}

absl::Status UnitCache::Pin(absl::string_view root, Loader load, Work work) {
  Shard& shard = ShardOf(root);
  absl::MutexLock lock(&shard.mutex);
  absl::StatusOr<Entry*> entry = Find(shard, root, load);
  if (!entry.ok()) return entry.status();
  if (absl::Status status = work(&(*entry)->history); !status.ok()) {
    return status;
  }
  ++(*entry)->pins;
  return absl::OkStatus();
}

absl::Status UnitCache::Change(absl::string_view root, Work work) {
  Shard& shard = ShardOf(root);
  absl::MutexLock lock(&shard.mutex);
  const auto it = shard.units.find(root);
  if (it == shard.units.end()) {
    return absl::InternalError("a unit to change is not pinned");
  }
  absl::Status status = work(&it->second->history);
  Charge(shard, *it->second);
  return status;
}

void UnitCache::Unpin(absl::string_view root) {
  Shard& shard = ShardOf(root);
  absl::MutexLock lock(&shard.mutex);
  const auto it = shard.units.find(root);
  if (it != shard.units.end()) --it->second->pins;
  Evict(shard);
}

absl::Status UnitCache::Look(absl::string_view root, Loader load, Work work) {
  Shard& shard = ShardOf(root);
  absl::MutexLock lock(&shard.mutex);
  if (shard.complete && !shard.units.contains(root)) {
    // Nobody knows this unit, and asking for it does not make room for it.
    UnitHistory none;
    return work(&none);
  }
  absl::StatusOr<Entry*> entry = Find(shard, root, load);
  if (!entry.ok()) return entry.status();
  absl::Status status = work(&(*entry)->history);
  Evict(shard);
  return status;
}

void UnitCache::Put(absl::string_view root, UnitHistory history) {
  Shard& shard = ShardOf(root);
  absl::MutexLock lock(&shard.mutex);
  const auto it = shard.units.find(root);
  if (it != shard.units.end()) {
    it->second->history = std::move(history);
    Charge(shard, *it->second);
  } else {
    auto entry = std::make_unique<Entry>();
    entry->history = std::move(history);
    shard.by_use.emplace_front(root);
    entry->position = shard.by_use.begin();
    Charge(shard, *entry);
    shard.units.emplace(std::string(root), std::move(entry));
  }
  Evict(shard);
}

void UnitCache::Remove(absl::string_view root) {
  Shard& shard = ShardOf(root);
  absl::MutexLock lock(&shard.mutex);
  const auto it = shard.units.find(root);
  if (it == shard.units.end()) return;
  shard.bytes -= it->second->charged;
  shard.by_use.erase(it->second->position);
  shard.units.erase(it);
}

void UnitCache::Clear() {
  for (Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    shard.units.clear();
    shard.by_use.clear();
    shard.bytes = 0;
    shard.complete = true;
  }
}

UnitCache::Stats UnitCache::GetStats() const {
  Stats stats;
  for (const Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mutex);
    stats.units += static_cast<int64_t>(shard.units.size());
    stats.bytes += shard.bytes;
    stats.misses += shard.misses;
  }
  return stats;
}

}  // namespace stagecraft::engine
