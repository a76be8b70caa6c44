// The tallies of one variant in a rehearsal: blocks of units arrive, and their
// windows ripen look by look.
#ifndef STAGECRAFT_ENGINE_REHEARSAL_TALLIES_H_
#define STAGECRAFT_ENGINE_REHEARSAL_TALLIES_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/numeric/int128.h"
#include "engine/duration_tally.h"
#include "engine/experiment.h"
#include "engine/look.h"
#include "engine/random.h"
#include "engine/rehearsal.h"

namespace stagecraft::engine {

// Times on a grid of look intervals, up to a horizon. An event lies in the
// middle of its interval, so that whoever was followed to the interval's end
// was at risk, and whoever was followed to its beginning was not.
class TimeGrid {
 public:
  // `looks`: no unit is followed for longer.
  TimeGrid(Micros every, int looks, std::optional<Micros> horizon);

  int bins() const { return bins_; }
  // The interval that the duration lies in; bins() from the horizon on.
  int BinOf(Micros duration) const;
  Micros Middle(int bin) const { return (Edge(bin) + Edge(bin + 1)) / 2; }
  // The beginning of an interval; the horizon for bins().
  Micros Edge(int bin) const;
  // The same units, with durations on the grid.
  std::vector<DurationBin> Apply(const std::vector<DurationBin>& times) const;

 private:
  Micros every_;
  Micros horizon_;
  int bins_;
};

// What is the same for all variants.
struct RehearsalShape {
  struct Sum {
    int components = 0;
    int offset = 0;  // Of its first number in a block's row.
    int lag = 0;     // Looks until the windows of those who arrived are over.
  };
  RehearsalShape(const Experiment& experiment, const RehearsalOptions& options);

  int looks = 0;
  int width = 0;                         // Numbers of all sums.
  std::vector<std::optional<Sum>> kpis;  // By KPI; none for times.
  std::vector<Sum> stages;               // By later stage.
  // By KPI, none for sums; then of the time in stage, if there is a later
  // stage.
  std::vector<std::optional<TimeGrid>> times;
};

// The blocks of an arm, packed. Immutable.
class PackedArm {
 public:
  PackedArm(const RehearsalShape& shape, const RehearsalArm& arm);

  struct Time {
    int32_t bin = 0;
    int32_t events = 0;
    int32_t censored = 0;
  };
  size_t blocks() const { return units_.size(); }
  int64_t units(size_t block) const { return units_[block]; }
  const absl::int128* row(size_t block) const { return &rows_[block * width_]; }
  // `column` as in RehearsalShape::times.
  absl::Span<const Time> times(size_t block, int column) const {
    const size_t cell = block * columns_ + column;
    return absl::MakeSpan(times_).subspan(begins_[cell],
                                          begins_[cell + 1] - begins_[cell]);
  }

 private:
  size_t width_;
  size_t columns_;
  std::vector<int64_t> units_;
  std::vector<absl::int128> rows_;
  std::vector<size_t> begins_;  // Of a block's times, by block and column.
  std::vector<Time> times_;
};

// A variant in one replication. `shape` and `arm` outlive it.
class RehearsalTallies {
 public:
  RehearsalTallies(const RehearsalShape& shape, const PackedArm& arm);

  // Before the first look of a replication.
  void Reset(Random* random);
  // Up to the next look. `units` arrived since the one before; with `is_last`
  // no more will come.
  void Advance(int64_t units, bool is_last, Random* random);

  // Write the variant's part of a look that has the right shape.
  void FillSums(int variant, ExperimentLook* look) const;
  void FillTimes(int variant, ExperimentLook* look) const;

 private:
  // The cohort of a look are those who arrived since the look before.
  struct Times {
    std::vector<int64_t> events;    // By bin, that were seen.
    std::vector<int64_t> censored;  // By bin, at its beginning, for good.
    int64_t at_horizon = 0;
    // Of the cohorts that are younger than the horizon, by look modulo bins
    // + 1.
    std::vector<int64_t> waiting;
    std::vector<int32_t> later_events;    // By cohort and bin.
    std::vector<int32_t> later_censored;  // By cohort and bin.
  };

  void Take(size_t block);
  void Age(const TimeGrid& grid, Times* times) const;
  void Fill(const TimeGrid& grid, const Times& times,
            std::vector<DurationBin>* bins) const;

  const RehearsalShape& shape_;
  const PackedArm& arm_;
  int look_ = 0;
  int64_t units_ = 0;                  // That arrived.
  int64_t taken_ = 0;                  // In blocks.
  size_t next_ = 0;                    // The block that is being filled.
  std::vector<absl::int128> cohorts_;  // Rows by look.
  std::vector<absl::int128> totals_;   // Of what is ripe.
  std::vector<Times> times_;           // As in RehearsalShape::times.
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_REHEARSAL_TALLIES_H_
