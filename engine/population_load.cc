// Population: units as files have them.

#include <cstring>

#include "absl/strings/str_cat.h"
#include "engine/population.h"
#include "engine/record.h"
#include "engine/unit_fold.h"

namespace stagecraft::engine {

absl::Status Population::LoadUnits(absl::Span<const SavedUnit> units) {
  std::vector<uint64_t> hashes;
  hashes.reserve(units.size());
  for (const SavedUnit& unit : units) hashes.push_back(HashText(unit.id));
  for (size_t begin = 0; begin < units.size();) {
    const int number = UnitTable::ShardOf(hashes[begin]);
    size_t end = begin + 1;
    while (end < units.size() && UnitTable::ShardOf(hashes[end]) == number) {
      ++end;
    }
    UnitShard& shard = units_.shard(number);
    absl::MutexLock shard_lock(&shard.mutex);
    shard.Reserve(end - begin);
    constexpr size_t kAhead = 16;
    for (size_t i = begin; i < end; ++i) {
      if (i + 2 * kAhead < end) shard.PrefetchSlot(hashes[i + 2 * kAhead]);
      if (i + kAhead < end) shard.PrefetchUnit(hashes[i + kAhead]);
      absl::Status status = LoadUnit(units[i], hashes[i], &shard);
      if (status.ok()) status = shard.Evict();
      if (!status.ok()) return status;
    }
    begin = end;
  }
  return absl::OkStatus();
}

absl::Status Population::LoadUnit(const SavedUnit& from, uint64_t hash,
                                  UnitShard* shard) {
  absl::StatusOr<Unit*> found = shard->Find(hash, from.id);
  if (!found.ok()) return found.status();
  Unit* unit = *found;
  if (from.keep > (unit == nullptr ? 0 : unit->events)) {
    return absl::DataLossError(absl::StrCat(
        "snapshot is damaged: a unit has ", unit == nullptr ? 0 : unit->events,
        " events before those that follow, want ", from.keep));
  }
  size_t kept = 0;  // Bytes.
  if (unit == nullptr) {
    unit = shard->Insert(hash, from.id, from.packed.size());
  } else if (from.keep == 0) {
    unit = AddEvents(from.packed, hash, unit, shard);
    unit->saved = unit->events;
    return absl::OkStatus();
  } else if (from.keep == unit->events) {
    kept = unit->event_bytes;
  } else {
    const char* in = unit->events_begin();
    uint32_t content;
    for (uint32_t i = 0; i < from.keep; ++i) in = UnpackContent(in, &content);
    kept = in - unit->events_begin();
  }
  unit = shard->Grow(hash, unit, kept + from.packed.size());
  std::memcpy(unit->events_begin() + kept, from.packed.data(),
              from.packed.size());
  unit->event_bytes = static_cast<uint32_t>(kept + from.packed.size());
  unit->events = from.keep;
  const char* const end = from.packed.data() + from.packed.size();
  for (const char* in = from.packed.data(); in < end; ++unit->events) {
    uint32_t content;
    in = UnpackContent(in, &content);
    if (content == ContentTable::kNotInterned) contents_.SetFull();
  }
  unit->saved = unit->events;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> Population::TakeOut(
    absl::string_view id) {
  const uint64_t hash = HashText(id);
  UnitShard& shard = units_.shard(UnitTable::ShardOf(hash));
  absl::MutexLock lock(&shard.mutex);
  absl::StatusOr<Unit*> found = shard.Find(hash, id);
  if (!found.ok()) return found.status();
  if (*found == nullptr) return std::nullopt;
  std::string packed((*found)->packed());
  absl::Status status = shard.RemoveCopy(id);
  if (!status.ok()) return status;
  shard.Remove(hash, id);
  return packed;
}

absl::Status Population::Unite(absl::string_view id, absl::string_view packed,
                               std::string* before) {
  const uint64_t hash = HashText(id);
  UnitShard& shard = units_.shard(UnitTable::ShardOf(hash));
  absl::MutexLock lock(&shard.mutex);
  absl::StatusOr<Unit*> found = shard.Find(hash, id);
  if (!found.ok()) return found.status();
  Unit* unit = *found != nullptr ? *found : shard.Insert(hash, id);
  *before = std::string(unit->packed());
  AddEvents(packed, hash, unit, &shard);
  return shard.Evict();
}

Unit* Population::AddEvents(absl::string_view packed, uint64_t hash, Unit* unit,
                            UnitShard* shard) {
  thread_local std::vector<UnitEvent> events;
  UnpackAll(unit->packed(), &events);
  UnitEvent event;
  UnitEvent replaced;
  const char* const end = packed.data() + packed.size();
  for (const char* in = packed.data(); in < end;) {
    in = Unpack(in, &event);
    if (event.content == ContentTable::kNotInterned) contents_.SetFull();
    AddEvent(event, &events, &replaced);
  }
  return StoreEvents(events, hash, unit, shard);
}

}  // namespace stagecraft::engine
