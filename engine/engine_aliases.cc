// Engine: taking in aliases.

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/log.h"
#include "engine/record.h"
#include "engine/unit_rows.h"
#include "engine/unit_snapshot.h"

namespace stagecraft::engine {
namespace {

using Outcome = IngestReport::Outcome;

}  // namespace

void Engine::PlanAliases(absl::Span<const Alias> aliases, IngestReport* report,
                         WriteBatch* write) {
  if (aliases.empty()) return;
  std::vector<Alias> valid;
  std::vector<size_t> index;
  for (size_t i = 0; i < aliases.size(); ++i) {
    if (absl::Status status = Validate(aliases[i]); !status.ok()) {
      report->aliases[i] = {Outcome::kRejected, std::string(status.message())};
      ++rejected_;
      continue;
    }
    valid.push_back(aliases[i]);
    index.push_back(i);
  }
  absl::ReaderMutexLock lock(&population_->identity_mutex());
  const std::vector<Identity::Outcome> plan =
      population_->identity().Plan(valid);
  for (size_t i = 0; i < valid.size(); ++i) {
    IngestReport::Item& item = report->aliases[index[i]];
    if (plan[i] == Identity::Outcome::kAlreadyOne) {
      item.outcome = Outcome::kDuplicate;
    } else if (plan[i] == Identity::Outcome::kTooManyIds) {
      item = {Outcome::kRejected,
              absl::StrCat("alias_id `", valid[i].alias_id, "` and unit_id `",
                           valid[i].unit_id, "` would be one unit with more ",
                           "than ", kMaxIdsPerUnit, " ids, want at most ",
                           kMaxIdsPerUnit)};
      ++rejected_;
    } else {
      write->Put(Keyspace::kAliases, AliasKey(valid[i]), "");
    }
  }
}

absl::Status Engine::FoldMerge(const Alias& alias, UnitFolder* folder,
                               FoldCounts* counts)
    ABSL_NO_THREAD_SAFETY_ANALYSIS {  // Two shards, or one.
  std::string roots[2];
  uint64_t hashes[2];
  const std::string* ids[2] = {&alias.alias_id, &alias.unit_id};
  for (int i = 0; i < 2; ++i) {
    hashes[i] = HashText(*ids[i]);
    roots[i] = std::string(population_->RootOf(*ids[i], &hashes[i]));
  }
  if (roots[0] == roots[1]) return absl::OkStatus();  // By another batch.
  // Both shards are held all along: what can fail comes first, and then nothing
  // that was found goes to scratch again.
  UnitShard* shards[2];
  for (int i = 0; i < 2; ++i) {
    shards[i] = &population_->units().shard(UnitTable::ShardOf(hashes[i]));
  }
  const bool same = shards[0] == shards[1];
  absl::MutexLock lock(&std::min(shards[0], shards[1])->mutex);
  absl::MutexLockMaybe second_lock(
      same ? nullptr : &std::max(shards[0], shards[1])->mutex);
  std::vector<UnitEvent> merged;
  std::vector<std::string> packed(2);
  bool dumped[2];
  bool spilled = false;
  for (int i = 0; i < 2; ++i) {
    const absl::StatusOr<Unit*> unit = shards[i]->Find(hashes[i], roots[i]);
    if (!unit.ok()) return unit.status();
    dumped[i] = shards[i]->dumped;
    spilled = spilled || shards[i]->spilled();
    if (*unit == nullptr) continue;
    packed[i] = std::string((*unit)->packed());
  }
  const int gone = roots[0] < roots[1] ? 1 : 0;  // See Identity::Root.
  if (absl::Status status = shards[gone]->RemoveCopy(roots[gone]);
      !status.ok()) {
    return status;
  }
  population_->MergeIds(alias.alias_id, alias.unit_id);
  // A snapshot under way will not come to the merged unit any more: it needs
  // both parts as they were.
  const bool after_dump = dumped[1 - gone];
  for (int i = 0; i < 2; ++i) {
    const std::vector<UnitEvent> events = UnpackAll(packed[i]);
    folder->Add(events, -1, dumped[i] || after_dump);
    UnitEvent replaced;
    for (const UnitEvent& event : events) {
      if (AddEvent(event, &merged, &replaced) != AddOutcome::kAdded) {
        ++counts->gone;
      }
    }
  }
  folder->Add(merged, 1, after_dump);
  ++counts->aliases;
  {
    absl::MutexLock merged_lock(&merged_mutex_);
    if (keeps_gone_) {
      (dumping_ && (dumped[gone] || after_dump) ? gone_late_ : gone_)
          .push_back(roots[gone]);
    }
    for (int i = 0; i < 2 && dumping_; ++i) {
      // What is in scratch may be dumped or not, whatever its shard says.
      if (spilled || (after_dump && !dumped[i])) {
        if (merged_.empty() || merged_.back().size() >= kUnitFrameBytes) {
          merged_.emplace_back();
        }
        AppendUnit({.id = roots[i], .packed = packed[i]}, &merged_.back());
      }
    }
  }
  shards[gone]->Remove(hashes[gone], roots[gone]);
  if (merged.empty()) return absl::OkStatus();
  const uint64_t hash = hashes[1 - gone];
  UnitShard* shard = shards[1 - gone];
  StoreEvents(merged, hash, shard->Insert(hash, roots[1 - gone]), shard);
  return absl::OkStatus();
}

}  // namespace stagecraft::engine
