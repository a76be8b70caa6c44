// One line of an event file.
//
//   {"event_id": "7", "unit_id": "u1", "name": "order", "time":
//    "2026-03-14T09:30:00Z", "value": 12.5, "attributes": {"plan": "pro"}}
//   {"alias": {"alias_id": "cookie-1", "unit_id": "u1"}}
//
// Field names also as eventId, unitId, aliasId. `time` is RFC 3339. An
// attribute is a plain string, number or truth value, or an AttributeValue as
// proto3 JSON
// ({"stringValue": "pro"}).
#ifndef STAGECRAFT_CLIENTS_CLI_EVENT_JSON_H_
#define STAGECRAFT_CLIENTS_CLI_EVENT_JSON_H_

#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::cli {

using EventLine = std::variant<v1::Event, v1::Alias>;

// Reads form, not meaning: limits and required fields are the server's to
// check. Errors: kInvalidArgument with column, field, what was found and
// wanted.
absl::StatusOr<EventLine> ParseEventLine(absl::string_view line);

}  // namespace stagecraft::cli

#endif  // STAGECRAFT_CLIENTS_CLI_EVENT_JSON_H_
