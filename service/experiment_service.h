// The gRPC service of experiments: see stagecraft/v1/experiment.proto for its
// contract.
#ifndef STAGECRAFT_SERVICE_EXPERIMENT_SERVICE_H_
#define STAGECRAFT_SERVICE_EXPERIMENT_SERVICE_H_

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"
#include "service/catalog.h"
#include "service/ledger.h"
#include "service/looks.h"
#include "stagecraft/v1/experiment.grpc.pb.h"

namespace stagecraft::service {

// Thread-safe. All arguments outlive it.
//
// Concluding and rolling out change the state and append a decision. The state
// comes first, in one batch with a note of the decision that is due; then the
// decision is appended and the note is removed. After a crash between the two
// the note is left, and `RecordPending` appends the decision with the same
// content: the ledger never names a conclusion that did not happen, and none is
// missing from it for good.
class ExperimentService final : public v1::ExperimentService::Service {
 public:
  ExperimentService(Catalog* catalog, Looks* looks, Ledger* ledger)
      : catalog_(catalog), looks_(looks), ledger_(ledger) {}

  // Appends the decisions that are due since a crash or a failed write. Call it
  // once before serving; it does nothing when nothing is due.
  absl::Status RecordPending();

  grpc::Status CreateExperiment(grpc::ServerContext* context,
                                const v1::CreateExperimentRequest* request,
                                v1::Experiment* response) override;
  grpc::Status GetExperiment(grpc::ServerContext* context,
                             const v1::GetExperimentRequest* request,
                             v1::Experiment* response) override;
  grpc::Status ListExperiments(grpc::ServerContext* context,
                               const v1::ListExperimentsRequest* request,
                               v1::ListExperimentsResponse* response) override;
  grpc::Status UpdateExperiment(grpc::ServerContext* context,
                                const v1::UpdateExperimentRequest* request,
                                v1::Experiment* response) override;
  grpc::Status DeleteExperiment(grpc::ServerContext* context,
                                const v1::DeleteExperimentRequest* request,
                                google::protobuf::Empty* response) override;
  grpc::Status StartExperiment(grpc::ServerContext* context,
                               const v1::StartExperimentRequest* request,
                               v1::Experiment* response) override;
  grpc::Status PauseExperiment(grpc::ServerContext* context,
                               const v1::PauseExperimentRequest* request,
                               v1::Experiment* response) override;
  grpc::Status ResumeExperiment(grpc::ServerContext* context,
                                const v1::ResumeExperimentRequest* request,
                                v1::Experiment* response) override;
  grpc::Status ConcludeExperiment(grpc::ServerContext* context,
                                  const v1::ConcludeExperimentRequest* request,
                                  v1::Experiment* response) override;
  grpc::Status RollOutExperiment(grpc::ServerContext* context,
                                 const v1::RollOutExperimentRequest* request,
                                 v1::Experiment* response) override;
  grpc::Status ArchiveExperiment(grpc::ServerContext* context,
                                 const v1::ArchiveExperimentRequest* request,
                                 v1::Experiment* response) override;

 private:
  // Appends the experiment's pending decision, if there is one.
  absl::Status RecordPending(absl::string_view experiment)
      ABSL_LOCKS_EXCLUDED(decisions_);
  // One verb of the life cycle: the write, and the decision if it made one due.
  grpc::Status Change(
      grpc::ServerContext* context, absl::string_view name, const Call& call,
      absl::FunctionRef<absl::StatusOr<v1::Experiment>(CatalogEdit& edit)> fn,
      v1::Experiment* response);

  Catalog* const catalog_;
  Looks* const looks_;
  Ledger* const ledger_;
  absl::Mutex decisions_;  // Held while a pending decision is appended.
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_EXPERIMENT_SERVICE_H_
