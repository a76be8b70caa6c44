// Books: the running tallies of one specification (an experiment or a journey),
// and the contributions of units that they are the sum of.
#ifndef STAGECRAFT_ENGINE_BOOK_H_
#define STAGECRAFT_ENGINE_BOOK_H_

#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/duration_tally.h"
#include "engine/segmenter.h"
#include "engine/sums.h"
#include "engine/tick_series.h"

namespace stagecraft::engine {

// One change that a unit makes to a tally at a tick.
struct Change {
  int16_t column = 0;  // What is tallied.
  int16_t group = 0;   // The variant; 0 for a journey.
  Tick tick = 0;
  int8_t sign = 1;                          // 1 adds, -1 takes away.
  DurationKind kind = DurationKind::kOpen;  // Only for durations.
  UnitValue value = {};  // Components; for durations value[0] is the bin.
  friend bool operator==(const Change&, const Change&) = default;
};

// What one unit adds to a book: the changes, in each of the slots.
struct Contribution {
  Slots slots;
  std::vector<Change> changes;
  friend bool operator==(const Contribution&, const Contribution&) = default;
};

// What a column holds: durations, or sums of vectors of 0 to 3 components.
struct Column {
  bool durations = false;
  int components = 0;
};

// Tallies by slot, group and column. A plain value; not thread-safe.
class Tallies {
 public:
  Tallies(int slots, int groups, std::vector<Column> columns);

  void Apply(const Contribution& contribution, int sign);
  Sums ReadSums(int slot, int group, int column, Tick tick) const;
  DurationCounts ReadDurations(int slot, int group, int column,
                               Tick tick) const;

  // Whether all tallies at all ticks are the same.
  friend bool operator==(const Tallies& a, const Tallies& b) {
    return a.sums_ == b.sums_ && a.durations_ == b.durations_;
  }

 private:
  size_t Cell(int slot, int group, int column) const {
    return (static_cast<size_t>(slot) * groups_ + group) * columns_.size() +
           column;
  }
  int groups_;
  std::vector<Column> columns_;
  // One for each cell; the one that the column does not use stays empty.
  std::vector<TickSeries<Sums>> sums_;
  std::vector<TickSeries<DurationCounts>> durations_;
};

// Tallies that threads share. A reader sees whole units only.
class Book {
 public:
  explicit Book(Tallies zero) : tallies_(std::move(zero)) {}

  // Takes a unit's old contribution out and puts its new one in.
  void Replace(const Contribution& before, const Contribution& after)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The same for two units that have become one.
  void Merge(const Contribution& one, const Contribution& other,
             const Contribution& merged) ABSL_LOCKS_EXCLUDED(mutex_);
  // Calls `fn` with the tallies of one moment.
  template <typename Fn>
  auto Read(const Fn& fn) const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::ReaderMutexLock lock(&mutex_);
    return fn(tallies_);
  }

 private:
  mutable absl::Mutex mutex_;
  Tallies tallies_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_BOOK_H_
