// Groups of open units in a sum of durations: the longer they have been open,
// the less it matters when exactly they entered. Without groups a sum has an
// entry for each second that somebody entered in and never left.
#ifndef STAGECRAFT_ENGINE_ENTRY_GROUPS_H_
#define STAGECRAFT_ENGINE_ENTRY_GROUPS_H_

#include <algorithm>
#include <bit>
#include <cstdint>

#include "engine/duration_tally.h"

namespace stagecraft::engine {

// Where open units stand in groups.
struct EntryGrid {
  DurationGrid grid;
  // Nobody does among up to so many units, open or not: the fewer there are,
  // the more exact a sum is, and the less it costs.
  int64_t exact_units = 0;
  friend bool operator==(const EntryGrid&, const EntryGrid&) = default;
};

// Who stands together at one moment does so at all later ones, and the groups
// of a later moment can be made of those of an earlier one.
struct EntryGroups {
  // Groups are of 1, 2, 4 ... bins of the grid's resolution, the first of which
  // begins at 0. A unit stands in the largest one whose last unit has been
  // open, at `moment`, for 2^bits times its length.
  DurationGrid grid;
  Micros moment = 0;

  // The key of a unit's group, of the key that it has by itself: that of the
  // group's first bin. Keys that are less do not get a greater one. Keys that
  // are not of open units stay as they are.
  uint64_t KeyOf(uint64_t key) const {
    if (key > static_cast<uint64_t>(kMaxBin)) return key;
    const uint64_t bin = key / Resolution();
    const int size = SizeOf(bin);
    return size == 0 ? key : (bin >> size << size) * Resolution();
  }
  // What stands for the times of entry of a group: how long each of its units
  // has been open is known to less than 2^-(bits + 1), either way. Of a key
  // that KeyOf has given.
  Micros MiddleOf(uint64_t key) const {
    const uint64_t bins = (uint64_t{1} << SizeOf(key / Resolution())) - 1;
    return static_cast<Micros>(key + bins * Resolution() / 2);
  }

 private:
  uint64_t Resolution() const { return static_cast<uint64_t>(grid.resolution); }
  // The base-2 logarithm of the size of a bin's group.
  int SizeOf(uint64_t bin) const {
    const uint64_t now =
        static_cast<uint64_t>(std::max<Micros>(moment, 0)) / Resolution();
    if (now <= bin) return 0;
    for (int k = std::bit_width((now - bin) >> grid.bits) - 1; k > 0; --k) {
      const uint64_t end = ((bin >> k) + 1) << k;
      if (end <= now && now - end >= uint64_t{1} << (grid.bits + k)) return k;
    }
    return 0;
  }
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_ENTRY_GROUPS_H_
