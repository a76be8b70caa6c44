#include "clients/cli/arguments.h"

#include <cmath>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "clients/cli/json_io.h"

namespace stagecraft::cli {

absl::StatusOr<google::protobuf::Timestamp> ParseTimeArgument(
    absl::string_view what, absl::string_view text) {
  absl::Time time;
  std::string ignored;
  const bool read =
      absl::ParseTime(absl::RFC3339_full, text, &time, &ignored) ||
      absl::ParseTime("%Y-%m-%d %H:%M:%E*S", text, &time, &ignored) ||
      absl::ParseTime("%Y-%m-%dT%H:%M:%E*S", text, &time, &ignored) ||
      absl::ParseTime("%Y-%m-%d %H:%M", text, &time, &ignored) ||
      absl::ParseTime("%Y-%m-%dT%H:%M", text, &time, &ignored) ||
      absl::ParseTime("%Y-%m-%d", text, &time, &ignored);
  // `infinite-past` is a time for Abseil; 1970 to 2200 are times for us.
  if (!read || time < absl::UnixEpoch() ||
      time >=
          absl::FromCivil(absl::CivilSecond(2200, 1, 1), absl::UTCTimeZone())) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, " is \"", text,
        "\", want a time of 1970 to 2200 such as 2026-03-14T09:30:00Z, "
        "\"2026-03-14 09:30\" (UTC) or 2026-03-14 (UTC)"));
  }
  google::protobuf::Timestamp stamp;
  const int64_t seconds = absl::ToUnixSeconds(time);
  stamp.set_seconds(seconds);
  stamp.set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return stamp;
}

absl::StatusOr<absl::Duration> ParseDurationArgument(absl::string_view what,
                                                     absl::string_view text) {
  absl::Duration duration;
  double seconds = 0;
  if (absl::SimpleAtod(text, &seconds)) {
    duration = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(text, &duration)) {
    duration = absl::ZeroDuration();
  }
  if (!(duration > absl::ZeroDuration()) || duration > absl::Hours(24 * 365) ||
      std::isnan(seconds)) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " is \"", text,
                     "\", want a time span such as 30s, 1m30s or 500ms, more "
                     "than 0 and at most a year"));
  }
  return duration;
}

bool ParseSpan(absl::string_view text, google::protobuf::Duration* span) {
  absl::Duration duration;
  int64_t days = 0;
  if (absl::string_view number = text;
      absl::ConsumeSuffix(&number, "d") && absl::SimpleAtoi(number, &days)) {
    duration = days * absl::Hours(24);
  } else if (!absl::ParseDuration(text, &duration)) {
    return false;
  }
  // The server knows better what is too long.
  if (duration < absl::ZeroDuration() || duration > absl::Hours(24 * 73'000)) {
    return false;
  }
  span->set_seconds(absl::ToInt64Seconds(duration));
  span->set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(duration - absl::Seconds(span->seconds()))));
  return true;
}

absl::StatusOr<std::pair<std::string, std::string>> ParsePair(
    absl::string_view what, absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos || equals == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " is \"", text, "\", want key=value"));
  }
  return std::pair(std::string(text.substr(0, equals)),
                   std::string(text.substr(equals + 1)));
}

v1::AttributeValue ToAttributeValue(absl::string_view text) {
  v1::AttributeValue value;
  const auto json = ParseJsonValues(text);
  // Surrounding space makes text, as does anything after the value.
  if (json.ok() && json->size() == 1 && json->front().begin == 0 &&
      json->front().end == text.size()) {
    const JsonValue& only = json->front();
    double number = 0;
    switch (only.kind) {
      case JsonValue::Kind::kBool:
        value.set_bool_value(only.boolean);
        return value;
      case JsonValue::Kind::kNumber:
        if (absl::SimpleAtod(only.text, &number) && std::isfinite(number)) {
          value.set_number_value(number);
          return value;
        }
        break;
      case JsonValue::Kind::kString:
        value.set_string_value(only.text);
        return value;
      default:
        break;
    }
  }
  value.set_string_value(std::string(text));
  return value;
}

}  // namespace stagecraft::cli
