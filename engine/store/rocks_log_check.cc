#include "engine/store/rocks_log_check.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace stagecraft::engine {
namespace {

namespace fs = std::filesystem;

// See RocksDB's db/log_format.h: fixed32 masked checksum of type and payload,
// fixed16 length of the payload, type.
constexpr size_t kBlockBytes = size_t{32} << 10;
constexpr size_t kHeadBytes = 7;
constexpr size_t kTypeAt = 6;

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table = {};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    }
    table[i] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = MakeCrcTable();

// CRC-32C of one more byte; begins and ends inverted.
uint32_t Extend(uint32_t crc, char byte) {
  return (crc >> 8) ^ kCrcTable[(crc ^ static_cast<unsigned char>(byte)) & 255];
}

uint32_t GetFixed(absl::string_view bytes, size_t count) {
  uint32_t value = 0;
  for (size_t i = count; i-- > 0;) {
    value = (value << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

// The checksum in a head, without RocksDB's mask (util/crc32c.h).
uint32_t ChecksumOf(absl::string_view head) {
  const uint32_t rotated = GetFixed(head, 4) - 0xa282ead8u;
  return (rotated >> 17) | (rotated << 15);
}

// Whether `bytes`, a head and what follows it, begins with a whole record of
// another length than the head says. By chance: once in 2^32 bytes.
bool HoldsWholeRecord(absl::string_view bytes) {
  const uint32_t wanted = ChecksumOf(bytes);
  uint32_t crc = Extend(~uint32_t{0}, bytes[kTypeAt]);
  if (~crc == wanted) return true;
  for (const char byte : bytes.substr(kHeadBytes)) {
    crc = Extend(crc, byte);
    if (~crc == wanted) return true;
  }
  return false;
}

bool IsZero(absl::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](char byte) { return byte == 0; });
}

absl::Status Damaged(const std::string& path, const fs::path& file,
                     uint64_t position, absl::string_view what) {
  return absl::DataLossError(absl::StrCat(
      "store ", path, ": byte ", position, " of ", file.filename().native(),
      ": ", what, "; check the disk, then restore the store from a backup"));
}

absl::Status CheckLog(const std::string& path, const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string buffer(kBlockBytes, '\0');
  bool ended = false;  // Only zeros may follow.
  for (uint64_t begin = 0;; begin += kBlockBytes) {
    stream.read(buffer.data(), kBlockBytes);
    const absl::string_view block(buffer.data(),
                                  static_cast<size_t>(stream.gcount()));
    if (ended && !IsZero(block)) {
      return Damaged(path, file, begin, "zeros before it, want records");
    }
    for (size_t at = 0; !ended && at + kHeadBytes <= block.size();) {
      const absl::string_view rest = block.substr(at);
      const size_t length = GetFixed(rest.substr(4), 2);
      if (length == 0 && rest[kTypeAt] == 0) {
        // A crash may have left a part of the checksum.
        if (!IsZero(rest.substr(4))) {
          return Damaged(path, file, begin + at, "zeros, want a record");
        }
        ended = true;
      } else if (kHeadBytes + length > rest.size()) {
        if (HoldsWholeRecord(rest)) {
          return Damaged(path, file, begin + at,
                         absl::StrCat("the length of a record is ", length,
                                      ", which its checksum belies"));
        }
        // Cut short by a crash; or a block is damaged, which RocksDB notices.
        return absl::OkStatus();
      }
      at += kHeadBytes + length;
    }
    if (block.size() < kBlockBytes) return absl::OkStatus();
  }
}

}  // namespace

absl::Status CheckLogs(const std::string& path) {
  std::string current;
  std::ifstream(path + "/CURRENT") >> current;
  std::error_code error;
  for (fs::directory_iterator it(path, error), last; !error && it != last;
       it.increment(error)) {
    const std::string name = it->path().filename().native();
    if (name != current && !absl::EndsWith(name, ".log")) continue;
    if (absl::Status status = CheckLog(path, it->path()); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::engine
