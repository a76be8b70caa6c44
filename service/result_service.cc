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

}  // namespace stagecraft::service
