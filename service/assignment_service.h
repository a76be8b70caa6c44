// AssignmentService: says which variant a unit gets, and records exposures.
#ifndef STAGECRAFT_SERVICE_ASSIGNMENT_SERVICE_H_
#define STAGECRAFT_SERVICE_ASSIGNMENT_SERVICE_H_

#include "absl/time/time.h"
#include "engine/engine.h"
#include "service/catalog.h"
#include "service/clock.h"
#include "stagecraft/v1/assignment.grpc.pb.h"

namespace stagecraft::service {

inline constexpr int kMaxUnitsPerCall = 1000;
inline constexpr int kMaxExperimentsPerCall = 100;

// Thread-safe. One call sees one state of the catalog, whatever changes
// meanwhile.
class AssignmentService final : public v1::AssignmentService::Service {
 public:
  // `engine` and `catalog` outlive the service. Exposures that are further
  // ahead of the clock than `max_event_lead` are refused.
  AssignmentService(engine::Engine* engine, const Catalog* catalog, Clock clock,
                    absl::Duration max_event_lead);

  grpc::Status Assign(grpc::ServerContext* context,
                      const v1::AssignRequest* request,
                      v1::AssignResponse* response) override;
  grpc::Status BatchAssign(grpc::ServerContext* context,
                           const v1::BatchAssignRequest* request,
                           v1::BatchAssignResponse* response) override;

 private:
  engine::Engine* const engine_;
  const Catalog* const catalog_;
  const Clock clock_;
  const absl::Duration max_event_lead_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_ASSIGNMENT_SERVICE_H_
