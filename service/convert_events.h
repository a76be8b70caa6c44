// Events and aliases from the wire to the engine, without copies of their
// texts.
#ifndef STAGECRAFT_SERVICE_CONVERT_EVENTS_H_
#define STAGECRAFT_SERVICE_CONVERT_EVENTS_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/event.h"
#include "engine/event_batch.h"
#include "service/convert_predicate.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::service {

// The latest time that an event may have. `max_lead` >= 0.
struct EventTimeLimit {
  absl::Time now;
  absl::Duration max_lead;

  // Errors: kInvalidArgument, `time is ..., want at most ...`.
  absl::Status Check(engine::Micros time) const;
};

// A content that a stream keeps.
struct KeptContent {
  absl::Status bad;     // What is wrong with it, if anything.
  std::string encoded;  // See engine/record.h.
};
KeptContent ToKept(const v1::EventContent& content);

// Whether the lists of `columns` fit together: lengths, positions, sizes.
// Errors: kInvalidArgument names the list, the value seen and that wanted.
absl::Status CheckColumns(const v1::EventColumns& columns);

// Adds events to a batch. Their texts must outlive it. Not thread-safe.
class EventConverter {
 public:
  EventConverter(const EventTimeLimit& limit, engine::EventBatch* batch);

  // Errors: kInvalidArgument names the field (`time`, `attributes["k"]`), the
  // value seen and the value wanted; the event is not in the batch then.
  absl::Status Add(const v1::Event& event);

  // All events of `columns`, which CheckColumns has found right. `kept`: those
  // that columns.stream_contents stands for; they must outlive the batch. Calls
  // `refuse` with the position of each event that is not in the batch, and the
  // reason.
  void Add(
      const v1::EventColumns& columns,
      absl::Span<const KeptContent* const> kept,
      absl::FunctionRef<void(int position, const absl::Status& status)> refuse);

 private:
  absl::StatusOr<uint32_t> AddContent(const std::string& name,
                                      const AttributeMap& attributes);
  absl::StatusOr<uint32_t> AddContent(const KeptContent& content);
  absl::Status CheckTime(engine::Micros time) const;

  const EventTimeLimit limit_;
  const engine::Micros latest_;  // What `limit_` allows.
  engine::EventBatch* const batch_;
  // Contents of the batch by what was seen on the wire.
  absl::flat_hash_map<std::string, uint32_t> contents_;
  absl::flat_hash_map<const KeptContent*, uint32_t> kept_contents_;
  std::string key_;
};

engine::Alias ToEngine(const v1::Alias& alias);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_CONVERT_EVENTS_H_
