#include "service/convert_events.h"

#include <limits>
#include <vector>

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

constexpr EventTimeLimit kNoLimit = {absl::InfiniteFuture(),
                                     absl::ZeroDuration()};

absl::Status Add(const v1::Event& event) {
  engine::EventBatch batch;
  const absl::Status status = EventConverter(kNoLimit, &batch).Add(event);
  EXPECT_EQ(batch.items().size(), status.ok() ? 1 : 0);
  return status;
}

TEST(ConvertEventsTest, AllFieldsArrive) {
  const v1::Event purchase = Purchase();
  engine::EventBatch batch;
  EventConverter converter(kNoLimit, &batch);
  ASSERT_THAT(converter.Add(purchase), IsOk());
  // The same as the engine makes of the event itself.
  const engine::Event event = {.event_id = "e1",
                               .unit_id = "u1",
                               .name = "purchase",
                               .time = 1'700'000'000'000'001,
                               .value = 100'000,
                               .attributes = {{"channel", "web"}}};
  engine::EventBatch want;
  ASSERT_THAT(want.Add(event), IsOk());
  ASSERT_EQ(batch.items().size(), 1);
  EXPECT_EQ(batch.units(), want.units());
  EXPECT_EQ(batch.contents(), want.contents());
  EXPECT_EQ(batch.items()[0].event_id, "e1");
  EXPECT_EQ(batch.items()[0].time, event.time);
  EXPECT_EQ(batch.items()[0].value, 100'000);
  EXPECT_TRUE(batch.items()[0].has_value);
}

TEST(ConvertEventsTest, ContentsStandOnce) {
  engine::EventBatch batch;
  EventConverter converter(kNoLimit, &batch);
  std::vector<v1::Event> events(6, Purchase());
  (*events[1].mutable_attributes())["channel"].set_string_value("app");
  (*events[2].mutable_attributes())["channel"].set_bool_value(true);
  (*events[3].mutable_attributes())["channel"].set_number_value(1);
  events[4].set_name("purchas");
  (*events[4].mutable_attributes())["echannel"].set_string_value("web");
  events[5].set_value(7);  // No part of the content.
  for (const v1::Event& event : events) {
    ASSERT_THAT(converter.Add(event), IsOk());
  }
  EXPECT_EQ(batch.contents().size(), 5);
  EXPECT_EQ(batch.items()[5].content, batch.items()[0].content);
}

TEST(ConvertEventsTest, NoValueIsNotZero) {
  engine::EventBatch batch;
  EventConverter converter(kNoLimit, &batch);
  v1::Event zero = Purchase();
  zero.set_value(0);
  v1::Event none = Purchase();
  none.clear_value();
  ASSERT_THAT(converter.Add(zero), IsOk());
  ASSERT_THAT(converter.Add(none), IsOk());
  EXPECT_TRUE(batch.items()[0].has_value);
  EXPECT_EQ(batch.items()[0].value, 0);
  EXPECT_FALSE(batch.items()[1].has_value);
}

TEST(ConvertEventsTest, RefusesFieldByField) {
  v1::Event event = Purchase();
  event.clear_time();
  EXPECT_THAT(Add(event), StatusIs(kInvalid, HasSubstr("time is missing")));
  event = Purchase();
  event.mutable_time()->set_seconds(-5);
  EXPECT_THAT(Add(event), StatusIs(kInvalid, HasSubstr("time.seconds is -5")));
  for (const double value : {std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity(), 1.1e9}) {
    event = Purchase();
    event.set_value(value);
    EXPECT_THAT(Add(event), StatusIs(kInvalid, HasSubstr("want -1e9 to 1e9")));
  }
  event = Purchase();
  (*event.mutable_attributes())["k"];
  EXPECT_THAT(Add(event),
              StatusIs(kInvalid, HasSubstr("attributes[\"k\"] is empty")));
  event = Purchase();
  event.set_unit_id("");
  EXPECT_THAT(Add(event), StatusIs(kInvalid, HasSubstr("unit_id")));
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
