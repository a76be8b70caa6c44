// Events and aliases from the wire to the engine.
#ifndef STAGECRAFT_SERVICE_CONVERT_EVENTS_H_
#define STAGECRAFT_SERVICE_CONVERT_EVENTS_H_

#include "absl/status/statusor.h"
#include "engine/event.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::service {

// Converts only: engine::Engine::Ingest validates each event.
// Errors: kInvalidArgument names the field (`time`, `value`,
// `attributes["k"]`), the value seen and the value wanted.
absl::StatusOr<engine::Event> ToEngine(const v1::Event& event);
engine::Alias ToEngine(const v1::Alias& alias);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CONVERT_EVENTS_H_
