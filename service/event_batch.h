// From batches on the wire to one call of the engine, and back to what became
// of each item.
#ifndef STAGECRAFT_SERVICE_EVENT_BATCH_H_
#define STAGECRAFT_SERVICE_EVENT_BATCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::service {

// Items in one batch, events and aliases together.
inline constexpr int kMaxBatchItems = 10'000;

using EventList = google::protobuf::RepeatedPtrField<v1::Event>;
using AliasList = google::protobuf::RepeatedPtrField<v1::Alias>;

// Errors: kInvalidArgument if there are more than `kMaxBatchItems`.
absl::Status CheckBatchSize(int events, int aliases);

// The latest time that an event may have. `max_lead` >= 0.
struct EventTimeLimit {
  absl::Time now;
  absl::Duration max_lead;

  // Errors: kInvalidArgument, `time is ..., want at most ...`.
  absl::Status Check(engine::Micros time) const;
};

// Collects requests, stores them at once, and says what became of each item.
// Use it once; not thread-safe.
class EventBatch {
 public:
  struct Outcome {
    int64_t sequence = 0;  // As given to Add.
    v1::IngestOutcome item;
  };
  struct Result {
    int64_t stored = 0;
    int64_t duplicates = 0;
    int64_t rejected = 0;
    // Those that were not stored, in the order in which they were added, the
    // events of a request before its aliases.
    std::vector<Outcome> outcomes;
  };

  explicit EventBatch(const EventTimeLimit& limit) : limit_(limit) {}

  // Items that cannot be converted are refused by themselves.
  void Add(int64_t sequence, const EventList& events, const AliasList& aliases);

  // Errors: those of Engine::Ingest.
  absl::StatusOr<Result> Ingest(engine::Engine* engine) const;

 private:
  // One item, in the order of the requests.
  struct Slot {
    int64_t sequence = 0;
    int32_t index = 0;
    bool is_alias = false;
    // Index into events_ or aliases_; -1: refused, `message` says why.
    int32_t position = -1;
    std::string message;
  };

  const EventTimeLimit limit_;
  std::vector<engine::Event> events_;
  std::vector<engine::Alias> aliases_;
  std::vector<Slot> slots_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_EVENT_BATCH_H_
