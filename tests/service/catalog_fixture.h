// A small world for the tests of resources: store, engine, catalog, ledger and
// handlers, with a clock that stands still unless it is moved.
#ifndef STAGECRAFT_TESTS_SERVICE_CATALOG_FIXTURE_H_
#define STAGECRAFT_TESTS_SERVICE_CATALOG_FIXTURE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "engine/store/memory_store.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "service/catalog.h"
#include "service/experiment_service.h"
#include "service/journey_service.h"
#include "service/kpi_service.h"
#include "service/layer_service.h"
#include "service/ledger.h"
#include "service/looks.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {

// Reads a message in text format; a mistake in it ends the test.
template <typename T>
T Text(const std::string& text) {
  T message;
  if (!google::protobuf::TextFormat::ParseFromString(text, &message)) {
    ADD_FAILURE() << "not a " << message.GetTypeName() << ": " << text;
  }
  return message;
}

// The absl status of a handler's status.
inline absl::Status FromGrpc(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      status.error_message());
}

class CatalogFixture : public ::testing::Test {
 protected:
  CatalogFixture() : store_(engine::MakeMemoryStore()) { Open(); }

  // All that stands on the store. The store outlives it.
  struct World {
    std::unique_ptr<Catalog> catalog;
    std::unique_ptr<engine::Engine> engine;
    std::unique_ptr<Ledger> ledger;
    std::unique_ptr<Looks> looks;
    std::unique_ptr<JourneyService> journeys;
    std::unique_ptr<KpiService> kpis;
    std::unique_ptr<LayerService> layers;
    std::unique_ptr<ExperimentService> experiments;
  };

  void Open() {
    const auto clock = [this] { return now_; };
    World world;
    auto catalog = Catalog::Load(store_.get(), clock);
    ASSERT_TRUE(catalog.ok()) << catalog.status();
    world.catalog = *std::move(catalog);
    auto engine =
        engine::Engine::Open(store_.get(), world.catalog->specs(), options_);
    ASSERT_TRUE(engine.ok()) << engine.status();
    world.engine = *std::move(engine);
    world.catalog->Attach(world.engine.get());
    auto ledger = Ledger::Load(store_.get(), clock);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    world.ledger = *std::move(ledger);
    world.looks = std::make_unique<Looks>(
        world.engine.get(), world.catalog.get(), world.ledger.get(), clock, 2);
    world.journeys = std::make_unique<JourneyService>(world.catalog.get());
    world.kpis = std::make_unique<KpiService>(world.catalog.get());
    world.layers = std::make_unique<LayerService>(world.catalog.get());
    world.experiments = std::make_unique<ExperimentService>(
        world.catalog.get(), world.looks.get(), world.ledger.get());
    world_ = std::move(world);
  }

  // A restart over what was stored.
  void Reopen() {
    world_ = World();
    store_ = store_->Reopen();
    Open();
  }

  // Calls a handler: `Invoke(*world_.journeys, &JourneyService::GetJourney,
  // request)`.
  template <typename Service, typename Request, typename Response>
  absl::StatusOr<Response> Invoke(
      Service& service,
      grpc::Status (Service::*method)(grpc::ServerContext*, const Request*,
                                      Response*),
      const Request& request) {
    Response response;
    const grpc::Status status = (service.*method)(nullptr, &request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Journeys(
      grpc::Status (JourneyService::*method)(grpc::ServerContext*,
                                             const Request*, Response*),
      const std::string& request) {
    return Invoke(*world_.journeys, method, Text<Request>(request));
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Kpis(
      grpc::Status (KpiService::*method)(grpc::ServerContext*, const Request*,
                                         Response*),
      const std::string& request) {
    return Invoke(*world_.kpis, method, Text<Request>(request));
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Layers(
      grpc::Status (LayerService::*method)(grpc::ServerContext*, const Request*,
                                           Response*),
      const std::string& request) {
    return Invoke(*world_.layers, method, Text<Request>(request));
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Experiments(
      grpc::Status (ExperimentService::*method)(grpc::ServerContext*,
                                                const Request*, Response*),
      const std::string& request) {
    return Invoke(*world_.experiments, method, Text<Request>(request));
  }

  // journeys/{id}: stages `browse` and `buy`.
  absl::StatusOr<v1::Journey> MakeJourney(const std::string& id,
                                          const std::string& more = "") {
    return Journeys(&JourneyService::CreateJourney,
                    absl::StrCat("journey_id: '", id, "' ", more, " journey { ",
                                 kJourney, " }"));
  }
  // A conversion to `bought`, within a week.
  absl::StatusOr<v1::Kpi> MakeKpi(const std::string& journey,
                                  const std::string& id) {
    return Kpis(&KpiService::CreateKpi,
                absl::StrCat("parent: '", journey, "' kpi_id: '", id,
                             "' kpi { ", kKpi, " }"));
  }
  absl::StatusOr<v1::Layer> MakeLayer(const std::string& id) {
    return Layers(&LayerService::CreateLayer,
                  absl::StrCat("layer_id: '", id, "' layer {}"));
  }
  // journeys/shop with kpis/paid, and an experiment with variants a and b.
  void MakeShop() {
    ASSERT_THAT(MakeJourney("shop"), testing::IsOk());
    ASSERT_THAT(MakeKpi("journeys/shop", "paid"), testing::IsOk());
  }
  absl::StatusOr<v1::Experiment> MakeExperiment(const std::string& id,
                                                const std::string& more = "") {
    return Experiments(
        &ExperimentService::CreateExperiment,
        absl::StrCat("parent: 'journeys/shop' experiment_id: '", id,
                     "' experiment { ", kExperiment, " ", more, " }"));
  }
  absl::StatusOr<v1::Experiment> StartIt(const std::string& id,
                                         const std::string& more = "") {
    return Experiments(&ExperimentService::StartExperiment,
                       absl::StrCat("name: '", kShop, id, "' ", more));
  }
  absl::StatusOr<v1::Experiment> GetIt(const std::string& id) {
    return world_.catalog->GetExperiment(absl::StrCat(kShop, id));
  }
  int64_t DecisionCount() { return world_.ledger->last_sequence(); }

  static constexpr char kShop[] = "journeys/shop/experiments/";
  static constexpr char kJourney[] = R"(
      stages { id: 'browse' entry { names: 'seen' } }
      stages { id: 'buy' entry { names: 'bought' } })";
  static constexpr char kKpi[] = R"(
      direction: UP length { seconds: 604800 }
      conversion { events { names: 'bought' } })";
  static constexpr char kExperiment[] = R"(
      stage: 'browse'
      variants { id: 'a' share_ppm: 500000 }
      variants { id: 'b' share_ppm: 500000 }
      plan { primary_kpis: 'journeys/shop/kpis/paid' })";

  absl::Time now_ = absl::FromUnixSeconds(1'709'251'200);  // 2024-03-01.
  std::unique_ptr<engine::MemoryStore> store_;
  engine::EngineOptions options_;
  World world_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_TESTS_SERVICE_CATALOG_FIXTURE_H_
