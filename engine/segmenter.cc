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

SlotRange Segmenter::Parts() const {
  SlotRange parts;
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    const int size = static_cast<int>(dimensions_[d].values.size()) + 2;
    if (!parts.empty() && size >= parts.end - parts.begin) continue;
    parts = {first_slot_[d], first_slot_[d] + size};
  }
  // Slot 0 is what is read most: of many parts it would cost more to read than
  // it saves to keep.
  constexpr int kMany = 16;
  if (parts.end - parts.begin > kMany) return {};
  return parts;
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

void Segmenter::Classify(const ContentView& content, SpecFacts* facts) const {
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    const SegmentDimension& dimension = dimensions_[d];
    const auto found = content.Find(dimension.attribute);
    if (!found.has_value()) continue;
    const auto it = std::find(dimension.values.begin(), dimension.values.end(),
                              ToText(*found));
    // The slot of other values comes after the last declared one.
    facts->slots[d] =
        static_cast<int16_t>(first_slot_[d] + (it - dimension.values.begin()));
  }
}

Slots Segmenter::SlotsOf(absl::Span<const FoldEvent> events, size_t anchor,
                         size_t spec) const {
  Slots slots = {0};
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    int slot = first_slot_[d] + static_cast<int>(dimensions_[d].values.size()) +
               1;  // None.
    for (size_t i = anchor + 1; i-- > 0;) {
      const int16_t told = events[i].facts->specs[spec].slots[d];
      if (told < 0) continue;
      slot = told;
      break;
    }
    slots.push_back(slot);
  }
  return slots;
}

}  // namespace stagecraft::engine
