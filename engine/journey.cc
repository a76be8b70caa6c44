#include "engine/journey.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/text.h"

namespace stagecraft::engine {
namespace {

constexpr size_t kMaxFilterNames = 32;
constexpr size_t kMaxStages = 50;
constexpr size_t kMaxSegments = 5;
constexpr size_t kMaxSegmentValues = 100;
constexpr int32_t kMaxHoldoutPpm = 500'000;

absl::Status ValidateStage(const Stage& stage, absl::string_view field) {
  absl::Status status = ValidateNamePart(stage.id, absl::StrCat(field, ".id"));
  if (!status.ok()) return status;
  status = Validate(stage.entry, absl::StrCat(field, ".entry"));
  if (!status.ok()) return status;
  if (stage.exit.has_value()) {
    status = Validate(*stage.exit, absl::StrCat(field, ".exit"));
    if (!status.ok()) return status;
  }
  if (stage.dropout_after.has_value()) {
    return ValidateDuration(*stage.dropout_after,
                            absl::StrCat(field, ".dropout_after"), 1);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateId(absl::string_view id, absl::string_view field) {
  absl::Status status = ValidateNamePart(id, field);
  if (!status.ok()) return status;
  if (id[0] < 'a' || id[0] > 'z') {
    return absl::InvalidArgumentError(absl::StrCat(
        field, " is ", Quote(id), ", want a letter of [a-z] first"));
  }
  return absl::OkStatus();
}

absl::Status Validate(const EventFilter& filter, absl::string_view field) {
  absl::Status status = ValidateSize(filter.names.size(), 1, kMaxFilterNames,
                                     absl::StrCat(field, ".names"));
  if (!status.ok()) return status;
  for (size_t i = 0; i < filter.names.size(); ++i) {
    const std::string& name = filter.names[i];
    const std::string at = absl::StrCat(field, ".names[", i, "]");
    status = ValidateText(name, at, 1, kMaxNameBytes);
    if (!status.ok()) return status;
    if (name != kExposureName && absl::StartsWith(name, kReservedPrefix)) {
      return absl::InvalidArgumentError(absl::StrCat(
          at, " is ", Quote(name), ", want ", kExposureName,
          " or a name that does not begin with ", kReservedPrefix));
    }
  }
  if (filter.where.has_value()) {
    return Validate(*filter.where, absl::StrCat(field, ".where"));
  }
  return absl::OkStatus();
}

absl::Status ValidateSegments(const std::vector<SegmentDimension>& segments,
                              absl::string_view field) {
  absl::Status status = ValidateSize(segments.size(), 0, kMaxSegments, field);
  if (!status.ok()) return status;
  absl::flat_hash_set<absl::string_view> attributes;
  for (size_t i = 0; i < segments.size(); ++i) {
    const SegmentDimension& segment = segments[i];
    const std::string at = absl::StrCat(field, "[", i, "]");
    status = ValidateText(segment.attribute, absl::StrCat(at, ".attribute"), 1,
                          kMaxAttributeKeyBytes);
    if (!status.ok()) return status;
    if (!attributes.insert(segment.attribute).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(at, ".attribute is ", Quote(segment.attribute),
                       " again, want each attribute once"));
    }
    status = ValidateSize(segment.values.size(), 1, kMaxSegmentValues,
                          absl::StrCat(at, ".values"));
    if (!status.ok()) return status;
    absl::flat_hash_set<absl::string_view> values;
    for (size_t j = 0; j < segment.values.size(); ++j) {
      const std::string& value = segment.values[j];
      const std::string value_at = absl::StrCat(at, ".values[", j, "]");
      status = ValidateText(value, value_at, 0, kMaxAttributeTextBytes);
      if (!status.ok()) return status;
      if (value == kNoSegmentValue || value == kOtherSegmentValue) {
        return absl::InvalidArgumentError(
            absl::StrCat(value_at, " is ", Quote(value), ", want neither ",
                         kNoSegmentValue, " nor ", kOtherSegmentValue));
      }
      if (!values.insert(value).second) {
        return absl::InvalidArgumentError(absl::StrCat(
            value_at, " is ", Quote(value), " again, want each value once"));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Validate(const Journey& journey) {
  absl::Status status =
      ValidateResourceName(journey.name, "journeys/*", "name");
  if (!status.ok()) return status;
  status = ValidateSize(journey.stages.size(), 1, kMaxStages, "stages");
  if (!status.ok()) return status;
  absl::flat_hash_set<absl::string_view> ids;
  for (size_t i = 0; i < journey.stages.size(); ++i) {
    const std::string field = absl::StrCat("stages[", i, "]");
    status = ValidateStage(journey.stages[i], field);
    if (!status.ok()) return status;
    if (!ids.insert(journey.stages[i].id).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ".id is ", Quote(journey.stages[i].id),
                       " again, want each id once"));
    }
  }
  if (journey.ordering != Journey::Ordering::kOrdered &&
      journey.ordering != Journey::Ordering::kUnordered) {
    return absl::InvalidArgumentError(
        absl::StrCat("ordering is ", static_cast<int>(journey.ordering),
                     ", want ORDERED or UNORDERED"));
  }
  if (journey.holdout_ppm < 0 || journey.holdout_ppm > kMaxHoldoutPpm) {
    return absl::InvalidArgumentError(
        absl::StrCat("holdout_ppm is ", journey.holdout_ppm, ", want 0 to ",
                     kMaxHoldoutPpm));
  }
  status = ValidateSegments(journey.segments, "segments");
  if (!status.ok()) return status;
  if (journey.time_resolution < kSecond || journey.time_resolution > kDay) {
    return absl::InvalidArgumentError(absl::StrCat(
        "time_resolution is ", DurationText(journey.time_resolution),
        ", want 1s to 86400s"));
  }
  return absl::OkStatus();
}

std::optional<int> FindStage(const Journey& journey, absl::string_view id) {
  for (size_t i = 0; i < journey.stages.size(); ++i) {
    if (journey.stages[i].id == id) return static_cast<int>(i);
  }
  return std::nullopt;
}

}  // namespace stagecraft::engine
