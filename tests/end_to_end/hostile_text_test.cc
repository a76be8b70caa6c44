// Hostile names, bytes, predicates, page tokens, etags and masks.

#include <cstdint>
#include <limits>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "tests/end_to_end/hostile_world.h"

namespace stagecraft::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using Code = grpc::StatusCode;

class HostileTextTest : public HostileTest {
 protected:
  grpc::Status CreateWithTargeting(const v1::Predicate& targeting) {
    v1::CreateExperimentRequest request;
    request.set_parent("journeys/shop");
    request.set_experiment_id("evil");
    v1::Experiment* experiment = request.mutable_experiment();
    experiment->set_stage("visit");
    for (const char* id : {"a", "b"}) {
      v1::Variant* variant = experiment->add_variants();
      variant->set_id(id);
      variant->set_share_ppm(500'000);
    }
    experiment->mutable_plan()->add_primary_kpis("journeys/shop/kpis/revenue");
    *experiment->mutable_targeting() = targeting;
    v1::Experiment created;
    grpc::ClientContext context;
    return stubs_->experiments->CreateExperiment(&context, request, &created);
  }

  grpc::Status Update(const v1::Journey& journey,
                      const std::vector<std::string>& paths) {
    v1::UpdateJourneyRequest request;
    *request.mutable_journey() = journey;
    for (const std::string& path : paths) {
      request.mutable_update_mask()->add_paths(path);
    }
    v1::Journey updated;
    grpc::ClientContext context;
    return stubs_->journeys->UpdateJourney(&context, request, &updated);
  }
};

TEST_F(HostileTextTest, RefusesNamesThatAreNone) {
  const std::vector<std::string> bad = {
      "",
      "journeys/",
      "journeys/shop/",
      "journeys/..",
      "/journeys/shop",
      "journeys/Shop",
      "journeys/sh op",
      "journeys/shop\n",
      std::string("journeys/shop\0", 14),
      std::string("journeys/\0shop", 14),
      "journeys/" + std::string(64, 'a'),
      "journeys/" + std::string(1'000'000, 'a'),
      "layers/ui/layers/ui",
      "journeys/caf\xc3\xa9"};
  const auto invalid = GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("name"));
  for (const std::string& name : bad) {
    SCOPED_TRACE(name.substr(0, 80));
    // In all of these requests the name is the first field.
    for (const char* method :
         {"JourneyService/GetJourney", "JourneyService/DeleteJourney",
          "KpiService/GetKpi", "KpiService/DeleteKpi", "LayerService/GetLayer",
          "LayerService/DeleteLayer", "ExperimentService/GetExperiment",
          "ExperimentService/DeleteExperiment",
          "ExperimentService/StartExperiment",
          "ExperimentService/PauseExperiment",
          "ExperimentService/ResumeExperiment",
          "ExperimentService/ConcludeExperiment",
          "ExperimentService/RollOutExperiment",
          "ExperimentService/ArchiveExperiment",
          "ResultService/GetExperimentResults",
          "ResultService/GetJourneyFunnel",
          "DecisionService/EvaluateExperiment",
          "DecisionService/AcknowledgeDecision",
          "DecisionService/VerifyDecision"}) {
      SCOPED_TRACE(method);
      EXPECT_THAT(CallBytes(method, WireBytes(1, name)), invalid);
    }
    v1::CreateJourneyRequest create;
    create.set_journey_id(name);
    create.mutable_journey()->add_stages()->set_id("visit");
    create.mutable_journey()->mutable_stages(0)->mutable_entry()->add_names(
        "visit");
    v1::Journey created;
    grpc::ClientContext context;
    EXPECT_THAT(stubs_->journeys->CreateJourney(&context, create, &created),
                GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("journey_id")));
  }
}

TEST_F(HostileTextTest, RefusesTextThatIsNoUtf8) {
  for (const std::string& text :
       {std::string("\xff"), std::string("a\xc0\x80"),
        std::string("\xed\xa0\x80"), std::string("\xf5\x80\x80\x80")}) {
    for (const char* method :
         {"JourneyService/GetJourney", "LayerService/GetLayer",
          "AssignmentService/Assign", "ResultService/GetExperimentResults"}) {
      // INTERNAL is gRPC's own answer to a message that does not parse.
      EXPECT_THAT(CallBytes(method, WireBytes(1, text)),
                  GrpcStatusIs(AnyOf(Code::INVALID_ARGUMENT, Code::INTERNAL),
                               ::testing::_));
    }
    // An event whose unit, or whose name, is not text.
    const std::string time = WireBytes(4, std::string("\x08\x01", 2));
    for (const int field : {1, 2, 3}) {
      std::string event = time;
      for (const int other : {1, 2, 3}) {
        event += WireBytes(other, other == field ? text : "good");
      }
      EXPECT_THAT(CallBytes("EventService/IngestEvents", WireBytes(1, event)),
                  GrpcStatusIs(AnyOf(Code::INVALID_ARGUMENT, Code::INTERNAL),
                               ::testing::_));
    }
  }
}

TEST_F(HostileTextTest, RefusesEventsWithTextOutOfRange) {
  v1::IngestEventsRequest batch;
  for (const std::string& text :
       {std::string(), std::string("a\0b", 3), std::string("\0", 1),
        std::string(257, 'x'), std::string(1 << 20, 'x')}) {
    for (const int which : {0, 1, 2}) {
      v1::Event* event = batch.add_events();
      *event = ShopEvent("id", "bob", "visit", 0);
      (which == 0   ? event->mutable_event_id()
       : which == 1 ? event->mutable_unit_id()
                    : event->mutable_name())
          ->assign(text);
    }
    v1::Alias* alias = batch.add_aliases();
    alias->set_alias_id(text);
    alias->set_unit_id("bob");
  }
  v1::Event* reserved = batch.add_events();
  *reserved = ShopEvent("id", "bob", "stagecraft.secret", 0);
  v1::Event* crowded = batch.add_events();
  *crowded = ShopEvent("id", "bob", "visit", 0);
  for (int i = 0; i < 100'000; ++i) {
    (*crowded->mutable_attributes())[absl::StrCat("k", i)].set_bool_value(true);
  }
  for (const double value : {std::numeric_limits<double>::quiet_NaN(),
                             std::numeric_limits<double>::infinity(), 1e10}) {
    v1::Event* event = batch.add_events();
    *event = ShopEvent("id", "bob", "visit", 0);
    event->set_value(value);
    v1::Event* other = batch.add_events();
    *other = ShopEvent("id", "bob", "visit", 0);
    if (value != 1e10) {
      (*other->mutable_attributes())["k"].set_number_value(value);
    } else {
      (*other->mutable_attributes())["k"];  // No kind.
    }
  }
  v1::IngestEventsResponse response;
  grpc::ClientContext context;
  ASSERT_THAT(stubs_->events->IngestEvents(&context, batch, &response),
              IsGrpcOk());
  EXPECT_EQ(response.stored_count(), 0);
  EXPECT_EQ(response.rejected_count(),
            batch.events_size() + batch.aliases_size());
  for (const v1::IngestOutcome& outcome : response.outcomes()) {
    EXPECT_THAT(outcome.message(),
                ::testing::AllOf(HasSubstr("want"),
                                 ::testing::SizeIs(::testing::Lt(2'000u))));
  }

  v1::AssignRequest assign;
  assign.set_unit_id("bob");
  *assign.mutable_attributes() = crowded->attributes();
  v1::AssignResponse assigned;
  grpc::ClientContext assign_context;
  EXPECT_THAT(stubs_->assignments->Assign(&assign_context, assign, &assigned),
              GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("100000 items")));
}

TEST_F(HostileTextTest, RefusesPredicatesThatAreTooDeepOrTooLarge) {
  v1::Predicate leaf;
  leaf.mutable_condition()->set_attribute("k");
  leaf.mutable_condition()->set_operator_(v1::Condition::EXISTS);
  v1::Predicate deep = leaf;
  for (int level = 0; level < 8; ++level) {
    v1::Predicate outer;
    *outer.mutable_not_() = deep;
    deep = outer;
  }
  EXPECT_THAT(CreateWithTargeting(deep),
              GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("targeting")));
  v1::Predicate wide;
  for (int i = 0; i < 256; ++i) {
    *wide.mutable_any_of()->add_predicates() = leaf;
  }
  EXPECT_THAT(CreateWithTargeting(wide),
              GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("targeting")));
  v1::Predicate hollow;
  hollow.mutable_all_of();
  EXPECT_THAT(CreateWithTargeting(hollow),
              GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("targeting")));
  v1::Predicate unknown = leaf;
  unknown.mutable_condition()->set_operator_(
      static_cast<v1::Condition::Operator>(99));
  EXPECT_THAT(CreateWithTargeting(unknown),
              GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("operator")));
  // 20000 levels, on the wire only: no parser may run out of stack.
  std::string bytes;
  for (int level = 0; level < 20'000 && bytes.size() < (1u << 20); ++level) {
    bytes = WireBytes(4, bytes);
  }
  EXPECT_THAT(CallBytes("ExperimentService/CreateExperiment",
                        WireBytes(1, "journeys/shop") + WireBytes(2, "evil") +
                            WireBytes(3, WireBytes(7, bytes))),
              GrpcStatusIs(AnyOf(Code::INVALID_ARGUMENT, Code::INTERNAL),
                           ::testing::_));
}

TEST_F(HostileTextTest, RefusesPagesOfOtherLists) {
  v1::ListKpisRequest kpis;
  kpis.set_parent("journeys/shop");
  kpis.set_page_size(1);
  v1::ListKpisResponse page;
  {
    grpc::ClientContext context;
    ASSERT_THAT(stubs_->kpis->ListKpis(&context, kpis, &page), IsGrpcOk());
  }
  ASSERT_FALSE(page.next_page_token().empty());
  for (const std::string& token :
       {page.next_page_token(), std::string("x"), std::string(100'000, 'A'),
        std::string("\0", 1), page.next_page_token() + "A"}) {
    v1::ListJourneysRequest request;
    request.set_page_token(token);
    v1::ListJourneysResponse response;
    grpc::ClientContext context;
    EXPECT_THAT(stubs_->journeys->ListJourneys(&context, request, &response),
                GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("page_token")));
    v1::ListDecisionsRequest decisions;
    decisions.set_parent("journeys/-/experiments/-");
    decisions.set_page_token(token);
    v1::ListDecisionsResponse decisions_page;
    grpc::ClientContext decisions_context;
    EXPECT_THAT(
        v1::DecisionService::NewStub(stubs_->channel)
            ->ListDecisions(&decisions_context, decisions, &decisions_page),
        GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("page_token")));
  }
  for (const int32_t size : {-1, std::numeric_limits<int32_t>::min(),
                             std::numeric_limits<int32_t>::max()}) {
    kpis.set_page_size(size);
    grpc::ClientContext context;
    const grpc::Status status = stubs_->kpis->ListKpis(&context, kpis, &page);
    if (size < 0) {
      EXPECT_THAT(status,
                  GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("page_size")));
    } else {
      EXPECT_THAT(status, IsGrpcOk());
      EXPECT_EQ(page.kpis_size(), 2);
    }
  }
}

TEST_F(HostileTextTest, RefusesOldEtagsAndStrangeMasks) {
  v1::Journey journey;
  journey.set_name("journeys/shop");
  journey.set_owner("mallory");
  journey.set_etag("stale");
  EXPECT_THAT(Update(journey, {"owner"}),
              GrpcStatusIs(Code::ABORTED, HasSubstr("etag")));
  EXPECT_THAT(CallBytes("JourneyService/DeleteJourney",
                        WireBytes(1, "journeys/shop") + WireBytes(2, "stale")),
              GrpcStatusIs(AnyOf(Code::ABORTED, Code::FAILED_PRECONDITION),
                           ::testing::_));
  EXPECT_THAT(CallBytes("ExperimentService/PauseExperiment",
                        WireBytes(1, kShopExperiment) + WireBytes(2, "stale")),
              GrpcStatusIs(Code::ABORTED, HasSubstr("etag")));
  journey.clear_etag();
  for (const std::string& path :
       {std::string("revision"), std::string("create_time"),
        std::string("name"), std::string("etag"), std::string("nonsense"),
        std::string("owner.first"), std::string("stages.id"), std::string(),
        std::string("."), std::string("owner\n"), std::string("owner,priority"),
        std::string(100'000, 'a')}) {
    SCOPED_TRACE(path.substr(0, 40));
    EXPECT_THAT(Update(journey, {"owner", path}),
                GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("update_mask")));
  }
  // All fields, none of them set: there must be stages.
  v1::Journey empty;
  empty.set_name("journeys/shop");
  EXPECT_THAT(Update(empty, {"*"}),
              GrpcStatusIs(Code::INVALID_ARGUMENT, HasSubstr("stages")));
}

TEST_F(HostileTextTest, AnswersUnknownMethodsAndTornMessages) {
  EXPECT_THAT(CallBytes("JourneyService/Obliterate", ""),
              GrpcStatusIs(Code::UNIMPLEMENTED, ::testing::_));
  EXPECT_THAT(CallBytes("NoService/Get", ""),
              GrpcStatusIs(Code::UNIMPLEMENTED, ::testing::_));
  // Each unary method of each service gets bytes that are no message of it.
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  int calls = 0;
  for (const char* file : {"assignment", "decision", "event", "experiment",
                           "journey", "kpi", "layer", "result"}) {
    const auto* found =
        pool->FindFileByName(absl::StrCat("stagecraft/v1/", file, ".proto"));
    ASSERT_NE(found, nullptr) << file;
    for (int s = 0; s < found->service_count(); ++s) {
      for (int m = 0; m < found->service(s)->method_count(); ++m) {
        const auto* method = found->service(s)->method(m);
        if (method->client_streaming() || method->server_streaming()) continue;
        for (const std::string& bytes :
             {std::string("\x0a\xff\xff\xff\xff\x0f"),  // Longer than it is.
              std::string("\x0a"), std::string(11, '\xff'),
              std::string("\x0b\x0b\x0b\x0b")}) {
          SCOPED_TRACE(method->full_name());
          EXPECT_THAT(
              CallBytes(
                  absl::StrCat(found->service(s)->name(), "/", method->name()),
                  bytes),
              GrpcStatusIs(AnyOf(Code::INVALID_ARGUMENT, Code::INTERNAL),
                           ::testing::_));
          ++calls;
        }
      }
    }
  }
  EXPECT_GE(calls, 4 * 30);
}

}  // namespace
}  // namespace stagecraft::testing
