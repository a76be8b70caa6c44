// Combinations of slots: those that units stand in, by number. Of a few
// segments there are few, and a unit's changes are kept once for its
// combination instead of once for each of its slots.
#ifndef STAGECRAFT_ENGINE_SLOT_COMBINATIONS_H_
#define STAGECRAFT_ENGINE_SLOT_COMBINATIONS_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/segmenter.h"

namespace stagecraft::engine {

// Not thread-safe. Numbers are 0, 1, 2 ... in the order of arrival.
class SlotCombinations {
 public:
  uint32_t size() const { return static_cast<uint32_t>(slots_.size()); }
  const Slots& operator[](uint32_t number) const { return slots_[number]; }
  // Whether a unit of this combination stands in `slot`.
  bool Has(uint32_t number, int slot) const {
    const Slots& slots = slots_[number];
    return std::find(slots.begin(), slots.end(), slot) != slots.end();
  }

  // The number of `slots`, a new one if they have none yet.
  uint32_t NumberOf(const Slots& slots) {
    // Where one of few combinations was found the last time.
    uint32_t place = 0;
    for (const int slot : slots)
      place = 31 * place + static_cast<uint32_t>(slot);
    uint32_t& last = last_[place % last_.size()];
    if (last < slots_.size() && slots_[last] == slots) return last;
    const auto [it, inserted] = numbers_.try_emplace(slots, size());
    if (inserted) slots_.push_back(slots);
    last = it->second;
    return last;
  }
  void Clear() {
    slots_.clear();
    numbers_.clear();
    last_.fill(0);
  }

  // Memory that is held, apart from the object.
  int64_t bytes() const {
    return static_cast<int64_t>(slots_.capacity() * sizeof(Slots) +
                                numbers_.capacity() *
                                    (sizeof(Slots) + sizeof(uint32_t) + 5));
  }

 private:
  std::vector<Slots> slots_;
  absl::flat_hash_map<Slots, uint32_t> numbers_;
  std::array<uint32_t, 64> last_ = {};
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_SLOT_COMBINATIONS_H_
