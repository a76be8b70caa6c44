// Etags: a hash of a resource's content, revision included.
#ifndef STAGECRAFT_SERVICE_ETAG_H_
#define STAGECRAFT_SERVICE_ETAG_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace stagecraft::service {

// 64 bits of hash of the message: equal messages of one type have equal ones,
// whatever the order of their maps.
uint64_t Fingerprint(const google::protobuf::Message& message);

// 16 hexadecimal digits. `resource` has an empty `etag`.
std::string MakeEtag(const google::protobuf::Message& resource);

// OK if `given` is empty or the current one. Errors: kAborted names both.
absl::Status CheckEtag(absl::string_view name, absl::string_view given,
                       absl::string_view current);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_ETAG_H_
