// StatisticsService over gRPC, in a whole server.
#include "service/statistics_service.h"

#include <grpcpp/generic/generic_stub.h>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/message_differencer.h"
#include "service/call_metrics.h"
#include "service/statistics/methods.h"
#include "tests/service/service_fixture.h"
#include "tests/service/statistics_fixture.h"

namespace stagecraft::service {
namespace {

using ::google::protobuf::Message;
using ::google::protobuf::util::MessageDifferencer;
using ::stagecraft::testing::IsOk;
using ::testing::HasSubstr;

class StatisticsServiceTest : public ServiceFixture {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ServiceFixture::SetUp());
    stub_ = v1::StatisticsService::NewStub(server_->InProcessChannel());
  }

  // Any method, by its name on the wire.
  grpc::Status CallByName(const std::string& rpc, const Message& request,
                          Message* response) {
    const std::string bytes = request.SerializeAsString();
    grpc::GenericStub generic(server_->InProcessChannel());
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer buffer(&slice, 1);
    const auto call = generic.PrepareUnaryCall(
        &context, "/stagecraft.v1.StatisticsService/" + rpc, buffer, &queue);
    call->StartCall();
    grpc::ByteBuffer answer;
    grpc::Status status;
    call->Finish(&answer, &status, this);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    queue.Shutdown();
    while (queue.Next(&tag, &ok)) {
    }
    if (!status.ok()) return status;
    grpc::Slice all;
    EXPECT_TRUE(answer.DumpToSingleSlice(&all).ok());
    EXPECT_TRUE(
        response->ParseFromArray(all.begin(), static_cast<int>(all.size())));
    return status;
  }

  std::unique_ptr<v1::StatisticsService::Stub> stub_;
};

TEST_F(StatisticsServiceTest, AnswersEveryMethodAsTheFunctionDoes) {
  for (const Method& method : AllMethods()) {
    SCOPED_TRACE(method.rpc);
    const auto request = MessageOf(*method.request, method.text.example);
    const std::unique_ptr<Message> wire(method.response->New());
    const std::unique_ptr<Message> function(method.response->New());
    ASSERT_THAT(CallByName(method.rpc, *request, wire.get()), IsGrpcOk());
    ASSERT_THAT(Call(method, *request, function.get()), IsOk());
    EXPECT_TRUE(MessageDifferencer::Equals(*wire, *function));
    // And it is checked.
    const std::unique_ptr<Message> empty(method.request->New());
    const absl::Status wanted = Call(method, *empty, function.get());
    EXPECT_EQ(CallByName(method.rpc, *empty, wire.get()).error_message(),
              wanted.message());
  }
}

TEST_F(StatisticsServiceTest, ComparesMeans) {
  v1::CompareMeansRequest request;
  request.mutable_control()->set_n(1000);
  request.mutable_control()->set_mean(20.1);
  request.mutable_control()->set_variance(90.5);
  request.mutable_treatment()->set_n(1010);
  request.mutable_treatment()->set_mean(21.4);
  request.mutable_treatment()->set_variance(101.2);
  v1::CompareMeansResponse response;
  grpc::ClientContext context;
  ASSERT_THAT(stub_->CompareMeans(&context, request, &response), IsGrpcOk());
  // R 4.2.2, as in statistics_means_test.cc.
  EXPECT_NEAR(response.difference().p_value(), 0.0029462911037007227, 1e-14);
  const auto calls = server_->metrics().Snapshot();
  EXPECT_EQ(calls.count("/stagecraft.v1.StatisticsService/CompareMeans"), 1);
}

TEST_F(StatisticsServiceTest, TranslatesErrors) {
  v1::EstimateMeanRequest request;
  v1::EstimateMeanResponse response;
  {
    grpc::ClientContext context;
    EXPECT_THAT(stub_->EstimateMean(&context, request, &response),
                GrpcStatusIs(grpc::INVALID_ARGUMENT,
                             HasSubstr("sample is missing, want an object")));
  }
  request.mutable_sample()->add_values(1);
  grpc::ClientContext context;
  EXPECT_THAT(stub_->EstimateMean(&context, request, &response),
              GrpcStatusIs(grpc::FAILED_PRECONDITION,
                           HasSubstr("sample.n is 1, want at least 2")));
}

// What reflection reads from; see proto/CMakeLists.txt.
TEST_F(StatisticsServiceTest, IsDescribed) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  const auto* service =
      pool->FindServiceByName(v1::StatisticsService::service_full_name());
  ASSERT_NE(service, nullptr);
  EXPECT_EQ(service->method_count(), AllMethods().size());
}

}  // namespace
}  // namespace stagecraft::service
