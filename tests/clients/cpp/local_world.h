// Experiments of all kinds in all states on a server in memory, and a local
// assigner that watches them.
#ifndef STAGECRAFT_TESTS_CLIENTS_CPP_LOCAL_WORLD_H_
#define STAGECRAFT_TESTS_CLIENTS_CPP_LOCAL_WORLD_H_

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/client.h"
#include "clients/cpp/local_assigner.h"
#include "tests/service/service_fixture.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::testing {

inline v1::AttributeValue Text(const std::string& text) {
  v1::AttributeValue value;
  value.set_string_value(text);
  return value;
}
inline v1::AttributeValue Number(double number) {
  v1::AttributeValue value;
  value.set_number_value(number);
  return value;
}

inline v1::Predicate Where(const std::string& key, v1::Condition::Operator op,
                           const std::vector<v1::AttributeValue>& values) {
  v1::Predicate predicate;
  v1::Condition* condition = predicate.mutable_condition();
  condition->set_attribute(key);
  condition->set_operator_(op);
  for (const auto& value : values) *condition->add_values() = value;
  return predicate;
}

inline constexpr absl::Duration kPatience = absl::Seconds(60);

class LocalWorld : public service::ServiceFixture {
 protected:
  void SetUp() override {
    listen_ = true;  // The assigner calls again when its stream has ended.
    ASSERT_NO_FATAL_FAILURE(StartServer());
    auto client = client::Client::FromChannel(NewChannel());
    ASSERT_THAT(client.status(), IsOk());
    client_ = *std::move(client);
    auto assigner = client::LocalAssigner::Open(client_.get());
    ASSERT_THAT(assigner.status(), IsOk());
    assigner_ = *std::move(assigner);
  }
  // The stream ends before the server does.
  void TearDown() override { assigner_ = nullptr; }

  // Waits until the assigner has what the server has now.
  void CatchUp() {
    // The first configuration of a new stream holds all earlier writes.
    grpc::ClientContext context;
    auto reader = assignments_->WatchAssignmentConfig(
        &context, v1::WatchAssignmentConfigRequest());
    v1::AssignmentConfig now;
    ASSERT_TRUE(reader->Read(&now));
    context.TryCancel();
    reader->Finish();
    ASSERT_THAT(assigner_->Await(
                    [&now](const client::LocalConfig& config) {
                      return config.revision() == now.revision();
                    },
                    absl::Now() + kPatience),
                IsOk());
  }

  // A life-cycle verb of ExperimentService.
  template <typename Request>
  void Do(grpc::Status (v1::ExperimentService::Stub::*method)(
              grpc::ClientContext*, const Request&, v1::Experiment*),
          const std::string& name, const std::string& variant = "") {
    Request request;
    request.set_name(name);
    if constexpr (requires { request.set_comment(variant); }) {
      request.set_comment("for a test");
    }
    if constexpr (requires { request.set_variant(variant); }) {
      request.set_variant(variant);
    }
    v1::Experiment changed;
    grpc::ClientContext context;
    ASSERT_THAT(((*experiments_).*method)(&context, request, &changed),
                service::IsGrpcOk());
  }
  void Pause(const std::string& name) {
    Do(&v1::ExperimentService::Stub::PauseExperiment, name);
  }
  void Resume(const std::string& name) {
    Do(&v1::ExperimentService::Stub::ResumeExperiment, name);
  }
  void Conclude(const std::string& name) {
    Do(&v1::ExperimentService::Stub::ConcludeExperiment, name);
  }
  void RollOut(const std::string& name, const std::string& variant) {
    Do(&v1::ExperimentService::Stub::RollOutExperiment, name, variant);
  }
  void Archive(const std::string& name) {
    Do(&v1::ExperimentService::Stub::ArchiveExperiment, name);
  }

  // Experiments in all states, with all that an answer depends on. Answers with
  // their names. Journey club has a holdout, journey empty nothing.
  std::vector<std::string> BuildWorld() {
    CreateJourney("shop");
    CreateJourney("empty");
    CreateJourney("club");
    v1::UpdateJourneyRequest holdout;
    holdout.mutable_journey()->set_name("journeys/club");
    holdout.mutable_journey()->set_holdout_ppm(150'000);
    holdout.mutable_update_mask()->add_paths("holdout_ppm");
    v1::Journey journey;
    grpc::ClientContext context;
    EXPECT_THAT(journeys_->UpdateJourney(&context, holdout, &journey),
                service::IsGrpcOk());
    v1::CreateLayerRequest layer;
    layer.set_layer_id("home");
    layer.mutable_layer();
    v1::Layer created;
    grpc::ClientContext layer_context;
    EXPECT_THAT(layers_->CreateLayer(&layer_context, layer, &created),
                service::IsGrpcOk());

    std::vector<std::string> names;
    const auto run = [&](const std::string& id,
                         const v1::Experiment& experiment,
                         const std::string& where = "shop") {
      names.push_back(RunExperiment(id, experiment, where));
      return names.back();
    };
    v1::Experiment plain = HalfAndHalf();
    plain.mutable_variants(1)->mutable_payload()->set_string_value("blue");
    run("plain", plain);
    v1::Experiment targeted = HalfAndHalf();
    targeted.set_salt("of-its-own");
    auto* all = targeted.mutable_targeting()->mutable_all_of();
    *all->add_predicates() =
        Where("age", v1::Condition::GREATER_OR_EQUAL, {Number(30)});
    *all->add_predicates()->mutable_not_() =
        Where("channel", v1::Condition::IN, {Text("app"), Text("web")});
    run("targeted", targeted);
    v1::Experiment in_layer = targeted;
    in_layer.clear_targeting();
    in_layer.set_layer("layers/home");
    in_layer.set_layer_ppm(400'000);
    in_layer.set_coverage_ppm(700'000);
    run("layer-one", in_layer);
    in_layer.clear_salt();
    run("layer-two", in_layer);
    v1::Experiment club = HalfAndHalf("club");
    club.clear_variants();
    for (const auto& [id, share] : std::vector<std::pair<const char*, int>>{
             {"a", 333'334}, {"b", 333'333}, {"c", 0}, {"d", 333'333}}) {
      club.add_variants()->set_id(id);
      club.mutable_variants(club.variants_size() - 1)->set_share_ppm(share);
      club.mutable_variants(club.variants_size() - 1)
          ->mutable_payload()
          ->set_number_value(share);
    }
    (*club.mutable_overrides())["unit-1"] = "c";
    (*club.mutable_overrides())["unit-2"] = "d";
    run("four", club, "club");
    SetShares(run("moved", HalfAndHalf()), 123'456, 876'544);
    v1::Experiment sticky = HalfAndHalf("club");
    sticky.set_sticky(true);
    sticky.set_coverage_ppm(500'000);
    *sticky.mutable_targeting() =
        Where("age", v1::Condition::LESS, {Number(60)});
    (*sticky.mutable_overrides())["unit-3"] = "b";
    run("sticky", sticky, "club");
    Pause(run("sticky-paused", sticky, "club"));
    Pause(run("paused", plain));
    Conclude(run("concluded", plain));
    v1::Experiment everybody = plain;
    *everybody.mutable_targeting() =
        Where("country", v1::Condition::NOT_EQUALS, {Text("DE")});
    RollOut(run("rolled-out", everybody), "b");
    const std::string archived = run("archived", plain);
    Conclude(archived);
    Archive(archived);
    names.push_back(CreateExperiment("draft", targeted));
    return names;
  }

  // A random unit: some attributes are missing, or of another kind.
  v1::AssignRequest RandomUnit(std::mt19937_64& random) {
    const std::vector<std::string> channels = {"app", "web", "shop", "mail"};
    const std::vector<std::string> countries = {"AT", "DE", "FR"};
    v1::AssignRequest request;
    request.set_unit_id(absl::StrCat("unit-", random() % 4000));
    auto& attributes = *request.mutable_attributes();
    if (random() % 8 != 0) {
      attributes["age"] = Number(static_cast<double>(random() % 90));
    }
    if (random() % 8 != 0) attributes["channel"] = Text(channels[random() % 4]);
    if (random() % 8 != 0) {
      attributes["country"] = Text(countries[random() % 3]);
    } else {
      attributes["country"] = Number(49);
    }
    return request;
  }

  std::unique_ptr<client::Client> client_;
  std::unique_ptr<client::LocalAssigner> assigner_;
};

}  // namespace stagecraft::testing

#endif  // STAGECRAFT_TESTS_CLIENTS_CPP_LOCAL_WORLD_H_
