#include "clients/cpp/client.h"

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cpp/client_impl.h"
#include "clients/cpp/event_sender_impl.h"
#include "clients/cpp/status.h"
#include "google/protobuf/empty.pb.h"

namespace stagecraft::client {
namespace {

absl::Status CheckOptions(const ClientOptions& options) {
  if (options.deadline <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("deadline is ", absl::FormatDuration(options.deadline),
                     ", want more than 0"));
  }
  if (options.wait_for_ready < absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "wait_for_ready is ", absl::FormatDuration(options.wait_for_ready),
        ", want at least 0"));
  }
  for (const char c : options.token) {
    if (c < 0x20 || c > 0x7e) {
      return absl::InvalidArgumentError(absl::StrCat(
          "token has the byte ", static_cast<int>(static_cast<uint8_t>(c)),
          ", want printable ASCII (a line end may have come along)"));
    }
  }
  return CheckRetryPolicy(options.retry);
}

// Calls `method` until it succeeds, fails for good, or time is up.
template <typename Impl, typename Stub, typename Request, typename Response>
absl::Status Invoke(const Impl& impl, Stub& stub,
                    grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                 const Request&, Response*),
                    const Request& request, bool repeatable,
                    const CallOptions& call, Response* response) {
  const ClientOptions& options = impl.options;
  const absl::Duration limit = call.deadline.value_or(options.deadline);
  if (limit <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "deadline is ", absl::FormatDuration(limit), ", want more than 0"));
  }
  const absl::Time end = absl::Now() + limit;
  for (int attempt = 1;; ++attempt) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(end));
    impl.Prepare(context);
    const grpc::Status answer = (stub.*method)(&context, request, response);
    const absl::Status status = ToAbslStatus(answer);
    // A server that is overloaded says when to come again.
    const std::optional<absl::Duration> asked = RequestedDelay(answer);
    const bool may_mend =
        status.code() == absl::StatusCode::kUnavailable ||
        (status.code() == absl::StatusCode::kResourceExhausted &&
         asked.has_value());
    if (status.ok() || !may_mend || !repeatable ||
        attempt >= options.retry.max_attempts) {
      return status;
    }
    const absl::Duration left = end - absl::Now();
    // Keeps the reason, which says more than that the time is up.
    if (left <= absl::ZeroDuration()) return status;
    WaitBackoff(options.retry, options.hooks, attempt, left,
                asked.value_or(absl::ZeroDuration()));
    if (absl::Now() >= end) return status;
    response->Clear();
  }
}

}  // namespace

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

const ClientOptions& Client::options() const { return impl_->options; }

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(
    const ClientOptions& options) {
  if (options.target.empty()) {
    return absl::InvalidArgumentError(
        "target is empty, want host:port such as localhost:7400");
  }
  if (absl::Status s = CheckOptions(options); !s.ok()) return s;
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  if (options.tls_root_certificates.empty()) {
    credentials = grpc::InsecureChannelCredentials();
  } else {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = options.tls_root_certificates;
    credentials = grpc::SslCredentials(tls);
  }
  grpc::ChannelArguments arguments;
  // Results of large experiments pass the default of 4 MiB.
  arguments.SetMaxReceiveMessageSize(256 << 20);
  // Finds dead connections under streams that wait.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 300000);
  // gRPC's own pauses between connection attempts grow to minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  auto channel =
      grpc::CreateCustomChannel(options.target, credentials, arguments);
  return FromChannel(std::move(channel), options);
}

absl::StatusOr<std::unique_ptr<Client>> Client::FromChannel(
    std::shared_ptr<grpc::Channel> channel, const ClientOptions& options) {
  if (channel == nullptr) {
    return absl::InvalidArgumentError("channel is null, want a channel");
  }
  if (absl::Status s = CheckOptions(options); !s.ok()) return s;
  std::unique_ptr<Client> client(
      new Client(std::make_unique<Impl>(std::move(channel), options)));
  if (options.wait_for_ready > absl::ZeroDuration()) {
    absl::Status status = client->WaitForReady(options.wait_for_ready);
    if (!status.ok()) return status;
  }
  return client;
}

absl::Status Client::WaitForReady(absl::Duration limit) {
  if (impl_->channel->WaitForConnected(
          absl::ToChronoTime(absl::Now() + limit))) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat("cannot reach ",
                                             impl_->options.target, " within ",
                                             absl::FormatDuration(limit)));
}

absl::StatusOr<std::unique_ptr<EventSender>> Client::NewEventSender(
    const EventSenderOptions& options) {
  if (absl::Status s = CheckEventSenderOptions(options); !s.ok()) return s;
  return MakeEventSender(
      &impl_->events, options, impl_->options.retry, impl_->options.hooks,
      [impl = impl_.get()](grpc::ClientContext& c) { impl->Prepare(c); });
}

// One method of Client for one rpc; `repeatable` may look at `request`.
#define STAGECRAFT_CALL(stub, Service, Method, Response, repeatable)         \
  absl::StatusOr<v1::Response> Client::Method(                               \
      const v1::Method##Request& request, const CallOptions& call) {         \
    v1::Response response;                                                   \
    if (absl::Status s =                                                     \
            Invoke(*impl_, impl_->stub, &v1::Service::Stub::Method, request, \
                   repeatable, call, &response);                             \
        !s.ok()) {                                                           \
      return s;                                                              \
    }                                                                        \
    return response;                                                         \
  }
#define STAGECRAFT_READ(stub, Service, Method, Response) \
  STAGECRAFT_CALL(stub, Service, Method, Response, true)
#define STAGECRAFT_WRITE(stub, Service, Method, Response) \
  STAGECRAFT_CALL(stub, Service, Method, Response,        \
                  !request.request_id().empty())
#define STAGECRAFT_DELETE(stub, Service, Method)                            \
  absl::Status Client::Method(const v1::Method##Request& request,           \
                              const CallOptions& call) {                    \
    google::protobuf::Empty response;                                       \
    return Invoke(*impl_, impl_->stub, &v1::Service::Stub::Method, request, \
                  false, call, &response);                                  \
  }

STAGECRAFT_WRITE(journeys, JourneyService, CreateJourney, Journey)
STAGECRAFT_READ(journeys, JourneyService, GetJourney, Journey)
STAGECRAFT_READ(journeys, JourneyService, ListJourneys, ListJourneysResponse)
STAGECRAFT_WRITE(journeys, JourneyService, UpdateJourney, Journey)
STAGECRAFT_DELETE(journeys, JourneyService, DeleteJourney)

STAGECRAFT_WRITE(kpis, KpiService, CreateKpi, Kpi)
STAGECRAFT_READ(kpis, KpiService, GetKpi, Kpi)
STAGECRAFT_READ(kpis, KpiService, ListKpis, ListKpisResponse)
STAGECRAFT_WRITE(kpis, KpiService, UpdateKpi, Kpi)
STAGECRAFT_DELETE(kpis, KpiService, DeleteKpi)

STAGECRAFT_WRITE(layers, LayerService, CreateLayer, Layer)
STAGECRAFT_READ(layers, LayerService, GetLayer, Layer)
STAGECRAFT_READ(layers, LayerService, ListLayers, ListLayersResponse)
STAGECRAFT_WRITE(layers, LayerService, UpdateLayer, Layer)
STAGECRAFT_DELETE(layers, LayerService, DeleteLayer)

STAGECRAFT_WRITE(experiments, ExperimentService, CreateExperiment, Experiment)
STAGECRAFT_READ(experiments, ExperimentService, GetExperiment, Experiment)
STAGECRAFT_READ(experiments, ExperimentService, ListExperiments,
                ListExperimentsResponse)
STAGECRAFT_WRITE(experiments, ExperimentService, UpdateExperiment, Experiment)
STAGECRAFT_DELETE(experiments, ExperimentService, DeleteExperiment)
STAGECRAFT_WRITE(experiments, ExperimentService, StartExperiment, Experiment)
STAGECRAFT_WRITE(experiments, ExperimentService, PauseExperiment, Experiment)
STAGECRAFT_WRITE(experiments, ExperimentService, ResumeExperiment, Experiment)
STAGECRAFT_WRITE(experiments, ExperimentService, ConcludeExperiment, Experiment)
STAGECRAFT_WRITE(experiments, ExperimentService, RollOutExperiment, Experiment)
STAGECRAFT_WRITE(experiments, ExperimentService, ArchiveExperiment, Experiment)

STAGECRAFT_READ(assignments, AssignmentService, Assign, AssignResponse)
STAGECRAFT_READ(assignments, AssignmentService, BatchAssign,
                BatchAssignResponse)
STAGECRAFT_READ(events, EventService, IngestEvents, IngestEventsResponse)

STAGECRAFT_READ(results, ResultService, GetExperimentResults, ExperimentResults)
STAGECRAFT_READ(results, ResultService, GetJourneyFunnel, JourneyFunnel)

STAGECRAFT_CALL(plans, PlanningService, PlanExperiment, PlanExperimentResponse,
                false)

STAGECRAFT_READ(decisions, DecisionService, EvaluateExperiment,
                EvaluateExperimentResponse)
STAGECRAFT_READ(decisions, DecisionService, ListDecisions,
                ListDecisionsResponse)
STAGECRAFT_CALL(decisions, DecisionService, AcknowledgeDecision, Decision, true)
STAGECRAFT_READ(decisions, DecisionService, VerifyDecision,
                VerifyDecisionResponse)

STAGECRAFT_READ(admin, AdminService, VerifyTallies, VerifyTalliesResponse)
STAGECRAFT_CALL(admin, AdminService, BackUp, BackUpResponse, false)
STAGECRAFT_CALL(admin, AdminService, DeleteUnit, DeleteUnitResponse, false)
STAGECRAFT_READ(admin, AdminService, DeleteOldEvents, DeleteOldEventsResponse)
STAGECRAFT_READ(admin, AdminService, WriteSnapshot, WriteSnapshotResponse)
STAGECRAFT_READ(admin, AdminService, GetStorage, Storage)

}  // namespace stagecraft::client
