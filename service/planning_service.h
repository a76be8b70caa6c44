// The gRPC handlers of PlanningService.
#ifndef STAGECRAFT_SERVICE_PLANNING_SERVICE_H_
#define STAGECRAFT_SERVICE_PLANNING_SERVICE_H_

#include "grpcpp/grpcpp.h"
#include "service/planning.h"
#include "stagecraft/v1/planning.grpc.pb.h"

namespace stagecraft::service {

// Thread-safe. All arguments outlive it.
class PlanningServiceImpl final : public v1::PlanningService::Service {
 public:
  explicit PlanningServiceImpl(Planning* planning) : planning_(planning) {}

  // Ends with the call.
  grpc::Status PlanExperiment(grpc::ServerContext* context,
                              const v1::PlanExperimentRequest* request,
                              v1::PlanExperimentResponse* response) override;

 private:
  Planning* const planning_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_PLANNING_SERVICE_H_
