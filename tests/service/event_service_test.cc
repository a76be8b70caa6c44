#include "service/event_service.h"

#include <limits>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/call_metrics.h"
#include "service/event_batch.h"
#include "service/status.h"
#include "tests/service/service_fixture.h"

namespace stagecraft::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Writes wait while it is shut.
class Gate {
 public:
  void Shut() {
    absl::MutexLock lock(&mutex_);
    shut_ = true;
  }
  void Open() {
    absl::MutexLock lock(&mutex_);
    shut_ = false;
  }
  // Lets the write pass that came as number `number` since the start, from 1
  // on; unless `status` is OK, it fails.
  void Let(int number, absl::Status status) {
    absl::MutexLock lock(&mutex_);
    let_[number] = std::move(status);
  }
  absl::Status Pass() {
    absl::MutexLock lock(&mutex_);
    const int number = ++came_;
    ++waiting_;
    const auto open = [&] { return !shut_ || let_.contains(number); };
    mutex_.Await(absl::Condition(&open));
    --waiting_;
    return let_[number];
  }
  // Until so many writes wait; it is an error if they do not come.
  void AwaitWaiting(int writes = 1) {
    absl::MutexLock lock(&mutex_);
    const auto wait = [&] { return waiting_ >= writes; };
    EXPECT_TRUE(
        mutex_.AwaitWithTimeout(absl::Condition(&wait), absl::Minutes(1)));
  }
  // Writes that have come since the start.
  int came() const {
    absl::MutexLock lock(&mutex_);
    return came_;
  }

 private:
  mutable absl::Mutex mutex_;
  bool shut_ = false;
  int came_ = 0;
  int waiting_ = 0;
  std::map<int, absl::Status> let_;
};

class GatedStore : public SharedStore {
 public:
  GatedStore(std::shared_ptr<engine::Store> store, std::shared_ptr<Gate> gate)
      : SharedStore(std::move(store)), gate_(std::move(gate)) {}
  absl::Status Write(const engine::WriteBatch& batch) override {
    if (absl::Status status = gate_->Pass(); !status.ok()) return status;
    return SharedStore::Write(batch);
  }

 private:
  const std::shared_ptr<Gate> gate_;
};

class EventServiceTest : public ServiceFixture {
 protected:
  using Stream = grpc::ClientReaderWriter<v1::StreamEventsRequest,
                                          v1::StreamEventsResponse>;

  grpc::Status Ingest(const v1::IngestEventsRequest& request,
                      v1::IngestEventsResponse* response) {
    grpc::ClientContext context;
    return events_->IngestEvents(&context, request, response);
  }

  v1::IngestEventsResponse IngestOne(const v1::Event& event) {
    v1::IngestEventsRequest request;
    *request.add_events() = event;
    v1::IngestEventsResponse response;
    EXPECT_THAT(Ingest(request, &response), IsGrpcOk());
    return response;
  }

  // The message with which one event is refused.
  std::string Refusal(const v1::Event& event) {
    const v1::IngestEventsResponse response = IngestOne(event);
    EXPECT_EQ(response.rejected_count(), 1);
    if (response.outcomes_size() != 1) return "";
    EXPECT_EQ(response.outcomes(0).status(), v1::IngestOutcome::REJECTED);
    return response.outcomes(0).message();
  }

  v1::StreamEventsRequest Batch(int64_t sequence, int events,
                                const std::string& unit = "u") const {
    v1::StreamEventsRequest request;
    request.set_sequence(sequence);
    for (int i = 0; i < events; ++i) {
      *request.add_events() = MakeEvent(absl::StrCat("e", sequence, "-", i),
                                        absl::StrCat(unit, i), "visit");
    }
    return request;
  }

  // A test that ended early leaves nothing that waits.
  void TearDown() override {
    if (gate_ != nullptr) gate_->Open();
  }

  // Starts again on a store whose writes a gate can hold up.
  std::shared_ptr<Gate> StartGated() {
    server_.reset();
    const auto gate = std::make_shared<Gate>();
    gate_ = gate;
    wrap_store_ = [gate](std::shared_ptr<engine::MemoryStore> store) {
      return std::make_unique<GatedStore>(std::move(store), gate);
    };
    StartServer();
    return gate;
  }

  int64_t stored() const { return server_->engine()->GetStats().stored_events; }

  void AwaitNoStreams() {
    while (server_->events()->open_streams() > 0) std::this_thread::yield();
  }
  void AwaitStored(int64_t events) {
    while (stored() < events) std::this_thread::yield();
  }
  // The tallies are those of what is in the log.
  void ExpectVerified() {
    v1::VerifyTalliesResponse verified;
    grpc::ClientContext context;
    EXPECT_THAT(admin_->VerifyTallies(&context, {}, &verified), IsGrpcOk());
    EXPECT_GT(verified.journeys(), 0);
  }

  std::shared_ptr<Gate> gate_;
};

// A stream of which two batches, the first one and the second one, are being
// stored, and wait for the gate.
class TwoBatchesTest : public EventServiceTest {
 protected:
  void Begin(const v1::StreamEventsRequest& first,
             const v1::StreamEventsRequest& second) {
    CreateJourney();
    StartGated()->Shut();
    before_ = gate_->came();
    stream_ = events_->StreamEvents(&context_);
    ASSERT_TRUE(stream_->Write(first));
    gate_->AwaitWaiting(1);
    ASSERT_TRUE(stream_->Write(second));
    gate_->AwaitWaiting(2);
  }
  // The first one or the second one is stored, or fails.
  void Let(int batch, absl::Status status = absl::OkStatus()) {
    gate_->Let(before_ + batch, std::move(status));
  }
  // No more is sent; the last answer.
  v1::StreamEventsResponse ReadToTheEnd() {
    stream_->WritesDone();
    v1::StreamEventsResponse answer;
    int64_t last = 0;
    while (stream_->Read(&answer)) {
      EXPECT_GT(answer.acknowledged_sequence(), last);
      last = answer.acknowledged_sequence();
    }
    return answer;
  }

  int before_ = 0;
  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
};

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

TEST_F(EventServiceTest, StreamAcknowledgesInOrderWithTotals) {
  grpc::ClientContext context;
  const auto stream = events_->StreamEvents(&context);
  v1::StreamEventsRequest first = Batch(1, 3);
  first.mutable_events(1)->set_name("");
  v1::StreamEventsRequest second = Batch(2, 2);
  *second.add_events() = first.events(0);  // A duplicate.
  v1::StreamEventsRequest third;
  third.set_sequence(3);  // Empty.
  ASSERT_TRUE(stream->Write(first));
  v1::StreamEventsResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.acknowledged_sequence(), 1);
  EXPECT_EQ(answer.stored_count(), 2);
  EXPECT_EQ(answer.rejected_count(), 1);
  ASSERT_EQ(answer.rejections_size(), 1);
  EXPECT_EQ(answer.rejections(0).sequence(), 1);
  EXPECT_EQ(answer.rejections(0).outcome().index(), 1);
  EXPECT_THAT(answer.rejections(0).outcome().message(), HasSubstr("name"));
  // Stored when it is acknowledged: a look sees it.
  EXPECT_EQ(stored(), 2);

  ASSERT_TRUE(stream->Write(second));
  ASSERT_TRUE(stream->Write(third));
  stream->WritesDone();
  int64_t last = 1;
  while (stream->Read(&answer)) {
    EXPECT_GT(answer.acknowledged_sequence(), last);
    last = answer.acknowledged_sequence();
    EXPECT_THAT(answer.rejections(), IsEmpty());
  }
  EXPECT_EQ(last, 3);
  EXPECT_EQ(answer.stored_count(), 4);
  EXPECT_EQ(answer.duplicate_count(), 1);
  EXPECT_EQ(answer.rejected_count(), 1);
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
  AwaitNoStreams();
}

TEST_F(EventServiceTest, StreamWithoutBatchesEndsWell) {
  grpc::ClientContext context;
  const auto stream = events_->StreamEvents(&context);
  stream->WritesDone();
  v1::StreamEventsResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
}

TEST_F(EventServiceTest, StreamEndsAtAWrongSequenceAfterItsAcknowledgement) {
  for (const int64_t wrong : {0, 1, 3, -5}) {
    SCOPED_TRACE(wrong);
    grpc::ClientContext context;
    const auto stream = events_->StreamEvents(&context);
    ASSERT_TRUE(stream->Write(Batch(1, 2)));
    v1::StreamEventsRequest batch = Batch(1, 2, absl::StrCat("wrong", wrong));
    batch.set_sequence(wrong);
    stream->Write(batch);
    v1::StreamEventsResponse answer;
    ASSERT_TRUE(stream->Read(&answer));
    EXPECT_EQ(answer.acknowledged_sequence(), 1);
    EXPECT_FALSE(stream->Read(&answer));
    EXPECT_THAT(stream->Finish(),
                GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                             absl::StrCat("sequence is ", wrong, ", want 2")));
  }
  EXPECT_EQ(stored(), 2);
}

TEST_F(EventServiceTest, StreamEndsAtABatchThatIsTooLarge) {
  grpc::ClientContext context;
  const auto stream = events_->StreamEvents(&context);
  stream->Write(Batch(1, 10'001));
  v1::StreamEventsResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_THAT(stream->Finish(),
              GrpcStatusIs(grpc::StatusCode::INVALID_ARGUMENT,
                           AllOf(HasSubstr("batch 1"), HasSubstr("10001"))));
  EXPECT_EQ(stored(), 0);
}

TEST_F(EventServiceTest, StreamEndsWhenTheDiskIsFullAndIsResent) {
  {
    grpc::ClientContext context;
    const auto stream = events_->StreamEvents(&context);
    ASSERT_TRUE(stream->Write(Batch(1, 5)));
    v1::StreamEventsResponse answer;
    ASSERT_TRUE(stream->Read(&answer));
    store_->FailWrites({.status = absl::ResourceExhaustedError("disk full")});
    stream->Write(Batch(2, 5));
    EXPECT_FALSE(stream->Read(&answer));
    EXPECT_THAT(stream->Finish(),
                GrpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED,
                             HasSubstr("disk full")));
    EXPECT_EQ(context.GetServerTrailingMetadata().count(kRetryPushbackKey), 1);
  }
  EXPECT_EQ(stored(), 5);
  grpc::ClientContext context;
  const auto stream = events_->StreamEvents(&context);
  // The batches of the broken stream, under new numbers.
  v1::StreamEventsRequest again = Batch(2, 5);
  again.set_sequence(1);
  ASSERT_TRUE(stream->Write(again));
  again = Batch(1, 5);
  again.set_sequence(2);
  ASSERT_TRUE(stream->Write(again));
  stream->WritesDone();
  v1::StreamEventsResponse answer;
  while (stream->Read(&answer)) {
  }
  EXPECT_EQ(answer.acknowledged_sequence(), 2);
  EXPECT_EQ(answer.stored_count(), 5);
  EXPECT_EQ(answer.duplicate_count(), 5);
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
  EXPECT_EQ(stored(), 10);
}

TEST_F(EventServiceTest, AcknowledgedBatchesSurviveARestart) {
  {
    grpc::ClientContext context;
    const auto stream = events_->StreamEvents(&context);
    ASSERT_TRUE(stream->Write(Batch(1, 7)));
    v1::StreamEventsResponse answer;
    ASSERT_TRUE(stream->Read(&answer));
    context.TryCancel();
    stream->Finish();
  }
  Restart();
  v1::IngestEventsRequest request;
  *request.mutable_events() = Batch(1, 7).events();
  v1::IngestEventsResponse response;
  ASSERT_THAT(Ingest(request, &response), IsGrpcOk());
  EXPECT_EQ(response.duplicate_count(), 7);
}

TEST_F(EventServiceTest, StreamEndsWithItsCallerWhileTheDiskHangs) {
  const std::shared_ptr<Gate> gate = StartGated();
  gate->Shut();
  {
    grpc::ClientContext context;
    const auto stream = events_->StreamEvents(&context);
    for (int i = 1; i <= 3; ++i) ASSERT_TRUE(stream->Write(Batch(i, 1)));
    gate->AwaitWaiting();
    EXPECT_EQ(server_->events()->open_streams(), 1);
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  gate->Open();
  AwaitNoStreams();
  EXPECT_GE(stored(), 1);  // What hung; what was behind it may be dropped.
}

TEST_F(TwoBatchesTest, AreAcknowledgedInOrderIfStoredOutOfOrder) {
  Begin(Batch(1, 3), Batch(2, 4));
  Let(2);
  AwaitStored(4);
  gate_->Open();
  const v1::StreamEventsResponse answer = ReadToTheEnd();
  EXPECT_EQ(answer.acknowledged_sequence(), 2);
  EXPECT_EQ(answer.stored_count(), 7);
  EXPECT_THAT(stream_->Finish(), IsGrpcOk());
}

TEST_F(TwoBatchesTest, NothingIsAcknowledgedAfterTheOneThatFailed) {
  Begin(Batch(1, 3), Batch(2, 4));
  Let(2);
  AwaitStored(4);
  Let(1, absl::UnavailableError("the disk is gone"));
  v1::StreamEventsResponse answer;
  EXPECT_FALSE(stream_->Read(&answer)) << answer.ShortDebugString();
  EXPECT_THAT(stream_->Finish(), GrpcStatusIs(grpc::StatusCode::UNAVAILABLE,
                                              HasSubstr("the disk is gone")));
  gate_->Open();
  EXPECT_EQ(stored(), 4);
  // Both are sent again, as the contract wants it.
  grpc::ClientContext context;
  const auto stream = events_->StreamEvents(&context);
  ASSERT_TRUE(stream->Write(Batch(1, 3)));
  ASSERT_TRUE(stream->Write(Batch(2, 4)));
  stream->WritesDone();
  while (stream->Read(&answer)) {
  }
  EXPECT_EQ(answer.acknowledged_sequence(), 2);
  EXPECT_EQ(answer.stored_count(), 3);
  EXPECT_EQ(answer.duplicate_count(), 4);
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
  EXPECT_EQ(stored(), 7);
}

TEST_F(TwoBatchesTest, TheFirstIsAcknowledgedIfTheSecondFails) {
  Begin(Batch(1, 3), Batch(2, 4));
  Let(2, absl::UnavailableError("the disk is gone"));
  Let(1);
  v1::StreamEventsResponse answer;
  ASSERT_TRUE(stream_->Read(&answer));
  EXPECT_EQ(answer.acknowledged_sequence(), 1);
  EXPECT_EQ(answer.stored_count(), 3);
  EXPECT_FALSE(stream_->Read(&answer));
  EXPECT_THAT(stream_->Finish(), GrpcStatusIs(grpc::StatusCode::UNAVAILABLE,
                                              HasSubstr("the disk is gone")));
  EXPECT_EQ(stored(), 3);
}

TEST_F(TwoBatchesTest, EndWithTheCallerThoughTheFirstHangs) {
  Begin(Batch(1, 3), Batch(2, 4));
  Let(2);
  AwaitStored(4);
  context_.TryCancel();
  EXPECT_EQ(stream_->Finish().error_code(), grpc::StatusCode::CANCELLED);
  gate_->Open();
  AwaitNoStreams();
  EXPECT_EQ(stored(), 7);
}

// What is equal in both is not there yet when each of them is looked at.
TEST_F(TwoBatchesTest, CountOnceWhatIsInBoth) {
  v1::StreamEventsRequest first = Batch(1, 3);
  first.add_aliases()->set_alias_id("cookie");
  first.mutable_aliases(0)->set_unit_id("u0");
  v1::StreamEventsRequest second = first;
  second.set_sequence(2);
  Begin(first, second);
  Let(2);
  AwaitStored(3);
  gate_->Open();
  const v1::StreamEventsResponse answer = ReadToTheEnd();
  EXPECT_EQ(answer.acknowledged_sequence(), 2);
  EXPECT_EQ(answer.stored_count(), 4);
  EXPECT_EQ(answer.duplicate_count(), 4);
  EXPECT_THAT(stream_->Finish(), IsGrpcOk());
  EXPECT_EQ(server_->engine()->GetStats().aliases, 1);
  ExpectVerified();
}

// Of two copies of an event the earliest one counts, whichever comes first.
TEST_F(TwoBatchesTest, ReplaceEachOthersEvents) {
  v1::StreamEventsRequest first = Batch(1, 3);
  v1::StreamEventsRequest second = first;
  second.set_sequence(2);
  for (v1::Event& event : *second.mutable_events()) {
    *event.mutable_time() = At(clock_.now() - absl::Hours(1));
  }
  Begin(first, second);
  Let(1);
  AwaitStored(3);
  gate_->Open();
  EXPECT_EQ(ReadToTheEnd().acknowledged_sequence(), 2);
  EXPECT_THAT(stream_->Finish(), IsGrpcOk());
  ExpectVerified();
}

TEST_F(EventServiceTest, StreamTakesBatchesThatWaitTogether) {
  const std::shared_ptr<Gate> gate = StartGated();
  gate->Shut();
  grpc::ClientContext context;
  const auto stream = events_->StreamEvents(&context);
  // The writer is held up once the server reads no further ahead.
  std::atomic<int> written{0};
  std::thread writer([&] {
    for (int i = 1; i <= 200; ++i) {
      stream->Write(Batch(i, 3));
      ++written;
    }
    stream->WritesDone();
  });
  gate->AwaitWaiting();
  while (written < 4) std::this_thread::yield();
  EXPECT_LT(written, 200);
  gate->Open();
  v1::StreamEventsResponse answer;
  int64_t last = 0;
  while (stream->Read(&answer)) {
    EXPECT_GT(answer.acknowledged_sequence(), last);
    last = answer.acknowledged_sequence();
  }
  writer.join();
  EXPECT_EQ(last, 200);
  EXPECT_EQ(answer.stored_count(), 600);
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
}

TEST_F(EventServiceTest, StreamBoundsTheSizeOfAcknowledgements) {
  grpc::ClientContext context;
  const auto stream = events_->StreamEvents(&context);
  constexpr int kBatches = 6;
  std::thread writer([&] {
    for (int i = 1; i <= kBatches; ++i) {
      v1::StreamEventsRequest batch = Batch(i, 6000);
      for (v1::Event& event : *batch.mutable_events()) event.clear_name();
      stream->Write(batch);
    }
    stream->WritesDone();
  });
  v1::StreamEventsResponse answer;
  std::set<std::pair<int64_t, int32_t>> rejected;
  while (stream->Read(&answer)) {
    EXPECT_LE(answer.rejections_size(), kMaxBatchItems);
    for (const v1::StreamRejection& rejection : answer.rejections()) {
      rejected.insert({rejection.sequence(), rejection.outcome().index()});
    }
  }
  writer.join();
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
  EXPECT_EQ(answer.rejected_count(), kBatches * 6000);
  EXPECT_THAT(rejected, SizeIs(kBatches * 6000));
}

TEST_F(EventServiceTest, BoundsTheNumberOfStreams) {
  server_.reset();
  config_.max_streams = 1;
  StartServer();
  grpc::ClientContext first_context;
  const auto first = events_->StreamEvents(&first_context);
  ASSERT_TRUE(first->Write(Batch(1, 1)));
  v1::StreamEventsResponse answer;
  ASSERT_TRUE(first->Read(&answer));
  grpc::ClientContext second_context;
  const auto second = events_->StreamEvents(&second_context);
  EXPECT_FALSE(second->Read(&answer));
  EXPECT_THAT(second->Finish(),
              GrpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED,
                           HasSubstr("at most 1")));
  first->WritesDone();
  EXPECT_FALSE(first->Read(&answer));
  EXPECT_THAT(first->Finish(), IsGrpcOk());
  AwaitNoStreams();
}

TEST_F(EventServiceTest, StopsWithStreamsOpenAndLosesNothing) {
  grpc::ClientContext context;
  const auto stream = events_->StreamEvents(&context);
  ASSERT_TRUE(stream->Write(Batch(1, 4)));
  v1::StreamEventsResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  // A day of grace: it returns only if the stream ends by itself.
  std::thread stopper([&] { server_->Shutdown(absl::Hours(24)); });
  EXPECT_FALSE(stream->Read(&answer));
  // "stopping", unless the transport is closed before that arrives.
  EXPECT_THAT(stream->Finish(),
              GrpcStatusIs(grpc::StatusCode::UNAVAILABLE, ::testing::_));
  stopper.join();
  Restart();
  v1::IngestEventsRequest request;
  *request.mutable_events() = Batch(1, 4).events();
  v1::IngestEventsResponse response;
  ASSERT_THAT(Ingest(request, &response), IsGrpcOk());
  EXPECT_EQ(response.duplicate_count(), 4);
}

TEST_F(EventServiceTest, CountsOnceWhatManyStreamsSendAtOnce) {
  constexpr int kStreams = 6;
  constexpr int kBatches = 20;
  std::atomic<int64_t> stored_sum{0};
  std::atomic<int64_t> duplicate_sum{0};
  std::vector<std::thread> senders;
  for (int s = 0; s < kStreams; ++s) {
    senders.emplace_back([&] {
      grpc::ClientContext context;
      const auto stream = events_->StreamEvents(&context);
      std::thread reader([&] {
        v1::StreamEventsResponse answer;
        int64_t last = 0;
        while (stream->Read(&answer)) {
          EXPECT_GT(answer.acknowledged_sequence(), last);
          last = answer.acknowledged_sequence();
        }
        EXPECT_EQ(last, kBatches);
        stored_sum += answer.stored_count();
        duplicate_sum += answer.duplicate_count();
      });
      for (int i = 1; i <= kBatches; ++i) stream->Write(Batch(i, 10));
      stream->WritesDone();
      reader.join();
      EXPECT_THAT(stream->Finish(), IsGrpcOk());
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(stored_sum, kBatches * 10);
  EXPECT_EQ(duplicate_sum, (kStreams - 1) * kBatches * 10);
  EXPECT_EQ(stored(), kBatches * 10);
  EXPECT_THAT(server_->engine()->Verify().message(), IsEmpty());
}

}  // namespace
}  // namespace stagecraft::service
