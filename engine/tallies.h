// Tallies: counts, sums and durations by slot, group, column and tick.
#ifndef STAGECRAFT_ENGINE_TALLIES_H_
#define STAGECRAFT_ENGINE_TALLIES_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/book_delta.h"
#include "engine/contribution.h"
#include "engine/duration_series.h"
#include "engine/sum_series.h"

namespace stagecraft::engine {

// A plain value; not thread-safe. Reads as of the newest event that was ever
// applied, or of a moment near to it, cost the same however long the tallies
// go back; other reads cost more the more hours lie between.
class Tallies {
 public:
  Tallies(int slots, int groups, std::vector<Column> columns);

  const std::vector<Column>& columns() const { return columns_; }
  int slots() const { return slots_; }
  int groups() const { return groups_; }
  // Of the same shape, without changes.
  Tallies Zero() const { return Tallies(slots_, groups_, columns_); }

  // Adds a unit's contribution (sign 1) or takes it away (sign -1).
  void Apply(const Contribution& contribution, int sign);
  // `delta` is of the same columns.
  void Apply(const BookDelta& delta);
  // Takes all changes of `other`, of the same shape, out.
  void Subtract(const Tallies& other);

  // The sum of all changes at ticks <= `tick`.
  Sums ReadSums(int slot, int group, int column, Tick tick) const;
  DurationCounts ReadDurations(int slot, int group, int column,
                               Tick tick) const;
  // The same as ReadDurations(...).AsOf(as_of, horizon), and faster.
  std::vector<DurationBin> ReadBins(int slot, int group, int column, Tick tick,
                                    Micros as_of,
                                    std::optional<Micros> horizon) const;

  // All tallies at all ticks, as bytes; the same for the same tallies. The
  // format stands in engine/tallies_codec.cc.
  std::string Serialize() const;
  // Reads them again. Errors: kDataLoss if the bytes are not what Serialize
  // writes of tallies with these slots, groups and columns.
  static absl::StatusOr<Tallies> Parse(absl::string_view bytes, int slots,
                                       int groups, std::vector<Column> columns);

  // Memory that is held, apart from the object.
  int64_t bytes() const;

  // Whether all tallies at all ticks are the same.
  friend bool operator==(const Tallies& a, const Tallies& b);

 private:
  SumSeries& SumsOf(int slot, int group, int column) {
    return sums_[Cell(sum_columns_, slot, group, column)];
  }
  const SumSeries& SumsOf(int slot, int group, int column) const {
    return sums_[Cell(sum_columns_, slot, group, column)];
  }
  DurationSeries& DurationsOf(int slot, int group, int column) {
    return durations_[Cell(duration_columns_, slot, group, column)];
  }
  const DurationSeries& DurationsOf(int slot, int group, int column) const {
    return durations_[Cell(duration_columns_, slot, group, column)];
  }
  size_t Cell(int columns, int slot, int group, int column) const {
    return (static_cast<size_t>(slot) * groups_ + group) * columns +
           place_[column];
  }
  // Makes `tick` the present, unless that is later.
  void Advance(Tick tick);

  int slots_;
  int groups_;
  std::vector<Column> columns_;
  std::vector<int> place_;  // Of each column among those of its sort.
  int sum_columns_ = 0;
  int duration_columns_ = 0;
  std::vector<SumSeries> sums_;
  std::vector<DurationSeries> durations_;
  // The newest tick of an event: most looks are near it, and the windows that
  // will be over later come after it.
  Tick present_ = std::numeric_limits<Tick>::min();
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_TALLIES_H_
