// Engine: snapshots of the units.

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "engine/engine.h"
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
constexpr size_t kFrameBytes = size_t{16} << 20;

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

absl::Status Engine::WriteSnapshotLocked() {
  const std::optional<std::string> path = SnapshotPath();
  if (!path.has_value()) {
    return absl::UnimplementedError("the store has no place for snapshots");
  }
  absl::StatusOr<FrameWriter> writer = FrameWriter::Create(*path);
  if (!writer.ok()) return writer.status();

  SnapshotHead head;
  {
    // Merges are whole on one side of this moment.
    absl::MutexLock identity_lock(&population_->identity_mutex());
    absl::MutexLock lock(&merged_mutex_);
    dumping_ = true;
    merged_.clear();
  }
  const auto stop = absl::MakeCleanup([&] {
    absl::MutexLock lock(&merged_mutex_);
    dumping_ = false;
    merged_.clear();
  });
  const int64_t grown = since_snapshot_.load();
  {
    absl::MutexLock lock(&sequence_mutex_);
    head.position = in_flight_.empty() ? next_sequence_ : *in_flight_.begin();
  }
  head.newest = newest_.load();
  head.cutoff = cutoff_.load();
  head.events = total_events_.load();
  absl::Status status = FindAnchor(*store_, head.position, &head);
  if (status.ok()) {
    status = writer->Append(kSnapshotHead, EncodeHead(head));
  }
  // Each shard at a moment of its own: events that come twice, from here and
  // from the log, count once.
  for (int i = 0; i < UnitTable::kShards && status.ok(); ++i) {
    std::vector<std::string> frames(1);
    UnitShard& shard = population_->units().shard(i);
    {
      absl::MutexLock lock(&shard.mutex);
      shard.ForEachInMemory([&](Unit* unit) {
        if (frames.back().size() >= kFrameBytes) frames.emplace_back();
        AppendUnit(unit->id(), unit->packed(), &frames.back());
      });
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
                          if (frame.size() < kFrameBytes) return true;
                          failure = writer->Append(kSnapshotUnits, frame);
                          frame.clear();
                          return failure.ok();
                        });
  if (!failure.ok()) return failure;
  if (!status.ok()) return status;
  {
    absl::MutexLock lock(&merged_mutex_);
    frame.append(merged_);
    merged_.clear();
    // Later merges are of units that the file has.
    dumping_ = false;
  }
  status = writer->Append(kSnapshotUnits, frame);
  frame.clear();
  const ContentTable& contents = population_->contents();
  const uint32_t count = contents.size();
  for (uint32_t i = 0; i < count && status.ok(); ++i) {
    AppendContent(contents[i], &frame);
    if (frame.size() >= kFrameBytes || i + 1 == count) {
      status = writer->Append(kSnapshotContents, frame);
      frame.clear();
    }
  }
  if (status.ok()) status = writer->Commit();
  if (status.ok()) since_snapshot_ -= grown;
  return status;
}

absl::StatusOr<uint64_t> Engine::LoadSnapshot() {
  absl::StatusOr<FrameReader> reader = FrameReader::Open(*SnapshotPath());
  if (!reader.ok()) return reader.status();
  if (!erased_.empty()) {
    return absl::FailedPreconditionError(
        "an erasure was cut short: the snapshot may hold what it erases");
  }
  SnapshotHead head;
  bool has_head = false;
  // Frames are read by this thread and unpacked by others.
  WorkQueue<std::string> queue(2 * options_.threads);
  std::vector<std::thread> threads;
  const auto add = [&](absl::string_view root, absl::string_view packed) {
    return population_->AddUnit(root, packed);
  };
  for (int i = 0; i < options_.threads; ++i) {
    threads.emplace_back([&] {
      while (const std::optional<std::string> frame = queue.Pop()) {
        if (absl::Status status = ForEachUnitOf(*frame, add); !status.ok()) {
          queue.Stop(status);
        }
      }
    });
  }
  const absl::Status status = [&]() -> absl::Status {
    while (true) {
      const auto frame = reader->Next();
      if (!frame.ok()) return frame.status();
      if (!frame->has_value()) return absl::OkStatus();
      const absl::string_view payload = (*frame)->payload;
      switch ((*frame)->kind) {
        case kSnapshotHead: {
          const absl::StatusOr<SnapshotHead> read = DecodeHead(payload);
          if (!read.ok()) return read.status();
          head = *read;
          has_head = true;
          if (head.cutoff != cutoff_.load()) {
            return absl::FailedPreconditionError(
                "the snapshot holds events that are not kept any more");
          }
          if (head.anchor == 0) break;
          const auto block = store_->Get(Keyspace::kLog, LogKey(head.anchor));
          if (!block.ok()) return block.status();
          if (!block->has_value() || HashText(**block) != head.anchor_hash) {
            return absl::FailedPreconditionError(
                absl::StrCat("the snapshot is of another log: block ",
                             head.anchor, " is not the same"));
          }
          break;
        }
        case kSnapshotUnits:
          if (!queue.Push(std::string(payload))) return queue.status();
          break;
        case kSnapshotContents: {
          absl::Status interned =
              ForEachContentOf(payload, [&](absl::string_view encoded) {
                return population_->contents().Intern(encoded) ==
                               ContentTable::kNotInterned
                           ? absl::DataLossError(
                                 "snapshot is damaged: a content is not one")
                           : absl::OkStatus();
              });
          if (!interned.ok()) return interned;
          break;
        }
        default:
          return absl::DataLossError(absl::StrCat(
              "snapshot is damaged: unknown frame ", (*frame)->kind));
      }
    }
  }();
  if (!status.ok()) queue.Stop(status);
  queue.Close();
  for (std::thread& thread : threads) thread.join();
  if (absl::Status failure = queue.status(); !failure.ok()) return failure;
  if (!has_head) return absl::DataLossError("snapshot is damaged: no head");
  const UnitTable::Stats stats = population_->units().GetStats();
  snapshot_units_ = stats.units;
  total_events_ = head.events;
  RaiseNewest(head.newest);
  return head.position;
}

}  // namespace stagecraft::engine
