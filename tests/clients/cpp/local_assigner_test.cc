#include "clients/cpp/local_assigner.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "service/assignment/answer.h"
#include "tests/clients/cpp/local_world.h"

namespace stagecraft::testing {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::stagecraft::client::Client;
using ::stagecraft::client::LocalAnswer;
using ::stagecraft::client::LocalAssigner;
using ::stagecraft::client::LocalAssignment;
using ::stagecraft::client::LocalConfig;
using ::stagecraft::service::IsGrpcOk;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LocalAssignerTest : public LocalWorld {
 protected:
  grpc::Status AskServer(const v1::AssignRequest& request,
                         v1::AssignResponse* response) {
    grpc::ClientContext context;
    return assignments_->Assign(&context, request, response);
  }

  // Both answers are the same, but for what needs the server.
  void ExpectSame(const v1::AssignRequest& request) {
    v1::AssignResponse server;
    const grpc::Status status = AskServer(request, &server);
    const absl::StatusOr<LocalAnswer> local = assigner_->Assign(request);
    if (!status.ok()) {
      EXPECT_THAT(local.status(),
                  StatusIs(static_cast<absl::StatusCode>(status.error_code()),
                           status.error_message()))
          << request.ShortDebugString();
      ++errors_;
      return;
    }
    ASSERT_THAT(local.status(), IsOk()) << request.ShortDebugString();
    const std::set<std::string> needs_server(local->needs_server.begin(),
                                             local->needs_server.end());
    v1::AssignResponse known;
    known.set_unit_id(server.unit_id());
    for (const v1::Assignment& answer : server.assignments()) {
      if (needs_server.contains(answer.experiment())) continue;
      *known.add_assignments() = answer;
      ++reasons_[answer.reason()];
      payloads_ += answer.has_payload();
    }
    EXPECT_TRUE(MessageDifferencer::Equals(known, local->response))
        << request.ShortDebugString()
        << "\nserver: " << known.ShortDebugString()
        << "\nlocal: " << local->response.ShortDebugString();
    needed_ += !needs_server.empty();
    // The form without allocation says the same.
    const std::shared_ptr<const LocalConfig> config = assigner_->config();
    std::vector<engine::AttributeRef> refs;
    ASSERT_THAT(service::AppendAttributes(request.attributes(), &refs), IsOk());
    engine::ResolvedUnit unit(config->snapshot(), request.unit_id(), refs);
    for (const v1::Assignment& answer : known.assignments()) {
      const std::optional<size_t> index = config->Find(answer.experiment());
      ASSERT_TRUE(index.has_value());
      const LocalAssignment mine = config->Assign(*index, unit);
      EXPECT_FALSE(mine.needs_server);
      EXPECT_EQ(service::ToProto(mine.reason), answer.reason());
      EXPECT_EQ(mine.variant < 0
                    ? ""
                    : config->experiment(*index).variants[mine.variant].id,
                answer.variant());
    }
  }

  std::map<int, int> reasons_;
  int payloads_ = 0;
  int needed_ = 0;
  int errors_ = 0;
};

TEST_F(LocalAssignerTest, AnswersAsTheServerDoes) {
  const std::vector<std::string> names = BuildWorld();
  CatchUp();
  std::mt19937_64 random(20261122);
  for (int i = 0; i < 3000; ++i) {
    v1::AssignRequest request = RandomUnit(random);
    request.set_return_exposures(random() % 2 == 0);
    switch (random() % 4) {
      case 0:
        request.set_journey(random() % 2 == 0 ? "journeys/club"
                                              : "journeys/empty");
        break;
      case 1:
        for (const std::string& name : names) {
          if (random() % 2 == 0) *request.add_experiments() = name;
        }
        std::shuffle(request.mutable_experiments()->begin(),
                     request.mutable_experiments()->end(), random);
        break;
      default:
        break;
    }
    ASSERT_NO_FATAL_FAILURE(ExpectSame(request));
  }
  // Each case did come up.
  for (const v1::Assignment::Reason reason :
       {v1::Assignment::SPLIT, v1::Assignment::OVERRIDE,
        v1::Assignment::ROLLED_OUT, v1::Assignment::NOT_TARGETED,
        v1::Assignment::NOT_IN_LAYER, v1::Assignment::HOLDOUT,
        v1::Assignment::NOT_COVERED, v1::Assignment::NOT_RUNNING}) {
    EXPECT_GT(reasons_[reason], 0) << v1::Assignment::Reason_Name(reason);
  }
  EXPECT_GT(payloads_, 100);
  EXPECT_GT(needed_, 100);
  EXPECT_EQ(errors_, 0);
}

TEST_F(LocalAssignerTest, RefusesWhatTheServerRefuses) {
  BuildWorld();
  CatchUp();
  v1::AssignRequest good;
  good.set_unit_id("ann");
  ASSERT_NO_FATAL_FAILURE(ExpectSame(good));
  const auto refused = [&](const std::function<void(v1::AssignRequest*)>& fn) {
    v1::AssignRequest request = good;
    fn(&request);
    const int before = errors_;
    ExpectSame(request);
    EXPECT_EQ(errors_, before + 1) << request.ShortDebugString();
  };
  refused([](auto* r) { r->clear_unit_id(); });
  refused([](auto* r) { r->set_unit_id(std::string(257, 'u')); });
  refused([](auto* r) { (*r->mutable_attributes())["age"]; });
  refused([](auto* r) {
    (*r->mutable_attributes())["age"] = Number(1.0 / 0.0);
    (*r->mutable_attributes())[""] = Text("no key");
  });
  refused([](auto* r) {
    for (int i = 0; i < 65; ++i) {
      (*r->mutable_attributes())[absl::StrCat("k", i)] = Number(i);
    }
  });
  refused([](auto* r) { r->set_journey("journeys/nowhere"); });
  refused([](auto* r) { r->set_journey("shop"); });
  refused([](auto* r) { r->add_experiments("plain"); });
  refused(
      [](auto* r) { r->add_experiments("journeys/shop/experiments/none"); });
  refused([](auto* r) {
    r->set_journey("journeys/club");
    r->add_experiments("journeys/shop/experiments/plain");
  });
  refused([](auto* r) {
    for (int i = 0; i < 101; ++i) {
      r->add_experiments("journeys/shop/experiments/plain");
    }
  });
  good.set_record_exposure(true);
  EXPECT_THAT(assigner_->Assign(good).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("record_exposure is true, want false")));
}

// What a unit of a sticky experiment gets depends on events that only the
// server has.
TEST_F(LocalAssignerTest, LeavesHistoryToTheServer) {
  CreateJourney();
  v1::Experiment sticky = HalfAndHalf();
  sticky.set_sticky(true);
  *sticky.mutable_targeting() = Where("age", v1::Condition::LESS, {Number(60)});
  (*sticky.mutable_overrides())["tester"] = "b";
  const std::string name = RunExperiment("sticky", sticky);
  const std::string plain = RunExperiment("plain", HalfAndHalf());
  v1::AssignRequest ann;
  ann.set_unit_id("ann");
  (*ann.mutable_attributes())["age"] = Number(20);
  ann.set_record_exposure(true);
  v1::AssignResponse server;
  ASSERT_THAT(AskServer(ann, &server), IsGrpcOk());
  const bool has_a = server.assignments(1).variant() == "a";
  SetShares(name, has_a ? 0 : 1'000'000, has_a ? 1'000'000 : 0);
  CatchUp();
  ann.set_record_exposure(false);
  ASSERT_THAT(AskServer(ann, &server), IsGrpcOk());
  ASSERT_EQ(server.assignments(1).reason(), v1::Assignment::STICKY);

  const auto local = [this](const v1::AssignRequest& request) {
    auto answer = assigner_->Assign(request);
    EXPECT_THAT(answer.status(), IsOk());
    return answer.value_or(LocalAnswer());
  };
  EXPECT_THAT(local(ann).needs_server, ElementsAre(name));
  ASSERT_EQ(local(ann).response.assignments_size(), 1);
  EXPECT_EQ(local(ann).response.assignments(0).experiment(), plain);
  // Whatever they met, these get the same.
  v1::AssignRequest old = ann;
  (*old.mutable_attributes())["age"] = Number(70);
  EXPECT_THAT(local(old).needs_server, IsEmpty());
  ExpectSame(old);
  v1::AssignRequest tester = ann;
  tester.set_unit_id("tester");
  EXPECT_THAT(local(tester).needs_server, IsEmpty());
  ExpectSame(tester);

  Pause(name);
  CatchUp();
  EXPECT_THAT(local(old).needs_server, ElementsAre(name));
  Conclude(name);
  CatchUp();
  EXPECT_THAT(local(ann).needs_server, IsEmpty());
  ExpectSame(ann);
}

TEST_F(LocalAssignerTest, FollowsEachChange) {
  EXPECT_THAT(assigner_->AwaitConfig(absl::Now() + kPatience), IsOk());
  CreateJourney();
  std::set<std::string> revisions;
  v1::AssignRequest ann;
  ann.set_unit_id("ann");
  const auto check = [&] {
    CatchUp();
    revisions.insert(assigner_->revision());
    ExpectSame(ann);
    EXPECT_THAT(assigner_->status(), IsOk());
  };
  check();
  const std::string name = CreateExperiment("first", HalfAndHalf());
  check();
  StartExperiment(name);
  check();
  SetShares(name, 0, 1'000'000);
  check();
  Pause(name);
  check();
  Resume(name);
  check();
  Conclude(name);
  check();
  RollOut(name, "a");
  check();
  Archive(name);
  check();
  v1::DeleteExperimentRequest request;
  request.set_name(name);
  google::protobuf::Empty nothing;
  grpc::ClientContext context;
  ASSERT_THAT(experiments_->DeleteExperiment(&context, request, &nothing),
              IsGrpcOk());
  check();
  // The last one is as the first one.
  EXPECT_EQ(revisions.size(), 9);
}

TEST_F(LocalAssignerTest, MakesTheExposureThatTheServerRecords) {
  CreateJourney();
  const std::string name = RunExperiment("first", HalfAndHalf());
  CatchUp();
  v1::AssignRequest ann;
  ann.set_unit_id("ann");
  (*ann.mutable_attributes())["channel"] = Text("app");
  ann.set_return_exposures(true);
  const absl::StatusOr<LocalAnswer> answer = assigner_->Assign(ann);
  ASSERT_THAT(answer.status(), IsOk());
  const v1::Assignment& split = answer->response.assignments(0);
  // This process is an hour behind: the exposure is not before the start.
  const absl::StatusOr<v1::Event> event =
      assigner_->Exposure(ann, split, clock_.now() - absl::Hours(1));
  ASSERT_THAT(event.status(), IsOk());
  EXPECT_EQ(event->event_id(), split.exposure_event_id());
  EXPECT_EQ(event->unit_id(), "ann");
  EXPECT_EQ(event->name(), "stagecraft.exposure");
  EXPECT_TRUE(MessageDifferencer::Equals(event->time(), Now()));
  EXPECT_EQ(event->attributes_size(), 3);
  EXPECT_EQ(event->attributes().at("channel").string_value(), "app");
  EXPECT_EQ(event->attributes().at("experiment").string_value(), name);
  EXPECT_EQ(event->attributes().at("variant").string_value(), split.variant());

  ann.set_return_exposures(false);
  ann.set_record_exposure(true);
  v1::AssignResponse server;
  ASSERT_THAT(AskServer(ann, &server), IsGrpcOk());
  ASSERT_EQ(server_->engine()->GetStats().stored_events, 1);
  v1::IngestEventsRequest request;
  *request.add_events() = *event;
  v1::IngestEventsResponse response;
  grpc::ClientContext context;
  ASSERT_THAT(events_->IngestEvents(&context, request, &response), IsGrpcOk());
  ASSERT_EQ(response.outcomes_size(), 1);
  EXPECT_EQ(response.outcomes(0).status(), v1::IngestOutcome::DUPLICATE);
  EXPECT_EQ(server_->engine()->GetStats().stored_events, 1);

  v1::Assignment none = split;
  none.set_counted(false);
  EXPECT_THAT(assigner_->Exposure(ann, none, clock_.now()).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, _));
  none = split;
  none.set_variant("z");
  EXPECT_THAT(assigner_->Exposure(ann, none, clock_.now()).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("\"z\"")));
  none.set_experiment("journeys/shop/experiments/none");
  EXPECT_THAT(assigner_->Exposure(ann, none, clock_.now()).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
}

TEST_F(LocalAssignerTest, GoesOnWithoutTheServer) {
  BuildWorld();
  CatchUp();
  std::mt19937_64 random(7);
  std::vector<v1::AssignRequest> units;
  std::vector<std::string> answers;
  const auto ask = [this](const v1::AssignRequest& unit) {
    const auto answer = assigner_->Assign(unit);
    EXPECT_THAT(answer.status(), IsOk());
    return answer.ok() ? answer->response.DebugString() : "";
  };
  for (int i = 0; i < 100; ++i) {
    units.push_back(RandomUnit(random));
    answers.push_back(ask(units.back()));
  }
  const std::string revision = assigner_->revision();
  // Does not hang on the open stream.
  server_->Shutdown(absl::Seconds(60));
  // In the end it notices; meanwhile and afterwards it answers.
  while (assigner_->status().ok()) EXPECT_EQ(ask(units[0]), answers[0]);
  EXPECT_THAT(assigner_->status(), StatusIs(absl::StatusCode::kUnavailable, _));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ask(units[i]), answers[i]);
  EXPECT_EQ(assigner_->revision(), revision);
}

TEST_F(LocalAssignerTest, RefusesBadOptions) {
  EXPECT_THAT(LocalAssigner::Open(nullptr).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "client is null, want a client"));
  EXPECT_THAT(
      LocalAssigner::Open(client_.get(), {.stream_deadline = absl::Seconds(-1)})
          .status(),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("stream_deadline is -1s, want more than 0")));
}

}  // namespace
}  // namespace stagecraft::testing
