// A series of changes of durations by tick, read as the sum of all changes up
// to a tick.
#ifndef STAGECRAFT_ENGINE_DURATION_SERIES_H_
#define STAGECRAFT_ENGINE_DURATION_SERIES_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"
#include "engine/duration_tally.h"
#include "engine/tick.h"

namespace stagecraft::engine {

// Not thread-safe. A series is told which tick is `present` whenever it is
// changed or read, and that never goes back.
//
// Changes are appended to a journal. A full journal is sorted and becomes a
// run, and runs of like sizes become one: adding costs little, and nothing is
// looked for. The sum up to some recent present is kept besides.
class DurationSeries {
 public:
  // `key`: see DurationKey.
  void Add(Tick tick, uint64_t key, int64_t count, Tick present) {
    journal_.push_back({key, tick, count});
    if (journal_.size() >= kJournal &&
        journal_.size() >= total_.counts().size() / 8) {
      Settle(present);
    }
  }

  // Takes all changes of `other` out.
  void Subtract(const DurationSeries& other);

  // The sum of all changes at ticks <= `tick`.
  DurationCounts At(Tick tick, Tick present) const;
  std::vector<DurationBin> BinsAt(Tick tick, Tick present, Micros as_of,
                                  std::optional<Micros> horizon) const {
    return At(tick, present).AsOf(as_of, horizon);
  }

  // The changes as bytes, the same for the same changes; appended to `out`.
  void Serialize(std::string* out) const;
  // Takes them from the front of `in`, and raises `newest` to the newest tick
  // of an event. False if they could not have been written; the series is then
  // in any state. The series was empty.
  [[nodiscard]] bool Parse(absl::string_view* in, Tick* newest);

  // Memory that is held, apart from the object.
  int64_t bytes() const;

 private:
  static constexpr size_t kJournal = 2048;
  struct Change {
    uint64_t key = 0;
    Tick tick = 0;
    int64_t count = 0;
    bool Before(const Change& other) const { return Order() < other.Order(); }
    // In one comparison.
    absl::uint128 Order() const {
      return absl::MakeUint128(static_cast<uint32_t>(tick) ^ 0x80000000, key);
    }
  };
  // Sorted by (tick, key), without repeats and zeros.
  using Run = std::vector<Change>;

  static Run Combine(Run changes);
  static Run Merge(const Run& a, const Run& b);
  void Settle(Tick present);
  // Calls fn(change) with the changes of all runs at ticks in (after, until].
  template <typename Fn>
  void ForEachIn(Tick after, Tick until, const Fn& fn) const;
  int64_t SizeOf(Tick after, Tick until) const;

  std::vector<Change> journal_;
  std::vector<Run> runs_;  // Each at least twice as large as the next one.
  DurationCounts total_;   // Of the runs, up to total_until_.
  Tick total_until_ = std::numeric_limits<Tick>::min();
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_DURATION_SERIES_H_
