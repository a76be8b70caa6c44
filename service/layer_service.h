// The gRPC service of layers: see stagecraft/v1/layer.proto for its contract.
#ifndef STAGECRAFT_SERVICE_LAYER_SERVICE_H_
#define STAGECRAFT_SERVICE_LAYER_SERVICE_H_

#include "grpcpp/grpcpp.h"
#include "service/catalog.h"
#include "stagecraft/v1/layer.grpc.pb.h"

namespace stagecraft::service {

// Thread-safe. `catalog` outlives it.
class LayerService final : public v1::LayerService::Service {
 public:
  explicit LayerService(Catalog* catalog) : catalog_(catalog) {}

  grpc::Status CreateLayer(grpc::ServerContext* context,
                           const v1::CreateLayerRequest* request,
                           v1::Layer* response) override;
  grpc::Status GetLayer(grpc::ServerContext* context,
                        const v1::GetLayerRequest* request,
                        v1::Layer* response) override;
  grpc::Status ListLayers(grpc::ServerContext* context,
                          const v1::ListLayersRequest* request,
                          v1::ListLayersResponse* response) override;
  grpc::Status UpdateLayer(grpc::ServerContext* context,
                           const v1::UpdateLayerRequest* request,
                           v1::Layer* response) override;
  grpc::Status DeleteLayer(grpc::ServerContext* context,
                           const v1::DeleteLayerRequest* request,
                           google::protobuf::Empty* response) override;

 private:
  Catalog* const catalog_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_LAYER_SERVICE_H_
