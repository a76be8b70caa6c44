// Deltas: what a batch of events changes in one book. A batch changes few
// tallies many times; here its changes meet, before they reach the book.
#ifndef STAGECRAFT_ENGINE_BOOK_DELTA_H_
#define STAGECRAFT_ENGINE_BOOK_DELTA_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/types/span.h"
#include "engine/contribution.h"
#include "engine/slot_combinations.h"
#include "engine/sum_series.h"

namespace stagecraft::engine {

// Not thread-safe. Made by Book::NewDelta, for books of the same columns only.
// Changes are kept by the combination of slots that units stand in, of which
// there are few.
class BookDelta {
 public:
  explicit BookDelta(absl::Span<const Column> columns);

  // Adds a unit's contribution (sign 1) or takes it away (sign -1).
  void Add(const Contribution& contribution, int sign);
  // The same as Add(before, -1) and Add(after, 1), but costs only what
  // differs: best if equal changes stand in the same order.
  void Replace(const Contribution& before, const Contribution& after);
  // Nothing is changed any more. Keeps its memory.
  void Clear();
  // Whether nothing was changed since the last Clear.
  bool empty() const { return rows_.empty() && durations_.empty(); }
  // Memory that is held, apart from the object.
  int64_t bytes() const;

 private:
  friend class Tallies;

  // A column of a group, at a tick, in some slots.
  struct Place {
    uint32_t combination = 0;  // See combinations_.
    Tick tick = 0;
    int16_t group = 0;
    int16_t column = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };
  // The sums of neighbouring columns: a unit changes many of them at once.
  struct SumRow {
    Place place;           // Its column is the first one.
    uint32_t numbers = 0;  // Index of the first number in numbers_.
  };
  // Durations differ, so that their changes seldom meet: they are a list.
  struct DurationChange {
    Place place;
    int32_t count = 0;
    uint64_t key = 0;  // See DurationKey.
  };
  // Places are taken apart where they are looked up: what was just written
  // field by field is slow to read as a whole.
  static uint64_t Hash(uint32_t combination, Tick tick, int16_t group,
                       int16_t column);
  static uint64_t Hash(const Place& place) {
    return Hash(place.combination, place.tick, place.group, place.column);
  }
  static bool IsAt(const Place& place, uint32_t combination, Tick tick,
                   int16_t group, int16_t column) {
    return place.combination == combination && place.tick == tick &&
           place.group == group && place.column == column;
  }
  // The index of the row there, which is added if there is none.
  uint32_t FindRow(uint32_t combination, Tick tick, int16_t group,
                   int16_t column);

  // The numbers of the change's column, which will be changed.
  absl::int128* NumbersAt(uint32_t combination, const Change& change);
  // A change at this tick is made.
  void Saw(Tick tick) {
    if (tick > newest_event_ && tick % 2 != 0) newest_event_ = tick;
  }
  void AddChange(uint32_t combination, const Change& change, int sign);
  // Both are of sums, and at the same place.
  void ReplaceSums(uint32_t combination, const Change& before,
                   const Change& after);

  std::vector<Column> columns_;
  SlotCombinations combinations_;
  // Of each column: where its numbers stand in those of its row. Of each row's
  // columns: how many numbers the row has; the first one says which columns
  // were changed, by bit.
  std::vector<int> first_number_;
  std::vector<int> row_numbers_;
  std::vector<SumRow> rows_;
  // Positions of rows by the upper bits of their hashes: 0, or a row's index
  // and 1.
  std::vector<uint32_t> row_table_;
  int row_shift_ = 64;             // 64 - the logarithm of the table's size.
  uint32_t last_row_[2] = {0, 0};  // At even ticks, and at odd ones.
  std::vector<absl::int128> numbers_;
  std::vector<DurationChange> durations_;
  Tick newest_event_ = std::numeric_limits<Tick>::min();  // That was changed.
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_BOOK_DELTA_H_
