#include "service/convert_events.h"

#include <utility>

#include "service/convert_predicate.h"
#include "service/convert_time.h"

namespace stagecraft::service {

absl::StatusOr<engine::Event> ToEngine(const v1::Event& event) {
  engine::Event result;
  result.event_id = event.event_id();
  result.unit_id = event.unit_id();
  result.name = event.name();
  if (!event.has_time()) {
    return absl::InvalidArgumentError(
        "time is missing, want when it happened, 1970 to 2200");
  }
  const auto time = ToMicros(event.time(), "time");
  if (!time.ok()) return time.status();
  result.time = *time;
  if (event.has_value()) {
    engine::MicroValue value = 0;
    const absl::Status status =
        engine::ToMicroValue(event.value(), "value", &value);
    if (!status.ok()) return status;
    result.value = value;
  }
  auto attributes = ToEngine(event.attributes());
  if (!attributes.ok()) return attributes.status();
  result.attributes = *std::move(attributes);
  return result;
}

engine::Alias ToEngine(const v1::Alias& alias) {
  return {alias.alias_id(), alias.unit_id()};
}

}  // namespace stagecraft::service
