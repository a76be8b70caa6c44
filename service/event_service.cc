#include "service/event_service.h"

namespace stagecraft::service {

EventService::EventService(engine::Engine* engine, const Clock& clock,
                           const EventServiceOptions& options)
    : memory_(options.memory_bytes, [this] { streams_.ReadOn(); }),
      streams_(engine, clock, options, &memory_, &queue_),
      calls_(engine, clock, options, &memory_, &queue_),
      queue_(options.threads) {}

}  // namespace stagecraft::service
