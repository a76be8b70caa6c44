// Journeys, their stages, and the filters that say which events are meant.
#ifndef STAGECRAFT_ENGINE_JOURNEY_H_
#define STAGECRAFT_ENGINE_JOURNEY_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/event.h"
#include "engine/predicate.h"

namespace stagecraft::engine {

// Which events are meant: one of the names, and attributes that satisfy
// `where`.
struct EventFilter {
  std::vector<std::string> names;  // 1 to 32.
  std::optional<Predicate> where;
  friend bool operator==(const EventFilter&, const EventFilter&) = default;
};

// An attribute by whose values tallies are also kept apart. Units without it
// count as `(none)`, units with another value as `(other)`.
struct SegmentDimension {
  std::string attribute;
  std::vector<std::string> values;  // 1 to 100, in text form (`ToText`).
  friend bool operator==(const SegmentDimension&,
                         const SegmentDimension&) = default;
};
inline constexpr absl::string_view kNoSegmentValue = "(none)";
inline constexpr absl::string_view kOtherSegmentValue = "(other)";

struct Stage {
  std::string id;
  EventFilter entry;
  std::optional<EventFilter> exit;      // Leaves the journey at this stage.
  std::optional<Micros> dropout_after;  // > 0.
  friend bool operator==(const Stage&, const Stage&) = default;
};

struct Journey {
  enum class Ordering { kOrdered, kUnordered };
  std::string name;           // `journeys/{journey}`.
  std::vector<Stage> stages;  // 1 to 50.
  Ordering ordering = Ordering::kOrdered;
  int32_t holdout_ppm = 0;                 // 0 to 500000.
  std::vector<SegmentDimension> segments;  // At most 5.
  Micros time_resolution = kSecond;        // 1 s to 1 day.
  friend bool operator==(const Journey&, const Journey&) = default;
};

// Errors: kInvalidArgument names the field, the value seen and the value
// wanted.
absl::Status Validate(const Journey& journey);
absl::Status Validate(const EventFilter& filter, absl::string_view field);
absl::Status ValidateSegments(const std::vector<SegmentDimension>& segments,
                              absl::string_view field);
// `id` must be 1 to 63 of `[a-z0-9-]`, beginning with a letter.
absl::Status ValidateId(absl::string_view id, absl::string_view field);

// Position of the stage, or nothing.
std::optional<int> FindStage(const Journey& journey, absl::string_view id);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_JOURNEY_H_
