// Events by columns: what they mean, and what is refused.

#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/event_batch.h"
#include "service/stream_contents.h"
#include "tests/service/service_fixture.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kUuid[] = "019b76da-a800-7000-a1b5-bf654c85eb80";

// Three events of two units; the second one is a UUID, the third has a value.
v1::EventColumns Three() {
  v1::EventColumns columns;
  columns.add_unit_ids("ann");
  columns.add_unit_ids("ben");
  columns.add_contents()->set_name("visit");
  columns.add_contents()->set_name("pay");
  (*columns.mutable_contents(1)->mutable_attributes())["channel"]
      .set_string_value("web");
  for (const uint32_t unit : {0, 1, 0}) columns.add_units(unit);
  for (const uint32_t content : {0, 0, 1}) columns.add_event_contents(content);
  columns.mutable_base_time()->set_seconds(1'767'225'000);
  for (const int64_t delta : {5, -2, 60'000'000})
    columns.add_time_deltas(delta);
  columns.add_value_positions(2);
  columns.add_values(19.99);
  columns.set_event_ids(
      std::string("e1") +
      std::string("\x01\x9b\x76\xda\xa8\x00\x70\x00\xa1\xb5\xbf\x65\x4c\x85\xeb"
                  "\x80",
                  16) +
      "e3");
  for (const uint32_t size : {2, 0, 2}) columns.add_event_id_sizes(size);
  return columns;
}

// What a batch would hold, and the refusals.
struct Converted {
  std::vector<std::string> events;
  std::vector<std::pair<int, std::string>> refused;
};

std::string Show(const engine::EventBatch& batch,
                 const engine::EventBatch::Item& item) {
  return absl::StrCat(batch.units()[item.unit], " ", item.event_id, " ",
                      item.time, " ",
                      item.has_value ? absl::StrCat(item.value) : "-", " ",
                      batch.contents()[item.content]);
}

constexpr EventTimeLimit kNoLimit = {absl::InfiniteFuture(),
                                     absl::ZeroDuration()};

Converted Convert(const v1::EventColumns& columns,
                  const EventTimeLimit& limit = kNoLimit,
                  absl::Span<const KeptContent* const> kept = {}) {
  engine::EventBatch batch;
  EventConverter converter(limit, &batch);
  Converted result;
  converter.Add(columns, kept, [&](int position, const absl::Status& status) {
    result.refused.emplace_back(position, std::string(status.message()));
  });
  for (const auto& item : batch.items()) {
    result.events.push_back(Show(batch, item));
  }
  return result;
}

Converted Convert(const std::vector<v1::Event>& events) {
  engine::EventBatch batch;
  EventConverter converter(kNoLimit, &batch);
  Converted result;
  for (int i = 0; i < static_cast<int>(events.size()); ++i) {
    const absl::Status status = converter.Add(events[i]);
    if (!status.ok()) {
      result.refused.emplace_back(i, std::string(status.message()));
    }
  }
  for (const auto& item : batch.items()) {
    result.events.push_back(Show(batch, item));
  }
  return result;
}

TEST(EventColumnsTest, MeanTheSameAsEvents) {
  std::vector<v1::Event> events(3);
  const char* ids[] = {"e1", kUuid, "e3"};
  const char* units[] = {"ann", "ben", "ann"};
  const int64_t micros[] = {5, 3, 60'000'003};
  for (int i = 0; i < 3; ++i) {
    events[i].set_event_id(ids[i]);
    events[i].set_unit_id(units[i]);
    events[i].set_name(i == 2 ? "pay" : "visit");
    events[i].mutable_time()->set_seconds(1'767'225'000 +
                                          micros[i] / 1'000'000);
    events[i].mutable_time()->set_nanos(
        static_cast<int32_t>(micros[i] % 1'000'000) * 1000);
  }
  events[2].set_value(19.99);
  (*events[2].mutable_attributes())["channel"].set_string_value("web");
  ASSERT_THAT(CheckColumns(Three()), IsOk());
  const Converted columns = Convert(Three());
  EXPECT_THAT(columns.refused, IsEmpty());
  EXPECT_EQ(columns.events, Convert(events).events);
  EXPECT_EQ(columns.events.size(), 3);
}

TEST(EventColumnsTest, NothingIsWell) {
  EXPECT_THAT(CheckColumns({}), IsOk());
  EXPECT_THAT(Convert(v1::EventColumns()).events, IsEmpty());
}

TEST(EventColumnsTest, RefusesWhatDoesNotFitTogether) {
  struct Case {
    std::function<void(v1::EventColumns*)> change;
    const char* message;
  };
  const Case cases[] = {
      {[](v1::EventColumns* c) { c->add_units(0); },
       "columns.event_contents has 3 entries, want 4"},
      {[](v1::EventColumns* c) { c->add_event_contents(0); },
       "columns.event_contents has 4 entries, want 3"},
      {[](v1::EventColumns* c) { c->mutable_time_deltas()->RemoveLast(); },
       "columns.time_deltas has 2 entries, want 3"},
      {[](v1::EventColumns* c) { c->set_units(1, 2); },
       "columns.units[1] is 2, want less than 2"},
      {[](v1::EventColumns* c) { c->set_units(2, ~0u); },
       "columns.units[2] is 4294967295, want less than 2"},
      {[](v1::EventColumns* c) { c->clear_unit_ids(); },
       "columns.units[0] is 0, want less than 0"},
      {[](v1::EventColumns* c) { c->set_event_contents(0, 7); },
       "columns.event_contents[0] is 7, want less than 2"},
      {[](v1::EventColumns* c) {
         for (int i = 0; i < 2; ++i) c->add_unit_ids("more");
       },
       "columns.unit_ids has 4 entries, want at most 3"},
      {[](v1::EventColumns* c) {
         for (int i = 0; i < 2; ++i) c->add_contents();
       },
       "columns.contents has 4 entries, want at most 3"},
      {[](v1::EventColumns* c) {
         for (int i = 0; i < 4; ++i) c->add_stream_contents(0);
       },
       "columns.stream_contents has 4 entries, want at most 3"},
      {[](v1::EventColumns* c) {
         c->add_stream_contents(0);
         c->set_event_contents(1, 3);
       },
       "columns.event_contents[1] is 3, want less than 3, the length of "
       "columns.contents and columns.stream_contents together"},
      {[](v1::EventColumns* c) { c->clear_base_time(); },
       "columns.base_time is missing"},
      {[](v1::EventColumns* c) { c->mutable_base_time()->set_nanos(-1); },
       "columns.base_time.nanos is -1"},
      {[](v1::EventColumns* c) {
         c->set_time_deltas(1, std::numeric_limits<int64_t>::max());
       },
       "columns.time_deltas[1] is 9223372036854775807, want a sum"},
      {[](v1::EventColumns* c) { c->add_values(1); },
       "columns.values has 2 entries, want 1"},
      {[](v1::EventColumns* c) { c->set_value_positions(0, 3); },
       "columns.value_positions[0] is 3, want less than 3"},
      {[](v1::EventColumns* c) {
         c->add_value_positions(2);
         c->add_values(1);
       },
       "columns.value_positions[1] is 2, want more than the one before"},
      {[](v1::EventColumns* c) { c->add_event_id_sizes(0); },
       "columns.event_id_sizes has 4 entries, want 3"},
      {[](v1::EventColumns* c) { c->set_event_id_sizes(0, 3); },
       "columns.event_ids has 20 bytes, want 21"},
      {[](v1::EventColumns* c) {
         for (int i = 0; i < 3; ++i) c->set_event_id_sizes(i, ~0u);
       },
       "columns.event_ids has 20 bytes, want 12884901885"},
      {[](v1::EventColumns* c) { c->clear_event_id_sizes(); },
       "columns.event_ids has 20 bytes, want 48"},
  };
  for (const Case& c : cases) {
    v1::EventColumns columns = Three();
    c.change(&columns);
    EXPECT_THAT(
        CheckColumns(columns),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)));
  }
}

TEST(EventColumnsTest, RefusesBadEventsByThemselves) {
  struct Case {
    std::function<void(v1::EventColumns*)> change;
    std::vector<int> refused;
    const char* message;
  };
  const Case cases[] = {
      {[](v1::EventColumns* c) { c->set_unit_ids(0, ""); }, {0, 2}, "unit_id"},
      {[](v1::EventColumns* c) { c->set_unit_ids(1, std::string(257, 'x')); },
       {1},
       "unit_id"},
      {[](v1::EventColumns* c) {
         c->mutable_contents(0)->set_name("stagecraft.thing");
       },
       {0, 1},
       "stagecraft."},
      {[](v1::EventColumns* c) {
         (*c->mutable_contents(1)->mutable_attributes())["channel"]
             .clear_kind();
       },
       {2},
       "attributes"},
      {[](v1::EventColumns* c) {
         c->set_time_deltas(0, -2'000'000'000'000'000);
       },
       {0, 1, 2},
       "time is -"},
      {[](v1::EventColumns* c) {
         c->set_time_deltas(2, 6'000'000'000'000'000);
       },
       {2},
       "time is "},
      {[](v1::EventColumns* c) { c->set_values(0, 1e10); }, {2}, "value"},
      {[](v1::EventColumns* c) {
         c->set_event_ids(c->event_ids().substr(0, 18) + "\xff\xff");
       },
       {2},
       "event_id"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.message);
    v1::EventColumns columns = Three();
    c.change(&columns);
    ASSERT_THAT(CheckColumns(columns), IsOk());
    const Converted result = Convert(columns);
    std::vector<int> refused;
    for (const auto& [position, message] : result.refused) {
      refused.push_back(position);
      EXPECT_THAT(message, HasSubstr(c.message));
    }
    EXPECT_EQ(refused, c.refused);
    EXPECT_EQ(result.events.size() + refused.size(), 3);
  }
}

TEST(EventColumnsTest, HoldsTheLimitOfTheClock) {
  const absl::Time base = absl::FromUnixSeconds(1'767'225'000);
  const Converted result = Convert(Three(), {base, absl::Microseconds(5)});
  ASSERT_EQ(result.refused.size(), 1);
  EXPECT_EQ(result.refused[0].first, 2);
  EXPECT_THAT(result.refused[0].second, HasSubstr("after the server's time"));
}

// Random bytes in place of columns are refused or taken, never a crash.
TEST(EventColumnsTest, SurvivesHostileBytes) {
  std::mt19937_64 random(11);
  StreamContents contents;
  ASSERT_THAT(contents.Keep(Three().contents()), IsOk());
  v1::EventColumns three = Three();
  three.add_stream_contents(1);
  three.set_event_contents(1, 2);
  const std::string good = three.SerializeAsString();
  int taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    v1::EventColumns columns;
    if (!columns.ParseFromString(bytes) || !CheckColumns(columns).ok()) {
      continue;
    }
    std::vector<const KeptContent*> kept;
    if (!contents.Find(columns, &kept).ok()) continue;
    ++taken;
    const Converted result = Convert(columns, kNoLimit, kept);
    EXPECT_EQ(result.events.size() + result.refused.size(),
              columns.units_size());
  }
  EXPECT_GT(taken, 100);
}

class EventColumnsServiceTest : public ServiceFixture {
 protected:
  grpc::Status Ingest(const v1::IngestEventsRequest& request,
                      v1::IngestEventsResponse* response) {
    grpc::ClientContext context;
    return events_->IngestEvents(&context, request, response);
  }
};

TEST_F(EventColumnsServiceTest, CountsBothFormsTogether) {
  v1::IngestEventsRequest request;
  *request.add_events() = MakeEvent("e3", "ann", "visit");
  *request.mutable_columns() = Three();
  request.mutable_columns()->set_values(0, 1e12);  // Refused: index 1 + 2.
  request.mutable_columns()->set_unit_ids(1, "");  // Refused: index 1 + 1.
  request.add_aliases()->set_alias_id("ann");
  request.mutable_aliases(0)->set_unit_id("ann");  // Refused: alias 0.
  v1::IngestEventsResponse response;
  ASSERT_THAT(Ingest(request, &response), IsGrpcOk());
  EXPECT_EQ(response.stored_count(), 2);
  EXPECT_EQ(response.rejected_count(), 3);
  ASSERT_EQ(response.outcomes_size(), 3);
  EXPECT_EQ(response.outcomes(0).index(), 2);
  EXPECT_THAT(response.outcomes(0).message(), HasSubstr("unit_id"));
  EXPECT_EQ(response.outcomes(1).index(), 3);
  EXPECT_THAT(response.outcomes(1).message(), HasSubstr("value"));
  EXPECT_TRUE(response.outcomes(2).is_alias());

  // The same event in the other form is a duplicate.
  v1::IngestEventsRequest again;
  *again.add_events() = MakeEvent("e1", "ann", "visit");
  again.mutable_events(0)->mutable_time()->set_seconds(1'767'225'000);
  again.mutable_events(0)->mutable_time()->set_nanos(5000);
  ASSERT_THAT(Ingest(again, &response), IsGrpcOk());
  EXPECT_EQ(response.duplicate_count(), 1);
}

TEST_F(EventColumnsServiceTest, StoresNothingOfMalformedColumns) {
  v1::IngestEventsRequest request;
  *request.add_events() = MakeEvent("1", "ann", "visit");
  *request.mutable_columns() = Three();
  request.mutable_columns()->add_units(0);
  v1::IngestEventsResponse response;
  EXPECT_THAT(Ingest(request, &response),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           HasSubstr("columns.event_contents has 3")));
  grpc::ClientContext context;
  const auto stream = events_->StreamEvents(&context);
  v1::StreamEventsRequest batch;
  batch.set_sequence(1);
  *batch.mutable_columns() = request.columns();
  stream->Write(batch);
  v1::StreamEventsResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_THAT(stream->Finish(),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           HasSubstr("batch 1: columns.event_contents")));
  EXPECT_EQ(server_->engine()->GetStats().stored_events, 0);
}

TEST_F(EventColumnsServiceTest, BoundsTheColumns) {
  v1::IngestEventsRequest request;
  v1::EventColumns& columns = *request.mutable_columns();
  columns.add_unit_ids("ann");
  columns.add_contents()->set_name("visit");
  columns.mutable_base_time()->set_seconds(1'767'225'000);
  for (int i = 0; i < kMaxColumnItems; ++i) {
    columns.add_units(0);
    columns.add_event_contents(0);
    columns.add_time_deltas(1);
    const std::string id = absl::StrCat(i);
    columns.mutable_event_ids()->append(id);
    columns.add_event_id_sizes(static_cast<uint32_t>(id.size()));
  }
  request.add_aliases()->set_alias_id("x");
  v1::IngestEventsResponse response;
  EXPECT_THAT(Ingest(request, &response),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           HasSubstr("20001 items together, want at most "
                                     "20000")));
  request.clear_aliases();
  ASSERT_THAT(Ingest(request, &response), IsGrpcOk());
  EXPECT_EQ(response.stored_count() + response.rejected_count(), 20'000);
}

TEST_F(EventColumnsServiceTest, StreamSaysThatItTakesColumns) {
  grpc::ClientContext context;
  const auto stream = events_->StreamEvents(&context);
  stream->WaitForInitialMetadata();
  const auto& metadata = context.GetServerInitialMetadata();
  const auto it = metadata.find("stagecraft-event-columns");
  ASSERT_NE(it, metadata.end());
  EXPECT_EQ(it->second, "1");
  v1::StreamEventsRequest batch;
  batch.set_sequence(1);
  *batch.mutable_columns() = Three();
  stream->Write(batch);
  stream->WritesDone();
  v1::StreamEventsResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.stored_count(), 3);
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
}

// More rejections than one response takes: several responses, and only the last
// one acknowledges.
TEST_F(EventColumnsServiceTest, SplitsManyRejections) {
  grpc::ClientContext context;
  const auto stream = events_->StreamEvents(&context);
  v1::StreamEventsRequest batch;
  batch.set_sequence(1);
  v1::EventColumns& columns = *batch.mutable_columns();
  columns.add_unit_ids("");
  columns.add_contents()->set_name("visit");
  columns.mutable_base_time()->set_seconds(1'767'225'000);
  for (int i = 0; i < kMaxColumnItems; ++i) {
    columns.add_units(0);
    columns.add_event_contents(0);
    columns.add_time_deltas(1);
  }
  columns.set_event_ids(std::string(16 * kMaxColumnItems, 'x'));
  stream->Write(batch);
  stream->WritesDone();
  v1::StreamEventsResponse answer;
  int rejections = 0;
  while (stream->Read(&answer)) {
    EXPECT_LE(answer.rejections_size(), kMaxBatchItems);
    for (const v1::StreamRejection& rejection : answer.rejections()) {
      EXPECT_EQ(rejection.outcome().index(), rejections++);
    }
    EXPECT_EQ(answer.acknowledged_sequence(),
              rejections == kMaxColumnItems ? 1 : 0);
  }
  EXPECT_EQ(rejections, kMaxColumnItems);
  EXPECT_EQ(answer.rejected_count(), kMaxColumnItems);
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
}

}  // namespace
}  // namespace stagecraft::service
