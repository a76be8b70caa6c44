// Times and durations between the wire (seconds and nanoseconds) and the
// engine (microseconds).
#ifndef STAGECRAFT_SERVICE_CONVERT_TIME_H_
#define STAGECRAFT_SERVICE_CONVERT_TIME_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "engine/event.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace stagecraft::service {

// Nanoseconds below a microsecond are cut off (towards the past).
// Errors: kInvalidArgument names `field` if nanos are not in [0, 999999999] or
// the time is not in 1970 to 2200-01-01T00:00:00Z.
absl::StatusOr<engine::Micros> ToMicros(const google::protobuf::Timestamp& time,
                                        absl::string_view field);
// Errors: kInvalidArgument names `field` if the duration is negative, longer
// than 230 years, finer than a microsecond or malformed (nanos out of range or
// of another sign than seconds).
absl::StatusOr<engine::Micros> ToMicros(
    const google::protobuf::Duration& duration, absl::string_view field);

// The clock's time, cut to [1970, 2200].
engine::Micros ToMicros(absl::Time time);
absl::Time ToTime(engine::Micros micros);

google::protobuf::Timestamp ToTimestamp(engine::Micros micros);
google::protobuf::Timestamp ToTimestamp(absl::Time time);
google::protobuf::Duration ToDuration(engine::Micros micros);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CONVERT_TIME_H_
