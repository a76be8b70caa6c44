// Scans: progress, cancellation and errors, against a fake server.
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "clients/cpp/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/result.grpc.pb.h"
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

class FakeScans : public v1::ResultService::Service {
 public:
  bool endless = false;
  grpc::Status status;
  std::atomic<int> calls{0};

  grpc::Status ScanExperiment(
      grpc::ServerContext*, const v1::ScanExperimentRequest* request,
      grpc::ServerWriter<v1::ScanExperimentResponse>* writer) override {
    ++calls;
    v1::ScanExperimentResponse response;
    response.set_done(0.5);
    writer->Write(response);
    while (endless && writer->Write(response)) {
    }
    if (!status.ok()) return status;
    response.mutable_results()->mutable_experiment()->set_name(request->name());
    writer->Write(response);
    return grpc::Status::OK;
  }
};

class ScanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.ok());
    auto client = Client::Connect(FastOptions(server_.target()));
    ASSERT_THAT(client, IsOk());
    client_ = *std::move(client);
    request_.set_name("journeys/shop/experiments/button");
  }

  FakeScans scans_;
  FakeServer server_{{&scans_}};
  std::unique_ptr<Client> client_;
  v1::ScanExperimentRequest request_;
};

TEST_F(ScanTest, AnswersWithTheResults) {
  std::vector<double> seen;
  const auto results = client_->ScanExperiment(request_, [&](double done) {
    seen.push_back(done);
    return true;
  });
  ASSERT_THAT(results, IsOk());
  EXPECT_EQ(results->experiment().name(), request_.name());
  EXPECT_THAT(seen, ElementsAre(0.5));
}

TEST_F(ScanTest, EndsWhenAsked) {
  scans_.endless = true;
  int asked = 0;
  EXPECT_THAT(client_->ScanExperiment(request_,
                                      [&](double) {
                                        ++asked;
                                        return false;
                                      }),
              StatusIs(absl::StatusCode::kCancelled, HasSubstr("cancelled")));
  EXPECT_EQ(asked, 1);
}

TEST_F(ScanTest, IsSentOnce) {
  scans_.status = {grpc::UNAVAILABLE, "going away"};
  EXPECT_THAT(
      client_->ScanExperiment(request_, [](double) { return true; }),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("going away")));
  EXPECT_EQ(scans_.calls, 1);
  EXPECT_THAT(
      client_->ScanExperiment(request_, [](double) { return true; },
                              {.deadline = absl::ZeroDuration()}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("deadline is 0")));
  EXPECT_EQ(scans_.calls, 1);
}

}  // namespace
}  // namespace stagecraft::client
