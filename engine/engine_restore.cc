// Engine: reading snapshots.

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <limits>
#include <map>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/folding.h"
#include "engine/frame_file.h"
#include "engine/record.h"
#include "engine/snapshot_books.h"
#include "engine/unit_rows.h"
#include "engine/unit_snapshot.h"
#include "engine/work_queue.h"

namespace stagecraft::engine {

// What a snapshot that is refused in the end has put there.
absl::Status Engine::ClearScratch() {
  while (true) {
    WriteBatch batch;
    absl::Status status =
        store_->Scan(Keyspace::kScratch, "", "",
                     [&](absl::string_view id, absl::string_view) {
                       batch.Delete(Keyspace::kScratch, id);
                       return batch.size() < 10'000;
                     });
    if (!status.ok() || batch.empty()) return status;
    if (status = store_->WriteScratch(batch); !status.ok()) return status;
  }
}

absl::Status Engine::CheckHead(const SnapshotHead& head) const {
  if (head.cutoff != cutoff_.load()) {
    return absl::FailedPreconditionError(
        "the snapshot holds events that are not kept any more");
  }
  if (head.anchor == 0) return absl::OkStatus();
  const auto block = store_->Get(Keyspace::kLog, LogKey(head.anchor));
  if (!block.ok()) return block.status();
  if (!block->has_value() || HashText(**block) != head.anchor_hash) {
    return absl::FailedPreconditionError(
        absl::StrCat("the snapshot is of another log: block ", head.anchor,
                     " is not the same"));
  }
  return absl::OkStatus();
}

absl::Status Engine::LoadSnapshot(Snapshot* snapshot) {
  int sound = std::numeric_limits<int>::max();
  Chain chain;
  // Files that are not used may have events that are forgotten since.
  snapshots_outdated_ = true;
  while (true) {
    *snapshot = Snapshot();
    chain = Chain();
    absl::Status damage;
    while (chain.files < sound) {
      const std::string path = *SnapshotPath(chain.files);
      const absl::StatusOr<bool> loaded = LoadFile(path, chain.last, snapshot);
      damage = loaded.status();
      if (!loaded.ok() || !*loaded) break;
      std::error_code error;
      const uint64_t bytes = std::filesystem::file_size(path, error);
      chain.bytes += bytes;
      if (chain.files == 0) chain.first_bytes = bytes;
      chain.last = snapshot->head.file;
      chain.contents = population_->contents().size();
      ++chain.files;
    }
    if (damage.ok()) break;
    if (snapshot_refused_.empty()) {
      snapshot_refused_ = std::string(damage.message());
    }
    if (chain.files == 0) return damage;
    // Something of the damaged file may be in the population.
    sound = chain.files;
    if (absl::Status status = ResetPopulation(); !status.ok()) return status;
  }
  if (snapshot_refused_.empty()) {
    snapshots_outdated_ = !RemoveFollowers(chain.files).ok();
  }
  if (chain.files == 0) return absl::NotFoundError("there is no snapshot");
  snapshot_units_ = population_->units().GetStats().units;
  snapshot_files_ = chain.files;
  total_events_ = snapshot->head.events;
  RaiseNewest(snapshot->head.newest);
  if (snapshot->head.exact && !snapshots_outdated_) SetChain(chain);
  return UniteAliases(snapshot);
}

// Frames are read by this thread and unpacked by others.
absl::StatusOr<bool> Engine::LoadFile(const std::string& path, uint64_t follows,
                                      Snapshot* snapshot) {
  absl::StatusOr<FrameReader> reader = FrameReader::Open(path);
  if (absl::IsNotFound(reader.status())) return false;
  if (!reader.ok()) return reader.status();
  if (!erased_.empty()) {
    return absl::FailedPreconditionError(
        "an erasure was cut short: the snapshot may hold what it erases");
  }
  bool left_over = false;
  std::optional<SnapshotHead> head;
  std::map<std::string, Snapshot::Kept> tallies;
  Snapshot::Kept* kept = nullptr;
  std::vector<std::string> gone;
  WorkQueue<std::string> queue(2 * options_.threads);
  std::vector<std::thread> threads;
  const auto work = [&] {
    UnitRows rows(population_->contents());
    while (const std::optional<std::string> frame = queue.Pop()) {
      absl::Status status = rows.Read(*frame);
      if (status.ok()) status = population_->LoadUnits(rows.units());
      if (!status.ok()) queue.Stop(status);
    }
  };
  const auto take_head = [&](absl::string_view payload) -> absl::Status {
    absl::StatusOr<SnapshotHead> read = DecodeHead(payload);
    if (!read.ok()) return read.status();
    if (read->follows != follows) {
      left_over = true;
      return absl::CancelledError("the file is of an earlier chain");
    }
    if (absl::Status status = CheckHead(*read); !status.ok()) return status;
    head = *read;
    for (int i = 0; i < options_.threads; ++i) threads.emplace_back(work);
    return absl::OkStatus();
  };
  const auto take_tallies = [&](absl::string_view payload) -> absl::Status {
    absl::StatusOr<TalliesHead> read = DecodeTalliesHead(payload);
    if (!read.ok()) return read.status();
    kept = &tallies[read->name];
    if (!read->whole) *kept = std::move(snapshot->tallies[read->name]);
    if (read->whole == kept->chain.empty()) {
      kept->fingerprint = read->fingerprint;
      kept->chain.emplace_back().bytes.reserve(read->bytes);
      return absl::OkStatus();
    }
    return absl::DataLossError(absl::StrCat("snapshot is damaged: tallies of ",
                                            read->name, " follow none"));
  };
  const auto take = [&](const Frame& frame) -> absl::Status {
    if (!head.has_value() && frame.kind != kSnapshotHead) {
      return absl::DataLossError("snapshot is damaged: no head");
    }
    switch (frame.kind) {
      case kSnapshotHead:
        return take_head(frame.payload);
      case kSnapshotUnits:
        return queue.Push(std::string(frame.payload)) ? absl::OkStatus()
                                                      : queue.status();
      case kSnapshotGone:
        return ForEachTextOf(frame.payload, [&](absl::string_view id) {
          gone.emplace_back(id);
          return absl::OkStatus();
        });
      case kSnapshotContents:
        return ForEachTextOf(frame.payload, [&](absl::string_view encoded) {
          return population_->contents().Intern(encoded) ==
                         ContentTable::kNotInterned
                     ? absl::DataLossError(
                           "snapshot is damaged: a content is not one")
                     : absl::OkStatus();
        });
      case kSnapshotTalliesHead:
        return take_tallies(frame.payload);
      case kSnapshotTallies:
      case kSnapshotMore:
        if (kept == nullptr) break;
        (frame.kind == kSnapshotMore ? kept->chain.back().more
                                     : kept->chain.back().bytes)
            .append(frame.payload.data(), frame.payload.size());
        return absl::OkStatus();
    }
    return absl::DataLossError(
        absl::StrCat("snapshot is damaged: unknown frame ", frame.kind));
  };
  absl::Status status;
  while (status.ok()) {
    const auto frame = reader->Next();
    if (!frame.ok()) {
      status = frame.status();
    } else if (frame->has_value()) {
      status = take(**frame);
    } else {
      break;
    }
  }
  if (!status.ok()) queue.Stop(status);
  queue.Close();
  for (std::thread& thread : threads) thread.join();
  if (left_over) return false;
  if (absl::Status failure = queue.status(); !failure.ok()) return failure;
  if (!head.has_value()) {
    return absl::DataLossError("snapshot is damaged: no head");
  }
  for (const std::string& id : gone) {
    const auto taken = population_->TakeOut(id);
    if (!taken.ok()) return taken.status();
  }
  snapshot->head = *head;
  snapshot->tallies = std::move(tallies);
  return true;
}

absl::Status Engine::UniteAliases(Snapshot* snapshot) {
  std::vector<std::pair<std::string, std::string>> aliases;  // Root and id.
  {
    absl::ReaderMutexLock lock(&population_->identity_mutex());
    for (const auto& [root, ids] : population_->identity().merged()) {
      for (const std::string& id : ids) {
        if (id != root) aliases.emplace_back(root, id);
      }
    }
  }
  for (const auto& [root, id] : aliases) {
    const auto packed = population_->TakeOut(id);
    if (!packed.ok()) return packed.status();
    if (!packed->has_value()) continue;
    std::string before;
    absl::Status status = population_->Unite(root, **packed, &before);
    if (!status.ok()) return status;
    if (!before.empty() && snapshot->head.exact) {
      snapshot->merges.emplace_back(std::move(before), **packed);
    }
    absl::MutexLock lock(&merged_mutex_);
    if (keeps_gone_) gone_.push_back(id);
  }
  return absl::OkStatus();
}

FoldedSpecs Engine::RestoreTallies(Snapshot* snapshot, FoldedSpecs* specs) {
  // Books by name, those that are restored.
  struct Task {
    Book* book;
    const Snapshot::Kept* kept;
    std::optional<Tallies> tallies;
  };
  std::map<std::string, Task> tasks;
  ForEachBook(*specs, [&](const std::string& name, uint64_t fingerprint,
                          const std::shared_ptr<Book>& book) {
    const auto it = snapshot->tallies.find(name);
    if (it == snapshot->tallies.end()) return;
    if (it->second.fingerprint != fingerprint) return;
    tasks[name] = {book.get(), &it->second, std::nullopt};
  });
  // Calls fn(i) with all i below `size`, from several threads.
  const auto for_each = [&](size_t size, const auto& fn) {
    std::atomic<size_t> next{0};
    const auto work = [&] {
      for (size_t i = next++; i < size; i = next++) fn(i);
    };
    std::vector<std::thread> others;
    for (int i = 1; i < options_.threads; ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
  };
  std::vector<Task*> books;
  for (auto& [name, task] : tasks) books.push_back(&task);
  for_each(books.size(), [&](size_t i) {
    absl::StatusOr<Tallies> tallies = Tallies::ReadChain(
        books[i]->kept->chain,
        books[i]->book->Read([](const Tallies& of) { return of.shape(); }));
    if (tallies.ok()) books[i]->tallies = *std::move(tallies);
  });
  // One of them may have most of the work.
  std::vector<std::pair<Tallies*, int>> series;
  for (Task* task : books) {
    if (!task->tallies.has_value()) continue;
    for (int i = 0; i < task->tallies->series(); ++i) {
      series.emplace_back(&*task->tallies, i);
    }
  }
  for_each(series.size(),
           [&](size_t i) { series[i].first->Settle(series[i].second); });
  for (Task* task : books) {
    if (!task->tallies.has_value()) continue;
    task->book->Restore(*std::move(task->tallies), snapshot->head.file);
  }

  FoldedSpecs restored;
  const auto take = [&](auto* from, auto* to) {
    for (auto it = from->begin(); it != from->end();) {
      const auto task = tasks.find(it->first);
      if (task == tasks.end() || !task->second.tallies.has_value()) {
        ++it;
        continue;
      }
      to->insert(from->extract(it++));
      ++snapshot_books_;
    }
  };
  take(&specs->journeys, &restored.journeys);
  take(&specs->experiments, &restored.experiments);
  snapshot->tallies.clear();
  return restored;
}

}  // namespace stagecraft::engine
