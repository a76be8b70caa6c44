// Varints: integers in 7 bits a byte, lowest first; the top bit says that more
// follow.
#ifndef STAGECRAFT_ENGINE_VARINT_H_
#define STAGECRAFT_ENGINE_VARINT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"

namespace stagecraft::engine {

// Small numbers of either sign to small numbers.
constexpr uint64_t ToZigzag(int64_t n) {
  return static_cast<uint64_t>(n) << 1 ^ static_cast<uint64_t>(n >> 63);
}
constexpr int64_t FromZigzag(uint64_t n) {
  return static_cast<int64_t>(n >> 1 ^ -(n & 1));
}

// T is uint64_t or absl::uint128.
template <typename T>
void AppendVarint(T n, std::string* out) {
  while (n >= 0x80) {
    out->push_back(static_cast<char>(static_cast<uint8_t>(n) | 0x80));
    n >>= 7;
  }
  out->push_back(static_cast<char>(static_cast<uint8_t>(n)));
}

// The same of 64 bits into memory, where there are kMaxVarintBytes; returns
// where they end.
inline constexpr size_t kMaxVarintBytes = 10;
inline char* PutVarint(uint64_t n, char* out) {
  while (n >= 0x80) {
    *out++ = static_cast<char>(static_cast<uint8_t>(n) | 0x80);
    n >>= 7;
  }
  *out++ = static_cast<char>(n);
  return out;
}

// Takes one from the front of any bytes. False if there is none, or if it has
// more bits than T.
template <typename T>
[[nodiscard]] bool TakeVarint(absl::string_view* in, T* n) {
  constexpr int kBits = static_cast<int>(sizeof(T) * 8);
  *n = 0;
  for (int shift = 0; shift < kBits && !in->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(in->front());
    in->remove_prefix(1);
    if (shift + 7 > kBits && (byte & 0x7f) >> (kBits - shift) != 0) {
      return false;
    }
    *n |= T{static_cast<uint8_t>(byte & 0x7f)} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_VARINT_H_
