// Tallies: counts, sums and durations by slot, group, column and tick.
#ifndef STAGECRAFT_ENGINE_TALLIES_H_
#define STAGECRAFT_ENGINE_TALLIES_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/book_delta.h"
#include "engine/contribution.h"
#include "engine/duration_series.h"
#include "engine/slot_combinations.h"
#include "engine/sum_series.h"

namespace stagecraft::engine {

// What there is room for.
struct TalliesShape {
  int slots = 1;
  int groups = 1;
  std::vector<Column> columns;
  // Slots of which each unit of slot 0 stands in exactly one, and no other unit
  // does: the sums of slot 0 are then those of these together, and not kept.
  // Empty: they are kept.
  SlotRange parts;
  friend bool operator==(const TalliesShape&, const TalliesShape&) = default;
};

// A plain value; not thread-safe. Reads as of the newest event that was ever
// applied, or of a moment near to it, cost the same however long the tallies
// go back; other reads cost more the more hours lie between, those of durations
// also the hours of the horizon before.
class Tallies {
 public:
  explicit Tallies(TalliesShape shape);

  const TalliesShape& shape() const { return shape_; }
  const std::vector<Column>& columns() const { return shape_.columns; }
  // Of the same shape, without changes.
  Tallies Zero() const { return Tallies(shape_); }

  // Adds a unit's contribution (sign 1) or takes it away (sign -1).
  void Apply(const Contribution& contribution, int sign);
  // `delta` is of the same columns.
  void Apply(const BookDelta& delta);
  // The same for tallies that are not read, but taken out of others: nothing is
  // summed up. All that is applied to them comes this way.
  void Collect(const BookDelta& delta);
  // Takes all changes of `other`, of the same shape, out.
  void Subtract(const Tallies& other);

  // The sum of all changes at ticks <= `tick`.
  Sums ReadSums(int slot, int group, int column, Tick tick) const;
  // Units that have been open for as long as the column's horizon are together,
  // at bin 0.
  DurationCounts ReadDurations(int slot, int group, int column,
                               Tick tick) const;
  // What ReadDurations has at the tick of `as_of`, as bins of that moment, in
  // the column's groups.
  std::vector<DurationBin> ReadBins(int slot, int group, int column,
                                    Micros as_of) const;

  // All tallies at all ticks, as bytes; the same for the same tallies. The
  // format stands in engine/tallies_codec.cc.
  std::string Serialize() const;
  // Reads them again. Errors: kDataLoss if the bytes are not what Serialize
  // writes of tallies of this shape. `totals`: what SerializeTotals has
  // written of the same tallies, or nothing; it is believed.
  static absl::StatusOr<Tallies> Parse(absl::string_view bytes,
                                       TalliesShape shape,
                                       absl::string_view totals = "");
  // What follows from all changes up to the present, as bytes, so that Parse
  // need not compute it.
  std::string SerializeTotals();

  // A chain of files has tallies first as a whole, and then, in each file, what
  // changed since the one before: all sums, and the durations of the ticks at
  // which something changed since SetSaved, all of them.
  Tallies Unsaved() const;
  void SetSaved();
  // Durations of the ticks at which `other`, of the same shape, has any are not
  // saved.
  void SetUnsaved(const Tallies& other);
  // The ticks that Unsaved has, as bytes: also those where nothing is left.
  std::string SerializeTicks() const;
  // What a chain has of tallies: Serialize, of all of them or of Unsaved, and
  // SerializeTotals in the first file, SerializeTicks in the others.
  struct Saved {
    std::string bytes;
    std::string more;
  };
  // Reads them again, and counts them as saved. Settle all series afterwards;
  // they are independent of each other. Errors: as of Parse.
  static absl::StatusOr<Tallies> ReadChain(absl::Span<const Saved> chain,
                                           TalliesShape shape);
  int series() const { return static_cast<int>(durations_.size()); }
  void Settle(int series) {
    durations_[series].Settle(combinations_, present_);
  }

  // Memory that is held, apart from the object.
  int64_t bytes() const;

  // Whether all tallies at all ticks are the same, of the same combinations of
  // slots: not if one was read from version 1, which has slots one by one. What
  // is kept besides, as the sum of many changes, must be right in both.
  friend bool operator==(const Tallies& a, const Tallies& b);

 private:
  // The first slot whose sums are kept.
  int first_slot() const { return shape_.parts.empty() ? 0 : 1; }
  // The row of a column, of a slot that is kept.
  SumSeries& SumsOf(int slot, int group, int column) {
    return sums_[RowOf(slot, group, column)];
  }
  const SumSeries& SumsOf(int slot, int group, int column) const {
    return sums_[RowOf(slot, group, column)];
  }
  // Of all slots.
  DurationSeries& DurationsOf(int group, int column) {
    return durations_[static_cast<size_t>(group) * duration_columns_ +
                      place_[column]];
  }
  const DurationSeries& DurationsOf(int group, int column) const {
    return durations_[static_cast<size_t>(group) * duration_columns_ +
                      place_[column]];
  }
  size_t RowOf(int slot, int group, int column) const {
    const size_t cell =
        static_cast<size_t>(slot - first_slot()) * shape_.groups + group;
    return cell * row_numbers_.size() + column / kRowColumns;
  }
  // The numbers that other combinations have in combinations_.
  std::vector<uint32_t> NumbersHere(const SlotCombinations& others);
  // Whether the durations up to the later present are the same, in each slot.
  bool SameDurations(const Tallies& other) const;
  // See SumSeries::IsConsistent.
  bool SumsAreConsistent() const;
  // As Parse, but sums up nothing.
  static absl::StatusOr<Tallies> ParseChanges(absl::string_view bytes,
                                              TalliesShape shape);
  bool ParseTotals(absl::string_view bytes);
  bool ParseTicks(absl::string_view bytes);
  // Takes what Unsaved of later tallies of the same shape has.
  void Replace(Tallies changed);
  // Makes `tick` the present, unless that is later.
  void Advance(Tick tick);

  TalliesShape shape_;
  // Of each column: where its numbers begin in its row, or its place among the
  // columns of durations.
  std::vector<int> place_;
  std::vector<int> row_numbers_;  // How many a row of kRowColumns has.
  int duration_columns_ = 0;
  std::vector<SumSeries> sums_;    // Slot by slot, group by group, row by row.
  SlotCombinations combinations_;  // Of durations.
  std::vector<DurationSeries> durations_;
  // The newest tick of an event: most looks are near it, and the windows that
  // will be over later come after it.
  Tick present_ = std::numeric_limits<Tick>::min();
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_TALLIES_H_
