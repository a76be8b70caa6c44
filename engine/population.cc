#include "engine/population.h"

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

#include "engine/record.h"
#include "engine/unit_fold.h"

namespace stagecraft::engine {

std::vector<RoutedBatch::Part> RoutedBatch::Parts() const {
  std::vector<Part> parts;
  for (size_t begin = 0; begin < events.size();) {
    const int shard = UnitTable::ShardOf(events[begin].unit_hash);
    size_t end = begin + 1;
    while (end < events.size() &&
           UnitTable::ShardOf(events[end].unit_hash) == shard) {
      ++end;
    }
    parts.push_back({shard, begin, end - begin});
    begin = end;
  }
  std::rotate(parts.begin(),
              std::partition_point(
                  parts.begin(), parts.end(),
                  [&](const Part& part) { return part.shard < first_shard; }),
              parts.end());
  return parts;
}

void RoutedBatch::PrefetchSlots(absl::Span<const RoutedEvent> events,
                                UnitShard* shard) {
  if (!shard->mutex.TryLock()) return;
  for (const RoutedEvent& event : events) shard->PrefetchSlot(event.unit_hash);
  shard->mutex.Unlock();
}

void RoutedBatch::PrefetchUnits(absl::Span<const RoutedEvent> events,
                                UnitShard* shard) {
  if (!shard->mutex.TryLock()) return;
  uint64_t last = 0;
  for (const RoutedEvent& event : events) {
    if (event.unit_hash == last) continue;
    last = event.unit_hash;
    shard->PrefetchUnit(last);
  }
  shard->mutex.Unlock();
}

absl::Span<RoutedEvent> FirstUnit(absl::Span<RoutedEvent> events) {
  size_t size = 1;
  while (size < events.size() &&
         events[size].unit_hash == events[0].unit_hash &&
         (events[size].root.data() == events[0].root.data() ||
          events[size].root == events[0].root)) {
    ++size;
  }
  return events.subspan(0, size);
}

bool AreLater(absl::Span<const RoutedEvent> events, absl::string_view packed) {
  Micros first = events[0].event.time;
  for (const RoutedEvent& event : events) {
    first = std::min(first, event.event.time);
  }
  return AreBefore(packed, first);
}

std::string PackAll(absl::Span<const UnitEvent> events) {
  size_t bytes = 0;
  for (const UnitEvent& event : events) bytes += PackedSize(event);
  std::string packed(bytes, '\0');
  char* out = packed.data();
  for (const UnitEvent& event : events) out = Pack(event, out);
  return packed;
}

Unit* StoreEvents(absl::Span<const UnitEvent> events, uint64_t hash, Unit* unit,
                  UnitShard* shard) {
  thread_local std::string packed;
  size_t bytes = 0;
  for (const UnitEvent& event : events) bytes += PackedSize(event);
  packed.resize(bytes);
  char* out = packed.data();
  for (const UnitEvent& event : events) out = Pack(event, out);
  unit = shard->Grow(hash, unit, bytes);
  std::memcpy(unit->events_begin(), packed.data(), bytes);
  unit->event_bytes = static_cast<uint32_t>(bytes);
  unit->events = static_cast<uint32_t>(events.size());
  unit->saved = 0;
  return unit;
}

Unit* AppendEvents(absl::Span<const UnitEvent> events, uint64_t hash,
                   Unit* unit, UnitShard* shard) {
  size_t bytes = unit->event_bytes;
  for (const UnitEvent& event : events) bytes += PackedSize(event);
  unit = shard->Grow(hash, unit, bytes);
  char* out = unit->events_begin() + unit->event_bytes;
  for (const UnitEvent& event : events) out = Pack(event, out);
  unit->event_bytes = static_cast<uint32_t>(bytes);
  unit->events += static_cast<uint32_t>(events.size());
  return unit;
}

std::string Population::MergeIds(absl::string_view a, absl::string_view b) {
  const uint64_t root_of_a = HashText(identity_.RootView(a));
  const uint64_t root_of_b = HashText(identity_.RootView(b));
  has_alias_.set(HashText(a) % has_alias_.size());
  has_alias_.set(HashText(b) % has_alias_.size());
  std::string root = identity_.Merge(a, b);
  RootIsGone(HashText(root) == root_of_a ? root_of_b : root_of_a);
  return root;
}

void Population::RemoveIds(absl::string_view root) {
  RootIsGone(HashText(root));
  identity_.Remove(root);
}

void Population::RootIsGone(uint64_t hash) {
  const int64_t version = identity_version();
  gone_[version % gone_.size()].store(hash, std::memory_order_release);
  identity_version_.store(version + 1);
}

bool Population::MayHaveMoved(uint64_t root_hash, int64_t version) const {
  const int64_t now = identity_version();
  for (int64_t of = version; of < now; ++of) {
    if (of - version >= static_cast<int64_t>(gone_.size())) return true;
    if (gone_[of % gone_.size()].load(std::memory_order_acquire) == root_hash) {
      return true;
    }
  }
  // Meanwhile somebody may have written over what was read; then the version
  // shows it.
  return identity_version() - version >= static_cast<int64_t>(gone_.size());
}

absl::string_view Population::RootOf(absl::string_view id,
                                     uint64_t* hash) const {
  if (!has_alias_.test(*hash % has_alias_.size())) return id;
  const absl::string_view root = identity_.RootView(id);
  if (root != id) *hash = HashText(root);
  return root;
}

RoutedBatch Population::Route(const EventBatch& batch) {
  RoutedBatch routed;
  // Far from where the batches before it began; odd, so that all get a turn.
  constexpr uint32_t kStep = UnitTable::kShards * 3 / 8 + 1;
  routed.first_shard = static_cast<int>(routed_.fetch_add(1) * kStep %
                                        uint32_t{UnitTable::kShards});
  struct UnitRoot {
    uint64_t hash;
    absl::string_view root;
  };
  thread_local std::vector<UnitRoot> units;
  units.clear();
  units.reserve(batch.units().size());
  for (const absl::string_view id : batch.units()) {
    units.push_back({HashText(id), id});
  }
  {
    absl::ReaderMutexLock lock(&identity_mutex_);
    routed.identity_version = identity_version();
    for (UnitRoot& unit : units) {
      const absl::string_view id = unit.root;
      unit.root = RootOf(id, &unit.hash);
      if (unit.root.data() != id.data()) {
        unit.root = routed.roots.emplace_back(unit.root);
      }
    }
  }
  struct Content {
    uint32_t number;
    uint32_t hash;
    absl::string_view text;
  };
  thread_local std::vector<Content> contents;
  contents.clear();
  for (const absl::string_view encoded : batch.contents()) {
    const uint32_t number = contents_.Intern(encoded);
    contents.push_back(
        {number, static_cast<uint32_t>(HashText(encoded)) & kContentHashMask,
         number == ContentTable::kNotInterned ? encoded : absl::string_view()});
  }
  // By shard, which is the first bits of the hash; then within each shard.
  const std::vector<EventBatch::Item>& items = batch.items();
  std::array<uint32_t, UnitTable::kShards + 1> begin = {};
  for (const EventBatch::Item& item : items) {
    ++begin[UnitTable::ShardOf(units[item.unit].hash) + 1];
  }
  for (int i = 0; i < UnitTable::kShards; ++i) begin[i + 1] += begin[i];
  struct Key {
    uint64_t hash;
    uint32_t item;
  };
  thread_local std::vector<Key> keys;
  keys.resize(items.size());
  std::array<uint32_t, UnitTable::kShards + 1> next = begin;
  for (uint32_t i = 0; i < items.size(); ++i) {
    const uint64_t hash = units[items[i].unit].hash;
    keys[next[UnitTable::ShardOf(hash)]++] = {hash, i};
  }
  for (int i = 0; i < UnitTable::kShards; ++i) {
    std::sort(keys.begin() + begin[i], keys.begin() + begin[i + 1],
              [](const Key& a, const Key& b) {
                return a.hash != b.hash ? a.hash < b.hash : a.item < b.item;
              });
  }
  routed.events.resize(items.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    const EventBatch::Item& item = items[keys[i].item];
    const Content& content = contents[item.content];
    RoutedEvent& out = routed.events[i];
    out.unit_hash = keys[i].hash;
    out.item = keys[i].item;
    out.root = units[item.unit].root;
    out.event.time = item.time;
    out.event.id_hash = HashText(item.event_id);
    out.event.content = content.number;
    out.event.content_hash = content.hash;
    out.event.value = item.has_value ? item.value : 0;
    out.event.has_value = item.has_value;
    out.event.text = content.text;
  }
  return routed;
}

absl::Status Population::AddBlock(const EventBatch& block) {
  RoutedBatch routed = Route(block);
  std::vector<UnitEvent> events;
  UnitEvent replaced;
  return routed.ForEachShard(
      &units_,
      [&](UnitShard* shard, absl::Span<RoutedEvent> rest,
          ShardLock::How how) -> absl::StatusOr<bool> {
        const ShardLock lock(shard, how);
        if (!lock.held()) return false;
        while (!rest.empty()) {
          const absl::Span<RoutedEvent> of_unit = FirstUnit(rest);
          rest.remove_prefix(of_unit.size());
          const uint64_t hash = of_unit[0].unit_hash;
          absl::StatusOr<Unit*> found = shard->Find(hash, of_unit[0].root);
          if (!found.ok()) return found.status();
          Unit* unit =
              *found != nullptr ? *found : shard->Insert(hash, of_unit[0].root);
          UnpackAll(unit->packed(), &events);
          const size_t old = events.size();
          const bool appended = AreLater(of_unit, unit->packed());
          for (const RoutedEvent& event : of_unit) {
            AddEvent(event.event, &events, &replaced);
          }
          if (appended) {
            AppendEvents(absl::MakeConstSpan(events).subspan(old), hash, unit,
                         shard);
          } else {
            StoreEvents(events, hash, unit, shard);
          }
        }
        if (absl::Status evicted = shard->Evict(); !evicted.ok())
          return evicted;
        return true;
      });
}

absl::Status Population::ForEachUnit(
    int threads,
    absl::FunctionRef<absl::Status(int thread, absl::string_view root,
                                   absl::string_view packed)>
        fn) {
  std::atomic<int> next{0};
  std::vector<absl::Status> failures(threads);
  const auto work = [&](int thread) {
    for (int i = next++; i < UnitTable::kShards; i = next++) {
      UnitShard& shard = units_.shard(i);
      absl::MutexLock lock(&shard.mutex);
      shard.ForEachInMemory([&](Unit* unit) {
        if (!failures[thread].ok()) return;
        failures[thread] = fn(thread, unit->id(), unit->packed());
      });
      if (!failures[thread].ok()) {
        next = UnitTable::kShards;
        return;
      }
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(work, i);
  work(0);
  for (std::thread& other : others) other.join();
  for (const absl::Status& failure : failures) {
    if (!failure.ok()) return failure;
  }
  return units_.ForEachInScratch(
      [&](absl::string_view id, absl::string_view packed) {
        return fn(0, id, packed);
      });
}

}  // namespace stagecraft::engine
