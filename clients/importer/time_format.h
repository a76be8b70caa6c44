// How a mapping's times are written: `time_format` of import.proto.
#ifndef STAGECRAFT_CLIENTS_IMPORTER_TIME_FORMAT_H_
#define STAGECRAFT_CLIENTS_IMPORTER_TIME_FORMAT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace stagecraft::client::importer {

// Immutable; safe from any thread.
class TimeFormat {
 public:
  // `format`: empty, `rfc3339`, `unix`, `unix_ms` or a pattern.
  //
  // Errors: kInvalidArgument if a pattern does not determine a day (it has no
  // year, say, or `%I` without `%p`) or has `%Z`: names of zones are ambiguous.
  static absl::StatusOr<TimeFormat> Compile(absl::string_view format);

  // The time that `text` says, in UTC unless it names an offset.
  //
  // The whole text must match; spaces around it are errors, and so are dates
  // that do not exist. `rfc3339` takes two-digit fields, `T`, `t` or a space,
  // and no zone. `unix` and `unix_ms` take decimals.
  //
  // Errors: kInvalidArgument with what was wanted; kOutOfRange if the time is
  // not in 1970..2200.
  absl::StatusOr<absl::Time> Parse(absl::string_view text) const;

 private:
  enum class Kind { kRfc3339, kUnixSeconds, kUnixMilliseconds, kPattern };

  TimeFormat(Kind kind, absl::string_view pattern)
      : kind_(kind), pattern_(pattern) {}

  Kind kind_;
  std::string pattern_;
};

}  // namespace stagecraft::client::importer

#endif  // STAGECRAFT_CLIENTS_IMPORTER_TIME_FORMAT_H_
