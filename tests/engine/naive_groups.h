// Groups of open units, found by looking for them.
#ifndef STAGECRAFT_TESTS_ENGINE_NAIVE_GROUPS_H_
#define STAGECRAFT_TESTS_ENGINE_NAIVE_GROUPS_H_

#include "engine/duration_tally.h"

namespace stagecraft::engine {

struct NaiveGroup {
  Micros begin = 0;
  Micros middle = 0;
};

// The largest of 1, 2, 4 ... bins, counted from 0, that was over so long ago at
// `moment` as its length says.
inline NaiveGroup FindGroup(Micros bin, Micros moment,
                            const DurationGrid& grid) {
  const Micros number = bin / grid.resolution;
  const Micros now = moment / grid.resolution;
  NaiveGroup group = {bin, bin};
  for (Micros size = 2; size << grid.bits <= now; size *= 2) {
    const Micros begin = number / size * size;
    if (begin + size + (size << grid.bits) > now) continue;
    group = {begin * grid.resolution,
             begin * grid.resolution + (size - 1) * grid.resolution / 2};
  }
  return group;
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_TESTS_ENGINE_NAIVE_GROUPS_H_
