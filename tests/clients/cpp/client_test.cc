#include "clients/cpp/client.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/decision.grpc.pb.h"
#include "stagecraft/v1/event.grpc.pb.h"
#include "stagecraft/v1/experiment.grpc.pb.h"
#include "stagecraft/v1/journey.grpc.pb.h"
#include "tests/clients/cpp/fake_server.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::client {
namespace {

using ::stagecraft::testing::FakeServer;
using ::stagecraft::testing::FastOptions;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Fails the first `failures` calls, then answers.
class FakeJourneys : public v1::JourneyService::Service {
 public:
  std::atomic<int> calls = 0;
  std::atomic<int> failures = 0;
  std::atomic<grpc::StatusCode> code = grpc::UNAVAILABLE;
  std::string authorization;  // Of the last call.
  int journeys = 0;           // How many there are.
  bool repeats_token = false;

  grpc::Status GetJourney(grpc::ServerContext* context,
                          const v1::GetJourneyRequest* request,
                          v1::Journey* response) override {
    const auto& metadata = context->client_metadata();
    const auto it = metadata.find("authorization");
    authorization = it == metadata.end()
                        ? "(none)"
                        : std::string(it->second.data(), it->second.size());
    response->set_name(request->name());
    return Next();
  }
  grpc::Status CreateJourney(grpc::ServerContext*,
                             const v1::CreateJourneyRequest* request,
                             v1::Journey* response) override {
    response->set_name(absl::StrCat("journeys/", request->journey_id()));
    return Next();
  }
  grpc::Status DeleteJourney(grpc::ServerContext*,
                             const v1::DeleteJourneyRequest*,
                             google::protobuf::Empty*) override {
    return Next();
  }
  grpc::Status ListJourneys(grpc::ServerContext*,
                            const v1::ListJourneysRequest* request,
                            v1::ListJourneysResponse* response) override {
    // Pages of two, whatever is asked for: a server may give fewer.
    int begin =
        request->page_token().empty() ? 0 : std::stoi(request->page_token());
    for (int i = begin; i < std::min(begin + 2, journeys); ++i) {
      response->add_journeys()->set_name(absl::StrCat("journeys/j", i));
    }
    if (begin + 2 < journeys) {
      response->set_next_page_token(repeats_token ? "2"
                                                  : absl::StrCat(begin + 2));
    }
    return Next();
  }

 private:
  grpc::Status Next() {
    return ++calls <= failures
               ? grpc::Status(code, absl::StrCat("failure ", calls.load()))
               : grpc::Status::OK;
  }
};

class ClientTest : public ::testing::Test {
 protected:
  void Connect(const std::function<void(ClientOptions&)>& change = {}) {
    ASSERT_TRUE(server_.ok());
    ClientOptions options = FastOptions(server_.target(), &waits_);
    options.wait_for_ready = absl::Seconds(30);
    if (change) change(options);
    auto client = Client::Connect(options);
    ASSERT_THAT(client, IsOk());
    client_ = *std::move(client);
  }

  v1::GetJourneyRequest GetShop() {
    v1::GetJourneyRequest request;
    request.set_name("journeys/shop");
    return request;
  }

  FakeJourneys journeys_;
  FakeServer server_{{&journeys_}};
  std::vector<absl::Duration> waits_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, Answers) {
  Connect();
  const auto journey = client_->GetJourney(GetShop());
  ASSERT_THAT(journey, IsOk());
  EXPECT_EQ(journey->name(), "journeys/shop");
  EXPECT_EQ(journeys_.calls, 1);
  EXPECT_EQ(journeys_.authorization, "(none)");
}

TEST_F(ClientTest, SendsItsToken) {
  Connect([](ClientOptions& o) { o.token = "s3cret"; });
  ASSERT_THAT(client_->GetJourney(GetShop()), IsOk());
  EXPECT_EQ(journeys_.authorization, "Bearer s3cret");
}

TEST_F(ClientTest, RepeatsAReadWhileTheServerIsUnavailable) {
  Connect();
  journeys_.failures = 3;
  ASSERT_THAT(client_->GetJourney(GetShop()), IsOk());
  EXPECT_EQ(journeys_.calls, 4);
  // 100 ms doubled each time: the default policy without jitter.
  EXPECT_THAT(waits_,
              ElementsAre(absl::Milliseconds(100), absl::Milliseconds(200),
                          absl::Milliseconds(400)));
}

TEST_F(ClientTest, GivesUpAfterItsAttempts) {
  Connect([](ClientOptions& o) { o.retry.max_attempts = 3; });
  journeys_.failures = 100;
  EXPECT_THAT(client_->GetJourney(GetShop()),
              StatusIs(absl::StatusCode::kUnavailable, "failure 3"));
  EXPECT_EQ(journeys_.calls, 3);
}

TEST_F(ClientTest, DoesNotRepeatOtherErrors) {
  Connect();
  journeys_.failures = 100;
  for (const grpc::StatusCode code : {grpc::NOT_FOUND, grpc::RESOURCE_EXHAUSTED,
                                      grpc::ABORTED, grpc::INTERNAL}) {
    journeys_.code = code;
    journeys_.calls = 0;
    EXPECT_FALSE(client_->GetJourney(GetShop()).ok());
    EXPECT_EQ(journeys_.calls, 1) << code;
  }
  EXPECT_TRUE(waits_.empty());
}

TEST_F(ClientTest, RepeatsAWriteOnlyWithARequestId) {
  Connect();
  journeys_.failures = 1;
  v1::CreateJourneyRequest request;
  request.set_journey_id("shop");
  EXPECT_THAT(client_->CreateJourney(request),
              StatusIs(absl::StatusCode::kUnavailable, "failure 1"));
  EXPECT_EQ(journeys_.calls, 1);

  journeys_.calls = 0;
  request.set_request_id("once");
  EXPECT_THAT(client_->CreateJourney(request), IsOk());
  EXPECT_EQ(journeys_.calls, 2);
}

TEST_F(ClientTest, NeverRepeatsADelete) {
  Connect();
  journeys_.failures = 1;
  v1::DeleteJourneyRequest request;
  request.set_name("journeys/shop");
  EXPECT_THAT(client_->DeleteJourney(request),
              StatusIs(absl::StatusCode::kUnavailable, "failure 1"));
  EXPECT_EQ(journeys_.calls, 1);
}

TEST_F(ClientTest, ListsAllPages) {
  Connect();
  for (const int count : {0, 1, 2, 3, 7}) {
    journeys_.journeys = count;
    const auto all = client_->ListAllJourneys();
    ASSERT_THAT(all, IsOk());
    ASSERT_EQ(all->size(), count);
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ((*all)[i].name(), absl::StrCat("journeys/j", i));
    }
  }
}

TEST_F(ClientTest, DoesNotPageForEver) {
  Connect();
  journeys_.journeys = 100;
  journeys_.repeats_token = true;
  EXPECT_THAT(client_->ListAllJourneys(),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("\"2\"")));
}

// Holds its calls until they are cancelled by the deadline.
class StuckJourneys : public v1::JourneyService::Service {
 public:
  grpc::Status GetJourney(grpc::ServerContext*, const v1::GetJourneyRequest*,
                          v1::Journey*) override {
    released.WaitForNotification();
    return grpc::Status::OK;
  }
  absl::Notification released;
};

TEST(ClientDeadlineTest, EndsACallThatHangs) {
  StuckJourneys journeys;
  FakeServer server({&journeys});
  ClientOptions options = FastOptions(server.target());
  options.wait_for_ready = absl::Seconds(30);
  options.deadline = absl::Milliseconds(50);
  auto client = Client::Connect(options);
  ASSERT_THAT(client, IsOk());
  v1::GetJourneyRequest request;
  EXPECT_THAT((*client)->GetJourney(request),
              StatusIs(absl::StatusCode::kDeadlineExceeded, ::testing::_));
  EXPECT_THAT(
      (*client)->GetJourney(request, {.deadline = absl::Milliseconds(20)}),
      StatusIs(absl::StatusCode::kDeadlineExceeded, ::testing::_));
  EXPECT_THAT(
      (*client)->GetJourney(request, {.deadline = absl::ZeroDuration()}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "deadline is 0, want more than 0"));
  journeys.released.Notify();
}

TEST(ClientDeadlineTest, RepetitionsShareTheDeadline) {
  FakeJourneys journeys;
  journeys.failures = 1'000'000;
  FakeServer server({&journeys});
  ClientOptions options = FastOptions(server.target());
  options.wait_for_ready = absl::Seconds(30);
  options.deadline = absl::Milliseconds(100);
  options.retry.max_attempts = 1'000'000'000;
  auto client = Client::Connect(options);
  ASSERT_THAT(client, IsOk());
  // The last attempt may be cut by the deadline or fail just before it.
  const absl::Status status =
      (*client)->GetJourney(v1::GetJourneyRequest()).status();
  EXPECT_TRUE(absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status))
      << status;
}

TEST(ClientConnectTest, SaysThatNobodyIsThere) {
  // A port that was free a moment ago.
  FakeJourneys journeys;
  FakeServer server({&journeys});
  const std::string target = server.target();
  server.Stop();
  ClientOptions options = FastOptions(target);
  auto lazy = Client::Connect(options);
  ASSERT_THAT(lazy, IsOk());
  EXPECT_THAT((*lazy)->GetJourney(v1::GetJourneyRequest()),
              StatusIs(absl::StatusCode::kUnavailable, ::testing::_));
  options.wait_for_ready = absl::Milliseconds(20);
  EXPECT_THAT(Client::Connect(options),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr(absl::StrCat("cannot reach ", target,
                                              " within 20ms"))));
}

TEST(ClientConnectTest, ChecksItsOptions) {
  const auto refuses = [](const std::function<void(ClientOptions&)>& change,
                          const std::string& message) {
    ClientOptions options;
    change(options);
    EXPECT_THAT(
        Client::Connect(options),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  refuses([](ClientOptions& o) { o.target = ""; }, "target is empty");
  refuses([](ClientOptions& o) { o.deadline = absl::ZeroDuration(); },
          "deadline is 0, want more than 0");
  refuses([](ClientOptions& o) { o.wait_for_ready = -absl::Seconds(1); },
          "wait_for_ready is -1s, want at least 0");
  refuses([](ClientOptions& o) { o.token = "abc\n"; },
          "token has the byte 10, want printable ASCII");
  refuses([](ClientOptions& o) { o.retry.max_attempts = 0; },
          "retry.max_attempts is 0");
  EXPECT_THAT(Client::FromChannel(nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "channel is null, want a channel"));
}

}  // namespace
}  // namespace stagecraft::client
