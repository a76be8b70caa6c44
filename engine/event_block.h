// Blocks of the log: all new events of one acknowledged batch, by columns. The
// grammar is in engine/store/FORMAT.md.
//
// A block holds the texts that its events share once, and of each event what is
// its own in few bytes: about 25 to 40 before the store compresses it.
#ifndef STAGECRAFT_ENGINE_EVENT_BLOCK_H_
#define STAGECRAFT_ENGINE_EVENT_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/event.h"
#include "engine/event_batch.h"

namespace stagecraft::engine {

// Events of one block.
inline constexpr size_t kMaxBlockEvents = size_t{1} << 20;

// The items of `batch` that `items` lists by index, each at most once and at
// most kMaxBlockEvents of them; they must be within the limits of event.h. In
// the block items of a unit stand together, units by their index in the batch,
// items of one unit in the order of `items`. The same arguments give the same
// bytes.
std::string EncodeBlock(const EventBatch& batch,
                        absl::Span<const uint32_t> items);

// Clears `batch` and fills it with the events of `block`, in the block's order,
// units and contents that no event refers to left out. Texts borrow from
// `block` where they can, so it must live as long as the batch is used.
// Errors: kDataLoss, naming the byte, if these are not bytes that EncodeBlock
// wrote; the batch is then empty. Any bytes are safe to try.
absl::Status DecodeBlock(absl::string_view block, EventBatch* batch);

// What a block says of itself at its beginning.
struct BlockBounds {
  Micros min_time = 0;  // Earliest and latest event; 0 if there is none.
  Micros max_time = 0;
  uint32_t events = 0;
  uint32_t units = 0;  // As many as in the batch; one may stand twice.
};

// Reads some bytes at the beginning and does not check the rest.
// Errors: kDataLoss.
absl::StatusOr<BlockBounds> ReadBounds(absl::string_view block);

// Calls `fn` with the id of each unit in the block. An id may come twice, and
// lives until fn returns. Checks the whole block's checksum first.
// Errors: kDataLoss, before fn is called.
absl::Status ForEachUnitId(
    absl::string_view block,
    absl::FunctionRef<void(absl::string_view unit_id)> fn);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_EVENT_BLOCK_H_
