// Statuses on the wire.
#ifndef STAGECRAFT_SERVICE_STATUS_H_
#define STAGECRAFT_SERVICE_STATUS_H_

#include <grpcpp/grpcpp.h>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace stagecraft::service {

// How long a caller is asked to wait before it repeats a call that failed with
// RESOURCE_EXHAUSTED.
inline constexpr absl::Duration kRetryPushback = absl::Seconds(1);
inline constexpr char kRetryPushbackKey[] = "grpc-retry-pushback-ms";

// The same code (their numbers agree) and the same message. Bytes that are not
// UTF-8 are replaced, messages of more than 4 KiB cut short: both would break
// the HTTP/2 headers that carry them.
grpc::Status ToGrpc(const absl::Status& status);

// As above; RESOURCE_EXHAUSTED also carries the trailing metadata
// `grpc-retry-pushback-ms`, which clients with a retry policy obey.
grpc::Status ToGrpc(const absl::Status& status,
                    grpc::ServerContextBase* context);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATUS_H_
