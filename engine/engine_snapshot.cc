// Engine: writing snapshots of the units.

#include <algorithm>
#include <set>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/folding.h"
#include "engine/frame_file.h"
#include "engine/record.h"
#include "engine/snapshot_books.h"
#include "engine/unit_snapshot.h"

namespace stagecraft::engine {
namespace {

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

absl::Status AppendBytes(SnapshotFrame kind, absl::string_view bytes,
                         FrameWriter* writer) {
  absl::Status status;
  while (status.ok() && !bytes.empty()) {
    status = writer->Append(kind, bytes.substr(0, kSnapshotFrameBytes));
    bytes.remove_prefix(std::min(bytes.size(), kSnapshotFrameBytes));
  }
  return status;
}

absl::Status AppendTallies(const std::string& name, uint64_t fingerprint,
                           Tallies tallies, FrameWriter* writer) {
  const std::string bytes = tallies.Serialize();
  absl::Status status = writer->Append(
      kSnapshotTalliesHead,
      EncodeTalliesHead({name, fingerprint, uint64_t{bytes.size()}}));
  if (status.ok()) status = AppendBytes(kSnapshotTallies, bytes, writer);
  if (status.ok()) {
    status = AppendBytes(kSnapshotTotals, tallies.SerializeTotals(), writer);
  }
  return status;
}

}  // namespace

std::optional<std::string> Engine::SnapshotPath() const {
  const std::optional<std::string> directory = store_->DerivedDirectory();
  if (!directory.has_value()) return std::nullopt;
  return absl::StrCat(*directory, "/units.snapshot");
}

bool Engine::SnapshotDue(bool soon) const {
  constexpr int64_t kShare = 4;
  const int64_t grown = since_snapshot_.load();
  return grown >= options_.snapshot_events &&
         (soon || grown >= total_events_.load() / kShare);
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
    ForEachBook(folding->set.specs(), [&](const std::string& name,
                                          uint64_t fingerprint,
                                          const std::shared_ptr<Book>& book) {
      if (!status.ok() || !current.contains(book.get())) return;
      status =
          AppendTallies(name, fingerprint, book->ReadWithoutLate(), &*writer);
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
  std::vector<std::string> frames(1);  // Their memory serves all shards.
  for (int i = 0; i < UnitTable::kShards && status.ok(); ++i) {
    for (std::string& frame : frames) frame.clear();
    size_t last = 0;
    {
      // Merges are whole on one side of this moment.
      absl::ReaderMutexLock identity_lock(&population_->identity_mutex());
      UnitShard& shard = population_->units().shard(i);
      absl::MutexLock lock(&shard.mutex);
      shard.ForEachInMemory([&](Unit* unit) {
        if (frames[last].size() >= kSnapshotFrameBytes &&
            ++last == frames.size()) {
          frames.emplace_back();
        }
        AppendUnit(unit->id(), unit->packed(), &frames[last]);
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

}  // namespace stagecraft::engine
