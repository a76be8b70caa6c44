// A series of changes by tick, read as the sum of all up to a tick.
#ifndef STAGECRAFT_ENGINE_TICK_SERIES_H_
#define STAGECRAFT_ENGINE_TICK_SERIES_H_

#include <iterator>

#include "absl/container/btree_map.h"
#include "engine/tick.h"

namespace stagecraft::engine {

// T adds, subtracts and knows `IsZero`. Not thread-safe. The sum of all ticks
// is kept, so that a look at the present costs the few ticks that are still to
// come, not the many that have passed.
template <typename T>
class TickSeries {
 public:
  TickSeries() = default;
  explicit TickSeries(T zero) : zero_(zero), total_(zero) {}

  // Lets `change` alter what happens at `tick`; it is called twice, once for
  // the tick and once for the total, and must do the same to both.
  template <typename Change>
  void Update(Tick tick, const Change& change) {
    const auto [it, inserted] = ticks_.try_emplace(tick, zero_);
    change(it->second);
    if (it->second.IsZero()) ticks_.erase(it);
    change(total_);
  }

  // The sum of all changes at ticks <= `tick`.
  T At(Tick tick) const {
    const auto later = ticks_.upper_bound(tick);
    if (later == ticks_.end()) return total_;
    // Walk from both sides at once: the nearer one is reached first.
    auto from_begin = ticks_.begin();
    auto from_end = ticks_.end();
    while (from_begin != later && from_end != later) {
      ++from_begin;
      --from_end;
    }
    if (from_end == later) {
      T sum = total_;
      for (auto it = later; it != ticks_.end(); ++it) sum -= it->second;
      return sum;
    }
    T sum = zero_;
    for (auto it = ticks_.begin(); it != later; ++it) sum += it->second;
    return sum;
  }

  const absl::btree_map<Tick, T>& ticks() const { return ticks_; }

  friend bool operator==(const TickSeries& a, const TickSeries& b) {
    return a.ticks_ == b.ticks_;
  }

 private:
  T zero_;
  T total_;
  absl::btree_map<Tick, T> ticks_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_TICK_SERIES_H_
