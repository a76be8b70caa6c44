// A series of changes of durations by tick and slots, read as the sum of all
// changes in a slot up to a tick.
#ifndef STAGECRAFT_ENGINE_DURATION_SERIES_H_
#define STAGECRAFT_ENGINE_DURATION_SERIES_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/duration_tally.h"
#include "engine/slot_combinations.h"
#include "engine/tick.h"

namespace stagecraft::engine {

// Not thread-safe. One series holds the changes of all slots, by combination;
// `of` says what the combinations are, and is always the same. A series is told
// which tick is `present` whenever it is changed, and that never goes back.
//
// Changes are appended to a journal. A full journal is sorted and becomes a
// run, and runs of like sizes become one: adding costs little, and nothing is
// looked for. The sum up to some recent present is kept besides, by slot.
class DurationSeries {
 public:
  // Packed for sorting: in the order of (tick, key, combination).
  class Change {
   public:
    Change() : Change(0, 0, 0, 0) {}
    // `key`: see DurationKey.
    Change(Tick tick, uint64_t key, uint32_t combination, int64_t count)
        : high_(uint64_t{static_cast<uint32_t>(tick) ^ kSign} << 32 |
                key >> 32),
          low_(key << 32 | combination),
          count_(count) {}

    Tick tick() const {
      return static_cast<Tick>(static_cast<uint32_t>(high_ >> 32) ^ kSign);
    }
    uint64_t key() const { return high_ << 32 | low_ >> 32; }
    uint32_t combination() const { return static_cast<uint32_t>(low_); }
    int64_t count() const { return count_; }
    uint64_t high() const { return high_; }
    uint64_t low() const { return low_; }
    bool Before(const Change& other) const {
      return high_ != other.high_ ? high_ < other.high_ : low_ < other.low_;
    }
    void add(int64_t count) { count_ += count; }

   private:
    static constexpr uint32_t kSign = 0x80000000;
    uint64_t high_;  // Tick and upper half of the key.
    uint64_t low_;   // Lower half of the key, and combination.
    int64_t count_;
  };

  void Add(const Change& change, const SlotCombinations& of, Tick present) {
    journal_.push_back(change);
    if (journal_.size() >= kJournal && journal_.size() >= largest_total_ / 8) {
      Settle(of, present);
    }
  }

  // Makes a run of the journal, and sums up to the present.
  void Settle(const SlotCombinations& of, Tick present);

  // Takes all changes of `other` out, whose combinations are those of
  // `numbers`.
  void Subtract(const DurationSeries& other,
                absl::Span<const uint32_t> numbers);

  // The sum of all changes in `slot` at ticks <= `tick`.
  DurationCounts At(int slot, Tick tick, const SlotCombinations& of) const;
  std::vector<DurationBin> BinsAt(int slot, Tick tick,
                                  const SlotCombinations& of, Micros as_of,
                                  std::optional<Micros> horizon) const {
    return At(slot, tick, of).AsOf(as_of, horizon);
  }

  // The changes as bytes, the same for the same changes; appended to `out`.
  void Serialize(const SlotCombinations& of, std::string* out) const;
  // Takes them from the front of `in`, into `of` what combinations there are,
  // and raises `newest` to the newest tick of an event. False if they could not
  // have been written of tallies with `slots` slots; the series is then in any
  // state. The series was empty; call Settle afterwards.
  [[nodiscard]] bool Parse(int slots, absl::string_view* in,
                           SlotCombinations* of, Tick* newest);
  // The same of bytes of version 1, which were of one slot; the series may have
  // changes of others.
  [[nodiscard]] bool ParseVersion1(int slot, absl::string_view* in,
                                   SlotCombinations* of, Tick* newest);

  // Memory that is held, apart from the object.
  int64_t bytes() const;

 private:
  static constexpr size_t kJournal = 2048;
  // Sorted, without repeats and zeros.
  using Run = std::vector<Change>;

  static Run Combine(Run changes);
  // Sorts what is in the order of (tick, key).
  static void SortTies(Run* run);
  // Changes as Serialize writes them, whose combinations have these numbers
  // here.
  static bool ParseChanges(absl::string_view* in, uint64_t marks,
                           const uint32_t* numbers, Run* run, Tick* newest);
  static Run Merge(const Run& a, const Run& b);
  // All changes as one run.
  Run All() const;
  // Calls fn(change) with the changes of all runs at ticks in (after, until].
  template <typename Fn>
  void ForEachIn(Tick after, Tick until, const Fn& fn) const;
  int64_t SizeOf(Tick after, Tick until) const;

  std::vector<Change> journal_;
  std::vector<Run> runs_;  // Each at least twice as large as the next one.
  // By slot, those that have any: of the runs, up to total_until_.
  std::vector<DurationCounts> totals_;
  size_t largest_total_ = 0;
  Tick total_until_ = std::numeric_limits<Tick>::min();
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_DURATION_SERIES_H_
