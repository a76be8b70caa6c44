// Groups of units in a sum of durations: the longer a time is, the less it
// matters what it is to the second. Without groups a sum has an entry for each
// second that somebody took, and one for each that somebody entered in and
// never left.
#ifndef STAGECRAFT_ENGINE_DURATION_GROUPS_H_
#define STAGECRAFT_ENGINE_DURATION_GROUPS_H_

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "engine/duration_tally.h"
#include "engine/keyed_sums.h"

namespace stagecraft::engine {

// Where units stand in groups.
struct GroupGrid {
  DurationGrid grid;
  // Nobody does among up to so many units: the fewer there are, the more exact
  // a sum is, and the less it costs.
  int64_t exact_units = 0;
  friend bool operator==(const GroupGrid&, const GroupGrid&) = default;
};

class DurationTotal;

// The units of a group, whose mean stands for all: all of one time stay exact,
// as does the mean of many groups.
struct DurationGroup {
  uint64_t key = 0;  // Of the group's first bin.
  int64_t count = 0;
  absl::int128 excess = 0;  // The sum of the units' bins less the first one.

  DurationGroup& operator+=(const DurationGroup& other) {
    count += other.count;
    excess += other.excess;
    return *this;
  }
  bool IsZero() const { return count == 0 && excess == 0; }
  friend bool operator==(const DurationGroup&, const DurationGroup&) = default;
};
using DurationGroupSums = KeyedSums<DurationGroup>;

// Groups of open units follow from the moment of the look: who stands together
// at one moment does so at all later ones, and the groups of a later moment can
// be made of those of an earlier one. Groups of the others are always the same.
//
// Groups are of 1, 2, 4 ... bins of the grid's resolution, the first of which
// begins at 0. Who is open stands in the largest one whose last unit has been
// open, at `moment`, for 2^bits times its length; who is not, in the largest
// one whose length is at most 2^-bits of its shortest time. So times are known
// to less than 2^-bits.
class DurationGroups {
 public:
  DurationGroups(const DurationGrid& grid, Micros moment)
      : moment_(moment),
        bits_(grid.bits),
        resolution_(static_cast<uint64_t>(grid.resolution)),
        // For a resolution of 2 at least: journeys have one of a second.
        inverse_(std::numeric_limits<uint64_t>::max() / resolution_ + 1),
        now_(BinsIn(static_cast<uint64_t>(std::max<Micros>(moment, 0)))) {}

  Micros moment() const { return moment_; }

  // The keys in [begin, end) are one group.
  struct Range {
    uint64_t begin = 0;
    uint64_t end = 0;
  };
  // The group of a unit, of the key that it has by itself, or by that of any
  // unit in a smaller group.
  Range GroupOf(uint64_t key) const {
    constexpr auto kBins = static_cast<uint64_t>(kMaxBin);
    const uint64_t of_kind = key & ~kBins;
    const uint64_t bin = BinsIn(key & kBins);
    const int size = of_kind == 0 ? SizeOfOpen(bin) : SizeOfEnded(bin);
    const uint64_t begin = of_kind + (bin >> size << size) * resolution_;
    return {begin,
            std::min(begin + (resolution_ << size), of_kind + kBins + 1)};
  }

 private:
  // time / resolution_.
  uint64_t BinsIn(uint64_t time) const {
    // By what is at most 1 too large.
    const uint64_t bins =
        absl::Uint128High64(absl::uint128(time) * absl::uint128(inverse_));
    return bins - (bins * resolution_ > time ? 1 : 0);
  }
  // The base-2 logarithm of the size of a bin's group.
  int SizeOfEnded(uint64_t bin) const {
    return std::max(0, static_cast<int>(std::bit_width(bin)) - bits_ - 1);
  }
  int SizeOfOpen(uint64_t bin) const {
    if (now_ <= bin) return 0;
    for (int k = std::bit_width((now_ - bin) >> bits_) - 1; k > 0; --k) {
      const uint64_t end = ((bin >> k) + 1) << k;
      if (end <= now_ && now_ - end >= uint64_t{1} << (bits_ + k)) return k;
    }
    return 0;
  }

  Micros moment_;
  int bits_;
  uint64_t resolution_;
  uint64_t inverse_;  // 2^64 / resolution_, rounded up.
  uint64_t now_;      // The bin of the moment.
};

// Makes groups of what comes in the order of keys.
class DurationGrouping {
 public:
  explicit DurationGrouping(const DurationGroups& groups) : groups_(groups) {}

  // A unit by itself, or units of a smaller group. Zeros can come of it.
  void Add(uint64_t key, int64_t count, absl::int128 excess = 0) {
    if (sums_.empty() || key >= range_.end) {
      range_ = groups_.GroupOf(key);
      sums_.push_back({.key = range_.begin});
    }
    sums_.back() +=
        {.count = count,
         .excess = excess + absl::int128(key - range_.begin) * count};
  }
  // The group is known to be the same.
  void AddGroup(const DurationGroup& group) {
    range_ = {group.key, group.key};
    sums_.push_back(group);
  }
  // Those of all that was added, which is forgotten.
  DurationGroupSums Take() {
    sums_.erase(std::remove_if(
                    sums_.begin(), sums_.end(),
                    [](const DurationGroup& group) { return group.IsZero(); }),
                sums_.end());
    return DurationGroupSums(std::exchange(sums_, {}));
  }

 private:
  DurationGroups groups_;
  DurationGroups::Range range_;
  std::vector<DurationGroup> sums_;
};

DurationGroupSums GroupsOf(const DurationTotal& counts,
                           const DurationGroups& groups);
// Groups of counts in any order and with any repeats.
DurationGroupSums GroupsOf(std::vector<DurationCounts::Count> counts,
                           const DurationGroups& groups);

// The means of groups, as counts.
DurationCounts MeansOf(const DurationGroupSums& groups);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_DURATION_GROUPS_H_
