#include "service/status.h"

#include <string>

#include "gtest/gtest.h"

namespace stagecraft::service {
namespace {

TEST(StatusTest, KeepsCodeAndMessage) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  for (int code = 1; code <= 16; ++code) {
    const grpc::Status status =
        ToGrpc(absl::Status(static_cast<absl::StatusCode>(code), "grün"));
    EXPECT_EQ(static_cast<int>(status.error_code()), code);
    EXPECT_EQ(status.error_message(), "grün");
  }
}

TEST(StatusTest, MakesMessagesFitForHeaders) {
  EXPECT_EQ(ToGrpc(absl::InternalError("a\xff"
                                       "b"))
                .error_message(),
            "a\xef\xbf\xbd"
            "b");
  // 3 bytes each: 4096 is within a character.
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "€";
  const std::string message = ToGrpc(absl::InternalError(text)).error_message();
  EXPECT_EQ(message, text.substr(0, 4095) + "...");
}

}  // namespace
}  // namespace stagecraft::service
