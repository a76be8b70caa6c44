// JSON of `stagecraft calc`: what people and programs write by hand.
//
// Not canonical proto3 JSON, which would print 64-bit integers as strings and
// leave zeros out. Input:
//   * keys in snake_case or lowerCamelCase; a key that is not known is an
//   error;
//   * null is the same as no key;
//   * enum values by name in any letter case, with or without the prefix of
//     their type, with - . or space for _: `two-sided`, `TWO_SIDED`,
//     `ALTERNATIVE_TWO_SIDED`;
//   * integers as numbers; 1e6 and 100.0 are integers, 0.5 is none;
//   * "Infinity" and "-Infinity", as a string or a bare word, where the
//   contract
//     allows them; NaN nowhere.
// Output: keys in snake_case, in the order of the contract; all that is
// defined, zeros and empty lists too; integers as numbers; doubles as the
// shortest text that reads as the same double; infinite ones as "Infinity" and
// "-Infinity"; enum values in short lower case: `two-sided`.
#ifndef STAGECRAFT_CLIENTS_CLI_CALC_JSON_H_
#define STAGECRAFT_CLIENTS_CLI_CALC_JSON_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "clients/cli/json_io.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace stagecraft::cli {

// Adds `value`, which is part of `text`, to `message`; what `message` holds
// already is replaced field by field, within its messages too. `path` is that
// of `message` in what the user gave, empty for the whole. Errors:
// kInvalidArgument with the position, the field's path, the value seen and the
// value wanted.
absl::Status ReadMessage(absl::string_view text, const JsonValue& value,
                         absl::string_view path,
                         google::protobuf::Message* message);

// As above, for one field of `message`. A list replaces the list.
absl::Status ReadField(absl::string_view text, const JsonValue& value,
                       absl::string_view path,
                       const google::protobuf::FieldDescriptor* field,
                       google::protobuf::Message* message);

// Over several lines, indented by `indent` after the first, or in one line;
// without a line end.
std::string WriteMessage(const google::protobuf::Message& message, bool pretty,
                         int indent = 0);

// A string as JSON, with its quotes.
std::string QuoteJson(absl::string_view text);

// The shortest text that reads as the same double; `Infinity`, `-Infinity`.
std::string FormatDouble(double value);

// `two-sided`: without the prefix of the enum's type.
std::string EnumName(const google::protobuf::EnumValueDescriptor* value);
// The names of an enum's values, without the unspecified one.
std::vector<std::string> EnumNames(
    const google::protobuf::EnumDescriptor* type);
// Null if there is none.
const google::protobuf::EnumValueDescriptor* FindEnumValue(
    const google::protobuf::EnumDescriptor* type, absl::string_view name);

// The field of a type by its name in snake_case, kebab-case or lowerCamelCase;
// null if there is none.
const google::protobuf::FieldDescriptor* FindField(
    const google::protobuf::Descriptor* type, absl::string_view name);
// `there is no field "men" in control, want one of mean, n, ...`
std::string UnknownField(const google::protobuf::Descriptor* type,
                         absl::string_view path, absl::string_view name);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_CALC_JSON_H_
