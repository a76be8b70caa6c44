// The client's columns mean what its events do, as the service reads them.
#include "clients/cpp/event_columns.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/convert_events.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::client {
namespace {

using ::stagecraft::testing::IsOk;

constexpr char kUuid[] = "019b76da-a800-7000-a1b5-bf654c85eb80";
constexpr service::EventTimeLimit kNoLimit = {absl::InfiniteFuture(),
                                              absl::ZeroDuration()};

std::vector<std::string> Show(const engine::EventBatch& batch) {
  std::vector<std::string> events;
  for (const engine::EventBatch::Item& item : batch.items()) {
    events.push_back(absl::StrCat(
        batch.units()[item.unit], " ", item.event_id, " ", item.time, " ",
        item.has_value ? absl::StrCat(item.value) : "-", " ",
        batch.contents()[item.content]));
  }
  return events;
}

template <typename Events>
std::vector<std::string> Convert(const Events& events) {
  engine::EventBatch batch;
  service::EventConverter converter(kNoLimit, &batch);
  for (const v1::Event& event : events) {
    EXPECT_THAT(converter.Add(event), IsOk());
  }
  return Show(batch);
}

std::vector<std::string> ConvertColumns(const v1::EventColumns& columns) {
  EXPECT_THAT(service::CheckColumns(columns), IsOk());
  engine::EventBatch batch;
  service::EventConverter converter(kNoLimit, &batch);
  converter.Add(columns, [](int position, const absl::Status& status) {
    ADD_FAILURE() << position << ": " << status;
  });
  return Show(batch);
}

// Random events through the client's columns against the events themselves.
TEST(EventColumnsTest, ClientAndServerAgree) {
  std::mt19937_64 random(7);
  const auto below = [&random](uint64_t end) { return random() % end; };
  for (int round = 0; round < 200; ++round) {
    v1::EventColumns columns;
    EventColumnsBuilder builder;
    builder.Begin(&columns);
    std::vector<v1::Event> events;
    const bool all_uuids = below(2) == 0;
    for (uint64_t i = 0, n = below(40); i < n; ++i) {
      v1::Event event;
      std::string id = kUuid;
      for (char& c : id) {
        if (c != '-') c = "0123456789abcdef"[below(16)];
      }
      if (!all_uuids && below(3) == 0) {
        id = below(2) == 0 ? absl::StrCat("e", below(1000))
                           : absl::StrCat(id.substr(0, 35), "X");
      }
      event.set_event_id(id);
      event.set_unit_id(absl::StrCat("u", below(5)));
      event.set_name(absl::StrCat("n", below(3)));
      event.mutable_time()->set_seconds(
          static_cast<int64_t>(below(7'258'118'400)));
      event.mutable_time()->set_nanos(
          static_cast<int32_t>(below(1'000'000'000)));
      if (below(3) == 0) event.set_value(static_cast<double>(below(1000)) / 8);
      for (uint64_t k = 0, m = below(4); k < m; ++k) {
        v1::AttributeValue& value =
            (*event.mutable_attributes())[absl::StrCat("k", below(6))];
        if (k == 0) value.set_string_value("text");
        if (k == 1) value.set_number_value(0.5);
        if (k == 2) value.set_bool_value(true);
      }
      ASSERT_TRUE(builder.Add(event));
      events.push_back(std::move(event));
    }
    const std::vector<std::string> seen = ConvertColumns(columns);
    EXPECT_EQ(seen, Convert(events));
    // And back to events.
    google::protobuf::RepeatedPtrField<v1::Event> again;
    AppendEvents(columns, &again);
    EXPECT_EQ(Convert(again), seen);
    for (int i = 0; i < static_cast<int>(events.size()); ++i) {
      const EventIds ids = FindIds(columns, i);
      EXPECT_EQ(ids.event_id, events[i].event_id());
      EXPECT_EQ(ids.unit_id, events[i].unit_id());
    }
  }
}

TEST(EventColumnsTest, ClientKeepsBackWhatHasNoPlace) {
  v1::EventColumns columns;
  EventColumnsBuilder builder;
  builder.Begin(&columns);
  v1::Event event;
  event.set_event_id("e");
  event.set_unit_id("u");
  event.set_name("n");
  EXPECT_FALSE(builder.Add(event));  // No time.
  event.mutable_time()->set_seconds(-1);
  EXPECT_FALSE(builder.Add(event));
  event.mutable_time()->set_seconds(7'258'118'400);
  EXPECT_FALSE(builder.Add(event));
  event.mutable_time()->set_seconds(1);
  event.mutable_time()->set_nanos(1'000'000'000);
  EXPECT_FALSE(builder.Add(event));
  event.mutable_time()->set_nanos(0);
  event.clear_event_id();
  EXPECT_FALSE(builder.Add(event));
  EXPECT_EQ(columns.ByteSizeLong(), 0);
  event.set_event_id("e");
  EXPECT_TRUE(builder.Add(event));
}

}  // namespace
}  // namespace stagecraft::client
