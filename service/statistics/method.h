// A method of StatisticsService: what the gRPC service and `stagecraft calc`
// have in common. methods.h lists them all.
//
// A family implements each operation as a plain function
//
//   absl::StatusOr<v1::CompareMeansResponse> CompareMeans(
//       const v1::CompareMeansRequest& request);
//
// and lists it:
//
//   std::vector<Method> MeansMethods() {
//     return {MakeMethod<&CompareMeans>({.source = "...", .example =
//     "{...}"})};
//   }
//
// All names are derived from those of the contract: the rpc from the request's
// type, the family from the file that holds it.
#ifndef STAGECRAFT_SERVICE_STATISTICS_METHOD_H_
#define STAGECRAFT_SERVICE_STATISTICS_METHOD_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace stagecraft::service {

// What a family says of a method, besides its contract.
struct MethodText {
  // Where the method is from: a citation, or a few words.
  absl::string_view source;
  // A worked example: a request as JSON, in the style of the documentation.
  absl::string_view example;
};

struct Method {
  std::string rpc;     // `CompareMeans`.
  std::string name;    // `compare-means`, for the command line.
  std::string family;  // `means`.
  MethodText text;
  // Empty messages, to make others from.
  const google::protobuf::Message* request;
  const google::protobuf::Message* response;
  // Takes a message of the request's type that was checked, and fills one of
  // the response's type. `Call` is for callers.
  absl::Status (*handle)(const google::protobuf::Message& request,
                         google::protobuf::Message* response);
};

// Checks `request` by the options of its fields, answers it, and checks that
// the answer has no NaN. Pure; safe from any thread.
//
// `request` and `*response` are of the method's types.
// Errors: those of check_request.h and of the method; kInternal if the answer
// has a NaN, which would be a mistake of ours.
absl::Status Call(const Method& method,
                  const google::protobuf::Message& request,
                  google::protobuf::Message* response);

// `CompareMeans` to `compare-means`.
std::string KebabCase(absl::string_view camel_case);

// Of the types' descriptors; for MakeMethod.
Method DescribeMethod(const google::protobuf::Message& request,
                      const google::protobuf::Message& response,
                      const MethodText& text);

template <auto kFunction>
struct MethodTypes;
template <typename ResponseType, typename RequestType,
          absl::StatusOr<ResponseType> (*kFunction)(const RequestType&)>
struct MethodTypes<kFunction> {
  using Request = RequestType;
  using Response = ResponseType;
};

template <auto kFunction>
Method MakeMethod(const MethodText& text) {
  using Request = typename MethodTypes<kFunction>::Request;
  using Response = typename MethodTypes<kFunction>::Response;
  Method method = DescribeMethod(Request::default_instance(),
                                 Response::default_instance(), text);
  method.handle = [](const google::protobuf::Message& request,
                     google::protobuf::Message* response) -> absl::Status {
    auto answer = kFunction(static_cast<const Request&>(request));
    if (!answer.ok()) return answer.status();
    static_cast<Response&>(*response) = *std::move(answer);
    return absl::OkStatus();
  };
  return method;
}

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_STATISTICS_METHOD_H_
