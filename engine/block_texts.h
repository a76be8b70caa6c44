// Columns of ids in blocks: texts in their shortest simple form. The grammar is
// in engine/store/FORMAT.md. Private to the codec of event_block.h.
//
// An id that is a UUID in canonical lower-case form takes 16 bytes, and 10 and
// a few bits if it begins with about the time of its event, as version 7 does;
// one that is a prefix, common to many of the column, and a decimal number
// takes a few; any other takes its bytes. What the forms are is told once if
// all are the same.
#ifndef STAGECRAFT_ENGINE_BLOCK_TEXTS_H_
#define STAGECRAFT_ENGINE_BLOCK_TEXTS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/block_bytes.h"
#include "engine/uuid.h"

namespace stagecraft::engine {

// `millis`: of each text about the milliseconds since 1970 that it may begin
// with, or nothing.
void PutTexts(absl::Span<const absl::string_view> texts,
              absl::Span<const uint64_t> millis, std::string* out);

class TextReader {
 public:
  // Goes past a column of `count` texts in a block of that version. Errors:
  // kDataLoss.
  absl::Status Open(uint8_t version, size_t count, BlockCursor* cursor);

  // Bytes of the room below that all texts together may need.
  size_t room_bytes() const { return room_bytes_; }
  // Where texts are put that do not stand in the block as they are. To be
  // called before Next; must live as long as the texts.
  void SetRoom(char* room) { room_ = room; }

  // At most `count` times. `millis`: what PutTexts was told of this text.
  absl::string_view Next(uint64_t millis = 0);

 private:
  // Bytes that may be written behind the last text.
  static constexpr size_t kSlack = 32;

  absl::Status OpenNumbers(size_t count, BlockCursor* cursor);
  absl::string_view NextNumber();
  absl::string_view NextUuid();
  absl::string_view NextTimedUuid(uint64_t millis);

  uint8_t short_ = 0;            // The code of a text of no bytes.
  const char* codes_ = nullptr;  // One for all, or one for each.
  size_t step_ = 0;              // From a text's code to the next one's.
  absl::string_view prefix_;
  char short_prefix_[16] = {};  // The same, if it fits.
  uint8_t digits_ = 0;
  uint64_t least_ = 0;
  FixedReader numbers_;
  const char* uuids_ = nullptr;
  BlockCursor shifts_{"", 0};
  const char* uuid_ends_ = nullptr;
  const char* texts_ = nullptr;
  BlockCursor long_sizes_{"", 0};
  char* room_ = nullptr;
  size_t room_bytes_ = 0;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_BLOCK_TEXTS_H_
