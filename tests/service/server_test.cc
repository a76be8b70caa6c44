#include "service/server.h"

#include <grpcpp/generic/generic_stub.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "service/catalog.h"
#include "service/ledger.h"
#include "tests/service/service_fixture.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// A directory that goes away.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = ::testing::TempDir() + "stagecraft-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Config QuietConfig() {
  Config config;
  config.listen = "127.0.0.1:0";
  config.log_level = LogLevel::kOff;
  config.evaluate_every = absl::ZeroDuration();
  return config;
}

// One call with raw bytes. Answers with the bytes or the status.
struct RawAnswer {
  grpc::Status status;
  std::string bytes;
};
RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel,
                  const std::string& method, const std::string& request) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const grpc::Slice slice(request);
  const grpc::ByteBuffer buffer(&slice, 1);
  const auto call = stub.PrepareUnaryCall(&context, method, buffer, &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  RawAnswer answer;
  call->Finish(&response, &answer.status, &answer);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (answer.status.ok()) {
    grpc::Slice all;
    if (response.DumpToSingleSlice(&all).ok()) {
      answer.bytes.assign(reinterpret_cast<const char*>(all.begin()),
                          all.size());
    }
  }
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return answer;
}

constexpr char kHealthCheck[] = "/grpc.health.v1.Health/Check";

TEST(ServerTest, KeepsItsDataInADirectory) {
  const TemporaryDirectory directory;
  Config config = QuietConfig();
  config.data = directory.path() + "/data";
  v1::Journey journey;
  journey.mutable_display_name()->assign("Shop");
  v1::Stage* stage = journey.add_stages();
  stage->set_id("visit");
  stage->mutable_entry()->add_names("visit");
  for (int run = 0; run < 2; ++run) {
    auto server = Server::Start(config);
    ASSERT_THAT(server, IsOk());
    const auto channel = grpc::CreateChannel(
        (*server)->address(), grpc::InsecureChannelCredentials());
    const auto stub = v1::JourneyService::NewStub(channel);
    grpc::ClientContext context;
    v1::Journey answer;
    if (run == 0) {
      v1::CreateJourneyRequest request;
      request.set_journey_id("shop");
      *request.mutable_journey() = journey;
      ASSERT_THAT(stub->CreateJourney(&context, request, &answer), IsGrpcOk());
    } else {
      v1::GetJourneyRequest request;
      request.set_name("journeys/shop");
      ASSERT_THAT(stub->GetJourney(&context, request, &answer), IsGrpcOk());
      EXPECT_EQ(answer.display_name(), "Shop");
    }
  }
}

TEST(ServerTest, SaysWhyItCannotStart) {
  const TemporaryDirectory directory;
  Config config = QuietConfig();
  config.data = directory.path() + "/a/b/c";
  EXPECT_THAT(Server::Start(config),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("data directory"), HasSubstr("a/b"))));
  config.data = directory.path() + "/file";
  std::ofstream(config.data) << "x";
  EXPECT_THAT(Server::Start(config),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("data directory"), HasSubstr("file"))));
  config.data = directory.path() + "/data";
  config.cache_mb = 0;
  EXPECT_THAT(
      Server::Start(config),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("cache-mb")));
  config.cache_mb = 8;

  const auto first = Server::Start(config);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(
      Server::Start(config),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("in use")));
  Config other = config;
  other.data = directory.path() + "/other";
  other.listen = (*first)->address();
  EXPECT_THAT(
      Server::Start(other),
      StatusIs(absl::StatusCode::kUnavailable,
               HasSubstr(absl::StrCat("cannot listen on ", other.listen))));
  // Messages are one line.
  EXPECT_THAT(std::string(Server::Start(other).status().message()),
              Not(HasSubstr("\n")));
}

TEST(ServerTest, ListensOnASocketFile) {
  const TemporaryDirectory directory;
  Config config = QuietConfig();
  config.in_memory = true;
  config.listen = "unix:" + directory.path() + "/socket";
  const auto server = Server::Start(config);
  ASSERT_THAT(server, IsOk());
  EXPECT_EQ((*server)->address(), config.listen);
  EXPECT_THAT(CallRaw(grpc::CreateChannel(config.listen,
                                          grpc::InsecureChannelCredentials()),
                      kHealthCheck, "")
                  .status,
              IsGrpcOk());
}

class RunningServerTest : public ServiceFixture {
 protected:
  // Units exposed to each variant who pay with the given frequency.
  void ExposeAndPay(const std::string& experiment, int units, int pay_a,
                    int pay_b) {
    v1::IngestEventsRequest request;
    for (const char* variant : {"a", "b"}) {
      for (int i = 0; i < units; ++i) {
        const std::string unit = absl::StrCat(variant, i);
        v1::Event* exposure = request.add_events();
        *exposure = MakeEvent("x", unit, "stagecraft.exposure");
        (*exposure->mutable_attributes())["experiment"].set_string_value(
            experiment);
        (*exposure->mutable_attributes())["variant"].set_string_value(variant);
        *request.add_events() = MakeEvent("v", unit, "visit");
        if (i < (variant[0] == 'a' ? pay_a : pay_b)) {
          *request.add_events() = MakeEvent("p", unit, "pay");
        }
      }
    }
    v1::IngestEventsResponse response;
    grpc::ClientContext context;
    ASSERT_THAT(events_->IngestEvents(&context, request, &response),
                IsGrpcOk());
    ASSERT_EQ(response.rejected_count(), 0);
  }
};

TEST_F(RunningServerTest, SaysThatItServes) {
  const auto channel = server_->InProcessChannel();
  // HealthCheckResponse{status: SERVING} is the bytes 08 01.
  EXPECT_EQ(CallRaw(channel, kHealthCheck, "").bytes, "\x08\x01");
  const std::string name = "stagecraft.v1.EventService";
  EXPECT_EQ(CallRaw(channel, kHealthCheck,
                    absl::StrCat("\x0a", std::string(1, name.size()), name))
                .bytes,
            "\x08\x01");
  EXPECT_EQ(CallRaw(channel, kHealthCheck, "\x0a\x04none").status.error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(RunningServerTest, DescribesEveryService) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const char* name :
       {"stagecraft.v1.JourneyService", "stagecraft.v1.KpiService",
        "stagecraft.v1.LayerService", "stagecraft.v1.ExperimentService",
        "stagecraft.v1.EventService", "stagecraft.v1.AssignmentService",
        "stagecraft.v1.ResultService", "stagecraft.v1.DecisionService",
        "stagecraft.v1.AdminService", "stagecraft.v1.PlanningService",
        "grpc.health.v1.Health"}) {
    EXPECT_NE(pool->FindServiceByName(name), nullptr) << name;
  }
}

TEST_F(RunningServerTest, AnswersEveryMethodThatTheContractNames) {
  const auto channel = server_->InProcessChannel();
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  int methods = 0;
  for (const char* file :
       {"journey", "kpi", "layer", "experiment", "event", "assignment",
        "result", "decision", "planning", "admin"}) {
    const auto* descriptor =
        pool->FindFileByName(absl::StrCat("stagecraft/v1/", file, ".proto"));
    ASSERT_NE(descriptor, nullptr) << file;
    for (int s = 0; s < descriptor->service_count(); ++s) {
      for (int m = 0; m < descriptor->service(s)->method_count(); ++m) {
        const auto* method = descriptor->service(s)->method(m);
        if (method->server_streaming()) continue;
        SCOPED_TRACE(method->full_name());
        ++methods;
        const std::string path = absl::StrCat(
            "/", descriptor->service(s)->full_name(), "/", method->name());
        // Everything empty, and bytes that are no message: an answer or an
        // error of ours, never a crash. A store in memory has no snapshots.
        const RawAnswer empty = CallRaw(channel, path, "");
        const grpc::StatusCode refused =
            method->name() == "WriteSnapshot"
                ? grpc::StatusCode::FAILED_PRECONDITION
                : grpc::StatusCode::INVALID_ARGUMENT;
        EXPECT_TRUE(empty.status.ok() || empty.status.error_code() == refused)
            << empty.status.error_code() << empty.status.error_message();
        EXPECT_FALSE(CallRaw(channel, path, "\xff\xff\xff\xff").status.ok());
      }
    }
  }
  EXPECT_GT(methods, 30);
  EXPECT_EQ(
      CallRaw(channel, "/stagecraft.v1.None/Nothing", "").status.error_code(),
      grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(RunningServerTest, EvaluatesWhatIsGoingOnWhenTheTimerSaysSo) {
  CreateJourney();
  const std::string name = RunExperiment("first", HalfAndHalf());
  CreateExperiment("draft", HalfAndHalf());
  ASSERT_NO_FATAL_FAILURE(ExposeAndPay(name, 1500, 150, 600));
  clock_.Advance(absl::Hours(24 * 30));  // All windows are over.
  EXPECT_EQ(server_->ledger()->last_sequence(), 0);
  timer_->Fire();
  server_->evaluator()->WaitForRounds(1);
  EXPECT_EQ(server_->ledger()->last_sequence(), 1);
  const auto decision = server_->ledger()->Get(1);
  ASSERT_THAT(decision, IsOk());
  EXPECT_EQ(decision->experiment(), name);
  EXPECT_EQ(decision->verdict().kind(), v1::Verdict::WINNER);
  EXPECT_EQ(decision->verdict().variant(), "b");
  // Nothing new, nothing appended.
  timer_->Fire();
  server_->evaluator()->WaitForRounds(2);
  EXPECT_EQ(server_->ledger()->last_sequence(), 1);
  EXPECT_THAT(log_.lines(),
              Contains(AllOf(HasSubstr("\"event\":\"decision\""),
                             HasSubstr(name), HasSubstr("WINNER"))));
}

TEST_F(RunningServerTest, GoesOnWhenOneEvaluationFails) {
  CreateJourney();
  const std::string first = RunExperiment("first", HalfAndHalf());
  ASSERT_NO_FATAL_FAILURE(ExposeAndPay(first, 1500, 150, 600));
  clock_.Advance(absl::Hours(24 * 30));
  store_->FailWrites({.status = absl::UnavailableError("disk gone")});
  EXPECT_EQ(server_->evaluator()->EvaluateAll(), 0);
  EXPECT_THAT(log_.lines(), Contains(AllOf(HasSubstr("evaluation_failed"),
                                           HasSubstr("disk gone"))));
  EXPECT_EQ(server_->evaluator()->EvaluateAll(), 1);
}

TEST(ServerTest, ShutsDownOnceAndTwiceAndClosesTheStore) {
  const TemporaryDirectory directory;
  Config config = QuietConfig();
  config.data = directory.path() + "/data";
  const auto first = Server::Start(config);
  ASSERT_THAT(first, IsOk());
  const auto channel = grpc::CreateChannel((*first)->address(),
                                           grpc::InsecureChannelCredentials());
  EXPECT_THAT(CallRaw(channel, kHealthCheck, "").status, IsGrpcOk());
  std::thread other([&] { (*first)->Shutdown(absl::Hours(1)); });
  (*first)->Shutdown(absl::Hours(1));
  other.join();
  (*first)->Wait();
  EXPECT_EQ(CallRaw(channel, kHealthCheck, "").status.error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(Server::Start(config), IsOk());
}

TEST_F(RunningServerTest, EndsWatchersWhenItStops) {
  CreateJourney();
  v1::WatchDecisionsRequest request;
  request.set_parent("journeys/-/experiments/-");
  grpc::ClientContext context;
  const auto watcher = decisions_->WatchDecisions(&context, request);
  std::thread stopper([&] { server_->Shutdown(absl::Hours(24)); });
  v1::Decision decision;
  EXPECT_FALSE(watcher->Read(&decision));
  EXPECT_EQ(watcher->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  stopper.join();
}

}  // namespace
}  // namespace stagecraft::service
