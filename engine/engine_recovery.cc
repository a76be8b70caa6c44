// Engine: what is computed from the log.

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "engine/engine.h"
#include "engine/event_block.h"
#include "engine/folding.h"
#include "engine/record.h"
#include "engine/store/key_codec.h"
#include "engine/work_queue.h"

namespace stagecraft::engine {
namespace {

struct Block {
  uint64_t sequence = 0;
  std::string bytes;
};

// Leaves the events of units out that are of other parts.
void KeepPart(const Engine::Part& part, Population& population,
              EventBatch* block) {
  if (part.count == 1) return;
  std::vector<bool> keep;
  absl::ReaderMutexLock lock(&population.identity_mutex());
  for (const absl::string_view id : block->units()) {
    uint64_t hash = HashText(id);
    population.RootOf(id, &hash);
    keep.push_back(hash % part.count == part.number);
  }
  block->RemoveItems(
      [&](const EventBatch::Item& item) { return !keep[item.unit]; });
}

absl::Status AtBlock(uint64_t sequence, const absl::Status& status) {
  return absl::Status(
      status.code(),
      absl::StrCat("block ", sequence, " of the log: ", status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> Engine::Open(
    Store* store, const Specs& specs, const EngineOptions& options) {
  std::unique_ptr<Engine> engine(new Engine(store, options));
  absl::MutexLock erase_lock(&engine->erase_mutex_);
  absl::Status status = engine->LoadFacts();
  if (!status.ok()) return status;
  status = engine->LoadIdentities(engine->population_.get());
  if (!status.ok()) return status;
  absl::StatusOr<uint64_t> next = NextSequence(*store);
  if (!next.ok()) return next.status();

  Snapshot snapshot;
  if (engine->SnapshotPath().has_value()) {
    // The log has everything: the snapshot only makes the start faster.
    const absl::Status loaded = engine->LoadSnapshot(&snapshot);
    if (!loaded.ok()) {
      if (!absl::IsNotFound(loaded) && engine->snapshot_refused_.empty()) {
        engine->snapshot_refused_ = std::string(loaded.message());
      }
      engine->snapshot_units_ = 0;
      engine->snapshot_files_ = 0;
      engine->total_events_ = 0;
      engine->SetChain({});
      snapshot = Snapshot();
      if (status = engine->ResetPopulation(); !status.ok()) return status;
    }
  }
  FoldedSpecs fresh;
  FoldedSpecs compiled = Compile(specs, FoldedSpecs(), -1, &fresh);
  {
    absl::MutexLock lock(&engine->ingest_);
    engine->Seal(&compiled);
  }
  FoldedSpecs rest = compiled;
  const absl::StatusOr<Replayed> replayed =
      engine->CatchUp(snapshot, engine->RestoreTallies(&snapshot, &rest));
  if (!replayed.ok()) return replayed.status();
  engine->replayed_ = replayed->events;
  engine->since_snapshot_ = replayed->events;
  engine->total_events_ += replayed->events;
  engine->RaiseNewest(replayed->newest);
  {
    absl::MutexLock lock(&engine->sequence_mutex_);
    engine->next_sequence_ = std::max(*next, snapshot.head.position);
  }

  const FoldSet rest_set(std::move(rest), &engine->population_->contents());
  status = engine->FoldAll(rest_set, engine->population_.get(),
                           [](double) { return true; });
  if (!status.ok()) return status;
  {
    absl::MutexLock specs_lock(&engine->specs_mutex_);
    engine->folding_ = std::make_shared<Folding>(
        std::move(compiled), engine->population_->contents());
  }
  if (!engine->erased_.empty()) {
    status = engine->FinishErasures();
    if (!status.ok()) return status;
  }
  return engine;
}

absl::Status Engine::ResetPopulation() {
  if (absl::Status status = ClearScratch(); !status.ok()) return status;
  population_ = std::make_unique<Population>(store_, options_.unit_bytes);
  return LoadIdentities(population_.get());
}

absl::Status Engine::LoadFacts() {
  absl::Status damage;
  absl::Status status =
      store_->Scan(Keyspace::kErasures, "", "",
                   [&](absl::string_view key, absl::string_view value) {
                     const auto last = DecodeLogKey(value);
                     if (!last.ok()) {
                       damage = last.status();
                       return false;
                     }
                     erased_.Add(std::string(key), *last);
                     return true;
                   });
  if (!status.ok()) return status;
  if (!damage.ok()) return damage;
  const auto read = [&](absl::string_view key, int64_t absent) {
    const auto value = store_->Get(Keyspace::kMeta, key);
    if (!value.ok()) return absl::StatusOr<int64_t>(value.status());
    int64_t number = absent;
    if (value->has_value() && !absl::SimpleAtoi(**value, &number)) {
      return absl::StatusOr<int64_t>(absl::DataLossError(
          absl::StrCat("meta key ", key, " is damaged, want a whole number")));
    }
    return absl::StatusOr<int64_t>(number);
  };
  const absl::StatusOr<int64_t> cutoff = read(kEventCutoffKey, 0);
  if (!cutoff.ok()) return cutoff.status();
  cutoff_ = *cutoff;
  const absl::StatusOr<int64_t> newest = read(kNewestEventKey, -1);
  if (!newest.ok()) return newest.status();
  RaiseNewest(*newest);
  absl::MutexLock lock(&ingest_);
  return store_->Scan(Keyspace::kMeta, kSealPrefix, PrefixEnd(kSealPrefix),
                      [&](absl::string_view key, absl::string_view value)
                          ABSL_NO_THREAD_SAFETY_ANALYSIS {
                            sealed_.emplace(key, value);
                            return true;
                          });
}

absl::Status Engine::LoadIdentities(Population* population) const {
  absl::MutexLock lock(&population->identity_mutex());
  absl::Status damage;
  const absl::Status status =
      store_->Scan(Keyspace::kAliases, "", "",
                   [&](absl::string_view key, absl::string_view)
                       ABSL_NO_THREAD_SAFETY_ANALYSIS {
                         const auto alias = DecodeAliasKey(key);
                         if (!alias.ok()) {
                           damage = alias.status();
                           return false;
                         }
                         population->MergeIds(alias->alias_id, alias->unit_id);
                         return true;
                       });
  return status.ok() ? damage : status;
}

absl::StatusOr<Engine::Replayed> Engine::CatchUp(const Snapshot& snapshot,
                                                 FoldedSpecs restored) {
  if (restored.empty()) {
    return Replay(snapshot.head.position, [&](EventBatch* block) {
      return population_->AddBlock(*block);
    });
  }
  Folding folding(std::move(restored), population_->contents());
  {
    const std::unique_ptr<UnitFolder> folder = folding.Borrow();
    std::vector<UnitEvent> merged;
    UnitEvent replaced;
    for (const auto& [before, added] : snapshot.merges) {
      const std::vector<UnitEvent> events = UnpackAll(added);
      UnpackAll(before, &merged);
      folder->Add(merged, -1);
      folder->Add(events, -1);
      for (const UnitEvent& event : events) {
        AddEvent(event, &merged, &replaced);
      }
      folder->Add(merged, 1);
    }
    folder->Flush();
  }
  return Replay(snapshot.head.position, [&](EventBatch* block) {
    absl::ReaderMutexLock lock(&ingest_);
    RoutedBatch routed = population_->Route(*block);
    IngestReport report;
    report.events.resize(block->items().size());
    FoldCounts counts;
    std::unique_ptr<UnitFolder> folder = folding.Borrow();
    absl::Status status =
        FoldBatch(&routed, *block, folder.get(), &report, &counts);
    folder->Flush();
    folding.Return(std::move(folder));
    return status;
  });
}

absl::StatusOr<Engine::Replayed> Engine::Replay(
    uint64_t first,
    absl::FunctionRef<absl::Status(EventBatch* block)> add) const {
  WorkQueue<Block> queue(static_cast<size_t>(4 * options_.threads));
  std::atomic<int64_t> events{0};
  std::atomic<Micros> newest{-1};
  const Micros cutoff = cutoff_.load();
  const auto work = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    EventBatch batch;
    while (const std::optional<Block> next = queue.Pop()) {
      absl::Status status = DecodeBlock(next->bytes, &batch);
      if (status.ok()) {
        erased_.TakeOut(next->sequence, &batch);
        batch.RemoveItems(
            [&](const EventBatch::Item& item) { return item.time < cutoff; });
        status = add(&batch);
      }
      if (!status.ok()) {
        queue.Stop(AtBlock(next->sequence, status));
        return;
      }
      events += static_cast<int64_t>(batch.items().size());
      Micros latest = -1;
      for (const EventBatch::Item& item : batch.items()) {
        latest = std::max(latest, item.time);
      }
      Micros seen = newest.load();
      while (seen < latest && !newest.compare_exchange_weak(seen, latest)) {
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < options_.threads; ++i) threads.emplace_back(work);
  const absl::Status status =
      store_->Scan(Keyspace::kLog, LogKey(first), "",
                   [&](absl::string_view key, absl::string_view value) {
                     const auto sequence = DecodeLogKey(key);
                     if (!sequence.ok()) {
                       queue.Stop(sequence.status());
                       return false;
                     }
                     return queue.Push({*sequence, std::string(value)});
                   });
  if (!status.ok()) queue.Stop(status);
  queue.Close();
  for (std::thread& thread : threads) thread.join();
  if (absl::Status failure = queue.status(); !failure.ok()) return failure;
  return Replayed{events.load(), newest.load()};
}

absl::Status Engine::Verify() const {
  // In this order as everywhere: no snapshot or erasure is under way.
  absl::MutexLock erase_lock(&erase_mutex_);
  absl::MutexLock lock(&ingest_);
  const auto running = folding();
  Specs plain;
  for (const auto& [name, folded] : running->set.specs().journeys) {
    plain.journeys.push_back(
        std::make_shared<const Journey>(folded.fold->journey()));
  }
  for (const auto& [name, folded] : running->set.specs().experiments) {
    if (!folded.sealed) {
      plain.experiments.push_back(folded.fold->shared_experiment());
    }
  }
  FoldedSpecs fresh;
  const FoldedSpecs books = Compile(plain, FoldedSpecs(), -1, &fresh);
  // Not into scratch, where the running units may be: by parts that fit into
  // memory once more.
  constexpr int64_t kBytesPerEvent = 32;
  const auto parts = static_cast<uint64_t>(
      std::clamp<int64_t>(1 + total_events_.load() * kBytesPerEvent /
                                  std::max<int64_t>(options_.unit_bytes, 1),
                          1, 64));
  for (uint64_t part = 0; part < parts; ++part) {
    Population again(store_, std::numeric_limits<int64_t>::max());
    absl::Status status = LoadIdentities(&again);
    if (!status.ok()) return status;
    const absl::StatusOr<Replayed> replayed = Replay(1, [&](EventBatch* block) {
      KeepPart({.number = part, .count = parts}, again, block);
      return again.AddBlock(*block);
    });
    if (!replayed.ok()) return replayed.status();
    const FoldSet set(books, &again.contents());
    status = FoldAll(set, &again, [](double) { return true; });
    if (!status.ok()) return status;
  }

  std::vector<std::string> different;
  const auto compare = [&](const std::string& name, const Book& a,
                           const Book& b) {
    const bool same = a.Read([&](const Tallies& x) {
      return b.Read([&](const Tallies& y) { return x == y; });
    });
    if (!same) different.push_back(name);
  };
  for (const auto& [name, folded] : books.journeys) {
    compare(name, *folded.book, *running->set.specs().journeys.at(name).book);
  }
  for (const auto& [name, folded] : books.experiments) {
    compare(name, *folded.book,
            *running->set.specs().experiments.at(name).book);
  }
  if (different.empty()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("running tallies differ from a recomputation: ",
                   absl::StrJoin(different, ", ")));
}

}  // namespace stagecraft::engine
