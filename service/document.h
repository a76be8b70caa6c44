// How resources are stored: a byte of version, then the message's bytes.
// engine/store/FORMAT.md, "Documents", describes keys and values.
#ifndef STAGECRAFT_SERVICE_DOCUMENT_H_
#define STAGECRAFT_SERVICE_DOCUMENT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace stagecraft::service {

inline constexpr uint8_t kDocumentVersion = 1;
// Keys of decisions that are due begin so (see `Catalog::PendingDecisions`).
inline constexpr absl::string_view kPendingKeyPrefix = "pending/";

std::string EncodeDocument(const google::protobuf::Message& message);

// Errors: kDataLoss if the value is damaged, kFailedPrecondition if it is of a
// newer version; both name the key.
absl::Status DecodeDocument(absl::string_view key, absl::string_view value,
                            google::protobuf::Message* message);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_DOCUMENT_H_
