// The gRPC service of journeys: see stagecraft/v1/journey.proto for its
// contract.
#ifndef STAGECRAFT_SERVICE_JOURNEY_SERVICE_H_
#define STAGECRAFT_SERVICE_JOURNEY_SERVICE_H_

#include "grpcpp/grpcpp.h"
#include "service/catalog.h"
#include "stagecraft/v1/journey.grpc.pb.h"

namespace stagecraft::service {

// Thread-safe. `catalog` outlives it.
class JourneyService final : public v1::JourneyService::Service {
 public:
  explicit JourneyService(Catalog* catalog) : catalog_(catalog) {}

  grpc::Status CreateJourney(grpc::ServerContext* context,
                             const v1::CreateJourneyRequest* request,
                             v1::Journey* response) override;
  grpc::Status GetJourney(grpc::ServerContext* context,
                          const v1::GetJourneyRequest* request,
                          v1::Journey* response) override;
  grpc::Status ListJourneys(grpc::ServerContext* context,
                            const v1::ListJourneysRequest* request,
                            v1::ListJourneysResponse* response) override;
  grpc::Status UpdateJourney(grpc::ServerContext* context,
                             const v1::UpdateJourneyRequest* request,
                             v1::Journey* response) override;
  grpc::Status DeleteJourney(grpc::ServerContext* context,
                             const v1::DeleteJourneyRequest* request,
                             google::protobuf::Empty* response) override;

 private:
  Catalog* const catalog_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_JOURNEY_SERVICE_H_
