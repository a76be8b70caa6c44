// Contributions: what one unit adds to the tallies of one specification.
#ifndef STAGECRAFT_ENGINE_CONTRIBUTION_H_
#define STAGECRAFT_ENGINE_CONTRIBUTION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/duration_groups.h"
#include "engine/duration_tally.h"
#include "engine/segmenter.h"
#include "engine/sums.h"
#include "engine/tick.h"

namespace stagecraft::engine {

// One change that a unit makes to a tally at a tick.
struct Change {
  int16_t column = 0;  // What is tallied.
  int16_t group = 0;   // The variant; 0 for a journey.
  Tick tick = 0;
  int8_t sign = 1;                          // 1 adds, -1 takes away.
  DurationKind kind = DurationKind::kOpen;  // Only for durations.
  // Components; for durations value[0] is the bin, in [0, kMaxBin].
  UnitValue value = {};
  // Field by field: a comparison of whole arrays is a call.
  friend bool operator==(const Change& a, const Change& b) {
    static_assert(kMaxComponents == 4);
    return a.column == b.column && a.group == b.group && a.tick == b.tick &&
           a.sign == b.sign && a.kind == b.kind && a.value[0] == b.value[0] &&
           a.value[1] == b.value[1] && a.value[2] == b.value[2] &&
           a.value[3] == b.value[3];
  }
};

// What one unit adds to a book: the changes, in each of the slots.
struct Contribution {
  Slots slots;
  std::vector<Change> changes;

  // Keeps its memory.
  void Clear() {
    slots.clear();
    changes.clear();
  }
  friend bool operator==(const Contribution&, const Contribution&) = default;
};

// What a column holds: durations, or sums of vectors of 0 to 4 components.
struct Column {
  bool durations = false;
  int components = 0;
  // Of durations: units that are open for so long are censored there.
  std::optional<Micros> horizon = std::nullopt;
  // How the times that open units have waited are rounded; none: not at all.
  std::optional<DurationGrid> waits = std::nullopt;
  // Units stand in these groups; none, or with a horizon: by themselves.
  std::optional<GroupGrid> groups = std::nullopt;
  friend bool operator==(const Column&, const Column&) = default;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_CONTRIBUTION_H_
