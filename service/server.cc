#include "service/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "service/admin_service.h"
#include "service/assignment_calls.h"
#include "service/assignment_feed.h"
#include "service/assignment_service.h"
#include "service/call_metrics.h"
#include "service/catalog.h"
#include "service/decision_service.h"
#include "service/event_service.h"
#include "service/experiment_service.h"
#include "service/health_descriptor.h"
#include "service/housekeeper.h"
#include "service/journey_service.h"
#include "service/kpi_service.h"
#include "service/layer_service.h"
#include "service/ledger.h"
#include "service/looks.h"
#include "service/open_store.h"
#include "service/planning.h"
#include "service/planning_service.h"
#include "service/result_service.h"
#include "service/scans.h"
#include "service/statistics_service.h"

namespace stagecraft::service {
namespace {

// gRPC keeps these settings for the whole process.
void PrepareGrpc() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    RegisterHealthDescriptor();
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

}  // namespace

// In the order in which they are made: each uses those above it.
struct Server::Parts {
  Config config;
  Clock clock;
  std::shared_ptr<const Log> log;
  CallMetrics metrics;
  std::unique_ptr<engine::Store> store;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<Catalog> catalog;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<Looks> looks;
  std::unique_ptr<Scans> scans;
  std::unique_ptr<Planning> planning;
  std::unique_ptr<Housekeeper> housekeeper;
  std::unique_ptr<JourneyService> journeys;
  std::unique_ptr<KpiService> kpis;
  std::unique_ptr<LayerService> layers;
  std::unique_ptr<ExperimentService> experiments;
  std::unique_ptr<EventService> events;
  std::unique_ptr<AssignmentService> assignments;
  std::unique_ptr<AssignmentFeed> assignment_feed;
  std::unique_ptr<AssignmentCalls> assignment_calls;
  std::unique_ptr<ResultServiceImpl> results;
  std::unique_ptr<PlanningServiceImpl> plans;
  std::unique_ptr<DecisionServiceImpl> decisions;
  std::unique_ptr<AdminServiceImpl> admin;
  StatisticsServiceImpl statistics;
  std::unique_ptr<grpc::Server> grpc;
  std::unique_ptr<Evaluator> evaluator;
  std::string address;
  absl::Duration load_time;

  absl::Mutex mutex;
  bool stopping ABSL_GUARDED_BY(mutex) = false;
  bool stopped ABSL_GUARDED_BY(mutex) = false;

  CallWatching Watching() { return {&metrics, log, config.slow_call}; }
  absl::Status OpenData(std::unique_ptr<engine::Store> given);
  void MakeServices();
  void StartHousekeeper(std::unique_ptr<Timer> timer);
  absl::Status Listen(bool on_network);
  Evaluator::Work EvaluatorWork();
};

absl::Status Server::Parts::OpenData(std::unique_ptr<engine::Store> given) {
  const auto begin = std::chrono::steady_clock::now();
  if (given != nullptr) {
    store = std::move(given);
  } else {
    auto opened = OpenStore(config);
    if (!opened.ok()) return opened.status();
    store = *std::move(opened);
  }
  auto loaded_catalog = Catalog::Load(store.get(), clock);
  if (!loaded_catalog.ok()) return loaded_catalog.status();
  catalog = *std::move(loaded_catalog);
  auto opened_engine = engine::Engine::Open(store.get(), catalog->specs(),
                                            EngineOptionsOf(config));
  if (!opened_engine.ok()) return opened_engine.status();
  engine = *std::move(opened_engine);
  catalog->Attach(engine.get());
  auto loaded_ledger = Ledger::Load(store.get(), clock);
  if (!loaded_ledger.ok()) return loaded_ledger.status();
  ledger = *std::move(loaded_ledger);
  looks = std::make_unique<Looks>(engine.get(), catalog.get(), ledger.get(),
                                  clock, config.threads);
  load_time = absl::FromChrono(std::chrono::steady_clock::now() - begin);
  const engine::Engine::Stats stats = engine->GetStats();
  if (!stats.snapshot_refused.empty()) {
    log->Warn("snapshot_refused", {{"message", stats.snapshot_refused}});
  }
  log->Info("loaded",
            {{"data", config.in_memory ? std::string("memory") : config.data},
             {"units", stats.units.units},
             {"snapshot_units", stats.snapshot_units},
             {"snapshot_files", stats.snapshot_files},
             {"replayed_events", stats.replayed_events},
             {"journeys", catalog->state()->journeys.size()},
             {"experiments", catalog->state()->experiments.size()},
             {"decisions", ledger->last_sequence()},
             {"seconds", absl::ToDoubleSeconds(load_time)}});
  return absl::OkStatus();
}

void Server::Parts::MakeServices() {
  journeys = std::make_unique<JourneyService>(catalog.get());
  kpis = std::make_unique<KpiService>(catalog.get());
  layers = std::make_unique<LayerService>(catalog.get());
  experiments = std::make_unique<ExperimentService>(catalog.get(), looks.get(),
                                                    ledger.get());
  events = std::make_unique<EventService>(
      engine.get(), clock,
      EventServiceOptions{.max_event_lead = config.max_event_lead,
                          .max_streams = config.max_streams,
                          .memory_bytes = config.ingest_memory_mb << 20});
  assignments = std::make_unique<AssignmentService>(
      engine.get(), catalog.get(), clock, config.max_event_lead);
  assignment_feed = std::make_unique<AssignmentFeed>(catalog.get());
  AssignmentCallsOptions calls;
  calls.workers = std::min(config.max_threads, calls.workers);
  assignment_calls = std::make_unique<AssignmentCalls>(
      assignments.get(), assignment_feed.get(), Watching(), calls);
  scans =
      std::make_unique<Scans>(engine.get(), store.get(), catalog.get(), clock);
  results = std::make_unique<ResultServiceImpl>(looks.get(), scans.get());
  planning = std::make_unique<Planning>(engine.get(), catalog.get(), clock,
                                        config.threads);
  plans = std::make_unique<PlanningServiceImpl>(planning.get());
  decisions = std::make_unique<DecisionServiceImpl>(
      looks.get(), ledger.get(), clock, std::max(config.max_threads / 4, 2));
  const bool snapshots = config.snapshot_check > absl::ZeroDuration() &&
                         store->DerivedDirectory().has_value();
  housekeeper = std::make_unique<Housekeeper>(
      engine.get(), clock,
      HousekeeperOptions{.snapshots = snapshots,
                         .keep_events = config.keep_events},
      log);
  admin = std::make_unique<AdminServiceImpl>(engine.get(), store.get(),
                                             catalog.get(), housekeeper.get(),
                                             clock, load_time);
}

void Server::Parts::StartHousekeeper(std::unique_ptr<Timer> timer) {
  const bool forgets = config.keep_events > absl::ZeroDuration();
  if (timer == nullptr &&
      (forgets || config.snapshot_check > absl::ZeroDuration())) {
    timer = MakePeriodicTimer(config.snapshot_check > absl::ZeroDuration()
                                  ? config.snapshot_check
                                  : absl::Minutes(1));
  }
  if (timer != nullptr) housekeeper->Start(std::move(timer));
}

absl::Status Server::Parts::Listen(bool on_network) {
  PrepareGrpc();
  grpc::ServerBuilder builder;
  int port = 0;
  if (on_network) {
    builder.AddListeningPort(config.listen, grpc::InsecureServerCredentials(),
                             &port);
  }
  builder.RegisterService(journeys.get());
  builder.RegisterService(kpis.get());
  builder.RegisterService(layers.get());
  builder.RegisterService(experiments.get());
  builder.RegisterService(events.get());
  assignment_calls->Register(&builder);
  builder.RegisterService(results.get());
  builder.RegisterService(plans.get());
  builder.RegisterService(decisions.get());
  builder.RegisterService(admin.get());
  builder.RegisterService(&statistics);
  builder.SetMaxReceiveMessageSize(config.max_message_mb << 20);
  // Two servers on one port would share the callers between two stores.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1000);
  // Finds dead peers; lets clients ask for life every 10 s.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  grpc::ResourceQuota quota("stagecraft");
  quota.SetMaxThreads(config.max_threads);
  builder.SetResourceQuota(quota);
  std::vector<
      std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
      interceptors;
  interceptors.push_back(
      WatchCalls(Watching(), AssignmentCalls::WatchedMethods()));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  grpc = builder.BuildAndStart();
  if (grpc == nullptr) {
    return absl::UnavailableError(absl::StrCat(
        "cannot listen on ", config.listen,
        ": it is in use by another program, or not of this machine"));
  }
  assignment_calls->Start();
  if (auto* health = grpc->GetHealthCheckService(); health != nullptr) {
    for (const char* name : {v1::JourneyService::service_full_name(),
                             v1::KpiService::service_full_name(),
                             v1::LayerService::service_full_name(),
                             v1::ExperimentService::service_full_name(),
                             v1::EventService::service_full_name(),
                             v1::AssignmentService::service_full_name(),
                             v1::ResultService::service_full_name(),
                             v1::PlanningService::service_full_name(),
                             v1::DecisionService::service_full_name(),
                             v1::AdminService::service_full_name(),
                             v1::StatisticsService::service_full_name()}) {
      health->SetServingStatus(name, true);
    }
  }
  if (!on_network) return absl::OkStatus();
  address =
      absl::StartsWith(config.listen, "unix:")
          ? config.listen
          : absl::StrCat(config.listen.substr(0, config.listen.rfind(':')), ":",
                         port);
  return absl::OkStatus();
}

Evaluator::Work Server::Parts::EvaluatorWork() {
  Evaluator::Work work;
  work.list = [this] {
    std::vector<std::string> names;
    for (const auto& [name, experiment] : catalog->state()->experiments) {
      if (experiment->state() == v1::Experiment::RUNNING ||
          experiment->state() == v1::Experiment::PAUSED) {
        names.push_back(name);
      }
    }
    return names;
  };
  work.evaluate =
      [this](
          const std::string& experiment) -> absl::StatusOr<Evaluator::Outcome> {
    const absl::StatusOr<v1::EvaluateExperimentResponse> response =
        looks->Evaluate(experiment);
    if (!response.ok()) return response.status();
    Evaluator::Outcome outcome;
    outcome.new_decision = response->has_decision();
    outcome.sequence = response->decision().sequence();
    outcome.variant = response->verdict().variant();
    outcome.verdict = v1::Verdict::Kind_Name(response->verdict().kind());
    return outcome;
  };
  return work;
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(
    const Config& config, ServerDependencies dependencies) {
  if (absl::Status status = Validate(config); !status.ok()) return status;
  auto parts = std::make_unique<Parts>();
  parts->config = config;
  parts->clock = dependencies.clock ? std::move(dependencies.clock)
                                    : Clock([] { return absl::Now(); });
  parts->log = dependencies.log != nullptr
                   ? std::move(dependencies.log)
                   : std::make_shared<const Log>(
                         config.log_format, config.log_level, parts->clock);
  absl::Status status = parts->OpenData(std::move(dependencies.store));
  if (!status.ok()) return status;
  parts->MakeServices();
  if (status = parts->experiments->RecordPending(); !status.ok()) {
    // A full disk, say: what is due stays noted, and reads work.
    parts->log->Error("pending_decisions_failed",
                      {{"code", absl::StatusCodeToString(status.code())},
                       {"message", status.message()}});
  }
  if (status = parts->Listen(dependencies.listen); !status.ok()) return status;
  std::unique_ptr<Timer> timer = std::move(dependencies.evaluator_timer);
  if (timer == nullptr && config.evaluate_every > absl::ZeroDuration()) {
    timer = MakePeriodicTimer(config.evaluate_every);
  }
  parts->evaluator = std::make_unique<Evaluator>(parts->EvaluatorWork(),
                                                 std::move(timer), parts->log);
  parts->StartHousekeeper(std::move(dependencies.housekeeping_timer));
  parts->log->Info("listening", {{"version", Version()},
                                 {"address", parts->address},
                                 {"requested", config.listen}});
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Shutdown(absl::ZeroDuration()); }

const std::string& Server::address() const { return parts_->address; }

std::shared_ptr<grpc::Channel> Server::InProcessChannel() {
  return parts_->grpc->InProcessChannel({});
}

void Server::Shutdown(absl::Duration grace) {
  Parts& parts = *parts_;
  {
    absl::MutexLock lock(&parts.mutex);
    if (parts.stopping) {
      parts.mutex.Await(absl::Condition(&parts.stopped));
      return;
    }
    parts.stopping = true;
  }
  const auto begin = std::chrono::steady_clock::now();
  if (auto* health = parts.grpc->GetHealthCheckService(); health != nullptr) {
    health->SetServingStatus(false);
  }
  // Long calls end by themselves; short ones get their time.
  parts.events->StopStreams();
  parts.assignment_feed->Stop();
  parts.ledger->Stop();
  const absl::Time deadline = absl::Now() + grace;
  // Shutdown closes the connections: the streams' last words go first.
  parts.events->AwaitNoStreams(grace);
  parts.assignment_feed->AwaitNone(deadline - absl::Now());
  parts.grpc->Shutdown(absl::ToChronoTime(deadline));
  parts.grpc->Wait();
  parts.assignment_calls->Stop();
  parts.evaluator->Stop();
  parts.housekeeper->StopWithSnapshot();
  parts.log->Info("shutdown",
                  {{"seconds", std::chrono::duration<double>(
                                   std::chrono::steady_clock::now() - begin)
                                   .count()}});
  // From the users to the used; the store last.
  parts.evaluator.reset();
  parts.grpc.reset();
  parts.admin.reset();
  parts.decisions.reset();
  parts.plans.reset();
  parts.results.reset();
  parts.assignment_calls.reset();
  parts.assignment_feed.reset();
  parts.assignments.reset();
  parts.events.reset();
  parts.experiments.reset();
  parts.layers.reset();
  parts.kpis.reset();
  parts.journeys.reset();
  parts.housekeeper.reset();
  parts.planning.reset();
  parts.scans.reset();
  parts.looks.reset();
  parts.ledger.reset();
  parts.catalog.reset();
  parts.engine.reset();
  parts.store.reset();
  absl::MutexLock lock(&parts.mutex);
  parts.stopped = true;
}

void Server::Wait() {
  absl::MutexLock lock(&parts_->mutex);
  parts_->mutex.Await(absl::Condition(&parts_->stopped));
}

engine::Engine* Server::engine() { return parts_->engine.get(); }
Catalog* Server::catalog() { return parts_->catalog.get(); }
Ledger* Server::ledger() { return parts_->ledger.get(); }
Looks* Server::looks() { return parts_->looks.get(); }
Evaluator* Server::evaluator() { return parts_->evaluator.get(); }
Housekeeper* Server::housekeeper() { return parts_->housekeeper.get(); }
EventService* Server::events() { return parts_->events.get(); }
const CallMetrics& Server::metrics() const { return parts_->metrics; }

}  // namespace stagecraft::service
