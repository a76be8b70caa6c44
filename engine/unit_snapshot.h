// Snapshots of the units: a chain of files of frames (frame_file.h), so that a
// start reads the log from the snapshot on and not from its beginning. The
// first file has everything, each of the others what changed since the one that
// it follows. The grammar is in engine/store/FORMAT.md.
#ifndef STAGECRAFT_ENGINE_UNIT_SNAPSHOT_H_
#define STAGECRAFT_ENGINE_UNIT_SNAPSHOT_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/event.h"
#include "engine/population.h"

namespace stagecraft::engine {

inline constexpr uint32_t kSnapshotVersion = 4;
// Frames of contents and tallies are about as large; those of units, which are
// unpacked, smaller: so that they stay in the processor's caches.
inline constexpr size_t kSnapshotFrameBytes = size_t{16} << 20;
inline constexpr size_t kUnitFrameBytes = size_t{1} << 20;

// Kinds of frames, in the order in which they come.
enum SnapshotFrame : uint32_t {
  kSnapshotHead = 1,
  // Any number of both; contents before the units that name them.
  kSnapshotUnits = 2,  // See unit_rows.h.
  kSnapshotContents = 4,
  kSnapshotGone = 3,  // Any number of them.
  // Tallies: none, or those of each specification. A head, and then as many
  // frames of bytes as it takes.
  kSnapshotTalliesHead = 5,
  kSnapshotTallies = 6,
  kSnapshotMore = 7,  // After those bytes: see Tallies::Saved.
};

struct SnapshotHead {
  // Numbers of this file, any but 0, and of the one that it follows; 0: it is
  // the first one of its chain. No two files have the same.
  uint64_t file = 0;
  uint64_t follows = 0;
  // Blocks below this number are in the snapshot; others may be, too.
  uint64_t position = 1;
  // A block of the log before the position, and the hash of its bytes: the
  // snapshot is of this log. 0: the log was empty.
  uint64_t anchor = 0;
  uint64_t anchor_hash = 0;
  // Of the events that were counted when it was begun; -1: none.
  Micros newest = -1;
  int64_t events = 0;
  Micros cutoff = 0;  // Earlier events were not kept.
  // Whether each unit stands here once, so that tallies may follow: they are
  // what the units of the chain up to here, each for itself, contribute.
  bool exact = false;
};

struct TalliesHead {
  std::string name;  // Of the experiment or journey.
  uint64_t fingerprint = 0;
  uint64_t bytes = 0;
  bool whole = true;  // Not what changed since the file before.
};

std::string EncodeHead(const SnapshotHead& head);
absl::StatusOr<SnapshotHead> DecodeHead(absl::string_view bytes);

std::string EncodeTalliesHead(const TalliesHead& head);
absl::StatusOr<TalliesHead> DecodeTalliesHead(absl::string_view bytes);

// Appends a text to a frame of texts: a content, in the order of their numbers,
// or the id of a unit that is gone.
void AppendText(absl::string_view text, std::string* frame);
absl::Status ForEachTextOf(
    absl::string_view frame,
    absl::FunctionRef<absl::Status(absl::string_view text)> fn);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_UNIT_SNAPSHOT_H_
