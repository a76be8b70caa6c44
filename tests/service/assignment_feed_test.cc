#include "service/assignment_feed.h"

#include <memory>
#include <string>

#include "service/catalog.h"
#include "tests/service/service_fixture.h"

namespace stagecraft::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Code = grpc::StatusCode;

class AssignmentFeedTest : public ServiceFixture {
 protected:
  // One watch.
  struct Watch {
    explicit Watch(v1::AssignmentService::Stub& stub)
        : reader(stub.WatchAssignmentConfig(
              &context, v1::WatchAssignmentConfigRequest())) {}
    v1::AssignmentConfig Next() {
      v1::AssignmentConfig config;
      EXPECT_TRUE(reader->Read(&config));
      return config;
    }
    grpc::Status End() {
      v1::AssignmentConfig config;
      while (reader->Read(&config)) {
      }
      return reader->Finish();
    }
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::AssignmentConfig>> reader;
  };

  // Answers with the experiment's new revision.
  int64_t SetHypothesis(const std::string& name, int number) {
    v1::Experiment experiment;
    experiment.set_name(name);
    experiment.set_hypothesis(absl::StrCat(number));
    return UpdateExperiment(experiment, "hypothesis");
  }
};

TEST_F(AssignmentFeedTest, TellsWhatIsNowAndWhatChanges) {
  Watch watch(*assignments_);
  const v1::AssignmentConfig empty = watch.Next();
  EXPECT_EQ(empty.revision().size(), 16);
  EXPECT_EQ(empty.experiments_size() + empty.journeys_size(), 0);
  CreateJourney();
  v1::AssignmentConfig config = watch.Next();
  EXPECT_THAT(config.journeys(), ElementsAre("journeys/shop"));
  EXPECT_NE(config.revision(), empty.revision());
  const std::string name = CreateExperiment("first", HalfAndHalf());
  config = watch.Next();
  ASSERT_EQ(config.experiments_size(), 1);
  EXPECT_EQ(config.experiments(0).state(), v1::Experiment::DRAFT);
  StartExperiment(name);
  config = watch.Next();
  ASSERT_EQ(config.experiments_size(), 1);
  EXPECT_EQ(config.experiments(0).state(), v1::Experiment::RUNNING);
  // Who comes later has the same.
  Watch later(*assignments_);
  EXPECT_EQ(later.Next().SerializeAsString(), config.SerializeAsString());
  watch.context.TryCancel();
  EXPECT_EQ(watch.End().error_code(), Code::CANCELLED);
}

TEST_F(AssignmentFeedTest, TellsOnlyWhatAnswersDependOn) {
  CreateJourney();
  v1::CreateLayerRequest layer;
  layer.set_layer_id("home");
  layer.mutable_layer()->set_description("text");
  v1::Layer created;
  for (const char* id : {"home", "other"}) {
    grpc::ClientContext context;
    layer.set_layer_id(id);
    ASSERT_THAT(layers_->CreateLayer(&context, layer, &created), IsGrpcOk());
  }
  v1::Experiment full = HalfAndHalf();
  full.set_hypothesis("text");
  full.set_layer("layers/home");
  full.set_layer_ppm(250'000);
  full.set_coverage_ppm(900'000);
  full.set_sticky(true);
  (*full.mutable_overrides())["tester"] = "b";
  full.mutable_variants(0)->set_display_name("text");
  full.mutable_variants(1)->mutable_payload()->set_bool_value(true);
  RunExperiment("full", full);
  CreateExperiment("draft", full);

  Watch watch(*assignments_);
  const v1::AssignmentConfig config = watch.Next();
  ASSERT_EQ(config.experiments_size(), 2);
  const v1::Experiment& draft = config.experiments(0);
  v1::Experiment want;
  want.set_name("journeys/shop/experiments/draft");
  want.set_revision(1);
  want.set_state(v1::Experiment::DRAFT);
  EXPECT_EQ(draft.DebugString(), want.DebugString());
  want = full;
  want.set_name("journeys/shop/experiments/full");
  want.set_state(v1::Experiment::RUNNING);
  want.set_revision(2);
  want.clear_hypothesis();
  want.clear_stage();
  want.clear_plan();
  want.clear_layer_ppm();
  want.mutable_variants(0)->clear_display_name();
  *want.mutable_start_time() = Now();
  want.mutable_frozen_journey()->set_name("journeys/shop");
  v1::Experiment seen = config.experiments(1);
  EXPECT_EQ(seen.allocations_size(), 2);
  seen.clear_allocations();
  seen.clear_salt();
  EXPECT_EQ(seen.DebugString(), want.DebugString());
  // Only the layers of experiments that may answer, and of these the slots.
  ASSERT_EQ(config.layers_size(), 1);
  v1::Layer home;
  home.set_name("layers/home");
  v1::Layer::Slot* slot = home.add_slots();
  slot->set_experiment(want.name());
  slot->set_end_ppm(250'000);
  EXPECT_EQ(config.layers(0).DebugString(), home.DebugString());
}

// Also over a restart: the revision follows from the content alone.
TEST_F(AssignmentFeedTest, EqualConfigurationsHaveEqualRevisions) {
  CreateJourney();
  RunExperiment("first", HalfAndHalf());
  v1::AssignmentConfig before;
  {
    Watch watch(*assignments_);
    before = watch.Next();
    watch.context.TryCancel();
    watch.End();
  }
  ASSERT_NO_FATAL_FAILURE(Restart());
  Watch watch(*assignments_);
  EXPECT_EQ(watch.Next().DebugString(), before.DebugString());
}

TEST_F(AssignmentFeedTest, SlowWatchersGetTheLastOne) {
  CreateJourney();
  const std::string name = CreateExperiment("first", HalfAndHalf());
  Watch watch(*assignments_);
  watch.Next();
  int64_t revision = 0;
  for (int i = 1; i <= 200; ++i) revision = SetHypothesis(name, i);
  int64_t seen = 0;
  while (seen < revision) {
    const v1::AssignmentConfig config = watch.Next();
    ASSERT_EQ(config.experiments_size(), 1);
    ASSERT_GT(config.experiments(0).revision(), seen);
    seen = config.experiments(0).revision();
  }
}

// Also while an older configuration is just being made for others.
TEST_F(AssignmentFeedTest, WhatIsSentFirstHoldsAllEarlierWrites) {
  CreateJourney();
  const std::string name = CreateExperiment("a-first", HalfAndHalf());
  for (int i = 0; i < 50; ++i) {  // So that making it takes a while.
    RunExperiment(absl::StrCat("other-", i), HalfAndHalf());
  }
  Watch other(*assignments_);
  other.Next();
  for (int i = 0; i < 200; ++i) {
    SetHypothesis(name, 2 * i);
    const int64_t revision = SetHypothesis(name, 2 * i + 1);
    Watch watch(*assignments_);
    EXPECT_GE(watch.Next().experiments(0).revision(), revision);
  }
}

TEST_F(AssignmentFeedTest, EndsWithTheServer) {
  Watch watch(*assignments_);
  watch.Next();
  server_->Shutdown(absl::Seconds(60));
  EXPECT_THAT(watch.End(),
              GrpcStatusIs(Code::UNAVAILABLE, HasSubstr("server is stopping")));
}

// A service that is nothing but a feed.
class FeedService final
    : public v1::AssignmentService::WithCallbackMethod_WatchAssignmentConfig<
          v1::AssignmentService::Service> {
 public:
  explicit FeedService(AssignmentFeed* feed) : feed_(feed) {}
  AssignmentFeed::Reactor* WatchAssignmentConfig(
      grpc::CallbackServerContext* context,
      const v1::WatchAssignmentConfigRequest*) override {
    return feed_->Open(context);
  }

 private:
  AssignmentFeed* const feed_;
};

TEST_F(AssignmentFeedTest, RefusesTooManyAndThoseWhoComeTooLate) {
  AssignmentFeed feed(server_->catalog(), /*max_watchers=*/2);
  FeedService service(&feed);
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  v1::AssignmentService::Stub stub(server->InProcessChannel({}));
  Watch first(stub);
  first.Next();
  {
    Watch second(stub);
    second.Next();
    EXPECT_EQ(feed.open(), 2);
    EXPECT_FALSE(feed.AwaitNone(absl::ZeroDuration()));
    Watch third(stub);
    EXPECT_THAT(third.End(), GrpcStatusIs(Code::RESOURCE_EXHAUSTED,
                                          HasSubstr("watched by 2 callers")));
    second.context.TryCancel();
    second.End();
  }
  feed.Stop();
  EXPECT_EQ(first.End().error_code(), Code::UNAVAILABLE);
  EXPECT_TRUE(feed.AwaitNone(absl::Seconds(60)));
  Watch late(stub);
  EXPECT_THAT(late.End(), GrpcStatusIs(Code::UNAVAILABLE, HasSubstr("stop")));
  server->Shutdown();
}

}  // namespace
}  // namespace stagecraft::service
