// The parser of json_io.h.
#include <cstdint>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/cli/json_io.h"

namespace stagecraft::cli {
namespace {

constexpr int kMaxDepth = 100;

void AppendUtf8(uint32_t c, std::string* out) {
  if (c < 0x80) {
    out->push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out->push_back(static_cast<char>(0xc0 | c >> 6));
    out->push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else if (c < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | c >> 12));
    out->push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else {
    out->push_back(static_cast<char>(0xf0 | c >> 18));
    out->push_back(static_cast<char>(0x80 | (c >> 12 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3f)));
  }
}

class Parser {
 public:
  Parser(absl::string_view text, NonFiniteWords words)
      : text_(text), words_(words) {
    // A byte order mark is no part of the text.
    if (text_.substr(0, 3) == "\xef\xbb\xbf") at_ = 3;
  }

  absl::StatusOr<std::vector<JsonValue>> ParseAll() {
    std::vector<JsonValue> values;
    for (SkipSpace(); at_ < text_.size(); SkipSpace()) {
      JsonValue& value = values.emplace_back();
      if (absl::Status s = ParseValue(0, &value); !s.ok()) return s;
    }
    return values;
  }

 private:
  absl::Status Error(size_t offset, absl::string_view message) const {
    return absl::InvalidArgumentError(
        absl::StrCat(PositionText(text_, offset), ": ", message));
  }

  // `found X, want ...` at the current place.
  absl::Status Want(absl::string_view want) const {
    if (at_ >= text_.size()) {
      return Error(at_, absl::StrCat("found the end, want ", want));
    }
    const unsigned char c = text_[at_];
    const std::string found = absl::ascii_isprint(c)
                                  ? absl::StrFormat("'%c'", c)
                                  : absl::StrFormat("the byte 0x%02x", c);
    return Error(at_, absl::StrCat("found ", found, ", want ", want));
  }

  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' ||
                                  text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  bool Eat(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool EatWord(absl::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  absl::Status ParseValue(int depth, JsonValue* value) {
    if (depth > kMaxDepth) {
      return Error(at_, absl::StrCat("nested more than ", kMaxDepth,
                                     " deep, want less"));
    }
    value->begin = at_;
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    absl::Status status;
    if (c == '{') {
      value->kind = JsonValue::Kind::kObject;
      status = ParseObject(depth, value);
    } else if (c == '[') {
      value->kind = JsonValue::Kind::kArray;
      status = ParseArray(depth, value);
    } else if (c == '"') {
      value->kind = JsonValue::Kind::kString;
      status = ParseString(&value->text);
    } else if (words_ == NonFiniteWords::kKeep && EatNonFinite(&value->text)) {
      value->kind = JsonValue::Kind::kNumber;
    } else if (c == '-' || absl::ascii_isdigit(c)) {
      value->kind = JsonValue::Kind::kNumber;
      status = ParseNumber(&value->text);
    } else if (EatWord("true")) {
      value->kind = JsonValue::Kind::kBool;
      value->boolean = true;
    } else if (EatWord("false")) {
      value->kind = JsonValue::Kind::kBool;
    } else if (!EatWord("null")) {
      return Want("a JSON value");
    }
    value->end = at_;
    return status;
  }

  bool EatNonFinite(std::string* out) {
    for (const absl::string_view word : {"NaN", "Infinity", "-Infinity"}) {
      if (EatWord(word)) {
        *out = std::string(word);
        return true;
      }
    }
    return false;
  }

  absl::Status ParseObject(int depth, JsonValue* value) {
    ++at_;
    SkipSpace();
    if (Eat('}')) return absl::OkStatus();
    while (true) {
      SkipSpace();
      if (at_ >= text_.size() || text_[at_] != '"') return Want("a key in \"");
      const size_t key_at = at_;
      std::string key;
      if (absl::Status s = ParseString(&key); !s.ok()) return s;
      if (value->Find(key) != nullptr) {
        return Error(key_at,
                     absl::StrCat("the key \"", key,
                                  "\" occurs twice in its object, want once"));
      }
      SkipSpace();
      if (!Eat(':')) return Want("':'");
      SkipSpace();
      JsonValue member;
      if (absl::Status s = ParseValue(depth + 1, &member); !s.ok()) return s;
      value->members.emplace_back(std::move(key), std::move(member));
      SkipSpace();
      if (Eat('}')) return absl::OkStatus();
      if (!Eat(',')) return Want("',' or '}'");
    }
  }

  absl::Status ParseArray(int depth, JsonValue* value) {
    ++at_;
    SkipSpace();
    if (Eat(']')) return absl::OkStatus();
    while (true) {
      SkipSpace();
      JsonValue& element = value->elements.emplace_back();
      if (absl::Status s = ParseValue(depth + 1, &element); !s.ok()) return s;
      SkipSpace();
      if (Eat(']')) return absl::OkStatus();
      if (!Eat(',')) return Want("',' or ']'");
    }
  }

  absl::Status ParseNumber(std::string* out) {
    const size_t begin = at_;
    Eat('-');
    if (!Eat('0')) {
      if (!EatDigits()) return Want("a digit");
    }
    if (Eat('.') && !EatDigits()) return Want("a digit");
    if (Eat('e') || Eat('E')) {
      if (!Eat('+')) Eat('-');
      if (!EatDigits()) return Want("a digit");
    }
    *out = std::string(text_.substr(begin, at_ - begin));
    return absl::OkStatus();
  }

  bool EatDigits() {
    const size_t begin = at_;
    while (at_ < text_.size() && absl::ascii_isdigit(text_[at_])) ++at_;
    return at_ > begin;
  }

  std::optional<uint32_t> EatHex4() {
    if (text_.size() - at_ < 4) return std::nullopt;
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = text_[at_ + i];
      if (!absl::ascii_isxdigit(c)) return std::nullopt;
      code = code * 16 + (absl::ascii_isdigit(c)
                              ? c - '0'
                              : absl::ascii_tolower(c) - 'a' + 10);
    }
    at_ += 4;
    return code;
  }

  absl::Status ParseEscape(std::string* out) {
    const size_t begin = at_++;
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out->push_back(c);
        return absl::OkStatus();
      case 'b':
        out->push_back('\b');
        return absl::OkStatus();
      case 'f':
        out->push_back('\f');
        return absl::OkStatus();
      case 'n':
        out->push_back('\n');
        return absl::OkStatus();
      case 'r':
        out->push_back('\r');
        return absl::OkStatus();
      case 't':
        out->push_back('\t');
        return absl::OkStatus();
      case 'u': {
        std::optional<uint32_t> code = EatHex4();
        if (code >= 0xd800u && code < 0xdc00u && EatWord("\\u")) {
          const std::optional<uint32_t> low = EatHex4();
          if (low >= 0xdc00u && low < 0xe000u) {
            AppendUtf8(0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00),
                       out);
            return absl::OkStatus();
          }
          code = std::nullopt;
        }
        if (code.has_value() && !(code >= 0xd800u && code < 0xe000u)) {
          AppendUtf8(*code, out);
          return absl::OkStatus();
        }
        break;
      }
    }
    return Error(begin,
                 "the escape is not one of JSON, want \\\" \\\\ \\/ \\b "
                 "\\f \\n \\r \\t or \\u with a character");
  }

  absl::Status ParseString(std::string* out) {
    const size_t begin = at_++;
    while (at_ < text_.size()) {
      const unsigned char c = text_[at_];
      if (c == '"') {
        ++at_;
        return absl::OkStatus();
      }
      if (c == '\\') {
        if (absl::Status s = ParseEscape(out); !s.ok()) return s;
      } else if (c < 0x20) {
        return Want(
            "\" or an escape: a string may not hold control characters");
      } else {
        out->push_back(static_cast<char>(c));
        ++at_;
      }
    }
    return Error(begin, "the string has no end, want \"");
  }

  absl::string_view text_;
  NonFiniteWords words_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<JsonValue>> ParseJsonValues(absl::string_view text,
                                                       NonFiniteWords words) {
  return Parser(text, words).ParseAll();
}

}  // namespace stagecraft::cli
