#include "clients/importer/time_format.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "clients/importer/row.h"

namespace stagecraft::client::importer {
namespace {

// Reads exactly `count` digits off the front of `text`; -1 if they are not
// there.
int ConsumeDigits(absl::string_view& text, size_t count) {
  if (text.size() < count) return -1;
  int value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!absl::ascii_isdigit(text[i])) return -1;
    value = 10 * value + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool ConsumeAnyOf(absl::string_view& text, absl::string_view characters) {
  if (text.empty() || !absl::StrContains(characters, text[0])) return false;
  text.remove_prefix(1);
  return true;
}

// `.5` as nanoseconds; digits below them are dropped.
std::optional<absl::Duration> ConsumeFraction(absl::string_view& text,
                                              absl::Duration unit) {
  absl::Duration fraction;
  if (!ConsumeAnyOf(text, ".")) return fraction;
  if (text.empty() || !absl::ascii_isdigit(text[0])) return std::nullopt;
  int digits = 0;
  int64_t value = 0;
  int64_t scale = 1;
  while (!text.empty() && absl::ascii_isdigit(text[0])) {
    if (++digits <= 9) {
      value = 10 * value + (text[0] - '0');
      scale *= 10;
    }
    text.remove_prefix(1);
  }
  return unit * value / scale;
}

std::optional<absl::Time> ParseRfc3339(absl::string_view text) {
  const int year = ConsumeDigits(text, 4);
  if (year < 0 || !ConsumeAnyOf(text, "-")) return std::nullopt;
  const int month = ConsumeDigits(text, 2);
  if (month < 0 || !ConsumeAnyOf(text, "-")) return std::nullopt;
  const int day = ConsumeDigits(text, 2);
  if (day < 0 || !ConsumeAnyOf(text, "Tt ")) return std::nullopt;
  const int hour = ConsumeDigits(text, 2);
  if (hour < 0 || hour > 23 || !ConsumeAnyOf(text, ":")) return std::nullopt;
  const int minute = ConsumeDigits(text, 2);
  if (minute < 0 || minute > 59 || !ConsumeAnyOf(text, ":")) {
    return std::nullopt;
  }
  const int second = ConsumeDigits(text, 2);
  if (second < 0 || second > 60) return std::nullopt;  // 60: leap seconds.
  const absl::CivilDay civil(year, month, day);
  if (civil.month() != month || civil.day() != day) return std::nullopt;
  const auto fraction = ConsumeFraction(text, absl::Seconds(1));
  if (!fraction.has_value()) return std::nullopt;
  int offset_minutes = 0;
  if (!text.empty() && !ConsumeAnyOf(text, "Zz")) {
    const bool is_west = text[0] == '-';
    if (!ConsumeAnyOf(text, "+-")) return std::nullopt;
    const int hours = ConsumeDigits(text, 2);
    if (hours < 0 || hours > 23 || !ConsumeAnyOf(text, ":")) {
      return std::nullopt;
    }
    const int minutes = ConsumeDigits(text, 2);
    if (minutes < 0 || minutes > 59) return std::nullopt;
    offset_minutes = (is_west ? -1 : 1) * (60 * hours + minutes);
  }
  if (!text.empty()) return std::nullopt;
  const int64_t days = civil - absl::CivilDay(1970, 1, 1);
  return absl::FromUnixSeconds(days * 86400 +
                               60 * (60 * hour + minute - offset_minutes) +
                               second) +
         *fraction;
}

std::optional<absl::Time> ParseUnix(absl::string_view text,
                                    absl::Duration unit) {
  const size_t digits = std::min(text.find('.'), text.size());
  int64_t whole;
  // SimpleAtoi takes spaces and signs too.
  for (const char c : text.substr(0, digits)) {
    if (!absl::ascii_isdigit(c)) return std::nullopt;
  }
  if (!absl::SimpleAtoi(text.substr(0, digits), &whole)) return std::nullopt;
  text.remove_prefix(digits);
  const auto fraction = ConsumeFraction(text, unit);
  if (!fraction.has_value() || !text.empty()) return std::nullopt;
  return absl::UnixEpoch() + whole * unit + *fraction;
}

// Whether a time that is written by `pattern` and read again is the same one to
// the day, and in the hours, minutes and seconds that it shows at all.
bool Determines(const std::string& pattern) {
  // No two fields are equal, and the hour is in the afternoon.
  const absl::CivilSecond sample(2013, 11, 27, 17, 46, 53);
  const absl::TimeZone utc = absl::UTCTimeZone();
  const std::string text =
      absl::FormatTime(pattern, absl::FromCivil(sample, utc), utc);
  absl::Time time;
  if (!absl::ParseTime(pattern, text, utc, &time, nullptr)) return false;
  const absl::CivilSecond seen = absl::ToCivilSecond(time, utc);
  const auto is_kept = [](int value, int want) {
    return value == want || value == 0;
  };
  return absl::CivilDay(seen) == absl::CivilDay(sample) &&
         is_kept(seen.hour(), sample.hour()) &&
         is_kept(seen.minute(), sample.minute()) &&
         is_kept(seen.second(), sample.second());
}

}  // namespace

absl::StatusOr<TimeFormat> TimeFormat::Compile(absl::string_view format) {
  if (format.empty() || format == "rfc3339") {
    return TimeFormat(Kind::kRfc3339, "");
  }
  if (format == "unix") return TimeFormat(Kind::kUnixSeconds, "");
  if (format == "unix_ms") return TimeFormat(Kind::kUnixMilliseconds, "");
  if (absl::StrContains(format, "%Z")) {
    return absl::InvalidArgumentError(
        absl::StrCat("time_format is ", Quoted(format),
                     ", want no %Z: names of zones are ambiguous (%Ez reads an "
                     "offset such as +01:00)"));
  }
  if (!Determines(std::string(format))) {
    return absl::InvalidArgumentError(absl::StrCat(
        "time_format is ", Quoted(format),
        ", want rfc3339, unix, unix_ms or a pattern that says year, month and "
        "day (and %p if it has %I), such as %Y-%m-%d %H:%M:%S"));
  }
  return TimeFormat(Kind::kPattern, format);
}

absl::StatusOr<absl::Time> TimeFormat::Parse(absl::string_view text) const {
  std::optional<absl::Time> time;
  std::string reason;
  absl::string_view want = pattern_;
  switch (kind_) {
    case Kind::kRfc3339:
      time = ParseRfc3339(text);
      want = "a date that exists, like 2006-01-02T15:04:05Z";
      break;
    case Kind::kUnixSeconds:
      time = ParseUnix(text, absl::Seconds(1));
      want = "seconds since 1970";
      break;
    case Kind::kUnixMilliseconds:
      time = ParseUnix(text, absl::Milliseconds(1));
      want = "milliseconds since 1970";
      break;
    case Kind::kPattern: {
      absl::Time parsed;
      // ParseTime also takes spaces around the text, and "infinite-future".
      if (!text.empty() && !absl::ascii_isspace(text.front()) &&
          !absl::ascii_isspace(text.back()) &&
          absl::ParseTime(pattern_, text, &parsed, &reason) &&
          parsed != absl::InfiniteFuture() && parsed != absl::InfinitePast()) {
        time = parsed;
      }
      break;
    }
  }
  if (!time.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a time: ", want, reason.empty() ? "" : " (", reason,
                     reason.empty() ? "" : ")"));
  }
  if (*time < absl::UnixEpoch() ||
      *time > absl::FromUnixSeconds(7'258'118'400)) {  // 2200-01-01.
    return absl::OutOfRangeError("a time from 1970 to 2200");
  }
  return *time;
}

}  // namespace stagecraft::client::importer
