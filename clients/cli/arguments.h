// What arguments of the command line mean.
#ifndef STAGECRAFT_CLIENTS_CLI_ARGUMENTS_H_
#define STAGECRAFT_CLIENTS_CLI_ARGUMENTS_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "stagecraft/v1/common.pb.h"

namespace stagecraft::cli {

// All errors: kInvalidArgument with `what` (the flag), the text and the forms
// that are wanted.

// `2026-03-14T09:30:00Z` (RFC 3339, any zone), `2026-03-14 09:30[:00]` or
// `2026-03-14`, both UTC.
absl::StatusOr<google::protobuf::Timestamp> ParseTimeArgument(
    absl::string_view what, absl::string_view text);

// `30s`, `1m30s`, `500ms`, or a plain number of seconds. More than 0.
absl::StatusOr<absl::Duration> ParseDurationArgument(absl::string_view what,
                                                     absl::string_view text);

// `7d`, `90m`, `1h30m`, `0s`: 0 to 200 years, as a duration of the contract.
// Returns whether it is one.
bool ParseSpan(absl::string_view text, google::protobuf::Duration* span);

// `key=value`; the key is not empty, the value is all after the first `=`.
absl::StatusOr<std::pair<std::string, std::string>> ParsePair(
    absl::string_view what, absl::string_view text);

// `true` and `false` are truth values, what reads as a finite JSON number is a
// number, all else is text; quotes make text: `"31"`.
v1::AttributeValue ToAttributeValue(absl::string_view text);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_ARGUMENTS_H_
