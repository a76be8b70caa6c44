// What the hostile tests share: one server, stubs, calls of raw bytes, and the
// check after each test that the server still works and that nothing changed.
#ifndef STAGECRAFT_TESTS_END_TO_END_HOSTILE_WORLD_H_
#define STAGECRAFT_TESTS_END_TO_END_HOSTILE_WORLD_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "stagecraft/v1/decision.grpc.pb.h"
#include "stagecraft/v1/layer.grpc.pb.h"
#include "tests/end_to_end/fault_world.h"
#include "tests/end_to_end/server_process.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::testing {

// One field of a message on the wire: number, length, bytes (of less than
// 2^28).
inline std::string WireBytes(int number, const std::string& bytes) {
  std::string out;
  const auto varint = [&](uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
      out.push_back(static_cast<char>(value | 0x80));
    }
    out.push_back(static_cast<char>(value));
  };
  varint(static_cast<uint64_t>(number) << 3 | 2);
  varint(bytes.size());
  return out + bytes;
}

class HostileTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempDir;
    auto server = ServerProcess::Start({.data = folder_->File("data")});
    ASSERT_THAT(server, IsOk());
    server_ = server->release();
    stubs_ = new FaultStubs(server_->address());
    ASSERT_NO_FATAL_FAILURE(CreateShop(*stubs_));
    v1::CreateLayerRequest layer;
    layer.set_layer_id("ui");
    layer.mutable_layer()->set_display_name("UI");
    v1::Layer created;
    grpc::ClientContext context;
    ASSERT_THAT(v1::LayerService::NewStub(stubs_->channel)
                    ->CreateLayer(&context, layer, &created),
                IsGrpcOk());
    v1::IngestEventsRequest batch;
    *batch.add_events() = ShopEvent("1", "ann", "visit", 0);
    *batch.add_events() = ShopExposure("2", "ann", 1, "a");
    *batch.add_events() = ShopOrder("3", "ann", 2, 1'999);
    ASSERT_THAT(SendBatch(*stubs_, batch), IsGrpcOk());
  }

  static void TearDownTestSuite() {
    if (server_ != nullptr) {
      EXPECT_EQ(server_->Terminate(), 0) << server_->Log();
    }
    delete stubs_;
    delete server_;
    delete folder_;
  }

  void SetUp() override {
    ASSERT_NE(stubs_, nullptr);
    before_ = State();
  }

  // Nothing that was refused left a trace, and a newcomer is served.
  void TearDown() override {
    const FaultStubs newcomer(server_->address());
    v1::IngestEventsRequest known;
    *known.add_events() = ShopEvent("1", "ann", "visit", 0);
    v1::IngestEventsResponse response;
    EXPECT_THAT(SendBatch(newcomer, known, &response), IsGrpcOk());
    EXPECT_EQ(response.duplicate_count(), 1);
    EXPECT_EQ(State(), before_);
  }

  // All that can be read, as text.
  std::string State() {
    std::string text;
    const auto add = [&](const grpc::Status& status, const auto& message) {
      EXPECT_THAT(status, IsGrpcOk());
      absl::StrAppend(&text, message.DebugString(), "\n");
    };
    {
      grpc::ClientContext context;
      v1::ListJourneysResponse list;
      add(stubs_->journeys->ListJourneys(&context, {}, &list), list);
    }
    {
      grpc::ClientContext context;
      v1::ListKpisRequest request;
      request.set_parent("journeys/-");
      v1::ListKpisResponse list;
      add(stubs_->kpis->ListKpis(&context, request, &list), list);
    }
    {
      grpc::ClientContext context;
      v1::ListExperimentsRequest request;
      request.set_parent("journeys/-");
      v1::ListExperimentsResponse list;
      add(stubs_->experiments->ListExperiments(&context, request, &list), list);
    }
    {
      grpc::ClientContext context;
      v1::ListLayersResponse list;
      add(v1::LayerService::NewStub(stubs_->channel)
              ->ListLayers(&context, {}, &list),
          list);
    }
    {
      grpc::ClientContext context;
      v1::ListDecisionsRequest request;
      request.set_parent("journeys/-/experiments/-");
      v1::ListDecisionsResponse list;
      add(v1::DecisionService::NewStub(stubs_->channel)
              ->ListDecisions(&context, request, &list),
          list);
    }
    ShopNumbers numbers;
    EXPECT_THAT(ReadShop(*stubs_, &numbers), IsGrpcOk());
    std::ostringstream out;
    out << numbers;
    return text + out.str();
  }

  // A unary call with these bytes as its message.
  static grpc::Status CallBytes(const std::string& method,
                                const std::string& bytes) {
    grpc::GenericStub stub(stubs_->channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::minutes(1));
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::CompletionQueue queue;
    const auto call = stub.PrepareUnaryCall(
        &context, absl::StrCat("/stagecraft.v1.", method), request, &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return status;
  }

  static TempDir* folder_;
  static ServerProcess* server_;
  static FaultStubs* stubs_;
  std::string before_;
};

inline TempDir* HostileTest::folder_ = nullptr;
inline ServerProcess* HostileTest::server_ = nullptr;
inline FaultStubs* HostileTest::stubs_ = nullptr;

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_END_TO_END_HOSTILE_WORLD_H_
