#include "engine/segmenter.h"

#include <algorithm>
#include <utility>

namespace stagecraft::engine {

Segmenter::Segmenter(std::vector<SegmentDimension> dimensions)
    : dimensions_(std::move(dimensions)) {
  for (const SegmentDimension& dimension : dimensions_) {
    first_slot_.push_back(slot_count_);
    slot_count_ += static_cast<int>(dimension.values.size()) + 2;
  }
}

std::optional<int> Segmenter::SlotOf(absl::string_view attribute,
                                     absl::string_view value) const {
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    const SegmentDimension& dimension = dimensions_[d];
    if (dimension.attribute != attribute) continue;
    const int values = static_cast<int>(dimension.values.size());
    if (value == kOtherSegmentValue) return first_slot_[d] + values;
    if (value == kNoSegmentValue) return first_slot_[d] + values + 1;
    const auto it =
        std::find(dimension.values.begin(), dimension.values.end(), value);
    if (it == dimension.values.end()) return std::nullopt;
    return first_slot_[d] + static_cast<int>(it - dimension.values.begin());
  }
  return std::nullopt;
}

std::vector<Segmenter::Segment> Segmenter::Segments() const {
  std::vector<Segment> segments;
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    const SegmentDimension& dimension = dimensions_[d];
    int slot = first_slot_[d];
    for (const std::string& value : dimension.values) {
      segments.push_back({dimension.attribute, value, slot++});
    }
    segments.push_back(
        {dimension.attribute, std::string(kOtherSegmentValue), slot++});
    segments.push_back(
        {dimension.attribute, std::string(kNoSegmentValue), slot++});
  }
  return segments;
}

Slots Segmenter::SlotsOf(absl::Span<const EventView> events,
                         size_t anchor) const {
  Slots slots = {0};
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    const SegmentDimension& dimension = dimensions_[d];
    std::optional<AttributeView> found;
    for (size_t i = anchor + 1; i-- > 0 && !found.has_value();) {
      found = events[i].Find(dimension.attribute);
    }
    const int values = static_cast<int>(dimension.values.size());
    if (!found.has_value()) {
      slots.push_back(first_slot_[d] + values + 1);
      continue;
    }
    const std::string text = ToText(*found);
    const auto it =
        std::find(dimension.values.begin(), dimension.values.end(), text);
    slots.push_back(first_slot_[d] +
                    static_cast<int>(it - dimension.values.begin()));
  }
  return slots;
}

}  // namespace stagecraft::engine
