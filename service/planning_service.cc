#include "service/planning_service.h"

#include <utility>

#include "service/status.h"

namespace stagecraft::service {

grpc::Status PlanningServiceImpl::PlanExperiment(
    grpc::ServerContext* context, const v1::PlanExperimentRequest* request,
    v1::PlanExperimentResponse* response) {
  auto plan =
      planning_->Plan(*request, [context] { return !context->IsCancelled(); });
  if (!plan.ok()) return ToGrpc(plan.status(), context);
  *response = *std::move(plan);
  return grpc::Status::OK;
}

}  // namespace stagecraft::service
