#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "clients/cpp/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/decision.grpc.pb.h"
#include "tests/clients/cpp/fake_server.h"
#include "tests/clients/cpp/scripted_stream.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::client {
namespace {

using ::stagecraft::testing::FakeServer;
using ::stagecraft::testing::FastOptions;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::ScriptedStream;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One stream: sends these, then ends, or holds until the caller goes away.
struct Script {
  std::vector<int64_t> sequences;
  grpc::Status end;
  bool hold = false;
};

class FakeDecisions : public v1::DecisionService::CallbackService {
 public:
  explicit FakeDecisions(std::vector<Script> scripts)
      : scripts_(std::move(scripts)) {}

  grpc::ServerWriteReactor<v1::Decision>* WatchDecisions(
      grpc::CallbackServerContext*,
      const v1::WatchDecisionsRequest* request) override {
    Script script = {.hold = true};
    {
      absl::MutexLock lock(&mutex_);
      if (after_.size() < scripts_.size()) script = scripts_[after_.size()];
      after_.push_back(request->after_sequence());
    }
    std::vector<v1::Decision> decisions;
    for (const int64_t sequence : script.sequences) {
      decisions.emplace_back().set_sequence(sequence);
    }
    return new ScriptedStream<v1::Decision>(std::move(decisions), script.end,
                                            script.hold);
  }

  std::vector<int64_t> after() {
    absl::MutexLock lock(&mutex_);
    return after_;
  }

 private:
  const std::vector<Script> scripts_;
  absl::Mutex mutex_;
  std::vector<int64_t> after_ ABSL_GUARDED_BY(mutex_);
};

class WatchTest : public ::testing::Test {
 protected:
  // Watches until a decision with `last` comes.
  absl::Status Watch(std::vector<Script> scripts, WatchOptions options,
                     int64_t last) {
    decisions_ = std::make_unique<FakeDecisions>(std::move(scripts));
    server_ = std::make_unique<FakeServer>(
        std::vector<grpc::Service*>{decisions_.get()});
    ClientOptions client_options = FastOptions(server_->target(), &waits_);
    client_options.wait_for_ready = absl::Seconds(30);
    client_options.retry.max_attempts = 3;
    auto client = Client::Connect(client_options);
    if (!client.ok()) return client.status();
    client_ = *std::move(client);
    return client_->WatchDecisions(options, [&](const v1::Decision& decision) {
      seen_.push_back(decision.sequence());
      return decision.sequence() != last;
    });
  }

  std::unique_ptr<FakeDecisions> decisions_;
  std::unique_ptr<FakeServer> server_;
  std::unique_ptr<Client> client_;
  std::vector<absl::Duration> waits_;
  std::vector<int64_t> seen_;
};

TEST_F(WatchTest, GoesOnAfterTheLastOneThatWasSeen) {
  EXPECT_THAT(Watch({{{5, 6}, {grpc::UNAVAILABLE, "restarting"}},
                     {{6, 7}, grpc::Status::OK},
                     {{}, {grpc::INTERNAL, "reset"}},
                     {{8, 9}, grpc::Status::OK, true}},
                    {.after_sequence = 4}, 9),
              IsOk());
  // 6 came twice and is shown once.
  EXPECT_THAT(seen_, ElementsAre(5, 6, 7, 8, 9));
  EXPECT_THAT(decisions_->after(), ElementsAre(4, 6, 7, 7));
}

TEST_F(WatchTest, TakesTheStreamUpAgainAfterItsDeadline) {
  EXPECT_THAT(Watch({{{1}, grpc::Status::OK, true},
                     {{}, grpc::Status::OK, true},
                     {{2}, grpc::Status::OK, true}},
                    {.stream_deadline = absl::Milliseconds(300)}, 2),
              IsOk());
  EXPECT_THAT(seen_, ElementsAre(1, 2));
  // A deadline is no failure: nothing was waited for.
  EXPECT_THAT(waits_, IsEmpty());
}

TEST_F(WatchTest, GivesUpAfterFailuresInARow) {
  const Script down = {{}, {grpc::UNAVAILABLE, "down"}};
  EXPECT_THAT(
      Watch({down, down, {{1}, {grpc::UNAVAILABLE, "down"}}, down, down, down},
            {}, 99),
      StatusIs(absl::StatusCode::kUnavailable, "down (3 failures in a row)"));
  EXPECT_THAT(seen_, ElementsAre(1));
  EXPECT_EQ(decisions_->after().size(), 5);
}

TEST_F(WatchTest, DoesNotRepeatABadRequest) {
  EXPECT_THAT(Watch({{{}, {grpc::NOT_FOUND, "no such experiment"}}}, {}, 99),
              StatusIs(absl::StatusCode::kNotFound, "no such experiment"));
  EXPECT_EQ(decisions_->after().size(), 1);
}

TEST_F(WatchTest, EndsAtItsTime) {
  EXPECT_THAT(Watch({}, {.until = absl::Now() + absl::Milliseconds(100)}, 99),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       HasSubstr("the watch ended")));
}

TEST_F(WatchTest, CanBeCancelled) {
  Cancellation stop;
  stop.Cancel();
  EXPECT_THAT(Watch({}, {.cancellation = &stop}, 99),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("cancelled")));
}

TEST_F(WatchTest, CanBeCancelledWhileItWaits) {
  Cancellation stop;
  decisions_ = std::make_unique<FakeDecisions>(
      std::vector<Script>{{{1}, grpc::Status::OK, true}});
  server_ = std::make_unique<FakeServer>(
      std::vector<grpc::Service*>{decisions_.get()});
  auto client = Client::Connect(FastOptions(server_->target()));
  ASSERT_THAT(client, IsOk());
  EXPECT_THAT((*client)->WatchDecisions({.cancellation = &stop},
                                        [&](const v1::Decision&) {
                                          stop.Cancel();
                                          return true;
                                        }),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("cancelled")));
}

TEST_F(WatchTest, ChecksItsOptions) {
  EXPECT_THAT(Watch({}, {.after_sequence = -1}, 99),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "after_sequence is -1, want at least 0"));
  EXPECT_THAT(Watch({}, {.stream_deadline = absl::ZeroDuration()}, 99),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("stream_deadline is 0")));
}

}  // namespace
}  // namespace stagecraft::client
