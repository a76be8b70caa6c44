#include "service/statistics_service.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/statistics/method.h"
#include "service/statistics/methods.h"
#include "service/status.h"

namespace stagecraft::service {

grpc::Status StatisticsServiceImpl::Answer(
    grpc::ServerContext* context, const google::protobuf::Message& request,
    google::protobuf::Message* response) {
  const Method* method = FindMethod(request.GetDescriptor());
  if (method == nullptr) {
    return ToGrpc(absl::UnimplementedError(absl::StrCat(
                      "no method takes a ", request.GetDescriptor()->name())),
                  context);
  }
  return ToGrpc(Call(*method, request, response), context);
}

}  // namespace stagecraft::service
