// The gRPC handlers of ResultService.
#ifndef STAGECRAFT_SERVICE_RESULT_SERVICE_H_
#define STAGECRAFT_SERVICE_RESULT_SERVICE_H_

#include "grpcpp/grpcpp.h"
#include "service/looks.h"
#include "stagecraft/v1/result.grpc.pb.h"

namespace stagecraft::service {

// Thread-safe. `looks` outlives it.
class ResultServiceImpl final : public v1::ResultService::Service {
 public:
  explicit ResultServiceImpl(const Looks* looks) : looks_(looks) {}

  grpc::Status GetExperimentResults(
      grpc::ServerContext* context,
      const v1::GetExperimentResultsRequest* request,
      v1::ExperimentResults* response) override;
  grpc::Status GetJourneyFunnel(grpc::ServerContext* context,
                                const v1::GetJourneyFunnelRequest* request,
                                v1::JourneyFunnel* response) override;

 private:
  const Looks* const looks_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_RESULT_SERVICE_H_
