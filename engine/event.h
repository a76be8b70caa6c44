// Events: facts about units, and aliases: that two ids are one unit.
#ifndef STAGECRAFT_ENGINE_EVENT_H_
#define STAGECRAFT_ENGINE_EVENT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/attribute.h"

namespace stagecraft::engine {

// Microseconds since 1970-01-01T00:00:00Z, and differences of such times. Event
// times lie in [0, kMaxTime].
using Micros = int64_t;
inline constexpr Micros kSecond = 1'000'000;
inline constexpr Micros kHour = 3600 * kSecond;
inline constexpr Micros kDay = 24 * kHour;
inline constexpr Micros kMaxTime = 7'258'118'400 * kSecond;  // 2200-01-01.

// Values are kept in units of 1e-6, so that sums are exact and can be undone.
using MicroValue = int64_t;
inline constexpr double kMicroPerUnit = 1e6;
inline constexpr double kMaxValue = 1e9;
inline constexpr MicroValue kMaxMicroValue = 1'000'000'000'000'000;

// The name of an exposure, and its attributes.
inline constexpr absl::string_view kExposureName = "stagecraft.exposure";
inline constexpr absl::string_view kExposureExperiment = "experiment";
inline constexpr absl::string_view kExposureVariant = "variant";
// Names that begin so are ours.
inline constexpr absl::string_view kReservedPrefix = "stagecraft.";

inline constexpr size_t kMaxEventIdBytes = 128;
inline constexpr size_t kMaxUnitIdBytes = 256;
inline constexpr size_t kMaxNameBytes = 128;
inline constexpr size_t kMaxAttributes = 64;
inline constexpr size_t kMaxAttributeKeyBytes = 128;
inline constexpr size_t kMaxAttributeTextBytes = 1024;

// A fact about a unit.
struct Event {
  std::string event_id;  // Unique within the unit.
  std::string unit_id;   // Who.
  std::string name;      // What.
  Micros time = 0;       // When.
  std::optional<MicroValue> value;
  Attributes attributes;
};

// Says that two ids are the same unit.
struct Alias {
  std::string alias_id;
  std::string unit_id;
};

// The nearest multiple of 1e-6. Errors: kInvalidArgument names `field` if the
// value is not finite or not in [-1e9, 1e9].
absl::Status ToMicroValue(double value, absl::string_view field,
                          MicroValue* out);

// Errors: kInvalidArgument names the field, the value seen and the value
// wanted.
absl::Status Validate(const Event& event);
absl::Status Validate(const Alias& alias);
// The parts of an event: what it is, and when and how much.
absl::Status ValidateContent(absl::string_view name,
                             const Attributes& attributes);
absl::Status ValidateOccurrence(absl::string_view event_id, Micros time,
                                const std::optional<MicroValue>& value);
absl::Status ValidateAttributes(const Attributes& attributes,
                                absl::string_view field);
absl::Status ValidateUnitId(absl::string_view unit_id, absl::string_view field);

// Builds the event that exposes a unit to a variant. Its id is the same for the
// same experiment, variant and run, so that repeating it changes nothing. A run
// is told by the experiment's start: exposures to an earlier experiment of the
// same name are other events.
Event MakeExposure(absl::string_view unit_id, absl::string_view experiment,
                   absl::string_view variant, Micros time,
                   const Attributes& attributes,
                   std::optional<Micros> run = std::nullopt);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_EVENT_H_
