// A whole server in memory: a store that survives restarts, a clock that stands
// still until told, and an in-process channel.
#ifndef STAGECRAFT_TESTS_SERVICE_SERVICE_FIXTURE_H_
#define STAGECRAFT_TESTS_SERVICE_SERVICE_FIXTURE_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/server.h"
#include "stagecraft/v1/admin.grpc.pb.h"
#include "stagecraft/v1/assignment.grpc.pb.h"
#include "stagecraft/v1/decision.grpc.pb.h"
#include "stagecraft/v1/event.grpc.pb.h"
#include "stagecraft/v1/experiment.grpc.pb.h"
#include "stagecraft/v1/journey.grpc.pb.h"
#include "stagecraft/v1/kpi.grpc.pb.h"
#include "stagecraft/v1/layer.grpc.pb.h"
#include "stagecraft/v1/result.grpc.pb.h"

namespace stagecraft::service {

// Stands still until told. Thread-safe.
class FakeClock {
 public:
  explicit FakeClock(absl::Time now) : nanos_(absl::ToUnixNanos(now)) {}
  absl::Time now() const { return absl::FromUnixNanos(nanos_); }
  void Advance(absl::Duration by) { nanos_ += absl::ToInt64Nanoseconds(by); }
  Clock clock() const {
    return [this] { return now(); };
  }

 private:
  std::atomic<int64_t> nanos_;
};

// Log lines, to look at. Thread-safe.
class CapturedLog {
 public:
  Log::Sink sink() {
    return [this](absl::string_view line) {
      absl::MutexLock lock(&mutex_);
      lines_.emplace_back(line);
    };
  }
  std::vector<std::string> lines() const {
    absl::MutexLock lock(&mutex_);
    return lines_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> lines_;
};

// A store that does not end with the server that it is given to.
class SharedStore : public engine::Store {
 public:
  explicit SharedStore(std::shared_ptr<engine::Store> store)
      : store_(std::move(store)) {}
  absl::Status Write(const engine::WriteBatch& batch) override {
    return store_->Write(batch);
  }
  absl::StatusOr<std::optional<std::string>> Get(
      engine::Keyspace keyspace, absl::string_view key) const override {
    return store_->Get(keyspace, key);
  }
  absl::Status Scan(
      engine::Keyspace keyspace, absl::string_view begin, absl::string_view end,
      absl::FunctionRef<bool(absl::string_view key, absl::string_view value)>
          fn) const override {
    return store_->Scan(keyspace, begin, end, fn);
  }
  absl::StatusOr<engine::StoreStats> Stats() const override {
    return store_->Stats();
  }
  absl::Status WriteScratch(const engine::WriteBatch& batch) override {
    return store_->WriteScratch(batch);
  }
  absl::Status Purge(engine::Keyspace keyspace, absl::string_view begin,
                     absl::string_view end) override {
    return store_->Purge(keyspace, begin, end);
  }
  absl::Status Backup(const std::string& directory) const override {
    return store_->Backup(directory);
  }
  std::optional<std::string> DerivedDirectory() const override {
    return store_->DerivedDirectory();
  }

 private:
  const std::shared_ptr<engine::Store> store_;
};

// A status of the wire, to print and compare.
MATCHER_P2(GrpcStatusIs, code, message,
           absl::StrCat("has the code ", static_cast<int>(code),
                        " and a message that ",
                        ::testing::DescribeMatcher<std::string>(message))) {
  *result_listener << "is " << static_cast<int>(arg.error_code()) << ": "
                   << arg.error_message();
  return arg.error_code() == code &&
         ::testing::ExplainMatchResult(message, arg.error_message(),
                                       result_listener);
}
MATCHER(IsGrpcOk, "is OK") {
  *result_listener << "is " << static_cast<int>(arg.error_code()) << ": "
                   << arg.error_message();
  return arg.ok();
}

class ServiceFixture : public ::testing::Test {
 protected:
  ServiceFixture() { config_.log_level = LogLevel::kDebug; }

  void SetUp() override { ASSERT_NO_FATAL_FAILURE(StartServer()); }

  // Starts with `config_` on what is stored.
  void StartServer() {
    auto timer = std::make_unique<ManualTimer>();
    timer_ = timer.get();
    ServerDependencies dependencies;
    dependencies.clock = clock_.clock();
    dependencies.store = wrap_store_ ? wrap_store_(store_)
                                     : std::make_unique<SharedStore>(store_);
    dependencies.log = std::make_shared<const Log>(
        LogFormat::kJson, config_.log_level, clock_.clock(), log_.sink());
    dependencies.evaluator_timer = std::move(timer);
    auto housekeeping_timer = std::make_unique<ManualTimer>();
    housekeeping_timer_ = housekeeping_timer.get();
    dependencies.housekeeping_timer = std::move(housekeeping_timer);
    dependencies.listen = listen_;
    if (listen_) config_.listen = "127.0.0.1:0";
    auto server = Server::Start(config_, std::move(dependencies));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    Connect(NewChannel());
  }

  std::shared_ptr<grpc::Channel> NewChannel() {
    return listen_ ? grpc::CreateChannel(server_->address(),
                                         grpc::InsecureChannelCredentials())
                   : server_->InProcessChannel();
  }

  // Stops the server and starts one on what was durable.
  void Restart() {
    server_.reset();
    store_ = store_->Reopen();
    StartServer();
  }

  void Connect(const std::shared_ptr<grpc::Channel>& channel) {
    journeys_ = v1::JourneyService::NewStub(channel);
    kpis_ = v1::KpiService::NewStub(channel);
    layers_ = v1::LayerService::NewStub(channel);
    experiments_ = v1::ExperimentService::NewStub(channel);
    events_ = v1::EventService::NewStub(channel);
    assignments_ = v1::AssignmentService::NewStub(channel);
    results_ = v1::ResultService::NewStub(channel);
    decisions_ = v1::DecisionService::NewStub(channel);
    admin_ = v1::AdminService::NewStub(channel);
  }

  google::protobuf::Timestamp At(absl::Time time) const {
    google::protobuf::Timestamp proto;
    proto.set_seconds(absl::ToUnixSeconds(time));
    proto.set_nanos(
        static_cast<int32_t>((time - absl::FromUnixSeconds(proto.seconds())) /
                             absl::Nanoseconds(1)));
    return proto;
  }
  google::protobuf::Timestamp Now() const { return At(clock_.now()); }

  v1::Event MakeEvent(const std::string& id, const std::string& unit,
                      const std::string& name) const {
    v1::Event event;
    event.set_event_id(id);
    event.set_unit_id(unit);
    event.set_name(name);
    *event.mutable_time() = Now();
    return event;
  }

  // `journeys/{id}` with the stages visit and pay, and `.../kpis/paid`.
  void CreateJourney(const std::string& id = "shop") {
    v1::CreateJourneyRequest journey;
    journey.set_journey_id(id);
    for (const char* stage : {"visit", "pay"}) {
      v1::Stage* added = journey.mutable_journey()->add_stages();
      added->set_id(stage);
      added->mutable_entry()->add_names(stage);
    }
    v1::Journey created;
    grpc::ClientContext context;
    ASSERT_THAT(journeys_->CreateJourney(&context, journey, &created),
                IsGrpcOk());
    v1::CreateKpiRequest kpi;
    kpi.set_parent(absl::StrCat("journeys/", id));
    kpi.set_kpi_id("paid");
    kpi.mutable_kpi()->set_direction(v1::Kpi::UP);
    kpi.mutable_kpi()->mutable_length()->set_seconds(86400);
    kpi.mutable_kpi()->mutable_conversion()->mutable_events()->add_names("pay");
    v1::Kpi created_kpi;
    grpc::ClientContext kpi_context;
    ASSERT_THAT(kpis_->CreateKpi(&kpi_context, kpi, &created_kpi), IsGrpcOk());
  }

  // Changes the field `path` of the experiment. Answers with its new revision.
  int64_t UpdateExperiment(const v1::Experiment& experiment,
                           const std::string& path) {
    v1::UpdateExperimentRequest request;
    *request.mutable_experiment() = experiment;
    request.mutable_update_mask()->add_paths(path);
    v1::Experiment updated;
    grpc::ClientContext context;
    EXPECT_THAT(experiments_->UpdateExperiment(&context, request, &updated),
                IsGrpcOk());
    return updated.revision();
  }
  // The same of the shares of `a` and `b`, in parts per million.
  int64_t SetShares(const std::string& name, int32_t a, int32_t b) {
    v1::Experiment experiment;
    experiment.set_name(name);
    for (const auto& [id, share] : {std::pair("a", a), std::pair("b", b)}) {
      v1::Variant* variant = experiment.add_variants();
      variant->set_id(id);
      variant->set_share_ppm(share);
    }
    return UpdateExperiment(experiment, "variants");
  }

  // Variants `a` (the control) and `b`, halves, at the stage visit.
  v1::Experiment HalfAndHalf(const std::string& journey = "shop") const {
    v1::Experiment experiment;
    experiment.set_stage("visit");
    for (const char* id : {"a", "b"}) {
      v1::Variant* variant = experiment.add_variants();
      variant->set_id(id);
      variant->set_share_ppm(500'000);
    }
    experiment.mutable_plan()->add_primary_kpis(
        absl::StrCat("journeys/", journey, "/kpis/paid"));
    return experiment;
  }

  // Answers with its name.
  std::string CreateExperiment(const std::string& id,
                               const v1::Experiment& experiment,
                               const std::string& journey = "shop") {
    v1::CreateExperimentRequest request;
    request.set_parent(absl::StrCat("journeys/", journey));
    request.set_experiment_id(id);
    *request.mutable_experiment() = experiment;
    v1::Experiment created;
    grpc::ClientContext context;
    EXPECT_THAT(experiments_->CreateExperiment(&context, request, &created),
                IsGrpcOk());
    return created.name();
  }

  void StartExperiment(const std::string& name) {
    v1::StartExperimentRequest request;
    request.set_name(name);
    v1::Experiment started;
    grpc::ClientContext context;
    ASSERT_THAT(experiments_->StartExperiment(&context, request, &started),
                IsGrpcOk());
  }

  // A running experiment.
  std::string RunExperiment(const std::string& id,
                            const v1::Experiment& experiment,
                            const std::string& journey = "shop") {
    const std::string name = CreateExperiment(id, experiment, journey);
    StartExperiment(name);
    return name;
  }

  FakeClock clock_{absl::FromUnixSeconds(1'767'225'600)};  // 2026-01-01.
  Config config_;
  CapturedLog log_;
  std::shared_ptr<engine::MemoryStore> store_ = engine::MakeMemoryStore();
  // Makes the store that the server gets; default: a SharedStore.
  std::function<std::unique_ptr<engine::Store>(
      std::shared_ptr<engine::MemoryStore>)>
      wrap_store_;
  // Whether calls come over a socket: for clients that call again while the
  // server stops, which a channel without network does not survive.
  bool listen_ = false;
  ManualTimer* timer_ = nullptr;  // The evaluator's.
  ManualTimer* housekeeping_timer_ = nullptr;
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::JourneyService::Stub> journeys_;
  std::unique_ptr<v1::KpiService::Stub> kpis_;
  std::unique_ptr<v1::LayerService::Stub> layers_;
  std::unique_ptr<v1::ExperimentService::Stub> experiments_;
  std::unique_ptr<v1::EventService::Stub> events_;
  std::unique_ptr<v1::AssignmentService::Stub> assignments_;
  std::unique_ptr<v1::ResultService::Stub> results_;
  std::unique_ptr<v1::DecisionService::Stub> decisions_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_TESTS_SERVICE_SERVICE_FIXTURE_H_
