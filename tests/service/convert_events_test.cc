#include "service/convert_events.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

v1::Event Purchase() {
  v1::Event event;
  event.set_event_id("e1");
  event.set_unit_id("u1");
  event.set_name("purchase");
  event.mutable_time()->set_seconds(1'700'000'000);
  event.mutable_time()->set_nanos(1'999);
  event.set_value(0.1);
  (*event.mutable_attributes())["channel"].set_string_value("web");
  return event;
}

TEST(ConvertEventsTest, AllFieldsArrive) {
  const auto event = ToEngine(Purchase());
  ASSERT_THAT(event, IsOk());
  EXPECT_EQ(event->event_id, "e1");
  EXPECT_EQ(event->unit_id, "u1");
  EXPECT_EQ(event->name, "purchase");
  EXPECT_EQ(event->time, 1'700'000'000'000'001);
  EXPECT_EQ(event->value, 100'000);
  EXPECT_EQ(event->attributes, (engine::Attributes{{"channel", "web"}}));
  EXPECT_THAT(engine::Validate(*event), IsOk());
}

TEST(ConvertEventsTest, NoValueIsNotZero) {
  v1::Event event = Purchase();
  event.set_value(0);
  EXPECT_EQ(ToEngine(event)->value, 0);
  event.clear_value();
  EXPECT_EQ(ToEngine(event)->value, std::nullopt);
}

TEST(ConvertEventsTest, RefusesFieldByField) {
  v1::Event event = Purchase();
  event.clear_time();
  EXPECT_THAT(ToEngine(event),
              StatusIs(kInvalid, HasSubstr("time is missing")));
  event = Purchase();
  event.mutable_time()->set_seconds(-5);
  EXPECT_THAT(ToEngine(event),
              StatusIs(kInvalid, HasSubstr("time.seconds is -5")));
  for (const double value : {std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity(), 1.1e9}) {
    event = Purchase();
    event.set_value(value);
    EXPECT_THAT(ToEngine(event),
                StatusIs(kInvalid, HasSubstr("want -1e9 to 1e9")));
  }
  event = Purchase();
  (*event.mutable_attributes())["k"];
  EXPECT_THAT(ToEngine(event),
              StatusIs(kInvalid, HasSubstr("attributes[\"k\"] is empty")));
}

TEST(ConvertEventsTest, Aliases) {
  v1::Alias alias;
  alias.set_alias_id("cookie");
  alias.set_unit_id("account");
  EXPECT_EQ(ToEngine(alias).alias_id, "cookie");
  EXPECT_EQ(ToEngine(alias).unit_id, "account");
}

}  // namespace
}  // namespace stagecraft::service
