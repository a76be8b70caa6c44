// JSON with positions: what is wrong, and where.
//
// RFC 8259, and besides: any number of values one after the other, separated by
// white space (NDJSON). A key that occurs twice in an object is an error, as is
// nesting deeper than 100.
#ifndef STAGECRAFT_CLIENTS_CLI_JSON_IO_H_
#define STAGECRAFT_CLIENTS_CLI_JSON_IO_H_

#include <cstddef>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace stagecraft::cli {

// A value of a text; `begin` and `end` are byte offsets into it.
struct JsonValue {
  enum class Kind { kNull, kBool, kNumber, kString, kObject, kArray };

  Kind kind = Kind::kNull;
  size_t begin = 0, end = 0;
  bool boolean = false;
  // A string, decoded; a number as it is written.
  std::string text;
  std::vector<std::pair<std::string, JsonValue>> members;  // As written.
  std::vector<JsonValue> elements;

  // The member of an object; null if there is none.
  const JsonValue* Find(absl::string_view key) const;
  // `an object`, `a string` and so on.
  absl::string_view KindName() const;
};

// `line 3, column 5`: from 1, columns in bytes.
std::string PositionText(absl::string_view text, size_t offset);

// The words NaN, Infinity and -Infinity, which are no JSON but which programs
// write.
enum class NonFiniteWords {
  kRefuse,
  kKeep,  // As numbers with that text, for a reader who knows their place.
};

// All values of a text. Errors: kInvalidArgument with position, what was found
// and what was wanted.
absl::StatusOr<std::vector<JsonValue>> ParseJsonValues(
    absl::string_view text, NonFiniteWords words = NonFiniteWords::kRefuse);

// Reads `value`, which is part of `text`, as proto3 JSON into an empty message.
// Errors: kInvalidArgument with the position of the value that is at fault, the
// field's path and the reason; a field that the message does not have is one.
absl::Status JsonToProto(absl::string_view text, const JsonValue& value,
                         google::protobuf::Message* message);

// Canonical proto3 JSON (lowerCamelCase, defaults left out); `pretty`: over
// several lines, else in one without line end.
std::string ProtoToJson(const google::protobuf::Message& message, bool pretty);

// A whole file; `-` is `in`. Errors: kNotFound, or as errno says, with the
// path.
absl::StatusOr<std::string> ReadText(const std::string& path, std::istream& in);

// Makes the file what `text` says. Errors: as errno says, with the path.
absl::Status WriteText(const std::string& path, absl::string_view text);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_JSON_IO_H_
