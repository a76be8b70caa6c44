// Engine: taking events away for good, of one unit or of old age.

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/event_block.h"
#include "engine/folding.h"
#include "engine/record.h"

namespace stagecraft::engine {
namespace {

bool IsFinished(const Experiment& experiment) {
  return experiment.state == Experiment::State::kConcluded ||
         experiment.state == Experiment::State::kRolledOut ||
         experiment.state == Experiment::State::kArchived;
}

// The first moment whose events may be part of its tallies.
Micros FirstMoment(const Experiment& experiment) {
  return experiment.start_time.value_or(0) -
         experiment.plan.pre_exposure_window.value_or(0);
}

}  // namespace

void Engine::Seal(FoldedSpecs* specs) const ABSL_NO_THREAD_SAFETY_ANALYSIS {
  for (auto& [name, folded] : specs->experiments) {
    const Experiment& experiment = folded.fold->experiment();
    const auto it =
        sealed_.find(SealKey(name, experiment.start_time.value_or(0)));
    if (it == sealed_.end() || folded.sealed) continue;
    absl::StatusOr<Tallies> tallies =
        Tallies::Parse(it->second, folded.fold->ZeroTallies().shape());
    // Checked when it was loaded; a changed definition has other columns, and
    // then there is nothing to show.
    if (!tallies.ok()) continue;
    folded.book = std::make_shared<Book>(*std::move(tallies));
    folded.sealed = true;
  }
}

absl::StatusOr<int64_t> Engine::DeleteUnit(absl::string_view unit_id) {
  if (absl::Status status = ValidateUnitId(unit_id, "unit_id"); !status.ok()) {
    return status;
  }
  absl::MutexLock erase_lock(&erase_mutex_);
  int64_t removed = 0;
  {
    absl::MutexLock lock(&ingest_);  // No batch is under way.
    absl::MutexLock identity_lock(&population_->identity_mutex());
    uint64_t hash = HashText(unit_id);
    const std::string root(population_->RootOf(unit_id, &hash));
    const std::vector<std::string> ids = population_->identity().Members(root);
    std::vector<UnitEvent> events;
    UnitShard& shard = population_->units().shard(UnitTable::ShardOf(hash));
    absl::MutexLock shard_lock(&shard.mutex);
    const absl::StatusOr<Unit*> unit = shard.Find(hash, root);
    if (!unit.ok()) return unit.status();
    if (*unit != nullptr) UnpackAll((*unit)->packed(), &events);
    if (events.empty() && ids.size() == 1 && erased_.empty()) return 0;

    WriteBatch batch;
    uint64_t last = 0;
    {
      absl::MutexLock sequence_lock(&sequence_mutex_);
      last = next_sequence_ - 1;
    }
    for (const std::string& id : ids) {
      batch.Put(Keyspace::kErasures, ErasedIds::HashOf(id), LogKey(last));
    }
    absl::Status status = store_->Scan(
        Keyspace::kAliases, "", "",
        [&](absl::string_view key, absl::string_view) {
          const auto alias = DecodeAliasKey(key);
          if (alias.ok() &&
              (std::binary_search(ids.begin(), ids.end(), alias->alias_id) ||
               std::binary_search(ids.begin(), ids.end(), alias->unit_id))) {
            batch.Delete(Keyspace::kAliases, key);
          }
          return true;
        });
    if (!status.ok()) return status;
    if (status = shard.RemoveCopy(root); !status.ok()) return status;
    if (status = store_->Write(batch); !status.ok()) return status;

    // From here on nothing fails: a repeat finds the unit as it was, or gone.
    SetChain({});  // Its files have the unit.
    for (const std::string& id : ids) erased_.Add(ErasedIds::HashOf(id), last);
    const auto folding = this->folding();
    std::unique_ptr<UnitFolder> folder = folding->Borrow();
    folder->Add(events, -1);
    folder->Flush();
    folding->Return(std::move(folder));
    shard.Remove(hash, root);
    population_->RemoveIds(root);
    removed = static_cast<int64_t>(events.size());
    total_events_ -= removed;
  }
  if (absl::Status status = FinishErasures(); !status.ok()) return status;
  return removed;
}

absl::Status Engine::FinishErasures() {
  // Blocks are not changed by anybody else: ingestion goes on meanwhile.
  WriteBatch batch;
  absl::Status failure;
  std::string first;
  std::string last;
  absl::Status status = store_->Scan(
      Keyspace::kLog, "", "",
      [&](absl::string_view key, absl::string_view value)
          ABSL_NO_THREAD_SAFETY_ANALYSIS {
            const absl::StatusOr<uint64_t> sequence = DecodeLogKey(key);
            if (!sequence.ok()) {
              failure = sequence.status();
              return false;
            }
            bool holds = false;
            failure = ForEachUnitId(value, [&](absl::string_view id) {
              holds = holds || erased_.Contains(id, *sequence);
            });
            if (!failure.ok()) return false;
            if (!holds) return true;
            EventBatch block;
            failure = DecodeBlock(value, &block);
            if (!failure.ok()) return false;
            erased_.TakeOut(*sequence, &block);
            if (block.items().empty()) {
              batch.Delete(Keyspace::kLog, key);
            } else {
              std::vector<uint32_t> items(block.items().size());
              for (uint32_t i = 0; i < items.size(); ++i) items[i] = i;
              batch.Put(Keyspace::kLog, key, EncodeBlock(block, items));
            }
            if (first.empty()) first = std::string(key);
            last = std::string(key);
            if (batch.bytes() > (size_t{32} << 20)) {
              failure = store_->Write(batch);
              batch.Clear();
            }
            return failure.ok();
          });
  if (!status.ok()) return status;
  if (!failure.ok()) return failure;
  if (status = store_->Write(batch); !status.ok()) return status;
  if (!first.empty()) {
    status = store_->Purge(Keyspace::kLog, first, absl::StrCat(last, "0"));
    if (!status.ok()) return status;
  }
  if (status = store_->Purge(Keyspace::kAliases, "", ""); !status.ok()) {
    return status;
  }
  if (status = store_->Purge(Keyspace::kScratch, "", ""); !status.ok()) {
    return status;
  }
  SetChain({});
  // In the place of the one that has the units.
  status = WriteSnapshotLocked();
  if (!status.ok() && !absl::IsUnimplemented(status)) return status;
  batch.Clear();
  status = store_->Scan(Keyspace::kErasures, "", "",
                        [&](absl::string_view key, absl::string_view) {
                          batch.Delete(Keyspace::kErasures, key);
                          return true;
                        });
  if (!status.ok()) return status;
  if (status = store_->Write(batch); !status.ok()) return status;
  erased_.Clear();
  return store_->Purge(Keyspace::kErasures, "", "");
}

absl::StatusOr<Micros> Engine::DeleteEventsBefore(Micros cutoff) {
  absl::MutexLock erase_lock(&erase_mutex_);
  {
    absl::MutexLock lock(&ingest_);
    const auto folding = this->folding();
    FoldedSpecs specs = folding->set.specs();
    for (const auto& [name, folded] : specs.experiments) {
      const Experiment& experiment = folded.fold->experiment();
      if (!IsFinished(experiment)) {
        cutoff = std::min(cutoff, FirstMoment(experiment));
      }
    }
    // Whole hours: the grid of tallies.
    cutoff = std::max<Micros>(cutoff, 0) / kTickLength * kTickLength;
    if (cutoff <= cutoff_.load()) {
      if (!forgetting_ && !snapshots_outdated_) return cutoff_.load();
      cutoff = cutoff_.load();
    }

    WriteBatch batch;
    std::map<std::string, std::string> sealed;
    for (const auto& [name, folded] : specs.experiments) {
      const Experiment& experiment = folded.fold->experiment();
      if (folded.sealed || FirstMoment(experiment) >= cutoff) continue;
      const std::string key = SealKey(name, experiment.start_time.value_or(0));
      sealed[key] = folded.book->Read(
          [](const Tallies& tallies) { return tallies.Serialize(); });
      batch.Put(Keyspace::kMeta, key, sealed[key]);
    }
    batch.Put(Keyspace::kMeta, kEventCutoffKey, absl::StrCat(cutoff));
    // The log may have no event left to tell it.
    batch.Put(Keyspace::kMeta, kNewestEventKey, absl::StrCat(newest_.load()));
    absl::Status failure;
    absl::Status status =
        store_->Scan(Keyspace::kLog, "", "",
                     [&](absl::string_view key, absl::string_view value) {
                       const auto bounds = ReadBounds(value);
                       if (!bounds.ok()) {
                         failure = bounds.status();
                         return false;
                       }
                       if (bounds->max_time < cutoff)
                         batch.Delete(Keyspace::kLog, key);
                       return true;
                     });
    if (!status.ok()) return status;
    if (!failure.ok()) return failure;
    if (status = store_->Write(batch); !status.ok()) return status;

    forgetting_ = true;
    snapshots_outdated_ = true;
    SetChain({});
    cutoff_ = cutoff;
    sealed_.merge(sealed);
    Seal(&specs);
    auto next =
        std::make_shared<Folding>(std::move(specs), population_->contents());
    status = ForgetEvents(cutoff, next->set);
    {
      absl::MutexLock specs_lock(&specs_mutex_);
      folding_ = std::move(next);
    }
    if (!status.ok()) return status;
  }
  absl::Status status = store_->Purge(Keyspace::kLog, "", "");
  if (!status.ok()) return status;
  forgetting_ = false;
  status = WriteSnapshotLocked();
  if (absl::IsUnimplemented(status)) {
    snapshots_outdated_ = false;  // There are none.
    status = absl::OkStatus();
  }
  if (!status.ok()) return status;
  return cutoff;
}

absl::Status Engine::ForgetEvents(Micros cutoff, const FoldSet& set) {
  UnitFolder folder(&set);
  // Whatever fails on the way, the books go with the units.
  const auto flush = absl::MakeCleanup([&] { folder.Flush(); });
  std::vector<UnitEvent> before;
  std::vector<UnitEvent> after;
  std::vector<UnitEvent> gone;
  int64_t changed = 0;
  const auto is_old = [&](absl::string_view packed) {
    if (packed.empty()) return false;
    UnitEvent first;
    Unpack(packed.data(), &first);
    return first.time < cutoff;
  };
  // What the unit has left.
  const auto split = [&](absl::string_view packed) {
    UnpackAll(packed, &before);
    after.clear();
    gone.clear();
    for (const UnitEvent& event : before) {
      (event.time < cutoff ? gone : after).push_back(event);
    }
  };
  const auto count = [&] {
    folder.Replace(before, after, gone, /*late=*/false);
    total_events_ -= static_cast<int64_t>(gone.size());
    if (++changed % 4096 == 0) folder.Flush();
  };
  for (int i = 0; i < UnitTable::kShards; ++i) {
    UnitShard& shard = population_->units().shard(i);
    absl::MutexLock lock(&shard.mutex);
    if (shard.spilled()) {
      WriteBatch copies;  // Older ones, of units that were in scratch once.
      shard.ForEachInMemory([&](Unit* unit) {
        if (is_old(unit->packed())) {
          copies.Delete(Keyspace::kScratch, unit->id());
        }
      });
      if (absl::Status status = store_->WriteScratch(copies); !status.ok()) {
        return status;
      }
    }
    std::vector<std::string> empty;
    shard.ForEachInMemory([&](Unit* unit) {
      if (!is_old(unit->packed())) return;
      split(unit->packed());
      count();
      // Fewer events fit where the unit is.
      StoreEvents(after, HashText(unit->id()), unit, &shard);
      if (after.empty()) empty.emplace_back(unit->id());
    });
    for (const std::string& id : empty) shard.Remove(HashText(id), id);
  }
  return population_->units().ForEachInScratch(
      [&](absl::string_view id, absl::string_view packed) {
        if (!is_old(packed)) return absl::OkStatus();
        split(packed);
        WriteBatch batch;
        if (after.empty()) {
          batch.Delete(Keyspace::kScratch, id);
        } else {
          batch.Put(Keyspace::kScratch, id, PackAll(after));
        }
        absl::Status status = store_->WriteScratch(batch);
        if (status.ok()) count();
        return status;
      });
}

}  // namespace stagecraft::engine
