#include "clients/cpp/status.h"

#include "gmock/gmock.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::client {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(StatusTest, KeepsEachCodeAndTheMessage) {
  // The numbers of https://grpc.github.io/grpc/core/md_doc_statuscodes.html.
  const struct {
    grpc::StatusCode from;
    absl::StatusCode to;
  } kCodes[] = {
      {grpc::CANCELLED, absl::StatusCode::kCancelled},
      {grpc::UNKNOWN, absl::StatusCode::kUnknown},
      {grpc::INVALID_ARGUMENT, absl::StatusCode::kInvalidArgument},
      {grpc::DEADLINE_EXCEEDED, absl::StatusCode::kDeadlineExceeded},
      {grpc::NOT_FOUND, absl::StatusCode::kNotFound},
      {grpc::ALREADY_EXISTS, absl::StatusCode::kAlreadyExists},
      {grpc::PERMISSION_DENIED, absl::StatusCode::kPermissionDenied},
      {grpc::RESOURCE_EXHAUSTED, absl::StatusCode::kResourceExhausted},
      {grpc::FAILED_PRECONDITION, absl::StatusCode::kFailedPrecondition},
      {grpc::ABORTED, absl::StatusCode::kAborted},
      {grpc::OUT_OF_RANGE, absl::StatusCode::kOutOfRange},
      {grpc::UNIMPLEMENTED, absl::StatusCode::kUnimplemented},
      {grpc::INTERNAL, absl::StatusCode::kInternal},
      {grpc::UNAVAILABLE, absl::StatusCode::kUnavailable},
      {grpc::DATA_LOSS, absl::StatusCode::kDataLoss},
      {grpc::UNAUTHENTICATED, absl::StatusCode::kUnauthenticated},
  };
  for (const auto& code : kCodes) {
    EXPECT_THAT(ToAbslStatus(grpc::Status(code.from, "because")),
                StatusIs(code.to, "because"));
  }
  EXPECT_THAT(ToAbslStatus(grpc::Status::OK), IsOk());
}

TEST(StatusTest, NamesANumberThatIsNoCode) {
  EXPECT_THAT(
      ToAbslStatus(grpc::Status(static_cast<grpc::StatusCode>(77), "odd")),
      StatusIs(absl::StatusCode::kUnknown, HasSubstr("77: odd")));
}

}  // namespace
}  // namespace stagecraft::client
