// Checks of messages of StatisticsService that need no knowledge of the method.
#ifndef STAGECRAFT_SERVICE_STATISTICS_CHECK_REQUEST_H_
#define STAGECRAFT_SERVICE_STATISTICS_CHECK_REQUEST_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace stagecraft::service {

// Whether a request has what the options of its fields ask for
// (statistics_options.proto), all of its numbers are finite and all of its enum
// values known; also within its messages and lists.
//
// Errors: kInvalidArgument with the path of the first field at fault, the value
// seen and the value wanted: `control.mean is missing, want a number`,
// `arms[2].n is ...`.
absl::Status CheckRequest(const google::protobuf::Message& request);

// Errors: kInternal if a number is NaN.
absl::Status CheckAnswer(const google::protobuf::Message& answer);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_CHECK_REQUEST_H_
