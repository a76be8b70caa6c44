#include "engine/group_total.h"

namespace stagecraft::engine {

void GroupTotal::Keep(const DurationGroups& groups,
                      const DurationTotal& units) {
  if (groups_.has_value()) {
    if (groups_->moment() >= groups.moment()) return;
    sums_ = At(groups);
  } else {
    sums_ = GroupsOf(units, groups);
    units_ = units.units();
  }
  groups_ = groups;
  first_size_ = sums_.entries().size();
}

void GroupTotal::AddSorted(absl::Span<const DurationCounts::Count> counts) {
  if (!groups_.has_value()) return;
  DurationGrouping grouping(*groups_);
  for (const DurationCounts::Count& count : counts) {
    grouping.Add(count.key, count.count);
    units_ += count.count;
  }
  sums_.AddSorted(grouping.Take().entries());
}

DurationGroupSums GroupTotal::At(const DurationGroups& groups) const {
  constexpr auto kLastOpen = static_cast<uint64_t>(kMaxBin);
  DurationGrouping grouping(groups);
  for (const DurationGroup& group : sums_.entries()) {
    if (group.key > kLastOpen) {
      grouping.AddGroup(group);
    } else {
      grouping.Add(group.key, group.count, group.excess);
    }
  }
  return grouping.Take();
}

int64_t GroupTotal::bytes() const {
  return static_cast<int64_t>(sums_.entries().capacity() *
                              sizeof(DurationGroup));
}

}  // namespace stagecraft::engine
