// grpc::Status to absl::Status: the only place where one becomes the other.
#ifndef STAGECRAFT_CLIENTS_CPP_STATUS_H_
#define STAGECRAFT_CLIENTS_CPP_STATUS_H_

#include "absl/status/status.h"

namespace grpc {
class Status;
}

namespace stagecraft::client {

// The same code and message. The code numbers agree by design of both; a number
// outside of 0 to 16 becomes kUnknown and is named in the message.
absl::Status ToAbslStatus(const grpc::Status& status);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_CPP_STATUS_H_
