#include "clients/cli/arguments.h"

#include "clients/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::cli {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ArgumentsTest, ReadsTimes) {
  // Seconds by `date -ud ... +%s`.
  const struct {
    const char* text;
    int64_t seconds;
    int32_t nanos;
  } kTimes[] = {
      {"2026-03-14T09:30:00Z", 1773480600, 0},
      {"2026-03-14T09:30:00.5Z", 1773480600, 500000000},
      {"2026-03-14T09:30:00+02:00", 1773473400, 0},
      {"2026-03-14 09:30:00", 1773480600, 0},
      {"2026-03-14 09:30", 1773480600, 0},
      {"2026-03-14T09:30", 1773480600, 0},
      {"2026-03-14", 1773446400, 0},
      {"1970-01-01", 0, 0},
  };
  for (const auto& row : kTimes) {
    const auto time = ParseTimeArgument("--at", row.text);
    ASSERT_THAT(time, IsOk()) << row.text;
    EXPECT_EQ(time->seconds(), row.seconds) << row.text;
    EXPECT_EQ(time->nanos(), row.nanos) << row.text;
  }
  for (const char* text :
       {"", "now", "14.03.2026", "2026-13-01", "2026-03-14T25:00:00Z",
        "infinite-past", "infinite-future", "1969-12-31", "2200-01-01"}) {
    EXPECT_THAT(
        ParseTimeArgument("--at", text),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--at is \"")))
        << text;
  }
}

TEST(ArgumentsTest, ReadsDurations) {
  EXPECT_EQ(*ParseDurationArgument("--timeout", "1m30s"), absl::Seconds(90));
  EXPECT_EQ(*ParseDurationArgument("--timeout", "500ms"),
            absl::Milliseconds(500));
  EXPECT_EQ(*ParseDurationArgument("--timeout", "2.5"),
            absl::Milliseconds(2500));
  for (const char* text : {"", "0", "-1", "0s", "-3s", "soon", "inf", "nan",
                           "1e300", "9999999h"}) {
    EXPECT_THAT(ParseDurationArgument("--timeout", text),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("--timeout is \"")))
        << text;
  }
}

TEST(ArgumentsTest, ReadsPairs) {
  const auto pair = ParsePair("--attribute", "a=b=c");
  ASSERT_THAT(pair, IsOk());
  EXPECT_EQ(pair->first, "a");
  EXPECT_EQ(pair->second, "b=c");
  EXPECT_EQ(ParsePair("--attribute", "a=")->second, "");
  EXPECT_THAT(ParsePair("--attribute", "a"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "--attribute is \"a\", want key=value"));
  EXPECT_FALSE(ParsePair("--attribute", "=b").ok());
}

TEST(ArgumentsTest, ReadsAttributeValues) {
  EXPECT_EQ(ToAttributeValue("pro").string_value(), "pro");
  EXPECT_EQ(ToAttributeValue("31").number_value(), 31);
  EXPECT_EQ(ToAttributeValue("-2.5e1").number_value(), -25);
  EXPECT_EQ(ToAttributeValue("\"31\"").string_value(), "31");
  EXPECT_TRUE(ToAttributeValue("true").has_bool_value());
  EXPECT_TRUE(ToAttributeValue("true").bool_value());
  EXPECT_TRUE(ToAttributeValue("false").has_bool_value());
  EXPECT_FALSE(ToAttributeValue("false").bool_value());
  // Not JSON scalars: text.
  for (const char* text : {"", "007", "31 ", " 31", "nan", "inf", "True",
                           "null", "[1]", "1 2", "1e999"}) {
    EXPECT_EQ(ToAttributeValue(text).string_value(), text);
    EXPECT_TRUE(ToAttributeValue(text).has_string_value()) << text;
  }
}

TEST(ExitCodeTest, FollowsTheCode) {
  EXPECT_EQ(ExitCodeFor(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCodeFor(absl::InternalError("")), 1);
  EXPECT_EQ(ExitCodeFor(absl::InvalidArgumentError("")), 2);
  EXPECT_EQ(ExitCodeFor(absl::UnavailableError("")), 3);
  EXPECT_EQ(ExitCodeFor(absl::DeadlineExceededError("")), 3);
  EXPECT_EQ(ExitCodeFor(absl::NotFoundError("")), 4);
  EXPECT_EQ(ExitCodeFor(absl::FailedPreconditionError("")), 5);
  EXPECT_EQ(ExitCodeFor(absl::AlreadyExistsError("")), 5);
  EXPECT_EQ(ExitCodeFor(absl::PermissionDeniedError("")), 5);
}

TEST(ExitCodeTest, SaysWhatToDoNext) {
  EXPECT_EQ(ErrorText(absl::UnavailableError("refused"), "localhost:7400"),
            "cannot reach localhost:7400: start it with ./dev serve or set "
            "--server (refused)");
  EXPECT_THAT(ErrorText(absl::UnauthenticatedError("no token"), "s"),
              HasSubstr("set --token or STAGECRAFT_TOKEN"));
  EXPECT_EQ(ErrorText(absl::NotFoundError("journeys/x does not exist"), "s"),
            "journeys/x does not exist");
}

}  // namespace
}  // namespace stagecraft::cli
