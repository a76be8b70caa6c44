#include "engine/duration_changes.h"

#include "engine/even_search.h"
#include "engine/radix_sort.h"

namespace stagecraft::engine {

size_t DurationChanges::Find(Tick tick) {
  auto it =
      EvenLowerBound(ticks_, tick, [](const OfTick& of) { return of.tick; });
  if (it == ticks_.end() || it->tick != tick) {
    it = ticks_.emplace(it);
    it->tick = tick;
  }
  return it - ticks_.begin();
}

void DurationChanges::CombineSome(OfTick* of) {
  const size_t before = of->changes.size();
  Combine(&of->changes);
  // Seldom where it helps little.
  const size_t after = of->changes.size();
  const size_t factor = 4 * after > 3 * before ? 8 : 2;
  of->combine_at = static_cast<uint32_t>(std::clamp<size_t>(
      factor * after, before, std::numeric_limits<uint32_t>::max()));
}

void DurationChanges::Combine(Changes* changes) {
  RadixSort([](const Change& change) { return change.key; },
            [](const Change& change) { return uint64_t{change.combination}; },
            changes);
  Changes sums;
  for (auto it = changes->begin(); it != changes->end();) {
    const Change first = *it;
    int64_t count = 0;
    for (; it != changes->end() && it->key == first.key &&
           it->combination == first.combination;
         ++it) {
      count += it->count;
    }
    if (count != 0) Put(first.key, first.combination, count, &sums);
  }
  changes->swap(sums);
}

void DurationChanges::AddCombined(Tick tick, Changes* changes) {
  OfTick& of = At(tick);
  of.changes.insert(of.changes.end(), changes->begin(), changes->end());
  changes->clear();
  if (of.changes.size() >= of.combine_at) {
    of.combine_at = 2 * static_cast<uint32_t>(of.changes.size());
  }
}

void DurationChanges::Replace(Tick tick, Changes* changes) {
  Changes().swap(At(tick).changes);
  At(tick).changes.swap(*changes);
  AddCombined(tick, changes);
}

void DurationChanges::SetSaved() {
  for (OfTick& of : ticks_) of.saved = true;
}

int64_t DurationChanges::SizeOf(Tick after, Tick until) const {
  int64_t size = 0;
  for (auto it = After(after); it != ticks_.end() && it->tick <= until; ++it) {
    size += static_cast<int64_t>(it->changes.size());
  }
  return size;
}

std::optional<Tick> DurationChanges::LastWith(int64_t size, Tick until) const {
  for (auto it = After(until); it != ticks_.begin() && size > 0;) {
    --it;
    size -= static_cast<int64_t>(it->changes.size());
    if (size <= 0) return it->tick;
  }
  return std::nullopt;
}

void DurationChanges::Shrink(Tick after, Tick before) {
  for (auto it = ticks_.begin() + (After(after) - ticks_.cbegin());
       it != ticks_.end() && it->tick < before; ++it) {
    it->changes.shrink_to_fit();
  }
}

int64_t DurationChanges::bytes() const {
  size_t changes = 0;
  for (const OfTick& of : ticks_) changes += of.changes.capacity();
  return static_cast<int64_t>(changes * sizeof(Change) +
                              ticks_.capacity() * sizeof(OfTick));
}

}  // namespace stagecraft::engine
