#include "clients/cli/event_json.h"

#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::cli {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(EventJsonTest, ReadsAnEvent) {
  const auto line = ParseEventLine(
      R"({"event_id": "e7", "unitId": "u1", "name": "order",
          "time": "2026-03-14T09:30:00.25+01:00", "value": 12.5,
          "attributes": {"plan": "pro", "age": 31, "vip": true, "gone": null,
                         "full": {"stringValue": "x"}}})");
  ASSERT_THAT(line, IsOk());
  const auto* event = std::get_if<v1::Event>(&*line);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(event->event_id(), "e7");
  EXPECT_EQ(event->unit_id(), "u1");
  EXPECT_EQ(event->name(), "order");
  // date -ud 2026-03-14T08:30:00Z +%s
  EXPECT_EQ(event->time().seconds(), 1773477000);
  EXPECT_EQ(event->time().nanos(), 250000000);
  EXPECT_EQ(event->value(), 12.5);
  EXPECT_EQ(event->attributes().size(), 4);
  EXPECT_EQ(event->attributes().at("plan").string_value(), "pro");
  EXPECT_EQ(event->attributes().at("age").number_value(), 31);
  EXPECT_TRUE(event->attributes().at("vip").bool_value());
  EXPECT_EQ(event->attributes().at("full").string_value(), "x");
}

TEST(EventJsonTest, AValueOfZeroIsAValue) {
  EXPECT_TRUE(
      std::get<v1::Event>(*ParseEventLine(R"({"value": 0})")).has_value());
  EXPECT_FALSE(
      std::get<v1::Event>(*ParseEventLine(R"({"name": "x"})")).has_value());
  EXPECT_FALSE(
      std::get<v1::Event>(*ParseEventLine(R"({"value": null})")).has_value());
}

TEST(EventJsonTest, ReadsAnAlias) {
  const auto line =
      ParseEventLine(R"({"alias": {"alias_id": "c", "unitId": "u"}})");
  ASSERT_THAT(line, IsOk());
  const auto* alias = std::get_if<v1::Alias>(&*line);
  ASSERT_NE(alias, nullptr);
  EXPECT_EQ(alias->alias_id(), "c");
  EXPECT_EQ(alias->unit_id(), "u");
}

TEST(EventJsonTest, NamesColumnAndField) {
  const struct {
    const char* line;
    const char* error;
  } kBad[] = {
      {R"({"name": 7})", "column 10: name is a number, want a string"},
      {R"({"nmae": "x"})", "column 10: there is no field \"nmae\" in an event"},
      {R"({"time": "yesterday"})",
       "column 10: time is \"yesterday\", want RFC 3339"},
      {R"({"time": 1773477000})", "time is \"1773477000\", want RFC 3339"},
      {R"({"value": "much"})",
       "value is a string \"much\", want a finite number"},
      {R"({"value": 1e999})", "want a finite number"},
      {R"({"value": true})", "value is a truth value, want a finite number"},
      {R"({"attributes": []})", "attributes is an array, want an object"},
      {R"({"attributes": {"a": [1]}})", "attributes.a is an array, want"},
      {R"({"attributes": {"a": {"text": 1}}})", "no field \"text\""},
      {R"({"alias": "x"})", "alias is a string, want an object"},
      {R"({"alias": {}, "name": "x"})", "alias stands beside other fields"},
      {R"({"alias": {"id": "x"}})", "there is no field \"id\" in an alias"},
      {R"([])", "column 1: found an array, want an object"},
      {R"({} {})", "found 2 values, want one object"},
      {R"({"name": "x)", "column 10: the string has no end"},
  };
  for (const auto& bad : kBad) {
    EXPECT_THAT(
        ParseEventLine(bad.line),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(bad.error)))
        << bad.line;
  }
}

}  // namespace
}  // namespace stagecraft::cli
