#include "service/result_service.h"

#include "grpcpp/grpcpp.h"
#include "tests/service/looks_fixture.h"

namespace stagecraft::service {
namespace {

using ::testing::HasSubstr;

class ResultServiceTest : public LooksFixture {
 protected:
  ResultServiceTest()
      : scans_(engine_.get(), store_.get(), catalog_.get(),
               [this] { return ToTime(now_); }),
        service_(looks_.get(), &scans_) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::ResultService::NewStub(server_->InProcessChannel({}));
  }
  ~ResultServiceTest() override { server_->Shutdown(); }

  Scans scans_;
  ResultServiceImpl service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::ResultService::Stub> stub_;
};

TEST_F(ResultServiceTest, AnswersWithResultsAndFunnels) {
  Put(VisitsExperiment());
  Ingest({engine::MakeExposure("u", kMailName, "mens", kStart, {}),
          Happened("u", "mailed", kStart)});
  v1::GetExperimentResultsRequest request;
  request.set_name(kMailName);
  v1::ExperimentResults results;
  grpc::ClientContext context;
  const grpc::Status status =
      stub_->GetExperimentResults(&context, request, &results);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(results.trust().arms(1).units(), 1);
  v1::GetJourneyFunnelRequest funnel_request;
  funnel_request.set_name("journeys/mail");
  v1::JourneyFunnel funnel;
  grpc::ClientContext funnel_context;
  ASSERT_TRUE(
      stub_->GetJourneyFunnel(&funnel_context, funnel_request, &funnel).ok());
  EXPECT_EQ(funnel.stages(0).entered(), 1);
}

TEST_F(ResultServiceTest, StreamsAScan) {
  Put(VisitsExperiment());
  IngestMails(kHillstrom);
  v1::ScanExperimentRequest request;
  request.set_name(kMailName);
  grpc::ClientContext context;
  const auto reader = stub_->ScanExperiment(&context, request);
  std::vector<v1::ScanExperimentResponse> responses;
  for (v1::ScanExperimentResponse response; reader->Read(&response);) {
    responses.push_back(response);
  }
  const grpc::Status status = reader->Finish();
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_GT(responses.size(), 1u);
  for (size_t i = 0; i + 1 < responses.size(); ++i) {
    EXPECT_TRUE(responses[i].has_done());
  }
  EXPECT_EQ(responses.back().results().trust().arms(0).units(), 21306);

  request.set_name("men");
  grpc::ClientContext wrong;
  const auto refused = stub_->ScanExperiment(&wrong, request);
  v1::ScanExperimentResponse none;
  EXPECT_FALSE(refused->Read(&none));
  EXPECT_EQ(refused->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ResultServiceTest, ErrorsKeepTheirCodes) {
  v1::GetExperimentResultsRequest request;
  request.set_name("men");
  v1::ExperimentResults results;
  grpc::ClientContext first;
  grpc::Status status = stub_->GetExperimentResults(&first, request, &results);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("name is \"men\", want"));
  request.set_name(kMailName);
  grpc::ClientContext second;
  status = stub_->GetExperimentResults(&second, request, &results);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  v1::GetJourneyFunnelRequest funnel_request;
  v1::JourneyFunnel funnel;
  grpc::ClientContext third;
  status = stub_->GetJourneyFunnel(&third, funnel_request, &funnel);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace stagecraft::service
