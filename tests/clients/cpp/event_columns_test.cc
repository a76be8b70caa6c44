// The client's columns mean what its events do, as the service reads them.
#include "clients/cpp/event_columns.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/convert_events.h"
#include "service/event_batch.h"
#include "service/stream_contents.h"
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

// What a server makes of a batch of a stream.
std::vector<std::string> Receive(const v1::StreamEventsRequest& request,
                                 service::StreamContents* contents) {
  EXPECT_THAT(service::CheckBatch(request), IsOk());
  EXPECT_THAT(contents->Keep(request.contents()), IsOk());
  std::vector<const service::KeptContent*> kept;
  EXPECT_THAT(contents->Find(request.columns(), &kept), IsOk());
  engine::EventBatch batch;
  service::EventConverter converter(kNoLimit, &batch);
  converter.Add(request.columns(), kept,
                [](int position, const absl::Status& status) {
                  ADD_FAILURE() << position << ": " << status;
                });
  return Show(batch);
}

// Random events.
class Events {
 public:
  std::vector<v1::Event> Next() {
    std::vector<v1::Event> events;
    const bool all_uuids = Below(2) == 0;
    for (uint64_t i = 0, n = Below(40); i < n; ++i) {
      v1::Event& event = events.emplace_back();
      std::string id = kUuid;
      for (char& c : id) {
        if (c != '-') c = "0123456789abcdef"[Below(16)];
      }
      if (!all_uuids && Below(3) == 0) {
        id = Below(2) == 0 ? absl::StrCat("e", Below(1000))
                           : absl::StrCat(id.substr(0, 35), "X");
      }
      event.set_event_id(id);
      event.set_unit_id(absl::StrCat("u", Below(5)));
      event.set_name(absl::StrCat("n", Below(3)));
      event.mutable_time()->set_seconds(
          static_cast<int64_t>(Below(7'258'118'400)));
      event.mutable_time()->set_nanos(
          static_cast<int32_t>(Below(1'000'000'000)));
      if (Below(3) == 0) event.set_value(static_cast<double>(Below(1000)) / 8);
      for (uint64_t k = 0, m = Below(4); k < m; ++k) {
        v1::AttributeValue& value =
            (*event.mutable_attributes())[absl::StrCat("k", Below(6))];
        if (k == 0) value.set_string_value("text");
        if (k == 1) value.set_number_value(0.5);
        if (k == 2) value.set_bool_value(true);
      }
    }
    return events;
  }

 private:
  uint64_t Below(uint64_t end) { return random_() % end; }

  std::mt19937_64 random_{7};
};

// Random events through the client's columns against the events themselves.
// Some streams keep contents, others do not.
TEST(EventColumnsTest, ClientAndServerAgree) {
  Events source;
  EventColumnsBuilder builder;
  int kept = 0;
  int mixed = 0;  // Batches with contents of both sorts.
  for (int stream = 0; stream < 40; ++stream) {
    builder.BeginStream();
    service::StreamContents contents;
    for (int i = 0; i < 8; ++i) {
      v1::StreamEventsRequest request;
      v1::EventColumns& columns = *request.mutable_columns();
      builder.Begin(&columns,
                    stream % 4 == 0 ? nullptr : request.mutable_contents());
      const std::vector<v1::Event> events = source.Next();
      for (const v1::Event& event : events) ASSERT_TRUE(builder.Add(event));
      builder.End();
      const std::vector<std::string> seen = Receive(request, &contents);
      EXPECT_EQ(seen, Convert(events));
      kept += columns.stream_contents_size();
      mixed +=
          columns.stream_contents_size() > 0 && columns.contents_size() > 0;
      // And back to events.
      google::protobuf::RepeatedPtrField<v1::Event> again;
      AppendEvents(columns, builder.kept(), &again);
      EXPECT_EQ(Convert(again), seen);
      for (int e = 0; e < static_cast<int>(events.size()); ++e) {
        const EventIds ids = FindIds(columns, e);
        EXPECT_EQ(ids.event_id, events[e].event_id());
        EXPECT_EQ(ids.unit_id, events[e].unit_id());
      }
    }
  }
  EXPECT_GT(kept, 1000);
  EXPECT_GT(mixed, 50);
}

// Sends one event of each content; answers with the contents that are new to
// the stream, those that it has, and those that it is not to keep.
std::tuple<int, int, int> SendEach(const std::vector<v1::Event>& events,
                                   EventColumnsBuilder* builder,
                                   service::StreamContents* contents) {
  v1::StreamEventsRequest request;
  builder->Begin(request.mutable_columns(), request.mutable_contents());
  for (const v1::Event& event : events) EXPECT_TRUE(builder->Add(event));
  builder->End();
  EXPECT_EQ(Receive(request, contents), Convert(events));
  return {request.contents_size(), request.columns().stream_contents_size(),
          request.columns().contents_size()};
}

std::vector<v1::Event> ManyContents(int count, size_t bytes) {
  std::vector<v1::Event> events;
  for (int i = 0; i < count; ++i) {
    v1::Event& event = events.emplace_back();
    event.set_event_id(absl::StrCat("e", i));
    event.set_unit_id("u");
    event.set_name("n");
    event.mutable_time()->set_seconds(1);
    std::string value = absl::StrCat(i);
    value.resize(std::max(value.size(), bytes), '.');
    (*event.mutable_attributes())["k"].set_string_value(value);
  }
  return events;
}

TEST(EventColumnsTest, KeepsWhatComesAgain) {
  EventColumnsBuilder builder;
  service::StreamContents contents;
  const std::vector<v1::Event> events = ManyContents(3, 0);
  EXPECT_EQ(SendEach(events, &builder, &contents), std::tuple(0, 0, 3));
  EXPECT_EQ(SendEach(events, &builder, &contents), std::tuple(3, 3, 0));
  EXPECT_EQ(SendEach(events, &builder, &contents), std::tuple(0, 3, 0));
  // Another stream has nothing; what comes again is known.
  builder.BeginStream();
  service::StreamContents others;
  EXPECT_EQ(SendEach(events, &builder, &others), std::tuple(3, 3, 0));
  EXPECT_EQ(SendEach(events, &builder, &others), std::tuple(0, 3, 0));
}

TEST(EventColumnsTest, KeepsNoMoreThanAStreamDoes) {
  EventColumnsBuilder builder;
  service::StreamContents contents;
  const std::vector<v1::Event> many = ManyContents(4099, 0);
  EXPECT_EQ(SendEach(many, &builder, &contents), std::tuple(0, 0, 4099));
  EXPECT_EQ(SendEach(many, &builder, &contents), std::tuple(4096, 4096, 3));
  EXPECT_EQ(SendEach(many, &builder, &contents), std::tuple(0, 4096, 3));
  // 256 KiB have room for 258 of 1015 bytes.
  builder.BeginStream();
  service::StreamContents others;
  const std::vector<v1::Event> large = ManyContents(300, 1000);
  EXPECT_EQ(SendEach(large, &builder, &others), std::tuple(0, 0, 300));
  const auto [kept, had, other] = SendEach(large, &builder, &others);
  EXPECT_EQ(kept, 258);
  EXPECT_EQ(had, 258);
  EXPECT_EQ(other, 42);
}

TEST(EventColumnsTest, KeepsWhatFitsAfterWhatDoesNot) {
  EventColumnsBuilder builder;
  service::StreamContents contents;
  // Of these, of 60 kB each, four fit.
  std::vector<v1::Event> events = ManyContents(5, 0);
  for (v1::Event& event : events) {
    for (int k = 0; k < 60; ++k) {
      (*event.mutable_attributes())[absl::StrCat("k", k)].set_string_value(
          std::string(1000, '.'));
    }
  }
  events.push_back(ManyContents(6, 0)[5]);
  SendEach(events, &builder, &contents);
  EXPECT_EQ(SendEach(events, &builder, &contents), std::tuple(5, 5, 1));
  EXPECT_EQ(SendEach(events, &builder, &contents), std::tuple(0, 5, 1));
}

// However the map of the attributes stands in memory.
TEST(EventColumnsTest, KnowsTheSameAttributesAgain) {
  EventColumnsBuilder builder;
  service::StreamContents contents;
  std::vector<std::unique_ptr<std::vector<v1::Event>>> elsewhere;
  for (int i = 0; i < 100; ++i) {
    v1::Event event = ManyContents(1, 0)[0];
    for (int n = 0; n < 6; ++n) {
      const int k = i % 2 == 0 ? n : 5 - n;
      (*event.mutable_attributes())[absl::StrCat("k", k)].set_number_value(k);
    }
    elsewhere.push_back(
        std::make_unique<std::vector<v1::Event>>(i % 7 + 1, event));
    SendEach(*elsewhere.back(), &builder, &contents);
  }
  EXPECT_EQ(builder.kept().size(), 1);
}

TEST(EventColumnsTest, ForgetsContentsThatDoNotComeAgain) {
  EventColumnsBuilder builder;
  service::StreamContents contents;
  const std::vector<v1::Event> few = ManyContents(3, 30);
  SendEach(few, &builder, &contents);
  EXPECT_EQ(SendEach(few, &builder, &contents), std::tuple(3, 3, 0));
  SendEach(ManyContents(18'000, 300), &builder, &contents);
  // Those of the large batch are gone, those that the stream keeps are not.
  EXPECT_EQ(SendEach(few, &builder, &contents), std::tuple(0, 3, 0));
  EXPECT_EQ(SendEach(ManyContents(2, 300), &builder, &contents),
            std::tuple(0, 0, 2));
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
