// Records: how events and aliases are stored. The grammar is in
// engine/store/FORMAT.md.
//
// The key of an event is (unit id, time, event id, hash of the content): the
// same event sent again is the same key, so that a retry needs no look-up.
#ifndef STAGECRAFT_ENGINE_RECORD_H_
#define STAGECRAFT_ENGINE_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/attribute.h"
#include "engine/event.h"

namespace stagecraft::engine {

// An event whose texts live elsewhere: in a stored record or a unit's history.
struct EventView {
  Micros time = 0;
  uint64_t content_hash = 0;
  absl::string_view event_id;
  absl::string_view name;
  std::optional<MicroValue> value;
  absl::string_view attributes;  // Encoded; see `Find`.

  // The attribute's value, or nothing.
  std::optional<AttributeView> Find(absl::string_view key) const;
};

// The content of an event: name, value and attributes.
std::string EncodeContent(const Event& event);
uint64_t HashContent(absl::string_view content);
// Reads what EncodeContent wrote into `view`, which then borrows from
// `content`. Errors: kDataLoss.
absl::Status DecodeContent(absl::string_view content, EventView* view);

std::string EventKey(absl::string_view unit_id, Micros time,
                     absl::string_view event_id, uint64_t content_hash);
// All events of a unit have keys with this prefix.
std::string UnitPrefix(absl::string_view unit_id);

struct EventKeyParts {
  std::string unit_id;
  Micros time = 0;
  std::string event_id;
  uint64_t content_hash = 0;
};
// Errors: kDataLoss.
absl::StatusOr<EventKeyParts> DecodeEventKey(absl::string_view key);

// An alias is a key alone; the two ids in byte order, so that the same pair is
// the same key.
std::string AliasKey(const Alias& alias);
absl::StatusOr<Alias> DecodeAliasKey(absl::string_view key);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_RECORD_H_
