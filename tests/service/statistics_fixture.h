// Calls of the methods of StatisticsService with JSON, for the tests of the
// families.
//
//   const auto answer = Answer<v1::CompareMeansResponse>(MeansMethods(), R"({
//     "control": {"n": 10, "mean": 1, "variance": 2}, ...})");
//   ASSERT_THAT(answer, IsOk());
//   EXPECT_NEAR(answer->difference().p_value(), 0.0123, 1e-15);
#ifndef STAGECRAFT_TESTS_SERVICE_STATISTICS_FIXTURE_H_
#define STAGECRAFT_TESTS_SERVICE_STATISTICS_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "clients/cli/calc_json.h"
#include "clients/cli/json_io.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "service/statistics/method.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {

// A message of the type of `prototype`; a failure of the test if `json` is not
// one by the rules of calc_json.h.
inline std::unique_ptr<google::protobuf::Message> MessageOf(
    const google::protobuf::Message& prototype, absl::string_view json) {
  std::unique_ptr<google::protobuf::Message> message(prototype.New());
  const auto values = cli::ParseJsonValues(json);
  if (!values.ok() || values->size() != 1) {
    ADD_FAILURE() << values.status() << ", want one JSON object:\n" << json;
    return message;
  }
  const absl::Status status =
      cli::ReadMessage(json, values->front(), "", message.get());
  if (!status.ok()) ADD_FAILURE() << status << "\n" << json;
  return message;
}

// The answer of the method of `methods` that gives a `Response`, through the
// checks that every caller's request passes.
template <typename Response>
absl::StatusOr<Response> Answer(const std::vector<Method>& methods,
                                absl::string_view request_json) {
  for (const Method& method : methods) {
    if (method.response->GetDescriptor() != Response::descriptor()) continue;
    const auto request = MessageOf(*method.request, request_json);
    Response response;
    if (absl::Status s = Call(method, *request, &response); !s.ok()) return s;
    return response;
  }
  return absl::NotFoundError(
      absl::StrCat("no method gives a ", Response::descriptor()->full_name()));
}

// The answer of the method's worked example.
template <typename Response>
absl::StatusOr<Response> ExampleAnswer(const std::vector<Method>& methods) {
  for (const Method& method : methods) {
    if (method.response->GetDescriptor() == Response::descriptor()) {
      return Answer<Response>(methods, method.text.example);
    }
  }
  return absl::NotFoundError(
      absl::StrCat("no method gives a ", Response::descriptor()->full_name()));
}

}  // namespace stagecraft::service

#endif  // STAGECRAFT_TESTS_SERVICE_STATISTICS_FIXTURE_H_
