#include "service/status.h"

#include <string>

#include "absl/strings/string_view.h"
#include "service/utf8.h"

namespace stagecraft::service {
namespace {

constexpr size_t kMaxMessageBytes = 4096;

// What may stand in a header.
std::string Presentable(absl::string_view message) {
  std::string text = ToValidUtf8(message);
  if (text.size() <= kMaxMessageBytes) return text;
  size_t end = kMaxMessageBytes;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  text.resize(end);
  return text + "...";
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      Presentable(status.message()));
}

grpc::Status ToGrpc(const absl::Status& status,
                    grpc::ServerContextBase* context) {
  if (context != nullptr && absl::IsResourceExhausted(status)) {
    context->AddTrailingMetadata(
        kRetryPushbackKey,
        std::to_string(absl::ToInt64Milliseconds(kRetryPushback)));
  }
  return ToGrpc(status);
}

}  // namespace stagecraft::service
