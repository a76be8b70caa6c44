// Which events are not kept any more.
#ifndef STAGECRAFT_SERVICE_RETENTION_H_
#define STAGECRAFT_SERVICE_RETENTION_H_

#include <optional>

#include "absl/status/statusor.h"
#include "engine/event.h"
#include "engine/experiment.h"
#include "engine/store/store.h"

namespace stagecraft::service {

// Events before this time were deleted, or nothing. Errors: those of the store.
absl::StatusOr<std::optional<engine::Micros>> EventCutoff(
    const engine::Store& store);

// Whether events of the experiment were deleted: then its tallies are kept as
// they were, and cannot be computed again. Errors: those of the store.
absl::StatusOr<bool> EventsWereDeleted(const engine::Store& store,
                                       const engine::Experiment& experiment);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_RETENTION_H_
