// Callers who send faster than the disk takes: memory stays bounded, single
// calls are asked to come again, streams wait, and nothing is lost.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/event_batch.h"
#include "service/event_service.h"
#include "service/memory_limit.h"
#include "service/retry_info.h"
#include "service/status.h"
#include "tests/service/service_fixture.h"

namespace stagecraft::service {
namespace {

using ::testing::HasSubstr;

TEST(MemoryLimitTest, TakesAndGives) {
  int calls = 0;
  MemoryLimit memory(100, [&calls] { ++calls; });
  EXPECT_TRUE(memory.TryTake(1000));  // Alone, whatever its size.
  EXPECT_FALSE(memory.TryTake(1));
  memory.Give(1000);
  EXPECT_TRUE(memory.TryTake(60));
  EXPECT_TRUE(memory.TryTake(40));
  EXPECT_FALSE(memory.TryTake(1));
  EXPECT_EQ(memory.held(), 100);
  EXPECT_EQ(calls, 0);  // Nobody waits.
  EXPECT_FALSE(memory.HasRoom());
  memory.Take(30);
  memory.Give(30);
  EXPECT_EQ(calls, 0);  // Still full.
  memory.Give(1);
  EXPECT_EQ(calls, 1);
  memory.Give(99);
  EXPECT_EQ(calls, 1);  // Once.
  EXPECT_TRUE(memory.HasRoom());
  EXPECT_EQ(memory.held(), 0);
  EXPECT_EQ(memory.peak(), 1000);
}

TEST(MemoryLimitTest, DelayGrowsWithTheBacklog) {
  MemoryLimit memory(100);
  EXPECT_EQ(memory.retry_after(), absl::Milliseconds(100));
  memory.Take(100);
  EXPECT_EQ(memory.retry_after(), absl::Seconds(1));
  EXPECT_FALSE(memory.TryTake(50));
  EXPECT_EQ(memory.retry_after(), absl::Milliseconds(1500));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(memory.TryTake(50));
  EXPECT_EQ(memory.retry_after(), absl::Seconds(30));
  memory.Give(51);
  EXPECT_EQ(memory.retry_after(), absl::Milliseconds(490));
}

TEST(RetryInfoTest, IsWrittenAsItsFieldsAre) {
  const grpc::Status status = ToGrpc(absl::ResourceExhaustedError("full"),
                                     absl::Milliseconds(1500), nullptr);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "full");
  // google.rpc.Status{8, "full", Any{url, RetryInfo{Duration{1, 500000000}}}}.
  EXPECT_EQ(status.error_details(),
            std::string("\x08\x08\x12\x04"
                        "full\x1a\x36\x0a\x28"
                        "type.googleapis.com/google.rpc.RetryInfo"
                        "\x12\x0a\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01",
                        64));
  EXPECT_EQ(ToGrpc(absl::DataLossError("x"), absl::Seconds(1), nullptr)
                .error_details(),
            "");
}

// Writes wait while it is shut.
class Gate {
 public:
  void Set(bool open) {
    absl::MutexLock lock(&mutex_);
    open_ = open;
  }
  void Pass() {
    absl::MutexLock lock(&mutex_);
    ++waiting_;
    mutex_.Await(absl::Condition(&open_));
    --waiting_;
  }
  void AwaitWaiting(int writes) {
    absl::MutexLock lock(&mutex_);
    const auto wait = [this, writes] { return waiting_ >= writes; };
    mutex_.Await(absl::Condition(&wait));
  }

 private:
  absl::Mutex mutex_;
  bool open_ = true;
  int waiting_ = 0;
};

class GatedStore : public SharedStore {
 public:
  GatedStore(std::shared_ptr<engine::Store> store, Gate* gate)
      : SharedStore(std::move(store)), gate_(gate) {}
  absl::Status Write(const engine::WriteBatch& batch) override {
    gate_->Pass();
    return SharedStore::Write(batch);
  }

 private:
  Gate* const gate_;
};

// The service alone, with little memory.
class EventMemoryTest : public ::testing::Test {
 protected:
  static constexpr int64_t kBytes = 256 << 10;

  EventMemoryTest() {
    auto opened = engine::Engine::Open(&store_, {}, {});
    EXPECT_TRUE(opened.ok());
    engine_ = *std::move(opened);
    service_ = std::make_unique<EventService>(
        engine_.get(), clock_.clock(),
        EventServiceOptions{.memory_bytes = kBytes});
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::EventService::NewStub(server_->InProcessChannel({}));
  }
  ~EventMemoryTest() override {
    gate_.Set(true);
    service_->StopStreams();
    server_->Shutdown();
    server_ = nullptr;
  }

  // `events` of about 100 bytes.
  template <typename Request>
  Request Batch(int number, int events) const {
    Request request;
    for (int i = 0; i < events; ++i) {
      v1::Event* event = request.add_events();
      event->set_event_id(absl::StrCat(number, "-", i, std::string(60, 'x')));
      event->set_unit_id(absl::StrCat("u", i));
      event->set_name("visit");
      event->mutable_time()->set_seconds(1'700'000'000);
    }
    return request;
  }

  FakeClock clock_{absl::FromUnixSeconds(1'767'225'600)};
  Gate gate_;
  GatedStore store_{engine::MakeMemoryStore(), &gate_};
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<EventService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::EventService::Stub> stub_;
};

TEST_F(EventMemoryTest, CallsAreAskedToComeAgain) {
  gate_.Set(false);
  std::vector<std::thread> callers;
  std::atomic<int> stored{0};
  std::atomic<int> refused{0};
  std::atomic<int> finished{0};
  constexpr int kCallers = 24;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      const auto request = Batch<v1::IngestEventsRequest>(i, 100);
      while (true) {
        grpc::ClientContext context;
        v1::IngestEventsResponse response;
        const grpc::Status status =
            stub_->IngestEvents(&context, request, &response);
        if (status.ok()) {
          stored += static_cast<int>(response.stored_count());
          break;
        }
        ASSERT_THAT(status, GrpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                         HasSubstr("wait to be stored")));
        EXPECT_THAT(status.error_details(), HasSubstr("google.rpc.RetryInfo"));
        EXPECT_EQ(context.GetServerTrailingMetadata().count(kRetryPushbackKey),
                  1);
        ++refused;
        std::this_thread::yield();
      }
      ++finished;
    });
  }
  gate_.AwaitWaiting(1);
  // All that fit hang; the others are refused again and again.
  while (refused < kCallers) std::this_thread::yield();
  EXPECT_EQ(finished, 0);
  EXPECT_LE(service_->memory().peak(), kBytes);
  gate_.Set(true);
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(stored, kCallers * 100);
  EXPECT_LE(service_->memory().peak(), kBytes);
  EXPECT_EQ(engine_->GetStats().stored_events, kCallers * 100);
}

TEST_F(EventMemoryTest, StreamsWaitAndLoseNothing) {
  gate_.Set(false);
  constexpr int kStreams = 8;
  constexpr int kBatches = 50;
  std::vector<std::thread> senders;
  std::atomic<int64_t> stored{0};
  std::atomic<int> written{0};
  for (int s = 0; s < kStreams; ++s) {
    senders.emplace_back([&, s] {
      grpc::ClientContext context;
      const auto stream = stub_->StreamEvents(&context);
      std::thread reader([&] {
        v1::StreamEventsResponse answer;
        while (stream->Read(&answer)) {
        }
        EXPECT_EQ(answer.acknowledged_sequence(), kBatches);
        stored += answer.stored_count();
      });
      for (int i = 1; i <= kBatches; ++i) {
        auto batch = Batch<v1::StreamEventsRequest>(s * kBatches + i, 100);
        batch.set_sequence(i);
        stream->Write(batch);
        ++written;
      }
      stream->WritesDone();
      reader.join();
      EXPECT_THAT(stream->Finish(), IsGrpcOk());
    });
  }
  gate_.AwaitWaiting(1);
  // More than the memory is offered, and the rest is held up.
  while (service_->memory().held() < kBytes) std::this_thread::yield();
  EXPECT_LT(written, kStreams * kBatches);
  gate_.Set(true);
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(stored, kStreams * kBatches * 100);
  // Each stream may pass the limit by the one message that was on its way.
  const auto one = Batch<v1::StreamEventsRequest>(400, 100);
  const int64_t message = 8 * static_cast<int64_t>(one.ByteSizeLong());
  EXPECT_LE(service_->memory().peak(), kBytes + kStreams * message);
  EXPECT_EQ(service_->memory().held(), 0);
}

}  // namespace
}  // namespace stagecraft::service
