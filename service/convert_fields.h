// Single fields of messages, with errors in the words of all conversions.
#ifndef STAGECRAFT_SERVICE_CONVERT_FIELDS_H_
#define STAGECRAFT_SERVICE_CONVERT_FIELDS_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/convert_time.h"

namespace stagecraft::service {

inline absl::Status UnknownEnum(absl::string_view field, int seen,
                                absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", seen, ", want ", want));
}

inline absl::Status Missing(absl::string_view field, absl::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is missing, want ", want));
}

inline absl::Status ConvertDuration(const google::protobuf::Duration& duration,
                                    absl::string_view field,
                                    engine::Micros* out) {
  const auto micros = ToMicros(duration, field);
  if (!micros.ok()) return micros.status();
  *out = *micros;
  return absl::OkStatus();
}

inline absl::Status ConvertDuration(const google::protobuf::Duration& duration,
                                    absl::string_view field,
                                    std::optional<engine::Micros>* out) {
  return ConvertDuration(duration, field, &out->emplace());
}

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CONVERT_FIELDS_H_
