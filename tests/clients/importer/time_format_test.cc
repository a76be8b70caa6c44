#include "clients/importer/time_format.h"

#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::client::importer {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

// Seconds by GNU date: `date -ud '2016-02-29 01:23' +%s`.
constexpr int64_t kLeapDay = 1456708980;

struct Case {
  const char* format;
  const char* text;
  int64_t milliseconds;  // -1: refused.
};

void Check(const Case& c) {
  SCOPED_TRACE(std::string(c.format) + " | " + c.text);
  const auto format = TimeFormat::Compile(c.format);
  ASSERT_THAT(format, IsOk());
  const auto time = format->Parse(c.text);
  if (c.milliseconds < 0) {
    EXPECT_FALSE(time.ok()) << absl::FormatTime(*time, absl::UTCTimeZone());
    return;
  }
  ASSERT_THAT(time, IsOk());
  EXPECT_EQ(absl::ToUnixMillis(*time), c.milliseconds);
}

TEST(TimeFormatTest, ReadsRfc3339) {
  constexpr Case kCases[] = {
      {"", "2016-02-29T01:23:00Z", kLeapDay * 1000},
      {"rfc3339", "2016-02-29T01:23:00Z", kLeapDay * 1000},
      {"", "2016-02-29t01:23:00z", kLeapDay * 1000},
      {"", "2016-02-29 01:23:00", kLeapDay * 1000},
      {"", "2016-02-29T01:23:00.25Z", kLeapDay * 1000 + 250},
      {"", "2016-02-29T01:23:00.2509999999999Z", kLeapDay * 1000 + 250},
      {"", "2016-02-29T03:23:00+02:00", kLeapDay * 1000},
      {"", "2016-02-28T20:23:00-05:00", kLeapDay * 1000},
      {"", "2016-02-29T01:22:60Z", kLeapDay * 1000},  // A leap second.
      {"", "1970-01-01T00:00:00Z", 0},
      {"", "2199-12-31T23:59:59Z", 7258118399000},
      {"", "2200-01-01T00:00:00Z", 7258118400000},
      {"", "2200-01-01T00:00:01Z", -1},
      {"", "1969-12-31T23:59:59Z", -1},
      {"", "1970-01-01T00:00:00+00:01", -1},
      {"", "2015-02-29T01:23:00Z", -1},
      {"", "2016-04-31T01:23:00Z", -1},
      {"", "2016-13-01T01:23:00Z", -1},
      {"", "2016-00-01T01:23:00Z", -1},
      {"", "2016-02-29T24:00:00Z", -1},
      {"", "2016-02-29T01:60:00Z", -1},
      {"", "2016-2-29T01:23:00Z", -1},
      {"", "2016-02-29T01:23Z", -1},
      {"", "2016-02-29T01:23:00.Z", -1},
      {"", "2016-02-29T01:23:00+0200", -1},
      {"", "2016-02-29T01:23:00Zulu", -1},
      {"", " 2016-02-29T01:23:00Z", -1},
      {"", "2016-02-29T01:23:00Z ", -1},
      {"", "infinite-future", -1},
      {"", "", -1},
  };
  for (const Case& c : kCases) Check(c);
}

// Abseil's own parser on all days of five years, of which one is a leap year.
TEST(TimeFormatTest, AgreesWithAbseilOnEachDay) {
  const auto format = TimeFormat::Compile("rfc3339");
  ASSERT_THAT(format, IsOk());
  for (int day = 0; day < 5 * 365; ++day) {
    const absl::Time want =
        absl::FromUnixSeconds(kLeapDay + int64_t{day} * 86400 + 7 * day);
    const std::string text =
        absl::FormatTime(absl::RFC3339_full, want, absl::UTCTimeZone());
    const auto time = format->Parse(text);
    ASSERT_THAT(time, IsOk()) << text;
    ASSERT_EQ(*time, want) << text;
  }
}

TEST(TimeFormatTest, ReadsUnixTimes) {
  constexpr Case kCases[] = {
      {"unix", "1456708980", kLeapDay * 1000},
      {"unix", "1456708980.5", kLeapDay * 1000 + 500},
      {"unix", "0", 0},
      {"unix", "-1", -1},
      {"unix", "+1", -1},
      {"unix", " 1", -1},
      {"unix", "1.", -1},
      {"unix", ".5", -1},
      {"unix", "1e9", -1},
      {"unix", "1456708980000", -1},  // Milliseconds, year 48,000.
      {"unix", "99999999999999999999999", -1},
      {"unix", "", -1},
      {"unix_ms", "1456708980123", kLeapDay * 1000 + 123},
      {"unix_ms", "1456708980123.9", kLeapDay * 1000 + 123},
      {"unix_ms", "x", -1},
  };
  for (const Case& c : kCases) Check(c);
}

TEST(TimeFormatTest, ReadsPatterns) {
  constexpr Case kCases[] = {
      {"%d/%m/%Y %H:%M", "29/2/2016 1:23", kLeapDay * 1000},
      {"%d/%m/%Y %H:%M", "29/2/2016 01:23", kLeapDay * 1000},
      {"%d/%m/%Y %H:%M", "29/02/2016 01:23", kLeapDay * 1000},
      {"%m/%d/%Y %I:%M %p", "2/29/2016 1:23 AM", kLeapDay * 1000},
      {"%Y-%m-%d %H:%M:%E*S%Ez", "2016-02-29 02:23:00.5+01:00",
       kLeapDay * 1000 + 500},
      {"%Y-%m-%d", "2016-02-29", 1456704000000},
      {"%s", "1456708980", kLeapDay * 1000},
      {"%d/%m/%Y %H:%M", "31/2/2016 1:23", -1},
      {"%d/%m/%Y %H:%M", "29/2/2015 1:23", -1},
      {"%d/%m/%Y %H:%M", "29/13/2016 1:23", -1},
      {"%d/%m/%Y %H:%M", "29/2/2016 24:00", -1},
      {"%d/%m/%Y %H:%M", "29/2/16 1:23", -1},  // The year 16.
      {"%d/%m/%Y %H:%M", "29/2/2016 1:23 ", -1},
      {"%d/%m/%Y %H:%M", " 29/2/2016 1:23", -1},
      {"%d/%m/%Y %H:%M", "29/2/2016 1:23:00", -1},
      {"%d/%m/%Y %H:%M", "29/2/2016", -1},
      {"%d/%m/%Y %H:%M", "infinite-future", -1},
      {"%d/%m/%Y %H:%M", "infinite-past", -1},
      {"%d/%m/%Y %H:%M", "", -1},
  };
  for (const Case& c : kCases) Check(c);
}

TEST(TimeFormatTest, SaysWhatItWanted) {
  const auto format = TimeFormat::Compile("%d/%m/%Y");
  ASSERT_THAT(format, IsOk());
  EXPECT_THAT(format->Parse("30/2/2016"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("%d/%m/%Y (Out-of-range field)")));
  EXPECT_THAT(format->Parse("1/1/1969"),
              StatusIs(absl::StatusCode::kOutOfRange,
                       HasSubstr("a time from 1970 to 2200")));
}

TEST(TimeFormatTest, RefusesPatternsThatLoseTheDate) {
  for (const char* pattern :
       {"%H:%M", "%d/%m %H:%M", "%Y-%m", "%m/%d/%Y %I:%M", "UNIX", "%Q", "%"}) {
    EXPECT_THAT(TimeFormat::Compile(pattern),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("year, month and day")))
        << pattern;
  }
  EXPECT_THAT(
      TimeFormat::Compile("%Y-%m-%d %H:%M %Z"),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want no %Z")));
}

}  // namespace
}  // namespace stagecraft::client::importer
