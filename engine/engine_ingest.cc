// Engine: taking in events.

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "engine/event_block.h"
#include "engine/folding.h"
#include "engine/log.h"
#include "engine/record.h"

namespace stagecraft::engine {
namespace {

using Outcome = IngestReport::Outcome;

// `unit` may be null.
int32_t EventsOf(const Unit* unit) {
  return unit == nullptr ? 0 : static_cast<int32_t>(unit->events);
}

}  // namespace

absl::StatusOr<IngestReport> Engine::Ingest(absl::Span<const Event> events,
                                            absl::Span<const Alias> aliases) {
  EventBatch batch;
  batch.Reserve(events.size());
  std::vector<size_t> index;  // Of each item.
  index.reserve(events.size());
  IngestReport report;
  report.events.resize(events.size());
  int64_t refused = 0;
  for (size_t i = 0; i < events.size(); ++i) {
    if (absl::Status status = batch.Add(events[i]); !status.ok()) {
      report.events[i] = {Outcome::kRejected, std::string(status.message())};
      ++refused;
    } else {
      index.push_back(i);
    }
  }
  absl::StatusOr<IngestReport> of_items = Ingest(batch, aliases);
  if (!of_items.ok()) return of_items.status();
  rejected_ += refused;
  for (size_t i = 0; i < index.size(); ++i) {
    report.events[index[i]] = std::move(of_items->events[i]);
  }
  report.aliases = std::move(of_items->aliases);
  return report;
}

absl::StatusOr<IngestReport> Engine::Ingest(const EventBatch& batch,
                                            absl::Span<const Alias> aliases) {
  IngestReport report;
  report.events.resize(batch.items().size());
  report.aliases.resize(aliases.size());
  absl::ReaderMutexLock lock(&ingest_);
  absl::ReaderMutexLock batches_lock(&batches_);
  RoutedBatch routed = population_->Route(batch);
  absl::Status status;
  const std::vector<uint32_t> items =
      LeaveOut(batch, &routed, &report, &status);
  if (!status.ok()) return status;

  WriteBatch write;
  InFlight in_flight = BeginSequence(&write);
  const auto end = absl::MakeCleanup([&] { EndSequence(in_flight); });
  if (!items.empty()) {
    write.Put(Keyspace::kLog, LogKey(in_flight.sequence),
              EncodeBlock(batch, items));
  }
  PlanAliases(aliases, &report, &write);
  if (status = store_->Write(write); !status.ok()) return status;
  in_flight.stored = true;

  const auto folding = this->folding();
  std::unique_ptr<UnitFolder> folder = folding->Borrow();
  FoldCounts counts;
  status = FoldBatch(&routed, batch, folder.get(), &report, &counts);
  if (!aliases.empty() && status.ok()) {
    absl::MutexLock identity_lock(&population_->identity_mutex());
    for (size_t i = 0; i < aliases.size() && status.ok(); ++i) {
      if (report.aliases[i].outcome != Outcome::kStored) continue;
      const int64_t before = counts.aliases;
      status = FoldMerge(aliases[i], folder.get(), &counts);
      // Another batch was first.
      if (counts.aliases == before) {
        report.aliases[i].outcome = Outcome::kDuplicate;
      }
    }
  }
  folder->Flush();
  folding->Return(std::move(folder));
  stored_ += counts.stored;
  duplicates_ += counts.duplicates;
  aliases_ += counts.aliases;
  total_events_ += counts.stored - counts.gone;
  since_snapshot_ += counts.stored;
  RaiseNewest(counts.newest);
  // What is stored but could not be folded is counted after the next start.
  if (!status.ok()) return status;
  in_flight.folded = true;
  return report;
}

Engine::InFlight Engine::BeginSequence(WriteBatch* write) {
  absl::MutexLock lock(&sequence_mutex_);
  InFlight in_flight;
  in_flight.sequence = next_sequence_++;
  in_flight.deleted = failed_;
  in_flight_.insert(in_flight.sequence);
  for (const uint64_t failed : failed_) {
    write->Delete(Keyspace::kLog, LogKey(failed));
  }
  return in_flight;
}

void Engine::EndSequence(const InFlight& in_flight) {
  absl::MutexLock lock(&sequence_mutex_);
  in_flight_.erase(in_flight.sequence);
  if (!in_flight.stored) {
    failed_.push_back(in_flight.sequence);
    return;
  }
  if (!in_flight.folded && unfolded_ == 0) unfolded_ = in_flight.sequence;
  for (const uint64_t deleted : in_flight.deleted) {
    failed_.erase(std::remove(failed_.begin(), failed_.end(), deleted),
                  failed_.end());
  }
}

std::vector<uint32_t> Engine::LeaveOut(const EventBatch& batch,
                                       RoutedBatch* routed,
                                       IngestReport* report,
                                       absl::Status* status) {
  std::vector<uint32_t> items;
  items.reserve(batch.items().size());
  const Micros cutoff = cutoff_.load();
  UnitTable& units = population_->units();
  *status = routed->ForEachShard(
      &units,
      [&](UnitShard* shard, absl::Span<RoutedEvent> rest,
          ShardLock::How how) -> absl::StatusOr<bool> {
        const ShardLock lock(shard, how);
        if (!lock.held()) return false;
        while (!rest.empty()) {
          const absl::Span<RoutedEvent> of_unit = FirstUnit(rest);
          rest.remove_prefix(of_unit.size());
          absl::StatusOr<Unit*> unit =
              shard->Find(of_unit[0].unit_hash, of_unit[0].root);
          if (!unit.ok()) return unit.status();
          int64_t size = *unit == nullptr ? 0 : (*unit)->events;
          for (RoutedEvent& event : of_unit) {
            IngestReport::Item& result = report->events[event.item];
            const AddOutcome outcome =
                *unit == nullptr ? AddOutcome::kAdded
                                 : WouldAdd(event.event, (*unit)->packed());
            if (outcome == AddOutcome::kDuplicate) {
              result.outcome = Outcome::kDuplicate;
              ++duplicates_;
            } else if (event.event.time < cutoff) {
              result = {
                  Outcome::kRejected,
                  absl::StrCat(
                      "time is ",
                      absl::FormatTime(absl::RFC3339_full,
                                       absl::FromUnixMicros(event.event.time),
                                       absl::UTCTimeZone()),
                      ", want at least ",
                      absl::FormatTime(absl::RFC3339_full,
                                       absl::FromUnixMicros(cutoff),
                                       absl::UTCTimeZone()),
                      ": older events are not kept")};
              ++rejected_;
            } else if (outcome == AddOutcome::kAdded &&
                       size >= options_.max_events_per_unit) {
              result = {
                  Outcome::kRejected,
                  absl::StrCat("unit_id `",
                               batch.units()[batch.items()[event.item].unit],
                               "` has ", size, " events, want at most ",
                               options_.max_events_per_unit)};
              ++rejected_;
            } else {
              if (outcome == AddOutcome::kAdded) {
                ++size;
                event.new_at = EventsOf(*unit);
              }
              items.push_back(event.item);
            }
          }
        }
        if (absl::Status evicted = shard->Evict(); !evicted.ok())
          return evicted;
        return true;
      });
  // What is left out is not folded either.
  if (items.size() < routed->events.size()) {
    routed->events.erase(
        std::remove_if(routed->events.begin(), routed->events.end(),
                       [&](const RoutedEvent& event) {
                         return report->events[event.item].outcome !=
                                Outcome::kStored;
                       }),
        routed->events.end());
  }
  return items;
}

absl::Status Engine::FoldBatch(RoutedBatch* routed, const EventBatch& batch,
                               UnitFolder* folder, IngestReport* report,
                               FoldCounts* counts) {
  UnitTable& units = population_->units();
  std::vector<RoutedEvent> moved;  // To another unit, by an alias.
  // Takes events away that have moved, and returns the version of the identity
  // as of which the others have not.
  const auto take_moved = [&](absl::Span<RoutedEvent>* events) {
    absl::ReaderMutexLock identity_lock(&population_->identity_mutex());
    const auto gone = std::stable_partition(
        events->begin(), events->end(), [&](const RoutedEvent& event) {
          const absl::string_view id =
              batch.units()[batch.items()[event.item].unit];
          uint64_t hash = HashText(id);
          return population_->RootOf(id, &hash) == event.root;
        });
    moved.insert(moved.end(), gone, events->end());
    *events = events->subspan(0, gone - events->begin());
    return population_->identity_version();
  };
  const absl::Status status = routed->ForEachShard(
      &units,
      [&](UnitShard* shard, absl::Span<RoutedEvent> rest,
          ShardLock::How how) -> absl::StatusOr<bool> {
        for (int64_t version = routed->identity_version;;
             version = take_moved(&rest), how = ShardLock::kWait) {
          const ShardLock lock(shard, how);
          if (!lock.held()) return false;
          // From here on nobody makes a root of this shard another one's.
          if (std::any_of(
                  rest.begin(), rest.end(), [&](const RoutedEvent& event) {
                    return population_->MayHaveMoved(event.unit_hash, version);
                  })) {
            continue;
          }
          absl::Status folded = FoldUnits(rest, shard, folder, report, counts);
          if (folded.ok()) folded = shard->Evict();
          if (!folded.ok()) return folded;
          return true;
        }
      });
  if (!status.ok()) return status;
  for (RoutedEvent& event : moved) {
    absl::ReaderMutexLock identity_lock(&population_->identity_mutex());
    const absl::string_view id = batch.units()[batch.items()[event.item].unit];
    event.unit_hash = HashText(id);
    event.root = population_->RootOf(id, &event.unit_hash);
    event.new_at = -1;  // Of another unit.
    UnitShard& shard = units.shard(UnitTable::ShardOf(event.unit_hash));
    absl::MutexLock lock(&shard.mutex);
    if (absl::Status folded =
            FoldUnit(absl::MakeSpan(&event, 1), &shard, folder, report, counts);
        !folded.ok()) {
      return folded;
    }
  }
  return absl::OkStatus();
}

absl::Status Engine::FoldUnits(absl::Span<RoutedEvent> events, UnitShard* shard,
                               UnitFolder* folder, IngestReport* report,
                               FoldCounts* counts) {
  while (!events.empty()) {
    const absl::Span<RoutedEvent> of_unit = FirstUnit(events);
    events.remove_prefix(of_unit.size());
    absl::Status folded = FoldUnit(of_unit, shard, folder, report, counts);
    if (!folded.ok()) return folded;
  }
  return absl::OkStatus();
}

absl::Status Engine::FoldUnit(absl::Span<RoutedEvent> events, UnitShard* shard,
                              UnitFolder* folder, IngestReport* report,
                              FoldCounts* counts) {
  thread_local std::vector<UnitEvent> before;
  thread_local std::vector<UnitEvent> after;
  thread_local std::vector<UnitEvent> changed;
  const uint64_t hash = events[0].unit_hash;
  absl::StatusOr<Unit*> found = shard->Find(hash, events[0].root);
  if (!found.ok()) return found.status();
  Unit* unit = *found != nullptr ? *found : shard->Insert(hash, events[0].root);
  // Usually the new events are the latest: then `after` is those alone.
  const bool appended = AreLater(events, unit->packed());
  after.clear();
  if (!appended) {
    UnpackAll(unit->packed(), &after);
    before = after;
  }
  changed.clear();
  for (const RoutedEvent& event : events) {
    UnitEvent replaced;
    // What the unit has is earlier and counts. Nobody takes events away from it
    // meanwhile: if there are as many as before, none came.
    const bool is_there =
        appended && event.new_at != EventsOf(unit) &&
        WouldAdd(event.event, unit->packed()) != AddOutcome::kAdded;
    switch (is_there ? AddOutcome::kDuplicate
                     : AddEvent(event.event, &after, &replaced)) {
      case AddOutcome::kDuplicate:
        // Twice in this batch, or in another one at the same time.
        report->events[event.item].outcome = Outcome::kDuplicate;
        ++counts->duplicates;
        continue;
      case AddOutcome::kReplaced:
        changed.push_back(replaced);
        ++counts->gone;
        break;
      case AddOutcome::kAdded:
        break;
    }
    changed.push_back(event.event);
    counts->newest = std::max(counts->newest, event.event.time);
    ++counts->stored;
  }
  if (changed.empty()) return absl::OkStatus();
  if (appended) {
    folder->Append(unit->packed(), after, shard->dumped);
    AppendEvents(after, hash, unit, shard);
  } else {
    folder->Replace(before, after, changed, shard->dumped);
    StoreEvents(after, hash, unit, shard);
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::engine
