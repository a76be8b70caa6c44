#include "engine/event_batch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/record.h"
#include "engine/text.h"

namespace stagecraft::engine {

absl::StatusOr<uint32_t> EventBatch::AddUnit(absl::string_view unit_id) {
  if (!IsText(unit_id, 1, kMaxUnitIdBytes)) {
    return ValidateUnitId(unit_id, "unit_id");
  }
  return AddStoredUnit(unit_id);
}

absl::StatusOr<uint32_t> EventBatch::AddContent(absl::string_view name,
                                                const Attributes& attributes) {
  scratch_.clear();
  EncodeContent(name, attributes, &scratch_);
  const auto it = index_of_content_.find(scratch_);
  if (it != index_of_content_.end()) return it->second;
  if (absl::Status status = ValidateContent(name, attributes); !status.ok()) {
    return status;
  }
  return AddStoredContent(Keep(scratch_));
}

absl::Status EventBatch::AddItem(const Item& item) {
  if (item.unit >= units_.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unit is ", item.unit, ", want an index below ",
                     units_.size(), ", the number of unit ids"));
  }
  if (item.content >= contents_.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("content is ", item.content, ", want an index below ",
                     contents_.size(), ", the number of contents"));
  }
  if (absl::Status status = ValidateOccurrence(
          item.event_id, item.time,
          item.has_value ? std::optional(item.value) : std::nullopt);
      !status.ok()) {
    return status;
  }
  items_.push_back(item);
  return absl::OkStatus();
}

absl::Status EventBatch::Add(const Event& event) {
  // In the order in which a caller reads the fields.
  if (absl::Status status =
          ValidateOccurrence(event.event_id, event.time, event.value);
      !status.ok()) {
    return status;
  }
  const absl::StatusOr<uint32_t> unit = AddUnit(event.unit_id);
  if (!unit.ok()) return unit.status();
  const absl::StatusOr<uint32_t> content =
      AddContent(event.name, event.attributes);
  if (!content.ok()) return content.status();
  items_.push_back({*unit, *content, event.time, event.value.value_or(0),
                    event.value.has_value(), event.event_id});
  return absl::OkStatus();
}

uint32_t EventBatch::AddStoredUnit(absl::string_view unit_id) {
  // Only the last one is compared: senders that group events by unit gain, and
  // nobody pays for a look-up. Units may stand twice.
  if (!units_.empty() && units_.back() == unit_id) {
    return static_cast<uint32_t>(units_.size() - 1);
  }
  units_.push_back(unit_id);
  return static_cast<uint32_t>(units_.size() - 1);
}

uint32_t EventBatch::AddStoredContent(absl::string_view encoded) {
  const auto [it, inserted] = index_of_content_.try_emplace(
      encoded, static_cast<uint32_t>(contents_.size()));
  if (inserted) contents_.push_back(encoded);
  return it->second;
}

void EventBatch::Clear() {
  units_.clear();
  contents_.clear();
  items_.clear();
  index_of_content_.clear();
  kept_.clear();
}

}  // namespace stagecraft::engine
