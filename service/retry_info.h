// Statuses that say how long to wait: google.rpc.RetryInfo in their details.
#ifndef STAGECRAFT_SERVICE_RETRY_INFO_H_
#define STAGECRAFT_SERVICE_RETRY_INFO_H_

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace stagecraft::service {

// A serialized google.rpc.Status with one google.rpc.RetryInfo: what stands in
// `grpc-status-details-bin`. `delay` >= 0.
std::string RetryDetails(const grpc::Status& status, absl::Duration delay);

// As ToGrpc in service/status.h; RESOURCE_EXHAUSTED asks the caller to wait for
// `delay`, in its details and by `grpc-retry-pushback-ms`. `context` may be
// null: then only in the details.
grpc::Status ToGrpc(const absl::Status& status, absl::Duration delay,
                    grpc::ServerContextBase* context);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_RETRY_INFO_H_
