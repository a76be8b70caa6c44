#include "engine/duration_groups.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/radix_sort.h"

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

std::vector<DurationGroup> GroupAll(std::vector<DurationCounts::Count> counts,
                                    const DurationGroups& groups) {
  constexpr size_t kMany = 1 << 15;
  if (counts.size() > kMany) {
    // Those of a past day, many of whom stand by themselves.
    DurationCounts sorted;
    sorted.AddAll(&counts);
    DurationGrouping grouping(groups);
    for (const DurationCounts::Count& count : sorted.counts()) {
      grouping.Add(count.key, count.count);
    }
    return grouping.sums();
  }
  // There are far fewer groups than counts to be sorted.
  absl::flat_hash_map<uint64_t, uint32_t> places;
  places.reserve(std::min<size_t>(counts.size(), 4096));
  std::vector<DurationGroup> sums;
  for (const DurationCounts::Count& count : counts) {
    const uint64_t begin = groups.GroupOf(count.key).begin;
    const auto [it, inserted] =
        places.try_emplace(begin, static_cast<uint32_t>(sums.size()));
    if (inserted) sums.push_back({.key = begin});
    sums[it->second] +=
        {.count = count.count,
         .excess = absl::int128(count.key - begin) * count.count};
  }
  RadixSort([](const DurationGroup& group) { return group.key; },
            [](const DurationGroup&) { return uint64_t{0}; }, &sums);
  return sums;
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
