// The counts of a slot up to some moment, of units by themselves and, besides,
// in groups.
#ifndef STAGECRAFT_ENGINE_GROUPED_TOTAL_H_
#define STAGECRAFT_ENGINE_GROUPED_TOTAL_H_

#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "engine/duration_groups.h"
#include "engine/duration_total.h"

namespace stagecraft::engine {

// Not thread-safe.
class GroupedTotal {
 public:
  // Adds counts in the order of their keys, with any repeats.
  void AddSorted(absl::Span<const DurationCounts::Count> counts);
  // Puts open units up to `merged` together: not where groups are kept.
  void MergeOpen(Micros merged) { total_.MergeOpen(merged); }
  // Keeps these groups from now on, unless later ones are kept: groups of the
  // same moment or a later one are then read without looking at each duration.
  void KeepGroups(const DurationGroups& groups);

  std::optional<Micros> kept_moment() const {
    return groups_.has_value() ? std::optional(groups_->moment())
                               : std::nullopt;
  }
  const DurationTotal& total() const { return total_; }
  // How many units there are.
  int64_t units() const { return units_; }
  // All units, in groups of the grid that is kept, if any is.
  DurationGroupSums Groups(const DurationGroups& groups) const;

  // Memory that is held, apart from the object.
  int64_t bytes() const;

 private:
  DurationTotal total_;
  int64_t units_ = 0;
  std::optional<DurationGroups> groups_;
  DurationGroupSums kept_;  // The units of total_ in groups_.
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_GROUPED_TOTAL_H_
