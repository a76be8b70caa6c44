#include "service/decision_service.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "grpcpp/grpcpp.h"
#include "tests/service/looks_fixture.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kOther[] = "journeys/mail/experiments/women";

class DecisionServiceTest : public LooksFixture {
 protected:
  DecisionServiceTest()
      : service_(looks_.get(), ledger_.get(), [this] { return ToTime(now_); }) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::DecisionService::NewStub(server_->InProcessChannel({}));
  }
  ~DecisionServiceTest() override {
    ledger_->Stop();
    server_->Shutdown();
  }

  void Append(const std::string& experiment) {
    v1::Decision decision;
    decision.set_experiment(experiment);
    decision.set_action(v1::Decision::VERDICT_REACHED);
    ASSERT_THAT(ledger_->Append(decision), IsOk());
  }
  grpc::Status List(const v1::ListDecisionsRequest& request,
                    v1::ListDecisionsResponse* response) {
    grpc::ClientContext context;
    response->Clear();
    return stub_->ListDecisions(&context, request, response);
  }
  grpc::Status Acknowledge(const v1::AcknowledgeDecisionRequest& request,
                           v1::Decision* decision) {
    grpc::ClientContext context;
    return stub_->AcknowledgeDecision(&context, request, decision);
  }

  DecisionServiceImpl service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::DecisionService::Stub> stub_;
};

std::vector<int64_t> Sequences(const v1::ListDecisionsResponse& response) {
  std::vector<int64_t> sequences;
  for (const v1::Decision& decision : response.decisions()) {
    sequences.push_back(decision.sequence());
  }
  return sequences;
}

TEST_F(DecisionServiceTest, ListsPageByPage) {
  for (int i = 0; i < 5; ++i) Append(i % 2 == 0 ? kMailName : kOther);
  v1::ListDecisionsRequest request;
  v1::ListDecisionsResponse response;
  request.set_parent("journeys/-/experiments/-");
  request.set_page_size(2);
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_THAT(Sequences(response), ElementsAre(1, 2));
  request.set_page_token(response.next_page_token());
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_THAT(Sequences(response), ElementsAre(3, 4));
  // What is appended meanwhile comes at the end.
  Append(kMailName);
  request.set_page_token(response.next_page_token());
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_THAT(Sequences(response), ElementsAre(5, 6));
  EXPECT_EQ(response.next_page_token(), "");
  request.Clear();
  request.set_parent(kOther);
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_THAT(Sequences(response), ElementsAre(2, 4));
  request.set_parent("journeys/else/experiments/-");
  ASSERT_TRUE(List(request, &response).ok());
  EXPECT_THAT(Sequences(response), ElementsAre());
}

TEST_F(DecisionServiceTest, RefusesBadLists) {
  for (int i = 0; i < 3; ++i) Append(kMailName);
  v1::ListDecisionsRequest request;
  v1::ListDecisionsResponse response;
  request.set_parent("journeys/mail");
  EXPECT_EQ(List(request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request.set_parent("journeys/-/experiments/-");
  request.set_page_size(-1);
  EXPECT_EQ(List(request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request.set_page_size(1);
  request.set_page_token("nonsense");
  EXPECT_EQ(List(request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request.clear_page_token();
  ASSERT_TRUE(List(request, &response).ok());
  request.set_page_token(response.next_page_token());
  request.set_parent(kMailName);  // A token of another list.
  EXPECT_EQ(List(request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(DecisionServiceTest, WatchingResumesWhereItEnded) {
  Append(kMailName);
  Append(kOther);
  Append(kMailName);
  v1::WatchDecisionsRequest request;
  request.set_after_sequence(1);
  v1::Decision decision;
  {
    grpc::ClientContext context;
    const auto stream = stub_->WatchDecisions(&context, request);
    for (int64_t want = 2; want <= 3; ++want) {
      ASSERT_TRUE(stream->Read(&decision));
      EXPECT_EQ(decision.sequence(), want);
    }
    // Live ones, one after the other.
    for (int64_t want = 4; want <= 6; ++want) {
      Append(kOther);
      ASSERT_TRUE(stream->Read(&decision));
      EXPECT_EQ(decision.sequence(), want);
      EXPECT_EQ(decision.name(), absl::StrCat(kOther, "/decisions/", want));
    }
    context.TryCancel();
    EXPECT_FALSE(stream->Read(&decision));
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  Append(kMailName);
  Append(kOther);
  request.set_after_sequence(6);
  request.set_parent(kMailName);
  grpc::ClientContext context;
  const auto stream = stub_->WatchDecisions(&context, request);
  ASSERT_TRUE(stream->Read(&decision));
  EXPECT_EQ(decision.sequence(), 7);
  // Others are passed over.
  Append(kOther);
  Append(kMailName);
  ASSERT_TRUE(stream->Read(&decision));
  EXPECT_EQ(decision.sequence(), 10);
  ledger_->Stop();
  EXPECT_FALSE(stream->Read(&decision));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("stopping"));
}

TEST_F(DecisionServiceTest, AWatchOfAnEmptyLedgerEndsWithItsDeadline) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::milliseconds(200));
  const auto stream = stub_->WatchDecisions(&context, {});
  v1::Decision decision;
  EXPECT_FALSE(stream->Read(&decision));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(DecisionServiceTest, ManyWatchersSeeEverythingInOrder) {
  constexpr int kDecisions = 60;
  std::vector<std::thread> watchers;
  for (int i = 0; i < 4; ++i) {
    watchers.emplace_back([&] {
      grpc::ClientContext context;
      const auto stream = stub_->WatchDecisions(&context, {});
      v1::Decision decision;
      for (int64_t want = 1; want <= kDecisions; ++want) {
        ASSERT_TRUE(stream->Read(&decision));
        ASSERT_EQ(decision.sequence(), want);
      }
      context.TryCancel();
    });
  }
  for (int i = 0; i < kDecisions; ++i) Append(kMailName);
  for (std::thread& watcher : watchers) watcher.join();
}

TEST_F(DecisionServiceTest, RefusesBadWatches) {
  v1::Decision decision;
  v1::WatchDecisionsRequest request;
  request.set_after_sequence(-1);
  grpc::ClientContext first;
  auto stream = stub_->WatchDecisions(&first, request);
  EXPECT_FALSE(stream->Read(&decision));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  request.Clear();
  request.set_parent("x");
  grpc::ClientContext second;
  stream = stub_->WatchDecisions(&second, request);
  EXPECT_FALSE(stream->Read(&decision));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(DecisionServiceTest, AcknowledgesOnce) {
  Append(kMailName);
  v1::AcknowledgeDecisionRequest request;
  v1::Decision decision;
  request.set_name(absl::StrCat(kMailName, "/decisions/1"));
  EXPECT_EQ(Acknowledge(request, &decision).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request.set_applied_by(std::string(201, 'x'));
  EXPECT_THAT(Acknowledge(request, &decision).error_message(),
              HasSubstr("applied_by"));
  request.set_applied_by("cdp");
  ASSERT_TRUE(Acknowledge(request, &decision).ok());
  EXPECT_EQ(decision.applied_by(), "cdp");
  EXPECT_EQ(decision.applied_time().seconds(), now_ / engine::kSecond);
  request.set_applied_by("other");
  request.mutable_applied_time()->set_seconds(1);
  ASSERT_TRUE(Acknowledge(request, &decision).ok());
  EXPECT_EQ(decision.applied_by(), "cdp");
  EXPECT_EQ(decision.applied_time().seconds(), now_ / engine::kSecond);
  request.set_name(absl::StrCat(kOther, "/decisions/1"));
  EXPECT_EQ(Acknowledge(request, &decision).error_code(),
            grpc::StatusCode::NOT_FOUND);
  request.mutable_applied_time()->set_nanos(-1);
  EXPECT_EQ(Acknowledge(request, &decision).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(DecisionServiceTest, EvaluatesAndVerifies) {
  Put(VisitsExperiment());
  IngestMails(kFewMails);
  v1::EvaluateExperimentRequest request;
  request.set_name(kMailName);
  request.mutable_as_of()->set_seconds(-1);
  v1::EvaluateExperimentResponse response;
  grpc::ClientContext bad;
  EXPECT_EQ(stub_->EvaluateExperiment(&bad, request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request.clear_as_of();
  grpc::ClientContext good;
  ASSERT_TRUE(stub_->EvaluateExperiment(&good, request, &response).ok());
  ASSERT_TRUE(response.has_decision());
  v1::VerifyDecisionRequest verify;
  verify.set_name(response.decision().name());
  v1::VerifyDecisionResponse verified;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->VerifyDecision(&context, verify, &verified).ok());
  EXPECT_TRUE(verified.matches());
  EXPECT_EQ(verified.derived().variant(), "mens");
}

}  // namespace
}  // namespace stagecraft::service
