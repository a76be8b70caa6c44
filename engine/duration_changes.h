// Changes of durations by tick, in slots.
#ifndef STAGECRAFT_ENGINE_DURATION_CHANGES_H_
#define STAGECRAFT_ENGINE_DURATION_CHANGES_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "engine/duration_tally.h"
#include "engine/tick.h"

namespace stagecraft::engine {

// Not thread-safe. Changes are appended to those of their tick, in no order;
// where many of a tick are of one key and combination, they become one.
class DurationChanges {
 public:
  // At some tick, of the units in a combination of slots. One record of a
  // count that does not fit is several.
  struct Change {
    uint64_t key = 0;  // See DurationKey.
    uint32_t combination = 0;
    int32_t count = 0;
  };
  using Changes = std::vector<Change>;

  void Add(Tick tick, uint64_t key, uint32_t combination, int64_t count) {
    OfTick& of = At(tick);
    of.saved = false;
    if (of.changes.size() >= of.combine_at) CombineSome(&of);
    Put(key, combination, count, &of.changes);
  }

  // Takes changes that Combine has seen, and leaves none.
  void AddCombined(Tick tick, Changes* changes);
  // Takes changes, combined or not, in place of those that the tick has, and
  // leaves none.
  void Replace(Tick tick, Changes* changes);

  // All ticks are saved from here on, until something is added to them.
  void SetSaved();
  void SetUnsaved(Tick tick) { At(tick).saved = false; }
  // Calls fn(tick, changes) with the ticks that are not saved, in increasing
  // order.
  template <typename Fn>
  void ForEachUnsavedTick(const Fn& fn) const {
    for (const OfTick& of : ticks_) {
      if (!of.saved) fn(of.tick, of.changes);
    }
  }

  // How many changes are kept at ticks in (after, until].
  int64_t SizeOf(Tick after, Tick until) const;
  // The last tick up to `until` from which on, up to `until`, there are at
  // least `size` changes; nothing if there are not so many.
  std::optional<Tick> LastWith(int64_t size, Tick until) const;
  // Calls fn(change) with the changes at ticks in (after, until], in no order.
  template <typename Fn>
  void ForEachIn(Tick after, Tick until, const Fn& fn) const {
    for (auto it = After(after); it != ticks_.end() && it->tick <= until;
         ++it) {
      for (const Change& change : it->changes) fn(change);
    }
  }
  // Calls fn(tick, changes) in increasing order of ticks.
  template <typename Fn>
  void ForEachTick(const Fn& fn) const {
    for (const OfTick& of : ticks_) fn(of.tick, of.changes);
  }
  // Gives back the room that ticks in (after, before) have left: few changes
  // will be added to them.
  void Shrink(Tick after, Tick before);

  // Makes `changes` those that differ in (key, combination), in that order,
  // without zeros.
  static void Combine(Changes* changes);
  // Adds a change.
  static void Put(uint64_t key, uint32_t combination, int64_t count,
                  Changes* changes) {
    constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
    do {
      const int64_t part = std::clamp(count, -kMax, kMax);
      changes->push_back({key, combination, static_cast<int32_t>(part)});
      count -= part;
    } while (count != 0);
  }

  // Memory that is held, apart from the object.
  int64_t bytes() const;

 private:
  struct OfTick {
    Tick tick = 0;
    uint32_t combine_at = 1024;  // Of so many changes.
    bool saved = false;
    Changes changes;
  };
  using Ticks = std::vector<OfTick>;

  Ticks::const_iterator After(Tick tick) const {
    return std::partition_point(
        ticks_.begin(), ticks_.end(),
        [tick](const OfTick& of) { return of.tick <= tick; });
  }
  // Those of the tick, which are added if there are none.
  OfTick& At(Tick tick) {
    size_t& hint = hints_[tick & 1];
    if (hint >= ticks_.size() || ticks_[hint].tick != tick) hint = Find(tick);
    return ticks_[hint];
  }
  size_t Find(Tick tick);
  static void CombineSome(OfTick* of);

  Ticks ticks_;                       // In increasing order.
  std::array<size_t, 2> hints_ = {};  // At even ticks, and at odd ones.
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_DURATION_CHANGES_H_
