// The gRPC handlers of AdminService.
#ifndef STAGECRAFT_SERVICE_ADMIN_SERVICE_H_
#define STAGECRAFT_SERVICE_ADMIN_SERVICE_H_

#include "absl/time/time.h"
#include "engine/engine.h"
#include "engine/store/store.h"
#include "grpcpp/grpcpp.h"
#include "service/catalog.h"
#include "service/clock.h"
#include "service/housekeeper.h"
#include "stagecraft/v1/admin.grpc.pb.h"

namespace stagecraft::service {

// Thread-safe. All arguments outlive it.
class AdminServiceImpl final : public v1::AdminService::Service {
 public:
  // `start_elapsed`: how long reading what is stored took.
  AdminServiceImpl(engine::Engine* engine, const engine::Store* store,
                   const Catalog* catalog, Housekeeper* housekeeper,
                   Clock clock, absl::Duration start_elapsed);

  grpc::Status VerifyTallies(grpc::ServerContext* context,
                             const v1::VerifyTalliesRequest* request,
                             v1::VerifyTalliesResponse* response) override;
  grpc::Status BackUp(grpc::ServerContext* context,
                      const v1::BackUpRequest* request,
                      v1::BackUpResponse* response) override;
  grpc::Status DeleteUnit(grpc::ServerContext* context,
                          const v1::DeleteUnitRequest* request,
                          v1::DeleteUnitResponse* response) override;
  grpc::Status DeleteOldEvents(grpc::ServerContext* context,
                               const v1::DeleteOldEventsRequest* request,
                               v1::DeleteOldEventsResponse* response) override;
  grpc::Status WriteSnapshot(grpc::ServerContext* context,
                             const v1::WriteSnapshotRequest* request,
                             v1::WriteSnapshotResponse* response) override;
  grpc::Status GetStorage(grpc::ServerContext* context,
                          const v1::GetStorageRequest* request,
                          v1::Storage* response) override;

 private:
  engine::Engine* const engine_;
  const engine::Store* const store_;
  const Catalog* const catalog_;
  Housekeeper* const housekeeper_;
  const Clock clock_;
  const absl::Duration start_elapsed_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_ADMIN_SERVICE_H_
