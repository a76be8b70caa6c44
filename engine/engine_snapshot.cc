// Engine: snapshots of the units.

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/fingerprint.h"
#include "engine/folding.h"
#include "engine/frame_file.h"
#include "engine/record.h"
#include "engine/unit_snapshot.h"
#include "engine/work_queue.h"

namespace stagecraft::engine {
namespace {

// A snapshot is due once the log has grown by this share since the last one,
// and by so many events: what a start reads of the log stays in proportion to
// what it reads of the snapshot, and so does the work of writing snapshots.
constexpr int64_t kDueShare = 4;
constexpr int64_t kDueEvents = 1'000'000;

// The last block below `position`, and its hash.
absl::Status FindAnchor(const Store& store, uint64_t position,
                        SnapshotHead* head) {
  // Numbers without a block are rare: those of batches that failed.
  for (uint64_t sequence = position; sequence-- > 1;) {
    const auto block = store.Get(Keyspace::kLog, LogKey(sequence));
    if (!block.ok()) return block.status();
    if (!block->has_value()) continue;
    head->anchor = sequence;
    head->anchor_hash = HashText(**block);
    return absl::OkStatus();
  }
  return absl::OkStatus();
}

// Calls fn(name, fingerprint, book) with what is folded and not sealed.
template <typename Fn>
void ForEachBook(const FoldedSpecs& specs, const Fn& fn) {
  for (const auto& [name, folded] : specs.journeys) {
    fn(name, Fingerprint(folded.fold->journey()), folded.book);
  }
  for (const auto& [name, folded] : specs.experiments) {
    if (folded.sealed) continue;
    fn(name, Fingerprint(folded.fold->experiment()), folded.book);
  }
}

absl::Status AppendTallies(const std::string& name, uint64_t fingerprint,
                           absl::string_view bytes, FrameWriter* writer) {
  absl::Status status = writer->Append(
      kSnapshotTalliesHead,
      EncodeTalliesHead({name, fingerprint, uint64_t{bytes.size()}}));
  while (status.ok() && !bytes.empty()) {
    status =
        writer->Append(kSnapshotTallies, bytes.substr(0, kSnapshotFrameBytes));
    bytes.remove_prefix(std::min(bytes.size(), kSnapshotFrameBytes));
  }
  return status;
}

}  // namespace

std::optional<std::string> Engine::SnapshotPath() const {
  const std::optional<std::string> directory = store_->DerivedDirectory();
  if (!directory.has_value()) return std::nullopt;
  return absl::StrCat(*directory, "/units.snapshot");
}

bool Engine::SnapshotDue() const {
  const int64_t grown = since_snapshot_.load();
  return grown >= kDueEvents && grown >= total_events_.load() / kDueShare;
}

absl::Status Engine::WriteSnapshot() {
  absl::MutexLock lock(&erase_mutex_);
  return WriteSnapshotLocked();
}

// What is written is of one moment, in this sense: the units stand as they were
// when their shard was written, each shard at a moment of its own, and the
// tallies are the sum of what just these units contribute. To get there, what
// happens to a unit after its shard was written is counted apart, as late, in
// each book, and taken out of the tallies that are written. The log has it,
// from `position` on; what stands in both counts once.
absl::Status Engine::WriteSnapshotLocked() {
  const std::optional<std::string> path = SnapshotPath();
  if (!path.has_value()) {
    return absl::UnimplementedError("the store has no place for snapshots");
  }
  if (forgetting_) {
    return absl::FailedPreconditionError(
        "old events are deleted in part: repeat their deletion first");
  }
  absl::StatusOr<FrameWriter> writer = FrameWriter::Create(*path);
  if (!writer.ok()) return writer.status();

  SnapshotHead head;
  std::shared_ptr<Folding> folding;
  int64_t grown = 0;
  {
    // No batch is half done at this moment.
    absl::MutexLock batches_lock(&batches_);
    folding = this->folding();
    ForEachBook(folding->set.specs(),
                [](const std::string&, uint64_t,
                   const std::shared_ptr<Book>& book) { book->BeginLate(); });
    grown = since_snapshot_.load();
    head.newest = newest_.load();
    head.cutoff = cutoff_.load();
    head.events = total_events_.load();
    head.exact = !population_->units().GetStats().spilled;
    head.position = FirstUnfolded();
    absl::MutexLock lock(&merged_mutex_);
    dumping_ = true;
    merged_.clear();
  }
  const auto stop = absl::MakeCleanup([&] {
    for (int i = 0; i < UnitTable::kShards; ++i) {
      UnitShard& shard = population_->units().shard(i);
      absl::MutexLock lock(&shard.mutex);
      shard.dumped = false;
    }
    ForEachBook(folding->set.specs(),
                [](const std::string&, uint64_t,
                   const std::shared_ptr<Book>& book) { book->EndLate(); });
    absl::MutexLock lock(&merged_mutex_);
    dumping_ = false;
    merged_.clear();
  });
  absl::Status status = FindAnchor(*store_, head.position, &head);
  if (status.ok()) {
    status = writer->Append(kSnapshotHead, EncodeHead(head));
  }
  if (status.ok()) status = AppendUnits(&*writer);
  if (status.ok()) status = AppendContents(&*writer);
  if (!status.ok()) return status;
  if (head.exact && !population_->units().GetStats().spilled) {
    std::set<const Book*> current;
    {
      // The last batches that changed units before they were written have
      // changed the books as well, if these are still in use.
      absl::MutexLock lock(&batches_);
      ForEachBook(
          this->folding()->set.specs(),
          [&](const std::string&, uint64_t, const std::shared_ptr<Book>& book) {
            current.insert(book.get());
          });
    }
    ForEachBook(
        folding->set.specs(), [&](const std::string& name, uint64_t fingerprint,
                                  const std::shared_ptr<Book>& book) {
          if (!status.ok() || !current.contains(book.get())) return;
          status = AppendTallies(name, fingerprint,
                                 book->ReadWithoutLate().Serialize(), &*writer);
        });
  }
  if (status.ok()) status = writer->Commit();
  if (status.ok()) since_snapshot_ -= grown;
  return status;
}

uint64_t Engine::FirstUnfolded() const {
  absl::MutexLock lock(&sequence_mutex_);
  uint64_t first = next_sequence_;
  if (unfolded_ != 0) first = std::min(first, unfolded_);
  for (const uint64_t failed : failed_) first = std::min(first, failed);
  return first;
}

absl::Status Engine::AppendUnits(FrameWriter* writer) {
  absl::Status status;
  for (int i = 0; i < UnitTable::kShards && status.ok(); ++i) {
    std::vector<std::string> frames(1);
    {
      // Merges are whole on one side of this moment.
      absl::ReaderMutexLock identity_lock(&population_->identity_mutex());
      UnitShard& shard = population_->units().shard(i);
      absl::MutexLock lock(&shard.mutex);
      shard.ForEachInMemory([&](Unit* unit) {
        if (frames.back().size() >= kSnapshotFrameBytes) frames.emplace_back();
        AppendUnit(unit->id(), unit->packed(), &frames.back());
      });
      shard.dumped = true;
    }
    for (const std::string& frame : frames) {
      if (status.ok() && !frame.empty()) {
        status = writer->Append(kSnapshotUnits, frame);
      }
    }
  }
  if (!status.ok()) return status;
  std::string frame;
  // All of scratch, also what is in memory by now: it may not have been when
  // its shard was written.
  absl::Status failure;
  status = store_->Scan(Keyspace::kScratch, "", "",
                        [&](absl::string_view id, absl::string_view packed) {
                          AppendUnit(id, packed, &frame);
                          if (frame.size() < kSnapshotFrameBytes) return true;
                          failure = writer->Append(kSnapshotUnits, frame);
                          frame.clear();
                          return failure.ok();
                        });
  if (!failure.ok()) return failure;
  if (!status.ok()) return status;
  std::vector<std::string> merged;
  {
    absl::MutexLock lock(&merged_mutex_);
    merged.swap(merged_);
    // Later merges are of units that the file has.
    dumping_ = false;
  }
  status = writer->Append(kSnapshotUnits, frame);
  for (const std::string& units : merged) {
    if (status.ok()) status = writer->Append(kSnapshotUnits, units);
  }
  return status;
}

absl::Status Engine::AppendContents(FrameWriter* writer) const {
  std::string frame;
  absl::Status status;
  const ContentTable& contents = population_->contents();
  const uint32_t count = contents.size();
  for (uint32_t i = 0; i < count && status.ok(); ++i) {
    AppendContent(contents[i], &frame);
    if (frame.size() >= kSnapshotFrameBytes || i + 1 == count) {
      status = writer->Append(kSnapshotContents, frame);
      frame.clear();
    }
  }
  return status;
}

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
    std::string before;
    const auto add = [&](absl::string_view id, absl::string_view packed) {
      absl::Status status = population_->AddUnit(id, packed, &before);
      if (status.ok() && !before.empty() && head->exact) {
        absl::MutexLock lock(&merges_mutex);
        snapshot.merges.emplace_back(before, std::string(packed));
      }
      return status;
    };
    while (const std::optional<std::string> frame = queue.Pop()) {
      if (absl::Status status = ForEachUnitOf(*frame, add); !status.ok()) {
        queue.Stop(status);
      }
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
    absl::string_view bytes;
    bool done = false;
  };
  std::map<std::string, Task> tasks;
  ForEachBook(*specs, [&](const std::string& name, uint64_t fingerprint,
                          const std::shared_ptr<Book>& book) {
    const auto it = snapshot->tallies.find(name);
    if (it == snapshot->tallies.end()) return;
    if (it->second.fingerprint != fingerprint) return;
    tasks[name] = {book.get(), it->second.bytes};
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
      absl::StatusOr<Tallies> tallies =
          Tallies::Parse(task->bytes, std::move(shape));
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
