// The gRPC handlers of ResultService.
#ifndef STAGECRAFT_SERVICE_RESULT_SERVICE_H_
#define STAGECRAFT_SERVICE_RESULT_SERVICE_H_

#include "grpcpp/grpcpp.h"
#include "service/looks.h"
#include "service/scans.h"
#include "stagecraft/v1/result.grpc.pb.h"

namespace stagecraft::service {

// Thread-safe. All arguments outlive it.
class ResultServiceImpl final : public v1::ResultService::Service {
 public:
  ResultServiceImpl(const Looks* looks, Scans* scans)
      : looks_(looks), scans_(scans) {}

  grpc::Status GetExperimentResults(
      grpc::ServerContext* context,
      const v1::GetExperimentResultsRequest* request,
      v1::ExperimentResults* response) override;
  grpc::Status GetJourneyFunnel(grpc::ServerContext* context,
                                const v1::GetJourneyFunnelRequest* request,
                                v1::JourneyFunnel* response) override;
  // Ends with the call.
  grpc::Status ScanExperiment(
      grpc::ServerContext* context, const v1::ScanExperimentRequest* request,
      grpc::ServerWriter<v1::ScanExperimentResponse>* writer) override;

 private:
  const Looks* const looks_;
  Scans* const scans_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_RESULT_SERVICE_H_
