// Bytes of blocks: version, checksum, variable and fixed width integers. The
// grammar is in engine/store/FORMAT.md. Private to the codec of event_block.h.
#ifndef STAGECRAFT_ENGINE_BLOCK_BYTES_H_
#define STAGECRAFT_ENGINE_BLOCK_BYTES_H_

#include <xxhash.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/event.h"
#include "engine/varint.h"

namespace stagecraft::engine {

static_assert(std::endian::native == std::endian::little,
              "columns are copied as they lie in memory");

// The version that is written. Version 1, which has no UUIDs by time, is read.
inline constexpr uint8_t kBlockVersion = 2;
inline constexpr size_t kChecksumBytes = 8;

// Units that times and values are multiples of, by the byte that says which.
inline constexpr int64_t kTimeUnits[] = {1, 1'000, 1'000'000};
inline constexpr int64_t kValueUnits[] = {1,      10,      100,      1'000,
                                          10'000, 100'000, 1'000'000};

inline uint64_t BlockChecksum(absl::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

inline uint32_t Load32(const char* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}
inline uint64_t Load64(const char* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// What the UUID of an event of this time may begin with.
inline uint64_t MillisOf(Micros time) {
  return static_cast<uint64_t>(time) / 1'000;
}

// Bytes that hold `value`: 0 for 0, up to 8.
inline int WidthOf(uint64_t value) {
  return static_cast<int>((std::bit_width(value) + 7) / 8);
}

// Appends fixed width integers; the memory behind the last is written as well.
class FixedWriter {
 public:
  FixedWriter(size_t count, int width, std::string* out)
      : width_(width), out_(out), used_(out->size() + count * width) {
    const size_t start = out->size();
    out->resize(used_ + sizeof(uint64_t));
    to_ = out->data() + start;
  }
  ~FixedWriter() { out_->resize(used_); }
  FixedWriter(const FixedWriter&) = delete;
  FixedWriter& operator=(const FixedWriter&) = delete;

  void Put(uint64_t value) {
    std::memcpy(to_, &value, sizeof(value));
    to_ += width_;
  }

 private:
  const int width_;
  std::string* const out_;
  const size_t used_;
  char* to_;
};

// Reads fixed width integers; up to 8 bytes behind the last must be readable.
class FixedReader {
 public:
  FixedReader() = default;
  FixedReader(const char* from, int width)
      : from_(from),
        width_(width),
        mask_(width == 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * width)) - 1) {}
  uint64_t Next() {
    const uint64_t value = Load64(from_) & mask_;
    from_ += width_;
    return value;
  }

 private:
  const char* from_ = nullptr;
  int width_ = 0;
  uint64_t mask_ = 0;
};

// Goes through the bytes of a block that end where its checksum begins. Each
// Read is false at bytes that hold no such thing, and stays there.
class BlockCursor {
 public:
  BlockCursor(absl::string_view block, size_t end)
      : begin_(block.data()),
        at_(block.data()),
        end_(block.data() + end),
        size_(block.size()) {}

  size_t left() const { return static_cast<size_t>(end_ - at_); }
  const char* at() const { return at_; }

  bool ReadByte(uint8_t* value) {
    if (at_ == end_) return false;
    *value = static_cast<uint8_t>(*at_++);
    return true;
  }
  bool ReadVarint(uint64_t* value) {
    absl::string_view rest(at_, left());
    if (!TakeVarint(&rest, value)) return false;
    at_ = rest.data();
    return true;
  }
  // `count` pieces of `width` bytes each, which must not overflow a size.
  bool Skip(size_t count, size_t width, const char** from) {
    const size_t size = count * width;
    if (size > left()) return false;
    *from = at_;
    at_ += size;
    return true;
  }

  absl::Status Damaged(absl::string_view what) const {
    return absl::DataLossError(
        absl::StrCat("block of events is damaged: ", what, " at byte ",
                     at_ - begin_, " of ", size_));
  }

 private:
  const char* begin_;
  const char* at_;
  const char* end_;
  size_t size_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_BLOCK_BYTES_H_
