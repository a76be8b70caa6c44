// The gRPC service of KPIs: see stagecraft/v1/kpi.proto for its contract.
#ifndef STAGECRAFT_SERVICE_KPI_SERVICE_H_
#define STAGECRAFT_SERVICE_KPI_SERVICE_H_

#include "grpcpp/grpcpp.h"
#include "service/catalog.h"
#include "stagecraft/v1/kpi.grpc.pb.h"

namespace stagecraft::service {

// Thread-safe. `catalog` outlives it.
class KpiService final : public v1::KpiService::Service {
 public:
  explicit KpiService(Catalog* catalog) : catalog_(catalog) {}

  grpc::Status CreateKpi(grpc::ServerContext* context,
                         const v1::CreateKpiRequest* request,
                         v1::Kpi* response) override;
  grpc::Status GetKpi(grpc::ServerContext* context,
                      const v1::GetKpiRequest* request,
                      v1::Kpi* response) override;
  grpc::Status ListKpis(grpc::ServerContext* context,
                        const v1::ListKpisRequest* request,
                        v1::ListKpisResponse* response) override;
  grpc::Status UpdateKpi(grpc::ServerContext* context,
                         const v1::UpdateKpiRequest* request,
                         v1::Kpi* response) override;
  grpc::Status DeleteKpi(grpc::ServerContext* context,
                         const v1::DeleteKpiRequest* request,
                         google::protobuf::Empty* response) override;

 private:
  Catalog* const catalog_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_KPI_SERVICE_H_
