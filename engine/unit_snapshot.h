// Snapshots of the units: a file of frames (frame_file.h), so that a start
// reads the log from the snapshot on and not from its beginning. The grammar is
// in engine/store/FORMAT.md.
#ifndef STAGECRAFT_ENGINE_UNIT_SNAPSHOT_H_
#define STAGECRAFT_ENGINE_UNIT_SNAPSHOT_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/event.h"

namespace stagecraft::engine {

inline constexpr uint32_t kSnapshotVersion = 2;
// Frames of units, contents and tallies are about as large.
inline constexpr size_t kSnapshotFrameBytes = size_t{16} << 20;

// Kinds of frames, in the order in which they come.
enum SnapshotFrame : uint32_t {
  kSnapshotHead = 1,
  kSnapshotUnits = 2,     // Any number of them.
  kSnapshotContents = 3,  // Any number of them.
  // Tallies: none, or those of each specification. A head, and then as many
  // frames of bytes as it takes.
  kSnapshotTalliesHead = 4,
  kSnapshotTallies = 5,
  kSnapshotTotals = 6,  // After those bytes: see Tallies::SerializeTotals.
};

struct SnapshotHead {
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
  // what the units of the file, each for itself, contribute.
  bool exact = false;
};

struct TalliesHead {
  std::string name;  // Of the experiment or journey.
  uint64_t fingerprint = 0;
  uint64_t bytes = 0;
};

std::string EncodeHead(const SnapshotHead& head);
absl::StatusOr<SnapshotHead> DecodeHead(absl::string_view bytes);

std::string EncodeTalliesHead(const TalliesHead& head);
absl::StatusOr<TalliesHead> DecodeTalliesHead(absl::string_view bytes);

// Appends a unit to a frame of units.
void AppendUnit(absl::string_view root, absl::string_view packed,
                std::string* frame);
// Calls `fn` with each unit of a frame until it fails. Errors: kDataLoss;
// those of `fn`. The frame has passed its checksum, and so have the packed
// events.
absl::Status ForEachUnitOf(
    absl::string_view frame,
    absl::FunctionRef<absl::Status(absl::string_view root,
                                   absl::string_view packed)>
        fn);

// Appends a content to a frame of contents; they come in the order of their
// numbers.
void AppendContent(absl::string_view encoded, std::string* frame);
absl::Status ForEachContentOf(
    absl::string_view frame,
    absl::FunctionRef<absl::Status(absl::string_view encoded)> fn);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_UNIT_SNAPSHOT_H_
