#include "service/event_service.h"

#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/event_batch.h"
#include "service/status.h"
#include "tests/service/event_fixture.h"

namespace stagecraft::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using EventServiceTest = EventFixture;

TEST_F(EventServiceTest, ReportsOnEachItemOfAMixedBatch) {
  v1::IngestEventsRequest request;
  *request.add_events() = MakeEvent("1", "ann", "visit");
  *request.add_events() = MakeEvent("", "ann", "visit");
  *request.add_events() = MakeEvent("1", "ann", "visit");  // Again.
  *request.add_events() = MakeEvent("2", "ben", "visit");
  request.mutable_events(3)->set_value(
      std::numeric_limits<double>::quiet_NaN());
  *request.add_events() = MakeEvent("3", "ben", "pay");
  request.mutable_events(4)->set_value(19.99);
  request.add_aliases()->set_alias_id("cookie");
  request.mutable_aliases(0)->set_unit_id("ann");
  request.add_aliases()->set_alias_id("ann");
  request.mutable_aliases(1)->set_unit_id("ann");

  v1::IngestEventsResponse response;
  ASSERT_THAT(Ingest(request, &response), IsGrpcOk());
  EXPECT_EQ(response.stored_count(), 3);
  EXPECT_EQ(response.duplicate_count(), 1);
  EXPECT_EQ(response.rejected_count(), 3);
  ASSERT_EQ(response.outcomes_size(), 4);
  EXPECT_EQ(response.outcomes(0).index(), 1);
  EXPECT_THAT(response.outcomes(0).message(), HasSubstr("event_id"));
  EXPECT_EQ(response.outcomes(1).index(), 2);
  EXPECT_EQ(response.outcomes(1).status(), v1::IngestOutcome::DUPLICATE);
  EXPECT_EQ(response.outcomes(2).index(), 3);
  EXPECT_THAT(response.outcomes(2).message(),
              AllOf(HasSubstr("value"), HasSubstr("nan")));
  EXPECT_EQ(response.outcomes(3).index(), 1);
  EXPECT_TRUE(response.outcomes(3).is_alias());
  EXPECT_EQ(response.outcomes(3).status(), v1::IngestOutcome::REJECTED);

  // Repeating the call changes nothing.
  v1::IngestEventsResponse again;
  ASSERT_THAT(Ingest(request, &again), IsGrpcOk());
  EXPECT_EQ(again.stored_count(), 0);
  EXPECT_EQ(again.duplicate_count(), 4);
  EXPECT_EQ(again.rejected_count(), 3);
  EXPECT_THAT(server_->engine()->Verify().message(), IsEmpty());
}

TEST_F(EventServiceTest, AcceptsNothingAtAll) {
  v1::IngestEventsResponse response;
  ASSERT_THAT(Ingest({}, &response), IsGrpcOk());
  EXPECT_EQ(response.SerializeAsString(), "");
}

TEST_F(EventServiceTest, RefusesBadEventsByThemselves) {
  const v1::Event good = MakeEvent("1", "ann", "visit");
  struct Case {
    const char* what;
    std::function<void(v1::Event*)> change;
    const char* message;
  };
  const Case cases[] = {
      {"no id", [](v1::Event* e) { e->clear_event_id(); }, "event_id"},
      {"long id", [](v1::Event* e) { e->set_event_id(std::string(129, 'x')); },
       "event_id"},
      {"no unit", [](v1::Event* e) { e->clear_unit_id(); }, "unit_id"},
      {"long unit", [](v1::Event* e) { e->set_unit_id(std::string(257, 'x')); },
       "unit_id"},
      {"no name", [](v1::Event* e) { e->clear_name(); }, "name"},
      {"reserved name", [](v1::Event* e) { e->set_name("stagecraft.thing"); },
       "stagecraft."},
      {"bare exposure",
       [](v1::Event* e) { e->set_name("stagecraft.exposure"); }, "experiment"},
      {"no time", [](v1::Event* e) { e->clear_time(); }, "time"},
      {"nanos", [](v1::Event* e) { e->mutable_time()->set_nanos(-1); }, "time"},
      {"before 1970", [](v1::Event* e) { e->mutable_time()->set_seconds(-1); },
       "time"},
      {"far future",
       [](v1::Event* e) {
         e->mutable_time()->set_seconds(std::numeric_limits<int64_t>::max());
       },
       "time"},
      {"value 1e300", [](v1::Event* e) { e->set_value(1e300); }, "value"},
      {"value -inf",
       [](v1::Event* e) {
         e->set_value(-std::numeric_limits<double>::infinity());
       },
       "value"},
      {"NaN attribute",
       [](v1::Event* e) {
         (*e->mutable_attributes())["k"].set_number_value(
             std::numeric_limits<double>::quiet_NaN());
       },
       "attributes"},
      {"attribute without a value",
       [](v1::Event* e) { (*e->mutable_attributes())["k"]; }, "attributes"},
      {"attribute without a key",
       [](v1::Event* e) {
         (*e->mutable_attributes())[""].set_bool_value(true);
       },
       "attributes"},
      {"long attribute",
       [](v1::Event* e) {
         (*e->mutable_attributes())["k"].set_string_value(
             std::string(1025, 'x'));
       },
       "attributes"},
      {"65 attributes",
       [](v1::Event* e) {
         for (int i = 0; i < 65; ++i) {
           (*e->mutable_attributes())[absl::StrCat(i)].set_bool_value(true);
         }
       },
       "65"},
      {"10000 attributes",
       [](v1::Event* e) {
         for (int i = 0; i < 10000; ++i) {
           (*e->mutable_attributes())[absl::StrCat(i)].set_bool_value(true);
         }
       },
       "10000"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    v1::Event event = good;
    c.change(&event);
    EXPECT_THAT(Refusal(event), AllOf(HasSubstr(c.message), HasSubstr("want")));
  }
  EXPECT_EQ(stored(), 0);
  EXPECT_EQ(IngestOne(good).stored_count(), 1);
}

TEST_F(EventServiceTest, RefusesEventsTooFarAhead) {
  v1::Event event = MakeEvent("1", "ann", "visit");
  *event.mutable_time() = At(clock_.now() + absl::Hours(24));
  EXPECT_EQ(IngestOne(event).stored_count(), 1);
  event.set_event_id("2");
  *event.mutable_time() =
      At(clock_.now() + absl::Hours(24) + absl::Microseconds(1));
  EXPECT_THAT(Refusal(event), AllOf(HasSubstr("2026-01-02T00:00:00.000001"),
                                    HasSubstr("want at most 24h after")));
  clock_.Advance(absl::Microseconds(1));
  EXPECT_EQ(IngestOne(event).stored_count(), 1);
}

TEST_F(EventServiceTest, BoundsTheBatch) {
  v1::IngestEventsRequest request;
  for (int i = 0; i < 9999; ++i) {
    *request.add_events() = MakeEvent(absl::StrCat(i), "ann", "visit");
  }
  request.add_aliases()->set_alias_id("x");
  request.mutable_aliases(0)->set_unit_id("ann");
  request.add_aliases()->set_alias_id("y");
  request.mutable_aliases(1)->set_unit_id("ann");
  v1::IngestEventsResponse response;
  EXPECT_THAT(Ingest(request, &response),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           HasSubstr("10001 items together, want at most "
                                     "10000")));
  EXPECT_EQ(stored(), 0);
  request.mutable_aliases()->RemoveLast();
  ASSERT_THAT(Ingest(request, &response), IsGrpcOk());
  EXPECT_EQ(response.stored_count(), 10000);
}

TEST_F(EventServiceTest, RefusesMessagesThatAreTooLarge) {
  server_.reset();
  config_.max_message_mb = 1;
  StartServer();
  v1::IngestEventsRequest request;
  *request.add_events() =
      MakeEvent("1", "ann", std::string((1 << 20) + 1, 'x'));
  v1::IngestEventsResponse response;
  EXPECT_THAT(Ingest(request, &response),
              GrpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED,
                           HasSubstr("larger than max")));
  EXPECT_EQ(stored(), 0);
}

TEST_F(EventServiceTest, RefusesTextThatIsNotUtf8) {
  v1::IngestEventsRequest request;
  *request.add_events() = MakeEvent("1", "\xff\xfe", "visit");
  v1::IngestEventsResponse response;
  EXPECT_FALSE(Ingest(request, &response).ok());
  EXPECT_EQ(stored(), 0);
}

TEST_F(EventServiceTest, StoresNothingWhileTheDiskIsFull) {
  v1::IngestEventsRequest request;
  *request.add_events() = MakeEvent("1", "ann", "visit");
  store_->FailWrites({.status = absl::ResourceExhaustedError("disk full")});
  grpc::ClientContext context;
  v1::IngestEventsResponse response;
  EXPECT_THAT(events_->IngestEvents(&context, request, &response),
              GrpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED,
                           HasSubstr("disk full")));
  EXPECT_EQ(context.GetServerTrailingMetadata().count(kRetryPushbackKey), 1);
  EXPECT_EQ(stored(), 0);
  ASSERT_THAT(Ingest(request, &response), IsGrpcOk());
  EXPECT_EQ(response.stored_count(), 1);
}

TEST_F(EventServiceTest, HonoursADeadlineThatIsOver) {
  v1::IngestEventsRequest request;
  *request.add_events() = MakeEvent("1", "ann", "visit");
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() -
                       std::chrono::seconds(1));
  v1::IngestEventsResponse response;
  EXPECT_EQ(events_->IngestEvents(&context, request, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(EventServiceTest, ReturnsToTheCallerAtTheDeadlineWhileTheDiskHangs) {
  const std::shared_ptr<Gate> gate = StartGated();
  gate->Shut();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::milliseconds(200));
  v1::IngestEventsRequest request;
  *request.add_events() = MakeEvent("1", "ann", "visit");
  v1::IngestEventsResponse response;
  EXPECT_EQ(events_->IngestEvents(&context, request, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  gate->Open();
  // What was under way may be stored; the repetition counts it once.
  ASSERT_THAT(Ingest(request, &response), IsGrpcOk());
  // Waits for what is still under way.
  EXPECT_THAT(server_->engine()->Verify().message(), IsEmpty());
  EXPECT_EQ(stored(), 1);
}

}  // namespace
}  // namespace stagecraft::service
