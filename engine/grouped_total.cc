#include "engine/grouped_total.h"

namespace stagecraft::engine {
namespace {

using Count = DurationCounts::Count;

constexpr auto kFirstEnded = static_cast<uint64_t>(kMaxBin) + 1;  // Not open.

}  // namespace

void GroupedTotal::AddSorted(absl::Span<const Count> counts) {
  total_.AddSorted(counts);
  for (const Count& count : counts) units_ += count.count;
  if (!groups_.has_value()) return;
  DurationGrouping grouping(*groups_);
  for (const Count& count : counts) grouping.Add(count.key, count.count);
  kept_.AddSorted(grouping.Take().entries());
}

void GroupedTotal::KeepGroups(const DurationGroups& groups) {
  if (groups_.has_value() && groups_->moment() >= groups.moment()) return;
  kept_ = Groups(groups);
  groups_ = groups;
}

DurationGroupSums GroupedTotal::Groups(const DurationGroups& groups) const {
  DurationGrouping grouping(groups);
  const auto add = [&](const Count& count) {
    grouping.Add(count.key, count.count);
  };
  if (!groups_.has_value()) {
    total_.ForEach(add);
  } else {
    const bool are_earlier = groups_->moment() <= groups.moment();
    if (!are_earlier) total_.ForEach(add, kFirstEnded);
    for (const DurationGroup& group : kept_.entries()) {
      if (group.key >= kFirstEnded) {
        grouping.AddGroup(group);
      } else if (are_earlier) {
        grouping.Add(group.key, group.count, group.excess);
      }
    }
  }
  return grouping.Take();
}

int64_t GroupedTotal::bytes() const {
  return total_.bytes() + static_cast<int64_t>(kept_.entries().capacity() *
                                               sizeof(DurationGroup));
}

}  // namespace stagecraft::engine
