#include "service/retention.h"

#include <cstdint>

#include "absl/strings/numbers.h"
#include "engine/log.h"

namespace stagecraft::service {

absl::StatusOr<std::optional<engine::Micros>> EventCutoff(
    const engine::Store& store) {
  const auto value =
      store.Get(engine::Keyspace::kMeta, engine::kEventCutoffKey);
  if (!value.ok()) return value.status();
  int64_t cutoff = 0;
  // The engine refuses to start with anything but a number.
  if (!value->has_value() || !absl::SimpleAtoi(**value, &cutoff)) {
    return std::optional<engine::Micros>();
  }
  return std::optional<engine::Micros>(cutoff);
}

absl::StatusOr<bool> EventsWereDeleted(const engine::Store& store,
                                       const engine::Experiment& experiment) {
  const auto sealed = store.Get(
      engine::Keyspace::kMeta,
      engine::SealKey(experiment.name, experiment.start_time.value_or(0)));
  if (!sealed.ok()) return sealed.status();
  return sealed->has_value();
}

}  // namespace stagecraft::service
