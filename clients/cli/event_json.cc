#include "clients/cli/event_json.h"

#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/json_io.h"
#include "google/protobuf/util/time_util.h"

namespace stagecraft::cli {
namespace {

absl::Status Error(const JsonValue& at, absl::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat("column ", at.begin + 1, ": ", message));
}

absl::Status ReadString(absl::string_view field, const JsonValue& value,
                        std::string* out) {
  if (value.kind == JsonValue::Kind::kNull) return absl::OkStatus();
  if (value.kind != JsonValue::Kind::kString) {
    return Error(value, absl::StrCat(field, " is ", value.KindName(),
                                     ", want a string"));
  }
  *out = value.text;
  return absl::OkStatus();
}

absl::Status ReadNumber(absl::string_view field, const JsonValue& value,
                        double* out) {
  if ((value.kind == JsonValue::Kind::kNumber ||
       value.kind == JsonValue::Kind::kString) &&
      absl::SimpleAtod(value.text, out) && std::isfinite(*out)) {
    return absl::OkStatus();
  }
  const bool shown = value.kind == JsonValue::Kind::kNumber ||
                     value.kind == JsonValue::Kind::kString;
  return Error(value,
               absl::StrCat(field, " is ", value.KindName(),
                            shown ? absl::StrCat(" \"", value.text, "\"") : "",
                            ", want a finite number"));
}

absl::Status ReadAttribute(absl::string_view line, absl::string_view key,
                           const JsonValue& value, v1::AttributeValue* out) {
  const std::string field = absl::StrCat("attributes.", key);
  double number = 0;
  switch (value.kind) {
    case JsonValue::Kind::kString:
      out->set_string_value(value.text);
      return absl::OkStatus();
    case JsonValue::Kind::kBool:
      out->set_bool_value(value.boolean);
      return absl::OkStatus();
    case JsonValue::Kind::kNumber:
      if (absl::Status s = ReadNumber(field, value, &number); !s.ok()) return s;
      out->set_number_value(number);
      return absl::OkStatus();
    case JsonValue::Kind::kObject:
      if (absl::Status s = JsonToProto(line, value, out); !s.ok()) {
        return Error(value, absl::StrCat(field, ": ", s.message()));
      }
      return absl::OkStatus();
    default:
      return Error(value, absl::StrCat(field, " is ", value.KindName(),
                                       ", want a string, a number or a truth "
                                       "value"));
  }
}

absl::Status ReadEventField(absl::string_view line, absl::string_view key,
                            const JsonValue& value, v1::Event* event) {
  if (key == "event_id" || key == "eventId") {
    return ReadString(key, value, event->mutable_event_id());
  }
  if (key == "unit_id" || key == "unitId") {
    return ReadString(key, value, event->mutable_unit_id());
  }
  if (key == "name") return ReadString(key, value, event->mutable_name());
  if (key == "time") {
    if (value.kind != JsonValue::Kind::kString ||
        !google::protobuf::util::TimeUtil::FromString(value.text,
                                                      event->mutable_time())) {
      return Error(value,
                   absl::StrCat("time is ",
                                value.text.empty()
                                    ? std::string(value.KindName())
                                    : absl::StrCat("\"", value.text, "\""),
                                ", want RFC 3339 such as "
                                "\"2026-03-14T09:30:00Z\""));
    }
    return absl::OkStatus();
  }
  if (key == "value") {
    if (value.kind == JsonValue::Kind::kNull) return absl::OkStatus();
    double number = 0;
    if (absl::Status s = ReadNumber(key, value, &number); !s.ok()) return s;
    event->set_value(number);
    return absl::OkStatus();
  }
  if (key == "attributes") {
    if (value.kind == JsonValue::Kind::kNull) return absl::OkStatus();
    if (value.kind != JsonValue::Kind::kObject) {
      return Error(value, absl::StrCat("attributes is ", value.KindName(),
                                       ", want an object"));
    }
    for (const auto& [name, attribute] : value.members) {
      // Null: absent.
      if (attribute.kind == JsonValue::Kind::kNull) continue;
      if (absl::Status s = ReadAttribute(line, name, attribute,
                                         &(*event->mutable_attributes())[name]);
          !s.ok()) {
        return s;
      }
    }
    return absl::OkStatus();
  }
  return Error(value, absl::StrCat("there is no field \"", key,
                                   "\" in an event, want event_id, unit_id, "
                                   "name, time, value or attributes"));
}

absl::StatusOr<EventLine> ReadAlias(const JsonValue& value) {
  if (value.kind != JsonValue::Kind::kObject) {
    return Error(
        value, absl::StrCat("alias is ", value.KindName(), ", want an object"));
  }
  v1::Alias alias;
  for (const auto& [key, member] : value.members) {
    absl::Status status;
    if (key == "alias_id" || key == "aliasId") {
      status = ReadString(key, member, alias.mutable_alias_id());
    } else if (key == "unit_id" || key == "unitId") {
      status = ReadString(key, member, alias.mutable_unit_id());
    } else {
      status = Error(member, absl::StrCat("there is no field \"", key,
                                          "\" in an alias, want alias_id and "
                                          "unit_id"));
    }
    if (!status.ok()) return status;
  }
  return alias;
}

}  // namespace

absl::StatusOr<EventLine> ParseEventLine(absl::string_view line) {
  const auto values = ParseJsonValues(line);
  if (!values.ok()) {
    // The caller knows the line better.
    absl::string_view message = values.status().message();
    constexpr absl::string_view kLine = "line 1, ";
    if (message.substr(0, kLine.size()) == kLine) {
      message.remove_prefix(kLine.size());
    }
    return absl::InvalidArgumentError(message);
  }
  if (values->size() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "column 1: found ", values->size(), " values, want one object"));
  }
  const JsonValue& root = values->front();
  if (root.kind != JsonValue::Kind::kObject) {
    return Error(root,
                 absl::StrCat("found ", root.KindName(), ", want an object"));
  }
  if (const JsonValue* alias = root.Find("alias"); alias != nullptr) {
    if (root.members.size() != 1) {
      return Error(root, "alias stands beside other fields, want it alone");
    }
    return ReadAlias(*alias);
  }
  v1::Event event;
  for (const auto& [key, value] : root.members) {
    if (absl::Status s = ReadEventField(line, key, value, &event); !s.ok()) {
      return s;
    }
  }
  return event;
}

}  // namespace stagecraft::cli
