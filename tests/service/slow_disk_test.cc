// A disk whose syncs take long: nothing is acknowledged before its sync ends,
// looks and assignments go on meanwhile, what waits is bounded, one sync serves
// many callers, and in the end everything is stored once.
//
// No test waits for time to pass: a sync takes until the test lets it go.
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/store/rocks_store.h"
#include "google/protobuf/arena.h"
#include "rocksdb/env.h"
#include "service/event_batch.h"
#include "service/event_service.h"
#include "service/memory_limit.h"
#include "service/retry_info.h"
#include "tests/engine/store/faulty_env.h"
#include "tests/service/service_fixture.h"

namespace stagecraft::service {
namespace {

using ::testing::HasSubstr;

constexpr int kEventsOfBatch = 200;
constexpr int64_t kMiB = int64_t{1} << 20;

class SlowDiskTest : public ServiceFixture {
 protected:
  SlowDiskTest() {
    std::string pattern = ::testing::TempDir() + "stagecraft-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    store_path_ = directory_ + "/store";
    config_.ingest_memory_mb = 1;
    wrap_store_ = [this](std::shared_ptr<engine::MemoryStore>) {
      auto store = engine::OpenRocksStore({.path = store_path_,
                                           .block_cache_bytes = 8 * kMiB,
                                           .min_free_bytes = 0,
                                           .env = env_.get()});
      EXPECT_TRUE(store.ok()) << store.status();
      return *std::move(store);
    };
  }
  ~SlowDiskTest() override {
    disk_->HoldSyncs(false);
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartServer());
    CreateJourney();
    RunExperiment("e", HalfAndHalf());
  }

  template <typename Request>
  Request Batch(int number) const {
    Request request;
    for (int i = 0; i < kEventsOfBatch; ++i) {
      *request.add_events() = MakeEvent(absl::StrCat(number, "-", i),
                                        absl::StrCat("u", i), "visit");
    }
    return request;
  }
  grpc::Status Send(const v1::IngestEventsRequest& request,
                    v1::IngestEventsResponse* response) {
    grpc::ClientContext context;
    return events_->IngestEvents(&context, request, response);
  }
  // Sends it until it is taken.
  int64_t SendAgainAndAgain(int number, std::atomic<int>* refused) {
    const auto request = Batch<v1::IngestEventsRequest>(number);
    while (true) {
      grpc::ClientContext context;
      v1::IngestEventsResponse response;
      const grpc::Status status =
          events_->IngestEvents(&context, request, &response);
      if (status.ok()) return response.stored_count();
      EXPECT_THAT(status, GrpcStatusIs(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                       HasSubstr("wait to be stored")));
      EXPECT_THAT(status.error_details(), HasSubstr("google.rpc.RetryInfo"));
      if (status.error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED) return 0;
      ++*refused;
      std::this_thread::yield();
    }
  }

  int64_t Visitors() {
    v1::GetJourneyFunnelRequest request;
    request.set_name("journeys/shop");
    v1::JourneyFunnel funnel;
    grpc::ClientContext context;
    EXPECT_THAT(results_->GetJourneyFunnel(&context, request, &funnel),
                IsGrpcOk());
    return funnel.stages_size() > 0 ? funnel.stages(0).entered() : -1;
  }

  // What needs no disk is answered.
  void ExpectTheRestGoesOn(int64_t visitors) {
    EXPECT_EQ(Visitors(), visitors);
    {
      v1::GetExperimentResultsRequest request;
      request.set_name("journeys/shop/experiments/e");
      v1::ExperimentResults results;
      grpc::ClientContext context;
      EXPECT_THAT(results_->GetExperimentResults(&context, request, &results),
                  IsGrpcOk());
    }
    EXPECT_EQ(server_->evaluator()->EvaluateAll(), 0);
    v1::AssignRequest request;
    request.set_unit_id("somebody");
    v1::AssignResponse response;
    grpc::ClientContext context;
    EXPECT_THAT(assignments_->Assign(&context, request, &response), IsGrpcOk());
    EXPECT_EQ(response.assignments_size(), 1);
    v1::Storage storage;
    grpc::ClientContext admin_context;
    EXPECT_THAT(admin_->GetStorage(&admin_context, {}, &storage), IsGrpcOk());
  }

  std::shared_ptr<engine::FaultyFileSystem> disk_ =
      std::make_shared<engine::FaultyFileSystem>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(disk_);
  std::string directory_;
  std::string store_path_;
};

TEST_F(SlowDiskTest, NothingIsAcknowledgedBeforeItIsSynced) {
  v1::IngestEventsResponse response;
  ASSERT_THAT(Send(Batch<v1::IngestEventsRequest>(1), &response), IsGrpcOk());
  ASSERT_EQ(Visitors(), kEventsOfBatch);
  disk_->HoldSyncs(true);
  std::atomic<bool> acknowledged{false};
  std::thread caller([&] {
    v1::IngestEventsRequest request;
    *request.add_events() = MakeEvent("new", "somebody-new", "visit");
    v1::IngestEventsResponse stored;
    EXPECT_THAT(Send(request, &stored), IsGrpcOk());
    EXPECT_EQ(stored.stored_count(), 1);
    acknowledged = true;
  });
  disk_->AwaitHeldSync();
  EXPECT_FALSE(acknowledged);
  ExpectTheRestGoesOn(kEventsOfBatch);
  // Loss of power now: the event is not there, and nobody was told it was.
  const std::string copy = directory_ + "/copy";
  std::filesystem::copy(store_path_, copy,
                        std::filesystem::copy_options::recursive);
  disk_->LosePower(copy);
  EXPECT_FALSE(acknowledged);
  disk_->HoldSyncs(false);
  caller.join();
  EXPECT_TRUE(acknowledged);
  EXPECT_EQ(Visitors(), kEventsOfBatch + 1);

  server_.reset();
  store_path_ = copy;
  ASSERT_NO_FATAL_FAILURE(StartServer());
  EXPECT_EQ(Visitors(), kEventsOfBatch);
}

TEST_F(SlowDiskTest, CallersShareASync) {
  constexpr int kCallers = 12;
  disk_->HoldSyncs(true);
  std::vector<std::thread> callers;
  std::atomic<int> refused{0};
  std::atomic<int64_t> stored{0};
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] { stored += SendAgainAndAgain(i, &refused); });
    // The first one syncs, the others queue up behind it.
    if (i == 0) disk_->AwaitHeldSync();
  }
  // All that the memory takes are on their way to the store.
  const int64_t before = disk_->syncs();
  while (refused == 0 && server_->events()->memory().held() < kMiB / 2) {
    std::this_thread::yield();
  }
  EXPECT_EQ(stored, 0);
  disk_->HoldSyncs(false);
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(stored, kCallers * kEventsOfBatch);
  EXPECT_LE(disk_->syncs() - before, kCallers);
  EXPECT_EQ(Visitors(), kEventsOfBatch);
}

TEST_F(SlowDiskTest, WhatWaitsIsBoundedAndStoredOnce) {
  constexpr int kCallers = 16;
  constexpr int kStreams = 4;
  constexpr int kBatches = 40;
  disk_->HoldSyncs(true);
  std::atomic<int> refused{0};
  std::atomic<int64_t> stored{0};
  std::atomic<int> acknowledged{0};
  std::vector<std::thread> threads;
  for (int s = 0; s < kStreams; ++s) {
    threads.emplace_back([&, s] {
      grpc::ClientContext context;
      const auto stream = events_->StreamEvents(&context);
      std::thread reader([&] {
        v1::StreamEventsResponse answer;
        while (stream->Read(&answer)) ++acknowledged;
        EXPECT_EQ(answer.acknowledged_sequence(), kBatches);
        stored += answer.stored_count();
      });
      for (int i = 1; i <= kBatches; ++i) {
        auto batch = Batch<v1::StreamEventsRequest>(1000 * (s + 1) + i);
        batch.set_sequence(i);
        stream->Write(batch);
      }
      stream->WritesDone();
      reader.join();
      EXPECT_THAT(stream->Finish(), IsGrpcOk());
    });
  }
  for (int i = 0; i < kCallers; ++i) {
    threads.emplace_back([&, i] { stored += SendAgainAndAgain(i, &refused); });
  }
  disk_->AwaitHeldSync();
  const MemoryLimit& memory = server_->events()->memory();
  while (refused < 2 * kCallers) std::this_thread::yield();
  EXPECT_EQ(acknowledged, 0);
  EXPECT_EQ(stored, 0);
  // Each stream may pass the limit by the one message that was on its way.
  google::protobuf::Arena arena;
  auto* const one =
      google::protobuf::Arena::CreateMessage<v1::StreamEventsRequest>(&arena);
  ASSERT_TRUE(one->ParseFromString(
      Batch<v1::StreamEventsRequest>(1000 * kStreams + kBatches)
          .SerializeAsString()));
  // Its memory, and what the arena may take in advance.
  const int64_t message = RequestBytes(*one) + (128 << 10);
  EXPECT_LE(memory.held(), kMiB + kStreams * message);
  ExpectTheRestGoesOn(0);
  // As slow as before, one sync after the other: it goes on all the same.
  for (int i = 0; i < 3; ++i) disk_->PassOneSync();
  disk_->HoldSyncs(false);
  for (std::thread& thread : threads) thread.join();
  constexpr int64_t kAll =
      int64_t{kCallers + kStreams * kBatches} * kEventsOfBatch;
  EXPECT_EQ(stored, kAll);
  EXPECT_EQ(server_->engine()->GetStats().stored_events, kAll);
  EXPECT_EQ(server_->engine()->GetStats().duplicate_events, 0);
  EXPECT_LE(memory.peak(), kMiB + kStreams * message);
  EXPECT_EQ(memory.held(), 0);
  EXPECT_EQ(Visitors(), kEventsOfBatch);

  server_.reset();
  ASSERT_NO_FATAL_FAILURE(StartServer());
  v1::IngestEventsResponse again;
  ASSERT_THAT(Send(Batch<v1::IngestEventsRequest>(0), &again), IsGrpcOk());
  EXPECT_EQ(again.duplicate_count(), kEventsOfBatch);
  v1::VerifyTalliesResponse verified;
  grpc::ClientContext context;
  EXPECT_THAT(admin_->VerifyTallies(&context, {}, &verified), IsGrpcOk());
}

}  // namespace
}  // namespace stagecraft::service
