// UUIDs as 16 bytes: ids of events are mostly such. Of text in the canonical
// form of RFC 9562, section 4, in lower case; any other text is no UUID here.
#ifndef STAGECRAFT_ENGINE_UUID_H_
#define STAGECRAFT_ENGINE_UUID_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"

namespace stagecraft::engine {

static_assert(std::endian::native == std::endian::little,
              "digits are taken from words as they lie in memory");

inline constexpr size_t kUuidChars = 36;
inline constexpr size_t kUuidBytes = 16;

namespace uuid_internal {

// Eight hexadecimal digits at a time, one per byte, the first one lowest.
inline constexpr uint64_t kEach = 0x0101010101010101;

template <typename Word>
Word Load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

inline uint64_t CharsOfNibbles(uint64_t nibbles) {
  const uint64_t letters = ((nibbles + 6 * kEach) >> 4) & kEach;
  return nibbles + '0' * kEach + letters * ('a' - 10 - '0');
}

// False if `chars` are anything but lower-case digits.
inline bool PackHex(uint64_t chars, char* to) {
  const uint64_t letters = (chars >> 6) & kEach;
  const uint64_t nibbles = (chars & (15 * kEach)) + letters * 9;
  // What is no digit comes out too large or does not come back.
  const bool good =
      (nibbles & (0xf0 * kEach)) == 0 && CharsOfNibbles(nibbles) == chars;
  uint64_t bytes = (nibbles << 4 | nibbles >> 8) & 0x00ff00ff00ff00ff;
  bytes = (bytes | bytes >> 8) & 0x0000ffff0000ffff;
  const auto packed = static_cast<uint32_t>(bytes | bytes >> 16);
  std::memcpy(to, &packed, sizeof(packed));
  return good;
}

inline uint64_t UnpackHex(const char* from) {
  uint64_t bytes = Load<uint32_t>(from);
  bytes = (bytes | bytes << 16) & 0x0000ffff0000ffff;
  bytes = (bytes | bytes << 8) & 0x00ff00ff00ff00ff;
  return CharsOfNibbles(((bytes >> 4) & 0x000f000f000f000f) |
                        (bytes & 0x000f000f000f000f) << 8);
}

}  // namespace uuid_internal

// Whether `text` is a UUID; then its bytes. `to` takes 16 bytes in any case.
inline bool ParseUuid(absl::string_view text, char* to) {
  using uuid_internal::Load;
  using uuid_internal::PackHex;
  if (text.size() != kUuidChars) return false;
  const char* const from = text.data();
  if (from[8] != '-' || from[13] != '-' || from[18] != '-' || from[23] != '-') {
    return false;
  }
  const auto join = [&](size_t low, size_t high) {
    return Load<uint32_t>(from + low) | uint64_t{Load<uint32_t>(from + high)}
                                            << 32;
  };
  const bool first = PackHex(Load<uint64_t>(from), to);
  const bool second = PackHex(join(9, 14), to + 4);
  const bool third = PackHex(join(19, 24), to + 8);
  return PackHex(Load<uint64_t>(from + 28), to + 12) && first && second &&
         third;
}

// Writes the 36 characters of the UUID with these 16 bytes.
inline void PutUuid(const char* bytes, char* to) {
  using uuid_internal::UnpackHex;
  const auto put = [&](size_t at, uint64_t chars) {
    std::memcpy(to + at, &chars, sizeof(chars));
  };
  const uint64_t second = UnpackHex(bytes + 4);
  const uint64_t third = UnpackHex(bytes + 8);
  // Some are written twice as wide as they are; what follows mends it.
  put(0, UnpackHex(bytes));
  put(9, second);
  put(14, second >> 32);
  put(19, third);
  put(24, third >> 32);
  put(28, UnpackHex(bytes + 12));
  to[8] = to[13] = to[18] = to[23] = '-';
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_UUID_H_
