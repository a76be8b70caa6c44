#include "engine/store/key_codec.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace stagecraft::engine {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;
constexpr char kEscape = '\x00';       // Starts both pairs below.
constexpr char kEscapedZero = '\xff';  // 00 FF stands for 00.
constexpr char kTerminator = '\x01';   // 00 01 ends a string.

}  // namespace

void AppendByte(uint8_t value, std::string* key) {
  key->push_back(static_cast<char>(value));
}

void AppendUint64(uint64_t value, std::string* key) {
  char bytes[8];
  for (int i = 7; i >= 0; --i) {
    bytes[i] = static_cast<char>(value & 0xff);
    value >>= 8;
  }
  key->append(bytes, sizeof(bytes));
}

void AppendInt64(int64_t value, std::string* key) {
  AppendUint64(static_cast<uint64_t>(value) ^ kSignBit, key);
}

void AppendBytes(absl::string_view value, std::string* key) {
  while (true) {
    const size_t zero = value.find(kEscape);
    if (zero == absl::string_view::npos) break;
    key->append(value.data(), zero);
    key->push_back(kEscape);
    key->push_back(kEscapedZero);
    value.remove_prefix(zero + 1);
  }
  key->append(value.data(), value.size());
  key->push_back(kEscape);
  key->push_back(kTerminator);
}

void AppendTime(absl::Time time, std::string* key) {
  // ToUnixMicros rounds down and saturates.
  AppendInt64(absl::ToUnixMicros(time), key);
}

std::string PrefixEnd(absl::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) {
    end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  }
  return end;
}

absl::Status KeyDecoder::Damaged(absl::string_view want) const {
  // The beginning is enough to find the key again.
  constexpr size_t kShown = 64;
  return absl::DataLossError(
      absl::StrCat("key ", absl::BytesToHexString(key_.substr(0, kShown)),
                   key_.size() > kShown ? "..." : "", " of ", key_.size(),
                   " bytes has ", rest_.size(), " bytes at offset ",
                   key_.size() - rest_.size(), ", want ", want));
}

absl::StatusOr<uint8_t> KeyDecoder::ReadByte() {
  if (rest_.empty()) return Damaged("a byte");
  const uint8_t value = static_cast<uint8_t>(rest_[0]);
  rest_.remove_prefix(1);
  return value;
}

absl::StatusOr<uint64_t> KeyDecoder::ReadUint64() {
  if (rest_.size() < 8) return Damaged("an integer of 8 bytes");
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) {
    value = value << 8 | static_cast<uint8_t>(rest_[i]);
  }
  rest_.remove_prefix(8);
  return value;
}

absl::StatusOr<int64_t> KeyDecoder::ReadInt64() {
  const absl::StatusOr<uint64_t> value = ReadUint64();
  if (!value.ok()) return value.status();
  return static_cast<int64_t>(*value ^ kSignBit);
}

absl::StatusOr<std::string> KeyDecoder::ReadBytes() {
  std::string value;
  absl::string_view rest = rest_;
  while (true) {
    const size_t zero = rest.find(kEscape);
    if (zero == absl::string_view::npos || zero + 1 == rest.size()) {
      return Damaged("a string ending in 00 01");
    }
    value.append(rest.data(), zero);
    const char second = rest[zero + 1];
    rest.remove_prefix(zero + 2);
    if (second == kTerminator) break;
    if (second != kEscapedZero) {
      return Damaged("a string in which 00 is followed by FF or 01");
    }
    value.push_back(kEscape);
  }
  rest_ = rest;
  return value;
}

absl::StatusOr<absl::Time> KeyDecoder::ReadTime() {
  const absl::StatusOr<int64_t> micros = ReadInt64();
  if (!micros.ok()) return micros.status();
  return absl::FromUnixMicros(*micros);
}

absl::Status KeyDecoder::Finish() const {
  return done() ? absl::OkStatus() : Damaged("the end of the key");
}

}  // namespace stagecraft::engine
