// Engine: writing snapshots.

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/engine.h"
#include "engine/folding.h"
#include "engine/frame_file.h"
#include "engine/record.h"
#include "engine/snapshot_books.h"
#include "engine/unit_rows.h"
#include "engine/unit_snapshot.h"

namespace stagecraft::engine {
namespace {

constexpr absl::string_view kSnapshotName = "units.snapshot";

// Not 0; whatever else was drawn on this machine or another one.
uint64_t RandomNumber() {
  std::random_device device;
  std::uniform_int_distribution<uint64_t> any(1);
  return any(device);
}

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

absl::Status AppendTallies(TalliesHead head, Tallies tallies,
                           FrameWriter* writer) {
  const std::string bytes = tallies.Serialize();
  head.bytes = bytes.size();
  absl::Status status =
      writer->Append(kSnapshotTalliesHead, EncodeTalliesHead(head));
  if (status.ok()) status = AppendBytes(kSnapshotTallies, bytes, writer);
  if (!status.ok()) return status;
  return AppendBytes(
      kSnapshotMore,
      head.whole ? tallies.SerializeTotals() : tallies.SerializeTicks(),
      writer);
}

// What a file has of a unit: the events that the files before do not have.
SavedUnit UnsavedPart(const Unit& unit) {
  const char* in = unit.packed().data();
  uint32_t content;
  for (uint32_t i = 0; i < unit.saved; ++i) in = UnpackContent(in, &content);
  return {.id = unit.id(),
          .keep = unit.saved,
          .packed = unit.packed().substr(in - unit.packed().data())};
}

}  // namespace

std::optional<std::string> Engine::SnapshotPath(int followed) const {
  const std::optional<std::string> directory = store_->DerivedDirectory();
  if (!directory.has_value()) return std::nullopt;
  std::string path = absl::StrCat(*directory, "/", kSnapshotName);
  if (followed > 0) absl::StrAppend(&path, ".", followed);
  return path;
}

bool Engine::SnapshotDue(bool soon) const {
  const int64_t grown = since_snapshot_.load();
  if (grown < options_.snapshot_events) return false;
  if (soon) return true;
  const bool whole =
      !may_follow_.load() || population_->units().GetStats().spilled;
  const int64_t share = whole ? 4 : 16;
  return grown >= total_events_.load() / share;
}

absl::Status Engine::WriteSnapshot() {
  absl::MutexLock lock(&erase_mutex_);
  return WriteSnapshotLocked();
}

bool Engine::MayFollow(const Chain& chain) const {
  // What units take in memory is about what they take in files.
  constexpr uint64_t kSmall = uint64_t{64} << 20;
  const UnitTable::Stats units = population_->units().GetStats();
  if (chain.files == 0 || chain.files >= options_.snapshot_files ||
      units.spilled ||
      chain.bytes > std::max(kSmall + 2 * static_cast<uint64_t>(units.bytes),
                             2 * chain.first_bytes)) {
    return false;
  }
  for (int files = 0; files < chain.files; ++files) {
    std::error_code error;
    if (!std::filesystem::exists(*SnapshotPath(files), error)) return false;
  }
  return true;
}

absl::Status Engine::WriteSnapshotLocked() {
  if (!SnapshotPath().has_value()) {
    return absl::UnimplementedError("the store has no place for snapshots");
  }
  if (forgetting_) {
    return absl::FailedPreconditionError(
        "old events are deleted in part: repeat their deletion first");
  }
  if (MayFollow(chain_)) {
    const absl::Status status = WriteFile(chain_);
    if (!absl::IsAborted(status)) return status;
  }
  absl::Status status = WriteFile(Chain());
  if (status.ok()) status = RemoveFollowers(1);
  if (status.ok()) {
    snapshots_outdated_ = false;
  } else {
    SetChain({});
  }
  return status;
}

void Engine::SetChain(const Chain& chain) {
  chain_ = chain;
  may_follow_ = chain.files > 0;
  absl::MutexLock lock(&merged_mutex_);
  keeps_gone_ = chain.files > 0;
  if (!keeps_gone_) gone_.clear();
}

absl::Status Engine::RemoveFollowers(int followed) const {
  std::error_code error;
  std::filesystem::directory_iterator file(*store_->DerivedDirectory(), error);
  std::vector<std::string> followers;
  for (; !error && file != std::filesystem::directory_iterator();
       file.increment(error)) {
    const std::string name = file->path().filename().string();
    absl::string_view rest = name;
    int number = 0;
    if (absl::ConsumePrefix(&rest, absl::StrCat(kSnapshotName, ".")) &&
        (!absl::SimpleAtoi(rest, &number) || number >= followed)) {
      followers.push_back(file->path().string());
    }
  }
  if (error) {
    return absl::UnavailableError(absl::StrCat(
        "directory ", *store_->DerivedDirectory(), ": ", error.message()));
  }
  for (const std::string& path : followers) {
    absl::Status status = RemoveFrameFile(path);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// What is written is of one moment, in this sense: the units stand as they were
// when their shard was written, each shard at a moment of its own, and the
// tallies are the sum of what just these units contribute. To get there, what
// happens to a unit after its shard was written is counted apart, as late, in
// each book, and taken out of the tallies that are written. The log has it,
// from `position` on; what stands in both counts once.
absl::Status Engine::WriteFile(Chain chain) {
  const bool follows = chain.files > 0;
  absl::StatusOr<FrameWriter> writer =
      FrameWriter::Create(*SnapshotPath(chain.files));
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
    keeps_gone_ = true;
    merged_.clear();
  }
  // Units and books are told what the file has before it is there: should it
  // fail, none may follow.
  Chain next;
  const auto stop = absl::MakeCleanup([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    SetChain(next);
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
    gone_late_.clear();
  });
  absl::Status status = FindAnchor(*store_, head.position, &head);
  head.follows = chain.last;
  head.file = RandomNumber();
  if (status.ok()) {
    status = writer->Append(kSnapshotHead, EncodeHead(head));
  }
  uint32_t contents = chain.contents;
  if (status.ok()) status = AppendUnits(follows, &contents, &*writer);
  if (!status.ok()) return status;
  if (population_->units().GetStats().spilled) {
    if (follows) return absl::AbortedError("units went to scratch meanwhile");
    head.exact = false;
  }
  if (head.exact) status = AppendBooks(*folding, head, &*writer);
  if (status.ok()) status = writer->Commit();
  if (!status.ok()) return status;
  since_snapshot_ -= grown;
  if (head.exact) {
    next = {.files = chain.files + 1,
            .last = head.file,
            .bytes = chain.bytes + writer->bytes(),
            .first_bytes = follows ? chain.first_bytes : writer->bytes(),
            .contents = contents};
  }
  return absl::OkStatus();
}

absl::Status Engine::AppendBooks(const Folding& folding,
                                 const SnapshotHead& head,
                                 FrameWriter* writer) {
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
  absl::Status status;
  ForEachBook(
      folding.set.specs(), [&](const std::string& name, uint64_t fingerprint,
                               const std::shared_ptr<Book>& book) {
        if (!status.ok() || !current.contains(book.get())) return;
        Book::Saved saved = book->Save(head.file, head.follows);
        status = AppendTallies(
            {.name = name, .fingerprint = fingerprint, .whole = saved.whole},
            std::move(saved.tallies), writer);
      });
  return status;
}

uint64_t Engine::FirstUnfolded() const {
  absl::MutexLock lock(&sequence_mutex_);
  uint64_t first = next_sequence_;
  if (unfolded_ != 0) first = std::min(first, unfolded_);
  for (const uint64_t failed : failed_) first = std::min(first, failed);
  return first;
}

absl::Status Engine::AppendUnits(bool follows, uint32_t* contents,
                                 FrameWriter* writer) {
  absl::Status status;
  // Whatever a frame of units names is in the table by then.
  const auto append = [&](absl::string_view units) {
    if (units.empty()) return absl::OkStatus();
    absl::Status appended = AppendContents(contents, writer);
    if (!appended.ok()) return appended;
    return writer->Append(kSnapshotUnits, units);
  };
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
        if (!follows) unit->saved = 0;
        if (follows && unit->saved == unit->events) return;
        if (frames[last].size() >= kUnitFrameBytes && ++last == frames.size()) {
          frames.emplace_back();
        }
        AppendUnit(UnsavedPart(*unit), &frames[last]);
        unit->saved = unit->events;
      });
      shard.dumped = true;
    }
    for (const std::string& frame : frames) {
      if (status.ok()) status = append(frame);
    }
  }
  if (!status.ok()) return status;
  std::string frame;
  // All of scratch, also what is in memory by now: it may not have been when
  // its shard was written.
  absl::Status failure;
  status = store_->Scan(Keyspace::kScratch, "", "",
                        [&](absl::string_view id, absl::string_view packed) {
                          AppendUnit({.id = id, .packed = packed}, &frame);
                          if (frame.size() < kUnitFrameBytes) return true;
                          failure = append(frame);
                          frame.clear();
                          return failure.ok();
                        });
  if (!failure.ok()) return failure;
  if (!status.ok()) return status;
  std::vector<std::string> merged;
  std::vector<std::string> gone;
  {
    absl::MutexLock lock(&merged_mutex_);
    merged.swap(merged_);
    gone.swap(gone_);
    gone_.swap(gone_late_);
    // Later merges are of units that the file has.
    dumping_ = false;
  }
  status = append(frame);
  for (const std::string& units : merged) {
    if (status.ok()) status = append(units);
  }
  if (!status.ok() || !follows) return status;
  frame.clear();
  for (size_t i = 0; i < gone.size() && status.ok(); ++i) {
    AppendText(gone[i], &frame);
    if (frame.size() >= kSnapshotFrameBytes || i + 1 == gone.size()) {
      status = writer->Append(kSnapshotGone, frame);
      frame.clear();
    }
  }
  return status;
}

absl::Status Engine::AppendContents(uint32_t* from, FrameWriter* writer) const {
  const uint32_t to = population_->contents().size();
  std::string frame;
  absl::Status status;
  for (; *from < to && status.ok(); ++*from) {
    AppendText(population_->contents()[*from], &frame);
    if (frame.size() >= kSnapshotFrameBytes || *from + 1 == to) {
      status = writer->Append(kSnapshotContents, frame);
      frame.clear();
    }
  }
  return status;
}

}  // namespace stagecraft::engine
