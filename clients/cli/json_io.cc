#include "clients/cli/json_io.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <istream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/util/json_util.h"

namespace stagecraft::cli {
namespace {

// The member of a proto field, as it is written or in lowerCamelCase.
const JsonValue* FindField(const JsonValue& value, absl::string_view name) {
  if (const JsonValue* found = value.Find(name)) return found;
  std::string camel;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '_' && i + 1 < name.size()) {
      camel.push_back(absl::ascii_toupper(name[++i]));
    } else {
      camel.push_back(name[i]);
    }
  }
  return value.Find(camel);
}

// Follows `plan.guardrails[0].kpi` as far as it goes.
const JsonValue& Follow(const JsonValue& root, absl::string_view path) {
  const JsonValue* at = &root;
  for (absl::string_view part : absl::StrSplit(path, '.', absl::SkipEmpty())) {
    const absl::string_view key = part.substr(0, part.find('['));
    if (!key.empty()) {
      const JsonValue* next = FindField(*at, key);
      if (next == nullptr) return *at;
      at = next;
    }
    size_t open = part.find('[');
    while (open != absl::string_view::npos) {
      const size_t close = part.find(']', open);
      if (close == absl::string_view::npos) return *at;
      absl::string_view index = part.substr(open + 1, close - open - 1);
      size_t number = 0;
      if (absl::SimpleAtoi(index, &number)) {
        if (number >= at->elements.size()) return *at;
        at = &at->elements[number];
      } else {
        absl::ConsumePrefix(&index, "\"");
        absl::ConsumeSuffix(&index, "\"");
        const JsonValue* next = at->Find(index);
        if (next == nullptr) return *at;
        at = next;
      }
      open = part.find('[', close);
    }
  }
  return *at;
}

}  // namespace

const JsonValue* JsonValue::Find(absl::string_view key) const {
  for (const auto& [name, value] : members) {
    if (name == key) return &value;
  }
  return nullptr;
}

absl::string_view JsonValue::KindName() const {
  switch (kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return "a truth value";
    case Kind::kNumber:
      return "a number";
    case Kind::kString:
      return "a string";
    case Kind::kObject:
      return "an object";
    case Kind::kArray:
      return "an array";
  }
  return "a value";
}

std::string PositionText(absl::string_view text, size_t offset) {
  int64_t line = 1;
  size_t line_begin = 0;
  for (size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      line_begin = i + 1;
    }
  }
  return absl::StrCat("line ", line, ", column ", offset - line_begin + 1);
}

absl::Status JsonToProto(absl::string_view text, const JsonValue& value,
                         google::protobuf::Message* message) {
  const std::string slice(text.substr(value.begin, value.end - value.begin));
  const auto parsed =
      google::protobuf::util::JsonStringToMessage(slice, message);
  if (parsed.ok()) return absl::OkStatus();
  // `(plan.alpha): invalid value ...`, `(plan) alhpa: Cannot find field.`
  const std::string whole(parsed.message().data(), parsed.message().size());
  absl::string_view reason = whole;
  std::string path;
  if (absl::ConsumePrefix(&reason, "(")) {
    const size_t close = reason.find(')');
    if (close != absl::string_view::npos) {
      path = std::string(reason.substr(0, close));
      reason.remove_prefix(close + 1);
      absl::ConsumePrefix(&reason, ":");
      absl::ConsumePrefix(&reason, " ");
    }
  }
  size_t at = Follow(value, path).begin;
  std::string problem(reason);
  if (absl::ConsumeSuffix(&reason, ": Cannot find field.")) {
    const JsonValue& parent = Follow(value, path);
    const JsonValue* unknown = parent.Find(reason);
    if (unknown != nullptr) at = unknown->begin;
    problem = absl::StrCat("there is no field \"", reason, "\"");
    if (path.empty()) {
      problem = absl::StrCat(problem, " in ", message->GetDescriptor()->name());
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat(PositionText(text, at), ": ",
                   path.empty() ? "" : absl::StrCat(path, ": "), problem));
}

std::string ProtoToJson(const google::protobuf::Message& message, bool pretty) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = pretty;
  std::string out;
  const auto status =
      google::protobuf::util::MessageToJsonString(message, &out, options);
  // Only an Any of an unknown type or an invalid timestamp cannot be printed.
  if (!status.ok()) {
    return absl::StrCat("{\"error\":\"cannot be written as JSON: ",
                        message.GetDescriptor()->full_name(), "\"}");
  }
  return out;
}

absl::StatusOr<std::string> ReadText(const std::string& path,
                                     std::istream& in) {
  std::ifstream file;
  std::istream* source = &in;
  if (path != "-") {
    errno = 0;
    file.open(path, std::ios::binary);
    if (!file) {
      return absl::ErrnoToStatus(errno == 0 ? EIO : errno,
                                 absl::StrCat("cannot open ", path));
    }
    source = &file;
  }
  errno = 0;
  std::string text;
  char buffer[1 << 16];
  // read() turns an exception of the buffer (a folder) into a bad stream.
  while (source->read(buffer, sizeof(buffer)) || source->gcount() > 0) {
    text.append(buffer, source->gcount());
  }
  if (source->bad() || errno == EISDIR) {
    return absl::ErrnoToStatus(errno == 0 ? EIO : errno,
                               absl::StrCat("cannot read ", path));
  }
  return text;
}

absl::Status WriteText(const std::string& path, absl::string_view text) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) {
    return absl::ErrnoToStatus(errno == 0 ? EIO : errno,
                               absl::StrCat("cannot write ", path));
  }
  return absl::OkStatus();
}

}  // namespace stagecraft::cli
