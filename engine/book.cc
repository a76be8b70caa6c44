#include "engine/book.h"

#include <utility>

namespace stagecraft::engine {

Tallies::Tallies(int slots, int groups, std::vector<Column> columns)
    : groups_(groups), columns_(std::move(columns)) {
  const size_t cells = static_cast<size_t>(slots) * groups * columns_.size();
  sums_.reserve(cells);
  durations_.resize(cells);
  for (size_t cell = 0; cell < cells; ++cell) {
    sums_.emplace_back(Sums(columns_[cell % columns_.size()].components));
  }
}

void Tallies::Apply(const Contribution& contribution, int sign) {
  for (const int slot : contribution.slots) {
    for (const Change& change : contribution.changes) {
      const size_t cell = Cell(slot, change.group, change.column);
      const int signed_one = change.sign * sign;
      if (columns_[change.column].durations) {
        durations_[cell].Update(change.tick, [&](DurationCounts& counts) {
          counts.Add(change.kind, change.value[0], signed_one);
        });
      } else {
        sums_[cell].Update(change.tick, [&](Sums& sums) {
          sums.Add(change.value, signed_one);
        });
      }
    }
  }
}

Sums Tallies::ReadSums(int slot, int group, int column, Tick tick) const {
  return sums_[Cell(slot, group, column)].At(tick);
}

DurationCounts Tallies::ReadDurations(int slot, int group, int column,
                                      Tick tick) const {
  return durations_[Cell(slot, group, column)].At(tick);
}

void Book::Replace(const Contribution& before, const Contribution& after) {
  if (before == after) return;
  absl::MutexLock lock(&mutex_);
  tallies_.Apply(before, -1);
  tallies_.Apply(after, 1);
}

void Book::Merge(const Contribution& one, const Contribution& other,
                 const Contribution& merged) {
  absl::MutexLock lock(&mutex_);
  tallies_.Apply(one, -1);
  tallies_.Apply(other, -1);
  tallies_.Apply(merged, 1);
}

}  // namespace stagecraft::engine
