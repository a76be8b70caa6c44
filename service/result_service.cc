#include "service/result_service.h"

#include <utility>

#include "service/status.h"

namespace stagecraft::service {

grpc::Status ResultServiceImpl::GetExperimentResults(
    grpc::ServerContext* context,
    const v1::GetExperimentResultsRequest* request,
    v1::ExperimentResults* response) {
  auto results = looks_->Results(*request);
  if (!results.ok()) return ToGrpc(results.status(), context);
  *response = *std::move(results);
  return grpc::Status::OK;
}

grpc::Status ResultServiceImpl::GetJourneyFunnel(
    grpc::ServerContext* context, const v1::GetJourneyFunnelRequest* request,
    v1::JourneyFunnel* response) {
  auto funnel = looks_->Funnel(*request);
  if (!funnel.ok()) return ToGrpc(funnel.status(), context);
  *response = *std::move(funnel);
  return grpc::Status::OK;
}

grpc::Status ResultServiceImpl::ScanExperiment(
    grpc::ServerContext* context, const v1::ScanExperimentRequest* request,
    grpc::ServerWriter<v1::ScanExperimentResponse>* writer) {
  // Not more messages than anybody reads.
  constexpr double kStep = 0.01;
  double next = 0;
  auto results = scans_->Scan(*request, [&](double done) {
    if (context->IsCancelled()) return false;
    if (done < next) return true;
    next = done + kStep;
    v1::ScanExperimentResponse progress;
    progress.set_done(done);
    return writer->Write(progress);
  });
  if (!results.ok()) return ToGrpc(results.status(), context);
  v1::ScanExperimentResponse last;
  *last.mutable_results() = *std::move(results);
  if (!writer->Write(last)) {
    return ToGrpc(absl::CancelledError("the call was cancelled"));
  }
  return grpc::Status::OK;
}

}  // namespace stagecraft::service
