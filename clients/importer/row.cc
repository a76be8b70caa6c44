#include "clients/importer/row.h"

#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace stagecraft::client::importer {

int ColumnSet::Add(absl::string_view name) {
  const auto [it, inserted] =
      slots_.try_emplace(name, static_cast<int>(names_.size()));
  if (inserted) names_.emplace_back(name);
  return it->second;
}

int ColumnSet::Find(absl::string_view name) const {
  const auto it = slots_.find(name);
  return it == slots_.end() ? -1 : it->second;
}

std::string Quoted(absl::string_view text) {
  constexpr size_t kShown = 80;
  if (text.size() <= kShown) {
    return absl::StrCat(
        "\"",
        IsUtf8(text) ? absl::Utf8SafeCHexEscape(text) : absl::CHexEscape(text),
        "\"");
  }
  absl::string_view head = text.substr(0, kShown);
  // Not in the middle of a character.
  for (int i = 0; i < 3 && !IsUtf8(head); ++i) head.remove_suffix(1);
  return absl::StrCat(
      "\"",
      IsUtf8(head) ? absl::Utf8SafeCHexEscape(head) : absl::CHexEscape(head),
      "...\" (", text.size(), " bytes)");
}

bool IsUtf8(absl::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = p + text.size();
  const auto is_tail = [](unsigned char c) { return (c & 0xC0) == 0x80; };
  while (p < end) {
    if (end - p >= 8) {
      uint64_t word;
      std::memcpy(&word, p, 8);
      if ((word & 0x8080808080808080u) == 0) {
        p += 8;
        continue;
      }
    }
    if (*p < 0x80) {
      ++p;
    } else if (*p < 0xC2) {
      return false;
    } else if (*p < 0xE0) {
      if (end - p < 2 || !is_tail(p[1])) return false;
      p += 2;
    } else if (*p < 0xF0) {
      if (end - p < 3 || !is_tail(p[1]) || !is_tail(p[2])) return false;
      if (p[0] == 0xE0 && p[1] < 0xA0) return false;   // Overlong.
      if (p[0] == 0xED && p[1] >= 0xA0) return false;  // Surrogates.
      p += 3;
    } else if (*p < 0xF5) {
      if (end - p < 4 || !is_tail(p[1]) || !is_tail(p[2]) || !is_tail(p[3])) {
        return false;
      }
      if (p[0] == 0xF0 && p[1] < 0x90) return false;   // Overlong.
      if (p[0] == 0xF4 && p[1] >= 0x90) return false;  // Above U+10FFFF.
      p += 4;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace stagecraft::client::importer
