#include "engine/event.h"

#include <xxhash.h>

#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/text.h"

namespace stagecraft::engine {
namespace {

// An exposure's own attributes do not count against the limit: they come on top
// of what the caller handed to the assignment.
constexpr size_t kExposureAttributes = 2;

absl::Status ValidateExposure(const Attributes& attributes) {
  for (const absl::string_view key : {kExposureExperiment, kExposureVariant}) {
    const std::optional<AttributeView> value = Find(attributes, key);
    const auto field = [&, key = key] {
      return absl::StrCat("attributes[", Quote(key), "]");
    };
    if (!value.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(
          field(), " is missing, want non-empty text in ", kExposureName));
    }
    const auto* text = std::get_if<absl::string_view>(&*value);
    if (text == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(field(), " is ", ToText(*value),
                       ", want non-empty text in ", kExposureName));
    }
    if (text->empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          field(), " is empty, want non-empty text in ", kExposureName));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateAttributeItems(const Attributes& attributes,
                                    absl::string_view field, size_t limit) {
  if (attributes.size() > limit) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, " has ", attributes.size(), " items, want at most ", limit));
  }
  for (const auto& [key, value] : attributes) {
    // Names of fields are made for bad text only: this is a hot path.
    if (!IsText(key, 1, kMaxAttributeKeyBytes)) {
      return ValidateText(key, absl::StrCat("key of ", field), 1,
                          kMaxAttributeKeyBytes);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
      if (!IsText(*text, 0, kMaxAttributeTextBytes)) {
        return ValidateText(*text, absl::StrCat(field, "[", Quote(key), "]"), 0,
                            kMaxAttributeTextBytes);
      }
    } else if (const auto* number = std::get_if<double>(&value);
               number != nullptr && !std::isfinite(*number)) {
      return absl::InvalidArgumentError(absl::StrCat(
          field, "[", Quote(key), "] is ", *number, ", want a finite number"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ToMicroValue(double value, absl::string_view field,
                          MicroValue* out) {
  if (!(std::abs(value) <= kMaxValue)) {  // Also refuses NaN.
    return absl::InvalidArgumentError(
        absl::StrCat(field, " is ", value, ", want -1e9 to 1e9"));
  }
  // The product is `scaled + error` exactly. Rounding `scaled` alone is wrong
  // where it is rounded to a tie itself; ties go away from 0.
  const double scaled = value * kMicroPerUnit;
  const double error = std::fma(value, kMicroPerUnit, -scaled);
  double rounded = std::round(scaled);
  if (rounded - scaled == 0.5 && error < 0) rounded -= 1;
  if (rounded - scaled == -0.5 && error > 0) rounded += 1;
  *out = static_cast<MicroValue>(rounded);
  return absl::OkStatus();
}

absl::Status ValidateUnitId(absl::string_view unit_id,
                            absl::string_view field) {
  return ValidateText(unit_id, field, 1, kMaxUnitIdBytes);
}

absl::Status ValidateAttributes(const Attributes& attributes,
                                absl::string_view field) {
  return ValidateAttributeItems(attributes, field, kMaxAttributes);
}

absl::Status ValidateContent(absl::string_view name,
                             const Attributes& attributes) {
  absl::Status status = ValidateText(name, "name", 1, kMaxNameBytes);
  if (!status.ok()) return status;
  const bool is_exposure = name == kExposureName;
  if (!is_exposure && absl::StartsWith(name, kReservedPrefix)) {
    return absl::InvalidArgumentError(
        absl::StrCat("name is ", Quote(name), ", want ", kExposureName,
                     " or a name that does not begin with ", kReservedPrefix));
  }
  if (is_exposure) {
    status = ValidateExposure(attributes);
    if (!status.ok()) return status;
  }
  return ValidateAttributeItems(
      attributes, "attributes",
      kMaxAttributes + (is_exposure ? kExposureAttributes : 0));
}

absl::Status ValidateOccurrence(absl::string_view event_id, Micros time,
                                const std::optional<MicroValue>& value) {
  // Fields are named for bad text only: this is a hot path.
  if (!IsText(event_id, 1, kMaxEventIdBytes)) {
    return ValidateText(event_id, "event_id", 1, kMaxEventIdBytes);
  }
  if (time < 0 || time > kMaxTime) {
    return absl::InvalidArgumentError(
        absl::StrCat("time is ", time, " microseconds since 1970, want 0 to ",
                     kMaxTime, " (2200-01-01)"));
  }
  if (value.has_value() &&
      (*value < -kMaxMicroValue || *value > kMaxMicroValue)) {
    return absl::InvalidArgumentError(
        absl::StrCat("value is ", *value, " millionths, want ", -kMaxMicroValue,
                     " to ", kMaxMicroValue));
  }
  return absl::OkStatus();
}

absl::Status Validate(const Event& event) {
  absl::Status status =
      ValidateOccurrence(event.event_id, event.time, event.value);
  if (!status.ok()) return status;
  status = ValidateUnitId(event.unit_id, "unit_id");
  if (!status.ok()) return status;
  return ValidateContent(event.name, event.attributes);
}

absl::Status Validate(const Alias& alias) {
  absl::Status status = ValidateUnitId(alias.alias_id, "alias_id");
  if (!status.ok()) return status;
  status = ValidateUnitId(alias.unit_id, "unit_id");
  if (!status.ok()) return status;
  if (alias.alias_id == alias.unit_id) {
    return absl::InvalidArgumentError(
        absl::StrCat("alias_id is ", Quote(alias.alias_id),
                     ", the same as unit_id, want another id"));
  }
  return absl::OkStatus();
}

// The id is `stagecraft.exposure/{experiment}/{variant}`; if that is longer
// than 128 bytes, `stagecraft.exposure/` and XXH3_128bits of the rest in 32
// hexadecimal digits (canonical, the high half first).
Event MakeExposure(absl::string_view unit_id, absl::string_view experiment,
                   absl::string_view variant, Micros time,
                   const Attributes& attributes, std::optional<Micros> run) {
  Event event;
  std::string what = absl::StrCat(experiment, "/", variant);
  if (run.has_value()) absl::StrAppend(&what, "@", *run);
  if (kExposureName.size() + 1 + what.size() > kMaxEventIdBytes) {
    const XXH128_hash_t hash = XXH3_128bits(what.data(), what.size());
    what = absl::StrFormat("%016x%016x", hash.high64, hash.low64);
  }
  event.event_id = absl::StrCat(kExposureName, "/", what);
  event.unit_id = std::string(unit_id);
  event.name = std::string(kExposureName);
  event.time = time;
  event.attributes = attributes;
  event.attributes.insert_or_assign(std::string(kExposureExperiment),
                                    std::string(experiment));
  event.attributes.insert_or_assign(std::string(kExposureVariant),
                                    std::string(variant));
  return event;
}

}  // namespace stagecraft::engine
