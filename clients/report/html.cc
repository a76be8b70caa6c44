#include "clients/report/html.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace stagecraft::client {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";  // U+FFFD

// Reads the code point at `at`; returns its length in bytes, 0 if it is not
// valid UTF-8.
size_t Decode(absl::string_view text, size_t at, uint32_t& code) {
  const auto byte = [&](size_t i) {
    return static_cast<uint8_t>(text[at + i]);
  };
  const uint8_t first = byte(0);
  size_t length;
  uint32_t least;
  if (first < 0x80) {
    code = first;
    return 1;
  } else if ((first & 0xE0) == 0xC0) {
    length = 2, least = 0x80, code = first & 0x1F;
  } else if ((first & 0xF0) == 0xE0) {
    length = 3, least = 0x800, code = first & 0x0F;
  } else if ((first & 0xF8) == 0xF0) {
    length = 4, least = 0x10000, code = first & 0x07;
  } else {
    return 0;
  }
  if (at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = (code << 6) | (byte(i) & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < least || surrogate || code > 0x10FFFF ? 0 : length;
}

// Whether HTML allows the code point in text.
bool Allowed(uint32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  if (code >= 0x7F && code <= 0x9F) return false;
  return (code & 0xFFFE) != 0xFFFE && !(code >= 0xFDD0 && code <= 0xFDEF);
}

}  // namespace

std::string EscapeHtml(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    uint32_t code = 0;
    const size_t length = Decode(text, at, code);
    if (length == 0 || !Allowed(code)) {
      out += kReplacement;
      at += length == 0 ? 1 : length;
      continue;
    }
    switch (code) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.append(text.data() + at, length);
    }
    at += length;
  }
  return out;
}

Html& Html::Text(absl::string_view text) {
  out_ += EscapeHtml(text);
  return *this;
}

Html& Html::User(absl::string_view text) {
  absl::StrAppend(&out_, "<bdi>", EscapeHtml(text), "</bdi>");
  return *this;
}

Html& Html::Coordinate(double value) {
  if (!std::isfinite(value)) value = 0;
  const std::string text = absl::StrFormat("%.2f", value);
  out_ += text == "-0.00" ? "0.00" : text;
  return *this;
}

Html& Html::Add(const Html& other) {
  out_ += other.out_;
  return *this;
}

}  // namespace stagecraft::client
