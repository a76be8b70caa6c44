#include "engine/duration_groups.h"

#include <utility>
#include <vector>

#include "engine/duration_total.h"

namespace stagecraft::engine {
namespace {

// How far the mean is from the first bin.
uint64_t MeanExcess(const DurationGroup& group) {
  // Usually 64 bits will do, which is many times faster.
  if (group.count > 0 && absl::Int128High64(group.excess) == 0) {
    const uint64_t excess = absl::Int128Low64(group.excess);
    return excess == 0 ? 0 : excess / static_cast<uint64_t>(group.count);
  }
  return static_cast<uint64_t>(group.excess / group.count);
}

}  // namespace

DurationGroupSums GroupsOf(const DurationTotal& counts,
                           const DurationGroups& groups) {
  DurationGrouping grouping(groups);
  counts.ForEach([&](const DurationCounts::Count& count) {
    grouping.Add(count.key, count.count);
  });
  return grouping.Take();
}

DurationGroupSums GroupsOf(std::vector<DurationCounts::Count> counts,
                           const DurationGroups& groups) {
  DurationCounts sorted;
  sorted.AddAll(&counts);
  DurationGrouping grouping(groups);
  for (const DurationCounts::Count& count : sorted.counts()) {
    grouping.Add(count.key, count.count);
  }
  return grouping.Take();
}

DurationCounts MeansOf(const DurationGroupSums& groups) {
  std::vector<DurationCounts::Count> counts;
  counts.reserve(groups.entries().size());
  for (const DurationGroup& group : groups.entries()) {
    if (group.count == 0) continue;
    counts.push_back({group.key + MeanExcess(group), group.count});
  }
  return DurationCounts(std::move(counts));
}

}  // namespace stagecraft::engine
