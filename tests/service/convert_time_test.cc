#include "service/convert_time.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

google::protobuf::Timestamp Time(int64_t seconds, int32_t nanos) {
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  time.set_nanos(nanos);
  return time;
}

google::protobuf::Duration Lasting(int64_t seconds, int32_t nanos) {
  google::protobuf::Duration duration;
  duration.set_seconds(seconds);
  duration.set_nanos(nanos);
  return duration;
}

TEST(ConvertTimeTest, TimesAreKeptToTheMicrosecond) {
  EXPECT_EQ(*ToMicros(Time(0, 0), "time"), 0);
  EXPECT_EQ(*ToMicros(Time(1, 999'999'999), "time"), 1'999'999);
  EXPECT_EQ(*ToMicros(Time(7'258'118'400, 0), "time"), 7'258'118'400'000'000);
  const auto back = ToTimestamp(engine::Micros{1'700'000'000'123'456});
  EXPECT_EQ(back.seconds(), 1'700'000'000);
  EXPECT_EQ(back.nanos(), 123'456'000);
}

TEST(ConvertTimeTest, RefusesTimesOutOfRange) {
  EXPECT_THAT(ToMicros(Time(-1, 0), "time"),
              StatusIs(kInvalid, HasSubstr("time.seconds is -1, want 0 to")));
  EXPECT_THAT(ToMicros(Time(7'258'118'400, 1), "as_of"),
              StatusIs(kInvalid, HasSubstr("as_of.seconds is 7258118400")));
  EXPECT_THAT(ToMicros(Time(std::numeric_limits<int64_t>::max(), 0), "time"),
              StatusIs(kInvalid, HasSubstr("2200-01-01")));
  EXPECT_THAT(ToMicros(Time(std::numeric_limits<int64_t>::min(), 0), "time"),
              StatusIs(kInvalid, HasSubstr("want 0 to")));
  EXPECT_THAT(ToMicros(Time(1, -1), "time"),
              StatusIs(kInvalid, HasSubstr("time.nanos is -1")));
  EXPECT_THAT(ToMicros(Time(1, 1'000'000'000), "time"),
              StatusIs(kInvalid, HasSubstr("time.nanos is 1000000000")));
}

TEST(ConvertTimeTest, DurationsAreExact) {
  EXPECT_EQ(*ToMicros(Lasting(1, 5000), "length"), 1'000'005);
  EXPECT_EQ(*ToMicros(Lasting(7'258'118'400, 0), "length"), engine::kMaxTime);
  const auto back = ToDuration(engine::Micros{2'000'001});
  EXPECT_EQ(back.seconds(), 2);
  EXPECT_EQ(back.nanos(), 1000);
}

TEST(ConvertTimeTest, RefusesBadDurations) {
  EXPECT_THAT(ToMicros(Lasting(-1, 0), "delay"),
              StatusIs(kInvalid, HasSubstr("delay has -1 seconds")));
  EXPECT_THAT(ToMicros(Lasting(0, -1000), "delay"),
              StatusIs(kInvalid, HasSubstr("-1000 nanos")));
  EXPECT_THAT(ToMicros(Lasting(1, -1000), "delay"),
              StatusIs(kInvalid, HasSubstr("negative")));
  EXPECT_THAT(ToMicros(Lasting(0, 1), "delay"),
              StatusIs(kInvalid, HasSubstr("want whole microseconds")));
  EXPECT_THAT(ToMicros(Lasting(0, 1'000'000'000), "delay"),
              StatusIs(kInvalid, HasSubstr("delay.nanos is 1000000000")));
  EXPECT_THAT(
      ToMicros(Lasting(std::numeric_limits<int64_t>::max(), 0), "delay"),
      StatusIs(kInvalid, HasSubstr("230 years")));
}

TEST(ConvertTimeTest, TheClockIsCutToTheRangeOfTimes) {
  EXPECT_EQ(ToMicros(absl::FromUnixMicros(5)), 5);
  EXPECT_EQ(ToMicros(absl::InfinitePast()), 0);
  EXPECT_EQ(ToMicros(absl::InfiniteFuture()), engine::kMaxTime);
  EXPECT_EQ(ToTime(5), absl::FromUnixMicros(5));
}

}  // namespace
}  // namespace stagecraft::service
