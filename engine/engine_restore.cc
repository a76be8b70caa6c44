// Engine: reading snapshots of the units.

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/folding.h"
#include "engine/frame_file.h"
#include "engine/record.h"
#include "engine/snapshot_books.h"
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

absl::StatusOr<SnapshotHead> Engine::CheckHead(
    absl::string_view payload) const {
  absl::StatusOr<SnapshotHead> head = DecodeHead(payload);
  if (!head.ok()) return head.status();
  if (head->cutoff != cutoff_.load()) {
    return absl::FailedPreconditionError(
        "the snapshot holds events that are not kept any more");
  }
  if (head->anchor == 0) return head;
  const auto block = store_->Get(Keyspace::kLog, LogKey(head->anchor));
  if (!block.ok()) return block.status();
  if (!block->has_value() || HashText(**block) != head->anchor_hash) {
    return absl::FailedPreconditionError(
        absl::StrCat("the snapshot is of another log: block ", head->anchor,
                     " is not the same"));
  }
  return head;
}

absl::StatusOr<Engine::Snapshot> Engine::LoadSnapshot() {
  absl::StatusOr<FrameReader> reader = FrameReader::Open(*SnapshotPath());
  if (!reader.ok()) return reader.status();
  if (!erased_.empty()) {
    return absl::FailedPreconditionError(
        "an erasure was cut short: the snapshot may hold what it erases");
  }
  Snapshot snapshot;
  std::optional<SnapshotHead> head;
  Snapshot::Kept* kept = nullptr;
  // Frames are read by this thread and unpacked by others.
  absl::Mutex merges_mutex;
  WorkQueue<std::string> queue(2 * options_.threads);
  std::vector<std::thread> threads;
  const auto work = [&] {
    std::vector<PackedUnit> units;
    const auto merged = [&](std::string before, absl::string_view packed) {
      if (before.empty() || !head->exact) return;
      absl::MutexLock lock(&merges_mutex);
      snapshot.merges.emplace_back(std::move(before), std::string(packed));
    };
    while (const std::optional<std::string> frame = queue.Pop()) {
      units.clear();
      absl::Status status = ForEachUnitOf(
          *frame, [&](absl::string_view root, absl::string_view packed) {
            units.push_back({root, packed});
            return absl::OkStatus();
          });
      if (status.ok()) status = population_->AddUnits(units, merged);
      if (!status.ok()) queue.Stop(status);
    }
  };
  const auto take = [&](const Frame& frame) -> absl::Status {
    if (!head.has_value() && frame.kind != kSnapshotHead) {
      return absl::DataLossError("snapshot is damaged: no head");
    }
    switch (frame.kind) {
      case kSnapshotHead: {
        absl::StatusOr<SnapshotHead> read = CheckHead(frame.payload);
        if (!read.ok()) return read.status();
        head = *read;
        for (int i = 0; i < options_.threads; ++i) threads.emplace_back(work);
        return absl::OkStatus();
      }
      case kSnapshotUnits:
        return queue.Push(std::string(frame.payload)) ? absl::OkStatus()
                                                      : queue.status();
      case kSnapshotContents:
        return ForEachContentOf(frame.payload, [&](absl::string_view encoded) {
          return population_->contents().Intern(encoded) ==
                         ContentTable::kNotInterned
                     ? absl::DataLossError(
                           "snapshot is damaged: a content is not one")
                     : absl::OkStatus();
        });
      case kSnapshotTalliesHead: {
        absl::StatusOr<TalliesHead> read = DecodeTalliesHead(frame.payload);
        if (!read.ok()) return read.status();
        kept = &snapshot.tallies[read->name];
        kept->fingerprint = read->fingerprint;
        kept->bytes.reserve(read->bytes);
        return absl::OkStatus();
      }
      case kSnapshotTallies:
        if (kept == nullptr) break;
        kept->bytes.append(frame.payload.data(), frame.payload.size());
        return absl::OkStatus();
      case kSnapshotTotals:
        if (kept == nullptr) break;
        kept->totals.append(frame.payload.data(), frame.payload.size());
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
  if (absl::Status failure = queue.status(); !failure.ok()) return failure;
  if (!head.has_value()) {
    return absl::DataLossError("snapshot is damaged: no head");
  }
  snapshot_units_ = population_->units().GetStats().units;
  total_events_ = head->events;
  RaiseNewest(head->newest);
  snapshot.position = head->position;
  return snapshot;
}

FoldedSpecs Engine::RestoreTallies(Snapshot* snapshot, FoldedSpecs* specs) {
  // Books by name, those that are restored.
  struct Task {
    Book* book;
    const Snapshot::Kept* kept;
    bool done = false;
  };
  std::map<std::string, Task> tasks;
  ForEachBook(*specs, [&](const std::string& name, uint64_t fingerprint,
                          const std::shared_ptr<Book>& book) {
    const auto it = snapshot->tallies.find(name);
    if (it == snapshot->tallies.end()) return;
    if (it->second.fingerprint != fingerprint) return;
    tasks[name] = {book.get(), &it->second};
  });
  absl::Mutex mutex;
  auto next = tasks.begin();
  const auto work = [&] {
    while (true) {
      Task* task = nullptr;
      {
        absl::MutexLock lock(&mutex);
        if (next == tasks.end()) return;
        task = &(next++)->second;
      }
      TalliesShape shape = task->book->Read(
          [](const Tallies& tallies) { return tallies.shape(); });
      absl::StatusOr<Tallies> tallies = Tallies::Parse(
          task->kept->bytes, std::move(shape), task->kept->totals);
      if (!tallies.ok()) continue;
      task->book->Restore(*std::move(tallies));
      task->done = true;
    }
  };
  std::vector<std::thread> others;
  for (int i = 1; i < options_.threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();

  FoldedSpecs restored;
  const auto take = [&](auto* from, auto* to) {
    for (auto it = from->begin(); it != from->end();) {
      const auto task = tasks.find(it->first);
      if (task == tasks.end() || !task->second.done) {
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
