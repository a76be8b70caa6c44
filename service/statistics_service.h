// The gRPC handlers of StatisticsService: each rpc is the method of its name in
// service/statistics.
#ifndef STAGECRAFT_SERVICE_STATISTICS_SERVICE_H_
#define STAGECRAFT_SERVICE_STATISTICS_SERVICE_H_

#include "grpcpp/grpcpp.h"
#include "stagecraft/v1/statistics.grpc.pb.h"

namespace stagecraft::service {

// Pure functions: no state, any thread. What a call may cost is bounded by the
// sizes that the contract allows.
class StatisticsServiceImpl final : public v1::StatisticsService::Service {
 public:
#define STAGECRAFT_STATISTICS_RPC(name)                      \
  grpc::Status name(grpc::ServerContext* context,            \
                    const v1::name##Request* request,        \
                    v1::name##Response* response) override { \
    return Answer(context, *request, response);              \
  }
// Generated from statistics.proto by proto/CMakeLists.txt.
#include "stagecraft/v1/statistics_rpcs.inc"
#undef STAGECRAFT_STATISTICS_RPC

 private:
  static grpc::Status Answer(grpc::ServerContext* context,
                             const google::protobuf::Message& request,
                             google::protobuf::Message* response);
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_SERVICE_H_
