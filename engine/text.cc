#include "engine/text.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/event.h"

namespace stagecraft::engine {
namespace {

constexpr size_t kMaxPartBytes = 63;

bool IsPart(absl::string_view part) {
  if (part.empty() || part.size() > kMaxPartBytes) return false;
  for (const char c : part) {
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') {
      return false;
    }
  }
  return true;
}

// For few bytes.
bool IsAscii(absl::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

// Bytes of the well-formed sequence at the begin of `text`; 0 if there is none.
size_t SequenceBytes(absl::string_view text) {
  const auto byte = [&text](size_t at) {
    return static_cast<uint8_t>(text[at]);
  };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  size_t size = 0;
  uint8_t low = 0x80;  // Limits of the second byte.
  uint8_t high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    size = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    size = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    size = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  if (text.size() < size) return 0;
  if (byte(1) < low || byte(1) > high) return 0;
  for (size_t at = 2; at < size; ++at) {
    if (byte(at) < 0x80 || byte(at) > 0xbf) return 0;
  }
  return size;
}

}  // namespace

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    // Most text is ASCII: eight bytes at a time.
    uint64_t word;
    if (text.size() >= sizeof(word)) {
      std::memcpy(&word, text.data(), sizeof(word));
      if ((word & 0x8080808080808080) == 0) {
        text.remove_prefix(sizeof(word));
        continue;
      }
    } else if (IsAscii(text)) {
      return true;
    }
    const size_t size = SequenceBytes(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string Quote(absl::string_view text) {
  constexpr size_t kMaxShown = 80;
  const bool cut = text.size() > kMaxShown;
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kMaxShown)), "\"",
                      cut ? "..." : "");
}

bool IsText(absl::string_view text, size_t min_bytes, size_t max_bytes) {
  return text.size() >= min_bytes && text.size() <= max_bytes &&
         text.find('\0') == absl::string_view::npos && IsUtf8(text);
}

absl::Status ValidateText(absl::string_view text, absl::string_view field,
                          size_t min_bytes, size_t max_bytes) {
  if (IsText(text, min_bytes, max_bytes)) return absl::OkStatus();
  if (text.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, " is empty, want ", min_bytes, " to ", max_bytes, " bytes"));
  }
  if (text.size() < min_bytes || text.size() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " is ", Quote(text), " (", text.size(),
                     " bytes), want ", min_bytes, " to ", max_bytes, " bytes"));
  }
  if (text.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, " is ", Quote(text), ", want text without NUL bytes"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", Quote(text), ", want valid UTF-8"));
}

absl::Status ValidateSize(size_t size, size_t min, size_t max,
                          absl::string_view field) {
  if (size >= min && size <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " has ", size, " items, want ", min, " to ", max));
}

absl::Status ValidateNamePart(absl::string_view part, absl::string_view field) {
  if (IsPart(part)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, " is ", Quote(part),
                                                 ", want 1 to ", kMaxPartBytes,
                                                 " of [a-z0-9-]"));
}

absl::Status ValidateResourceName(absl::string_view name,
                                  absl::string_view pattern,
                                  absl::string_view field) {
  const std::vector<absl::string_view> want = absl::StrSplit(pattern, '/');
  const std::vector<absl::string_view> seen = absl::StrSplit(name, '/');
  bool good = want.size() == seen.size();
  for (size_t i = 0; good && i < want.size(); ++i) {
    good = want[i] == "*" ? IsPart(seen[i]) : want[i] == seen[i];
    if (good && i == 1 && want[0] == "journeys") {
      good = seen[i][0] >= 'a' && seen[i][0] <= 'z';
    }
  }
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      field, " is ", Quote(name), ", want ", pattern, ", each * 1 to ",
      kMaxPartBytes, " of [a-z0-9-]",
      want[0] == "journeys" ? ", the journey's beginning with a letter" : ""));
}

std::string DurationText(int64_t micros) {
  const bool negative = micros < 0;
  const uint64_t size =
      negative ? -static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  std::string text =
      absl::StrCat(negative ? "-" : "", size / static_cast<uint64_t>(kSecond));
  const uint64_t rest = size % static_cast<uint64_t>(kSecond);
  if (rest != 0) {
    std::string digits = absl::StrCat(".", absl::Dec(rest, absl::kZeroPad6));
    while (digits.back() == '0') digits.pop_back();
    text += digits;
  }
  return text + "s";
}

absl::Status ValidateDuration(int64_t micros, absl::string_view field,
                              int64_t min_micros) {
  if (micros >= min_micros && micros <= kMaxTime) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      field, " is ", DurationText(micros), ", want ",
      micros > kMaxTime ? absl::StrCat("at most ", DurationText(kMaxTime))
                        : (min_micros > 0 ? "more than 0" : "at least 0")));
}

}  // namespace stagecraft::engine
