// Segments: which slots of a tally book a unit belongs to.
#ifndef STAGECRAFT_ENGINE_SEGMENTER_H_
#define STAGECRAFT_ENGINE_SEGMENTER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/content_facts.h"
#include "engine/journey.h"
#include "engine/record.h"

namespace stagecraft::engine {

using Slots = absl::InlinedVector<int, 4>;

// Slots from `begin` on, before `end`.
struct SlotRange {
  int begin = 0;
  int end = 0;
  bool empty() const { return begin == end; }
  friend bool operator==(const SlotRange&, const SlotRange&) = default;
};

// Slot 0 is everybody. Then, dimension by dimension, one slot for each declared
// value, one for other values and one for units without the attribute.
// Immutable; safe from any thread.
class Segmenter {
 public:
  explicit Segmenter(std::vector<SegmentDimension> dimensions);

  int slot_count() const { return slot_count_; }
  // The slots of the dimension that has the fewest: each unit stands in one of
  // them. Empty if there are no dimensions, or if all have many slots.
  SlotRange Parts() const;
  // The slot of a segment, or nothing if it is not kept.
  std::optional<int> SlotOf(absl::string_view attribute,
                            absl::string_view value) const;
  // All slots but the first, with what they are.
  struct Segment {
    std::string attribute;
    std::string value;
    int slot = 0;
  };
  std::vector<Segment> Segments() const;

  // Writes the slot that the content tells of each dimension; those whose
  // attribute it does not carry are left alone.
  void Classify(const ContentView& content, SpecFacts* facts) const;

  // The slots of a unit: by the attributes of `events[anchor]`, else by the
  // latest earlier event that carries the attribute. `events` in order of time;
  // `spec` is the specification's number.
  Slots SlotsOf(absl::Span<const FoldEvent> events, size_t anchor,
                size_t spec) const;

 private:
  std::vector<SegmentDimension> dimensions_;
  std::vector<int> first_slot_;  // Of each dimension.
  int slot_count_ = 1;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_SEGMENTER_H_
