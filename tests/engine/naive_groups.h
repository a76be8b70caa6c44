// Groups of units, found by looking for them.
#ifndef STAGECRAFT_TESTS_ENGINE_NAIVE_GROUPS_H_
#define STAGECRAFT_TESTS_ENGINE_NAIVE_GROUPS_H_

#include <cstdint>
#include <map>
#include <utility>

#include "engine/duration_tally.h"

namespace stagecraft::engine {

// The first bin of the largest of 1, 2, 4 ... bins, counted from 0, that is
// small enough: of open units, that was over so long ago at `moment` as its
// length says; of the others, that is short beside its duration.
inline Micros FirstOfGroup(DurationKind kind, Micros bin, Micros moment,
                           const DurationGrid& grid) {
  const Micros number = bin / grid.resolution;
  Micros first = number;
  if (kind == DurationKind::kOpen) {
    const Micros now = moment / grid.resolution;
    for (Micros size = 2; size << grid.bits <= now; size *= 2) {
      const Micros begin = number / size * size;
      if (begin + size + (size << grid.bits) <= now) first = begin;
    }
  } else {
    for (Micros size = 2; size << grid.bits <= number; size *= 2) {
      first = number / size * size;
    }
  }
  return first * grid.resolution;
}

// Units in groups: each stands at the mean of its group.
class NaiveGroups {
 public:
  NaiveGroups(Micros moment, const DurationGrid& grid)
      : moment_(moment), grid_(grid) {}

  void Add(DurationKind kind, Micros bin, int64_t count) {
    Group& group = groups_[{kind, FirstOfGroup(kind, bin, moment_, grid_)}];
    group.count += count;
    group.sum += static_cast<__int128>(bin) * count;
  }
  DurationCounts Means() const {
    DurationCounts means;
    for (const auto& [place, group] : groups_) {
      if (group.count == 0) continue;
      means.Add(place.first, static_cast<Micros>(group.sum / group.count),
                group.count);
    }
    return means;
  }

 private:
  struct Group {
    int64_t count = 0;
    __int128 sum = 0;
  };
  Micros moment_;
  DurationGrid grid_;
  std::map<std::pair<DurationKind, Micros>, Group> groups_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_TESTS_ENGINE_NAIVE_GROUPS_H_
