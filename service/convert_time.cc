#include "service/convert_time.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace stagecraft::service {
namespace {

constexpr int64_t kMicrosPerSecond = engine::kSecond;
constexpr int32_t kNanosPerMicro = 1000;
constexpr int32_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kMaxSeconds = engine::kMaxTime / engine::kSecond;

}  // namespace

absl::StatusOr<engine::Micros> ToMicros(const google::protobuf::Timestamp& time,
                                        absl::string_view field) {
  if (time.nanos() < 0 || time.nanos() >= kNanosPerSecond) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, ".nanos is ", time.nanos(), ", want 0 to 999999999"));
  }
  // Seconds first, so that nothing overflows.
  const bool in_range = time.seconds() >= 0 &&
                        (time.seconds() < kMaxSeconds ||
                         (time.seconds() == kMaxSeconds && time.nanos() == 0));
  if (!in_range) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, ".seconds is ", time.seconds(), ", want 0 to ", kMaxSeconds,
        " (1970-01-01T00:00:00Z to 2200-01-01T00:00:00Z)"));
  }
  return time.seconds() * kMicrosPerSecond + time.nanos() / kNanosPerMicro;
}

absl::StatusOr<engine::Micros> ToMicros(
    const google::protobuf::Duration& duration, absl::string_view field) {
  if (duration.nanos() <= -kNanosPerSecond ||
      duration.nanos() >= kNanosPerSecond) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".nanos is ", duration.nanos(),
                     ", want -999999999 to 999999999"));
  }
  if (duration.seconds() < 0 || duration.nanos() < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, " has ", duration.seconds(), " seconds and ",
                     duration.nanos(), " nanos, want none of them negative"));
  }
  if (duration.seconds() > kMaxSeconds ||
      (duration.seconds() == kMaxSeconds && duration.nanos() > 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".seconds is ", duration.seconds(),
                     ", want at most ", kMaxSeconds, " (230 years)"));
  }
  if (duration.nanos() % kNanosPerMicro != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".nanos is ", duration.nanos(),
                     ", want whole microseconds (a multiple of 1000)"));
  }
  return duration.seconds() * kMicrosPerSecond +
         duration.nanos() / kNanosPerMicro;
}

engine::Micros ToMicros(absl::Time time) {
  return std::clamp<engine::Micros>(absl::ToUnixMicros(time), 0,
                                    engine::kMaxTime);
}

absl::Time ToTime(engine::Micros micros) {
  return absl::FromUnixMicros(micros);
}

google::protobuf::Timestamp ToTimestamp(engine::Micros micros) {
  google::protobuf::Timestamp time;
  int64_t seconds = micros / kMicrosPerSecond;
  int64_t rest = micros % kMicrosPerSecond;
  if (rest < 0) {
    rest += kMicrosPerSecond;
    --seconds;
  }
  time.set_seconds(seconds);
  time.set_nanos(static_cast<int32_t>(rest * kNanosPerMicro));
  return time;
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  return ToTimestamp(ToMicros(time));
}

google::protobuf::Duration ToDuration(engine::Micros micros) {
  google::protobuf::Duration duration;
  duration.set_seconds(micros / kMicrosPerSecond);
  duration.set_nanos(
      static_cast<int32_t>(micros % kMicrosPerSecond * kNanosPerMicro));
  return duration;
}

}  // namespace stagecraft::service
