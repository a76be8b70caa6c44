// Streams of events: acknowledgements, ends, and what is stored at the same
// time.
#include "service/event_stream.h"

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/event_batch.h"
#include "service/status.h"
#include "tests/service/event_fixture.h"

namespace stagecraft::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using EventStreamTest = EventFixture;

// A stream of which two batches, the first one and the second one, are being
// stored, and wait for the gate.
class TwoBatchesTest : public EventFixture {
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

TEST_F(EventStreamTest, AcknowledgesInOrderWithTotals) {
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

TEST_F(EventStreamTest, WithoutBatchesEndsWell) {
  grpc::ClientContext context;
  const auto stream = events_->StreamEvents(&context);
  stream->WritesDone();
  v1::StreamEventsResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_THAT(stream->Finish(), IsGrpcOk());
}

TEST_F(EventStreamTest, EndsAtAWrongSequenceAfterItsAcknowledgement) {
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

TEST_F(EventStreamTest, EndsAtABatchThatIsTooLarge) {
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

TEST_F(EventStreamTest, EndsWhenTheDiskIsFullAndIsResent) {
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

TEST_F(EventStreamTest, AcknowledgedBatchesSurviveARestart) {
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

TEST_F(EventStreamTest, EndsWithItsCallerWhileTheDiskHangs) {
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

TEST_F(EventStreamTest, TakesBatchesThatWaitTogether) {
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

TEST_F(EventStreamTest, BoundsTheSizeOfAcknowledgements) {
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

TEST_F(EventStreamTest, BoundsTheNumberOfStreams) {
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

TEST_F(EventStreamTest, StopsWithStreamsOpenAndLosesNothing) {
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

TEST_F(EventStreamTest, CountsOnceWhatManyStreamsSendAtOnce) {
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
