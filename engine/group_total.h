// The units of a slot up to some moment, in groups.
#ifndef STAGECRAFT_ENGINE_GROUP_TOTAL_H_
#define STAGECRAFT_ENGINE_GROUP_TOTAL_H_

#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "engine/duration_groups.h"
#include "engine/duration_total.h"

namespace stagecraft::engine {

// Not thread-safe. Has no units until groups are kept.
class GroupTotal {
 public:
  // Keeps these groups of the units from now on. Of a total that has groups,
  // `units` are not looked at; earlier ones than it has are not kept.
  void Keep(const DurationGroups& groups, const DurationTotal& units);
  // As of which moment groups are kept, if any are.
  std::optional<Micros> moment() const {
    return groups_.has_value() ? std::optional(groups_->moment())
                               : std::nullopt;
  }
  // Whether none are kept, or a quarter more of them than at first: those of a
  // later moment would be fewer.
  bool has_grown() const {
    return sums_.entries().size() >= first_size_ + first_size_ / 4;
  }
  // Adds counts in the order of their keys, with any repeats, if groups are
  // kept.
  void AddSorted(absl::Span<const DurationCounts::Count> counts);

  // How many units there are.
  int64_t units() const { return units_; }
  // The units in groups of a moment that is not earlier.
  DurationGroupSums At(const DurationGroups& groups) const;

  // Memory that is held, apart from the object.
  int64_t bytes() const;

 private:
  std::optional<DurationGroups> groups_;
  DurationGroupSums sums_;
  size_t first_size_ = 0;  // Of sums_, when groups_ were new.
  int64_t units_ = 0;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_GROUP_TOTAL_H_
