// The client of a stagecraft server.
//
//   auto client = stagecraft::client::Client::Connect(
//       {.target = "localhost:7400", .wait_for_ready = absl::Seconds(10)});
//   if (!client.ok()) return client.status();
//
//   v1::AssignRequest ask;
//   ask.set_unit_id("user-17");
//   ask.set_journey("journeys/shop");
//   ask.set_record_exposure(true);
//   auto answer = (*client)->Assign(ask);
//   if (!answer.ok()) return answer.status();
//   for (const v1::Assignment& a : answer->assignments()) Show(a.variant());
//
//   auto sender = (*client)->NewEventSender();       // event_sender.h
//   if (!sender.ok()) return sender.status();
//   for (v1::Event& event : events) {
//     if (auto s = (*sender)->Send(std::move(event)); !s.ok()) return s;
//   }
//   if (auto s = (*sender)->Flush(); !s.ok()) return s;   // now durable
//
// Deadlines: each call ends within its deadline, repetitions included, with
// kDeadlineExceeded at the latest.
//
// Repetition: a call that fails with kUnavailable is repeated with backoff if
// repeating it cannot change more than once:
//   - all that read (Get, List, results, funnel, verify), WriteSnapshot and
//     DeleteOldEvents;
//   - Assign, IngestEvents, AcknowledgeDecision and EvaluateExperiment, by
//   their
//     definition (an evaluation that is repeated answers the same verdict, but
//     without the `decision`, which is then in the ledger already);
//   - writes that carry a `request_id` (see request_id.h).
// All others are sent once.
//
// Errors: the server's code and message, unchanged.
//
// local_assigner.h assigns within the caller's process, without a call.
#ifndef STAGECRAFT_CLIENTS_CPP_CLIENT_H_
#define STAGECRAFT_CLIENTS_CPP_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/cpp/event_sender.h"
#include "clients/cpp/retry.h"
#include "clients/cpp/watch.h"
#include "stagecraft/v1/admin.pb.h"
#include "stagecraft/v1/assignment.pb.h"
#include "stagecraft/v1/decision.pb.h"
#include "stagecraft/v1/event.pb.h"
#include "stagecraft/v1/experiment.pb.h"
#include "stagecraft/v1/journey.pb.h"
#include "stagecraft/v1/kpi.pb.h"
#include "stagecraft/v1/layer.pb.h"
#include "stagecraft/v1/planning.pb.h"
#include "stagecraft/v1/result.pb.h"

namespace grpc {
class Channel;
}

namespace stagecraft::client {

class LocalAssigner;

struct ClientOptions {
  // host:port, or any name that gRPC resolves (`unix:/run/stagecraft.sock`).
  std::string target = "localhost:7400";
  // Default limit of each call, repetitions included. More than 0.
  absl::Duration deadline = absl::Seconds(30);
  // Sent as `authorization: Bearer <token>`. Empty: none.
  std::string token;
  // PEM certificates that the server's must be signed by. Empty: no TLS. A
  // token without TLS can be read by the network.
  std::string tls_root_certificates;
  // Connect() waits this long until the server can be reached. 0: it does not
  // wait, and an unreachable server shows at the first call.
  absl::Duration wait_for_ready = absl::ZeroDuration();
  RetryPolicy retry;
  RetryHooks hooks;
};

// Options of one call.
struct CallOptions {
  // Instead of the client's.
  std::optional<absl::Duration> deadline;
};

// Thread-safe: any number of threads may call one client. It must outlive the
// senders that it makes.
class Client {
 public:
  // Errors: kInvalidArgument names the option, the value seen and that wanted;
  // kUnavailable if the server cannot be reached within `wait_for_ready`.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(
      const ClientOptions& options = {});
  // Over a channel that is there already, such as one within the process.
  // `target`, `tls_root_certificates` are not looked at.
  static absl::StatusOr<std::unique_ptr<Client>> FromChannel(
      std::shared_ptr<grpc::Channel> channel,
      const ClientOptions& options = {});

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // Waits until the server can be reached. kUnavailable after `limit`.
  absl::Status WaitForReady(absl::Duration limit);

  // Journeys.
  absl::StatusOr<v1::Journey> CreateJourney(const v1::CreateJourneyRequest&,
                                            const CallOptions& = {});
  absl::StatusOr<v1::Journey> GetJourney(const v1::GetJourneyRequest&,
                                         const CallOptions& = {});
  absl::StatusOr<v1::ListJourneysResponse> ListJourneys(
      const v1::ListJourneysRequest&, const CallOptions& = {});
  absl::StatusOr<v1::Journey> UpdateJourney(const v1::UpdateJourneyRequest&,
                                            const CallOptions& = {});
  absl::Status DeleteJourney(const v1::DeleteJourneyRequest&,
                             const CallOptions& = {});

  // KPIs.
  absl::StatusOr<v1::Kpi> CreateKpi(const v1::CreateKpiRequest&,
                                    const CallOptions& = {});
  absl::StatusOr<v1::Kpi> GetKpi(const v1::GetKpiRequest&,
                                 const CallOptions& = {});
  absl::StatusOr<v1::ListKpisResponse> ListKpis(const v1::ListKpisRequest&,
                                                const CallOptions& = {});
  absl::StatusOr<v1::Kpi> UpdateKpi(const v1::UpdateKpiRequest&,
                                    const CallOptions& = {});
  absl::Status DeleteKpi(const v1::DeleteKpiRequest&, const CallOptions& = {});

  // Layers.
  absl::StatusOr<v1::Layer> CreateLayer(const v1::CreateLayerRequest&,
                                        const CallOptions& = {});
  absl::StatusOr<v1::Layer> GetLayer(const v1::GetLayerRequest&,
                                     const CallOptions& = {});
  absl::StatusOr<v1::ListLayersResponse> ListLayers(
      const v1::ListLayersRequest&, const CallOptions& = {});
  absl::StatusOr<v1::Layer> UpdateLayer(const v1::UpdateLayerRequest&,
                                        const CallOptions& = {});
  absl::Status DeleteLayer(const v1::DeleteLayerRequest&,
                           const CallOptions& = {});

  // Experiments.
  absl::StatusOr<v1::Experiment> CreateExperiment(
      const v1::CreateExperimentRequest&, const CallOptions& = {});
  absl::StatusOr<v1::Experiment> GetExperiment(const v1::GetExperimentRequest&,
                                               const CallOptions& = {});
  absl::StatusOr<v1::ListExperimentsResponse> ListExperiments(
      const v1::ListExperimentsRequest&, const CallOptions& = {});
  absl::StatusOr<v1::Experiment> UpdateExperiment(
      const v1::UpdateExperimentRequest&, const CallOptions& = {});
  absl::Status DeleteExperiment(const v1::DeleteExperimentRequest&,
                                const CallOptions& = {});
  absl::StatusOr<v1::Experiment> StartExperiment(
      const v1::StartExperimentRequest&, const CallOptions& = {});
  absl::StatusOr<v1::Experiment> PauseExperiment(
      const v1::PauseExperimentRequest&, const CallOptions& = {});
  absl::StatusOr<v1::Experiment> ResumeExperiment(
      const v1::ResumeExperimentRequest&, const CallOptions& = {});
  absl::StatusOr<v1::Experiment> ConcludeExperiment(
      const v1::ConcludeExperimentRequest&, const CallOptions& = {});
  absl::StatusOr<v1::Experiment> RollOutExperiment(
      const v1::RollOutExperimentRequest&, const CallOptions& = {});
  absl::StatusOr<v1::Experiment> ArchiveExperiment(
      const v1::ArchiveExperimentRequest&, const CallOptions& = {});

  // Assignment.
  absl::StatusOr<v1::AssignResponse> Assign(const v1::AssignRequest&,
                                            const CallOptions& = {});
  absl::StatusOr<v1::BatchAssignResponse> BatchAssign(
      const v1::BatchAssignRequest&, const CallOptions& = {});

  // Events: one batch, or as many as there are.
  absl::StatusOr<v1::IngestEventsResponse> IngestEvents(
      const v1::IngestEventsRequest&, const CallOptions& = {});
  absl::StatusOr<std::unique_ptr<EventSender>> NewEventSender(
      const EventSenderOptions& options = {});

  // Results.
  absl::StatusOr<v1::ExperimentResults> GetExperimentResults(
      const v1::GetExperimentResultsRequest&, const CallOptions& = {});
  absl::StatusOr<v1::JourneyFunnel> GetJourneyFunnel(
      const v1::GetJourneyFunnelRequest&, const CallOptions& = {});

  // Calls `on_progress` with the share that is done, until it returns false
  // (kCancelled). Sent once, as a scan is expensive.
  absl::StatusOr<v1::ExperimentResults> ScanExperiment(
      const v1::ScanExperimentRequest&,
      const std::function<bool(double done)>& on_progress,
      const CallOptions& = {});

  // What to expect of a draft. Sent once, as it is expensive; give it a long
  // deadline.
  absl::StatusOr<v1::PlanExperimentResponse> PlanExperiment(
      const v1::PlanExperimentRequest&, const CallOptions& = {});

  // Decisions.
  absl::StatusOr<v1::EvaluateExperimentResponse> EvaluateExperiment(
      const v1::EvaluateExperimentRequest&, const CallOptions& = {});
  absl::StatusOr<v1::ListDecisionsResponse> ListDecisions(
      const v1::ListDecisionsRequest&, const CallOptions& = {});
  absl::StatusOr<v1::Decision> AcknowledgeDecision(
      const v1::AcknowledgeDecisionRequest&, const CallOptions& = {});
  absl::StatusOr<v1::VerifyDecisionResponse> VerifyDecision(
      const v1::VerifyDecisionRequest&, const CallOptions& = {});

  // Operating the server. Give these a long deadline: some read or write
  // everything that is stored, and go on after their deadline.
  absl::StatusOr<v1::VerifyTalliesResponse> VerifyTallies(
      const v1::VerifyTalliesRequest&, const CallOptions& = {});
  absl::StatusOr<v1::BackUpResponse> BackUp(const v1::BackUpRequest&,
                                            const CallOptions& = {});
  absl::StatusOr<v1::DeleteUnitResponse> DeleteUnit(
      const v1::DeleteUnitRequest&, const CallOptions& = {});
  absl::StatusOr<v1::DeleteOldEventsResponse> DeleteOldEvents(
      const v1::DeleteOldEventsRequest&, const CallOptions& = {});
  absl::StatusOr<v1::WriteSnapshotResponse> WriteSnapshot(
      const v1::WriteSnapshotRequest&, const CallOptions& = {});
  absl::StatusOr<v1::Storage> GetStorage(const v1::GetStorageRequest&,
                                         const CallOptions& = {});

  // Calls `on_decision` for each decision after `options.after_sequence`, in
  // order and once each, until it returns false (then OK), `options.until`
  // (kDeadlineExceeded) or `options.cancellation` (kCancelled). A stream that
  // breaks or ends is taken up after the last decision seen. Fails after
  // `retry.max_attempts` failures in a row, or at once with an error that
  // repeating does not mend.
  absl::Status WatchDecisions(
      const WatchOptions& options,
      const std::function<bool(const v1::Decision&)>& on_decision);

  // All pages of a list, in order. `parent` as in the List methods. The
  // deadline is that of each page. kInternal if the server repeats a token.
  absl::StatusOr<std::vector<v1::Journey>> ListAllJourneys(
      const CallOptions& = {});
  absl::StatusOr<std::vector<v1::Layer>> ListAllLayers(const CallOptions& = {});
  absl::StatusOr<std::vector<v1::Kpi>> ListAllKpis(absl::string_view parent,
                                                   const CallOptions& = {});
  absl::StatusOr<std::vector<v1::Experiment>> ListAllExperiments(
      absl::string_view parent,
      const std::vector<v1::Experiment::State>& states = {},
      const CallOptions& = {});
  absl::StatusOr<std::vector<v1::Decision>> ListAllDecisions(
      absl::string_view parent, const CallOptions& = {});

  const ClientOptions& options() const;

 private:
  friend class LocalAssigner;
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_CPP_CLIENT_H_
