#include "service/retry_info.h"

#include "absl/strings/str_cat.h"
#include "google/protobuf/any.pb.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "service/convert_time.h"
#include "service/status.h"

namespace stagecraft::service {

// Both messages are written by their field numbers, which never change:
//
//   google.rpc.Status     1: int32 code, 2: string message, 3: repeated Any
//   google.rpc.RetryInfo  1: google.protobuf.Duration retry_delay
std::string RetryDetails(const grpc::Status& status, absl::Duration delay) {
  google::protobuf::UnknownFieldSet info;
  info.AddLengthDelimited(
      1, ToDuration(absl::ToInt64Microseconds(delay)).SerializeAsString());
  google::protobuf::Any any;
  any.set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  info.SerializeToString(any.mutable_value());
  google::protobuf::UnknownFieldSet details;
  details.AddVarint(1, static_cast<uint64_t>(status.error_code()));
  details.AddLengthDelimited(2, status.error_message());
  details.AddLengthDelimited(3, any.SerializeAsString());
  std::string text;
  details.SerializeToString(&text);
  return text;
}

grpc::Status ToGrpc(const absl::Status& status, absl::Duration delay,
                    grpc::ServerContextBase* context) {
  const grpc::Status plain = ToGrpc(status);
  if (!absl::IsResourceExhausted(status)) return plain;
  if (context != nullptr) {
    context->AddTrailingMetadata(
        kRetryPushbackKey, absl::StrCat(absl::ToInt64Milliseconds(delay)));
  }
  return grpc::Status(plain.error_code(), plain.error_message(),
                      RetryDetails(plain, delay));
}

}  // namespace stagecraft::service
