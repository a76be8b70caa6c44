// AssignmentService: says which variant a unit gets, and records exposures.
#ifndef STAGECRAFT_SERVICE_ASSIGNMENT_SERVICE_H_
#define STAGECRAFT_SERVICE_ASSIGNMENT_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include "absl/time/time.h"
#include "engine/engine.h"
#include "service/assignment_question.h"
#include "service/catalog.h"
#include "service/clock.h"
#include "stagecraft/v1/assignment.pb.h"

namespace stagecraft::service {

// What the two methods do; assignment_calls.h serves them. Thread-safe. One
// call sees one state of the catalog, whatever changes meanwhile. A response is
// complete only if the status is OK.
class AssignmentService {
 public:
  // `engine` and `catalog` outlive the service. Exposures that are further
  // ahead of the clock than `max_event_lead` are refused.
  AssignmentService(engine::Engine* engine, const Catalog* catalog, Clock clock,
                    absl::Duration max_event_lead);

  // Whether the call may wait: for the disk, or for others who use a unit. One
  // that need not wait takes microseconds.
  bool MayWait(const v1::AssignRequest& request) const;
  bool MayWait(const v1::BatchAssignRequest&) const { return true; }

  // `context` takes trailing metadata; null: none.
  grpc::Status Assign(grpc::ServerContextBase* context,
                      const v1::AssignRequest* request,
                      v1::AssignResponse* response) const;
  grpc::Status Assign(grpc::ServerContextBase* context,
                      const v1::BatchAssignRequest* request,
                      v1::BatchAssignResponse* response) const;

 private:
  engine::Engine* const engine_;
  const Catalog* const catalog_;
  const Clock clock_;
  const absl::Duration max_event_lead_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_ASSIGNMENT_SERVICE_H_
