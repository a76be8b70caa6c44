// From requests on the wire to one call of the engine, and back to what became
// of each item.
#ifndef STAGECRAFT_SERVICE_EVENT_BATCH_H_
#define STAGECRAFT_SERVICE_EVENT_BATCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/event_batch.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "service/convert_events.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::service {

// Items in one request: events of the friendly form and aliases together ...
inline constexpr int kMaxBatchItems = 10'000;
// ... and all of them, with the events of columns.
inline constexpr int kMaxColumnItems = 20'000;

using EventList = google::protobuf::RepeatedPtrField<v1::Event>;
using AliasList = google::protobuf::RepeatedPtrField<v1::Alias>;

// Errors: kInvalidArgument if there are more items than that, or if columns do
// not fit together.
absl::Status CheckBatch(const v1::IngestEventsRequest& request);
// The same; what its columns refer to in the stream is not looked at.
absl::Status CheckBatch(const v1::StreamEventsRequest& request);

// Of a v1::IngestEventsRequest or a v1::StreamEventsRequest:
// Memory that it takes, its texts included. 0 would make nothing wait.
template <typename Request>
int64_t RequestBytes(const Request& request) {
  const auto* arena = request.GetArena();
  return 1 + static_cast<int64_t>(request.ByteSizeLong()) +
         (arena == nullptr ? 0 : static_cast<int64_t>(arena->SpaceAllocated()));
}
template <typename Request>
int CountItems(const Request& request) {
  return request.events_size() + request.aliases_size() +
         request.columns().units_size();
}

// Collects requests, stores them at once, and says what became of each item.
// Use it once; not thread-safe. The requests must outlive it.
class EventBatch {
 public:
  // What became of one request.
  struct Result {
    int64_t stored = 0;
    int64_t duplicates = 0;
    int64_t rejected = 0;
    // Those that were not stored, in order: events, those of columns, aliases.
    std::vector<v1::IngestOutcome> outcomes;
  };

  explicit EventBatch(const EventTimeLimit& limit)
      : converter_(limit, &items_) {}

  // A request that CheckBatch has found right, and the contents of its stream
  // that its columns refer to, in their order; both must outlive the batch.
  // Items that cannot be converted are refused by themselves.
  template <typename Request>
  void Add(const Request& request,
           absl::Span<const KeptContent* const> kept = {}) {
    Add(request.events(), request.columns(), kept, request.aliases());
  }

  // One result for each request, in order. Errors: those of Engine::Ingest.
  absl::StatusOr<std::vector<Result>> Ingest(engine::Engine* engine) const;

 private:
  struct Refused {
    int32_t index = 0;
    std::string message;
  };
  // A request. Its events that were not refused stand together in `items_`, and
  // its aliases in `aliases_`.
  struct Part {
    int32_t events = 0;
    int32_t aliases = 0;
    std::vector<Refused> refused;  // Events, by index.
  };

  void Add(const EventList& events, const v1::EventColumns& columns,
           absl::Span<const KeptContent* const> kept, const AliasList& aliases);

  engine::EventBatch items_;
  EventConverter converter_;
  std::vector<engine::Alias> aliases_;
  std::vector<Part> parts_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_EVENT_BATCH_H_
