#include "service/statistics/method.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "service/statistics/check_request.h"

namespace stagecraft::service {

absl::Status Call(const Method& method,
                  const google::protobuf::Message& request,
                  google::protobuf::Message* response) {
  if (absl::Status s = CheckRequest(request); !s.ok()) return s;
  if (absl::Status s = method.handle(request, response); !s.ok()) return s;
  return CheckAnswer(*response);
}

std::string KebabCase(absl::string_view camel_case) {
  std::string kebab;
  for (const char c : camel_case) {
    if (absl::ascii_isupper(c) && !kebab.empty()) kebab.push_back('-');
    kebab.push_back(absl::ascii_tolower(c));
  }
  return kebab;
}

Method DescribeMethod(const google::protobuf::Message& request,
                      const google::protobuf::Message& response,
                      const MethodText& text) {
  absl::string_view rpc = request.GetDescriptor()->name();
  absl::ConsumeSuffix(&rpc, "Request");
  // `stagecraft/v1/statistics_means.proto`
  absl::string_view family = request.GetDescriptor()->file()->name();
  family.remove_prefix(family.rfind('/') + 1);
  absl::ConsumePrefix(&family, "statistics_");
  absl::ConsumeSuffix(&family, ".proto");
  return {.rpc = std::string(rpc),
          .name = KebabCase(rpc),
          .family = std::string(family),
          .text = text,
          .request = &request,
          .response = &response,
          .handle = nullptr};
}

}  // namespace stagecraft::service
