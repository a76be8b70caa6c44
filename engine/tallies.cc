#include "engine/tallies.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/container/inlined_vector.h"

namespace stagecraft::engine {

Tallies::Tallies(TalliesShape shape) : shape_(std::move(shape)) {
  for (size_t i = 0; i < columns().size(); ++i) {
    if (i % kRowColumns == 0) row_numbers_.push_back(0);
    if (columns()[i].durations) {
      place_.push_back(duration_columns_++);
    } else {
      place_.push_back(row_numbers_.back());
      row_numbers_.back() += NumbersOf(columns()[i].components);
    }
  }
  const auto groups = static_cast<size_t>(shape_.groups);
  const size_t cells =
      static_cast<size_t>(shape_.slots - first_slot()) * groups;
  sums_.reserve(cells * row_numbers_.size());
  for (size_t cell = 0; cell < cells; ++cell) {
    for (const int numbers : row_numbers_) sums_.emplace_back(numbers);
  }
  for (size_t group = 0; group < groups; ++group) {
    for (const Column& column : columns()) {
      if (column.durations)
        durations_.emplace_back(column.horizon, column.waits, column.groups);
    }
  }
}

void Tallies::Advance(Tick tick) {
  if (tick <= present_) return;
  for (SumSeries& series : sums_) series.Advance(present_, tick);
  present_ = tick;
}

void Tallies::Apply(const Contribution& contribution, int sign) {
  for (const Change& change : contribution.changes) {
    if (change.tick % 2 != 0) Advance(change.tick);
    const Column& column = columns()[change.column];
    const int signed_one = change.sign * sign;
    if (column.durations) {
      DurationsOf(change.group, change.column)
          .Add(change.tick, DurationKey(change.kind, change.value[0]),
               combinations_.NumberOf(contribution.slots), signed_one,
               combinations_, present_);
      continue;
    }
    std::array<absl::int128, kMaxNumbers> numbers = {};
    AddNumbers(change.value, column.components, signed_one, numbers.data());
    const absl::Span<const absl::int128> changed(
        numbers.data(), static_cast<size_t>(NumbersOf(column.components)));
    for (const int slot : contribution.slots) {
      if (slot < first_slot()) continue;
      SumsOf(slot, change.group, change.column)
          .Add(change.tick, place_[change.column], changed, present_);
    }
  }
}

std::vector<uint32_t> Tallies::NumbersHere(const SlotCombinations& others) {
  std::vector<uint32_t> numbers(others.size());
  for (uint32_t i = 0; i < others.size(); ++i) {
    numbers[i] = combinations_.NumberOf(others[i]);
  }
  return numbers;
}

void Tallies::Apply(const BookDelta& delta) {
  Advance(delta.newest_event_);
  Collect(delta);
}

// Without a present nothing has happened yet that could be summed up.
void Tallies::Collect(const BookDelta& delta) {
  // The columns of a row that change, and by what.
  absl::InlinedVector<std::pair<int, absl::Span<const absl::int128>>,
                      kRowColumns>
      changes;
  for (const BookDelta::SumRow& row : delta.rows_) {
    const BookDelta::Place& place = row.place;
    const absl::int128* number = &delta.numbers_[row.numbers];
    const auto changed = static_cast<uint32_t>(*number++);
    const int end = std::min(place.column + kRowColumns,
                             static_cast<int>(columns().size()));
    changes.clear();
    for (int column = place.column; column < end; ++column) {
      if (columns()[column].durations) continue;
      const absl::Span<const absl::int128> numbers(
          number, NumbersOf(columns()[column].components));
      number += numbers.size();
      if ((changed >> (column - place.column) & 1) != 0 &&
          !std::all_of(numbers.begin(), numbers.end(),
                       [](absl::int128 n) { return n == 0; })) {
        changes.emplace_back(place_[column], numbers);
      }
    }
    for (const int slot : delta.combinations_[place.combination]) {
      if (slot < first_slot()) continue;
      SumSeries& series = SumsOf(slot, place.group, place.column);
      for (const auto& [first, numbers] : changes) {
        series.Add(place.tick, first, numbers, present_);
      }
    }
  }
  if (delta.durations_.empty()) return;
  // A delta may know many more combinations than it has changes.
  constexpr uint32_t kUnknown = std::numeric_limits<uint32_t>::max();
  std::vector<uint32_t> numbers(delta.combinations_.size(), kUnknown);
  for (const BookDelta::DurationChange& change : delta.durations_) {
    const BookDelta::Place& place = change.place;
    uint32_t& number = numbers[place.combination];
    if (number == kUnknown) {
      number = combinations_.NumberOf(delta.combinations_[place.combination]);
    }
    DurationsOf(place.group, place.column)
        .Add(place.tick, change.key, number, change.count, combinations_,
             present_);
  }
}

void Tallies::Subtract(const Tallies& other) {
  for (size_t column = 0; column < columns().size(); ++column) {
    if (columns()[column].durations) continue;
    const int first = place_[column];
    for (size_t i = column / kRowColumns; i < sums_.size();
         i += row_numbers_.size()) {
      other.sums_[i].ForEach(
          first, columns()[column].components,
          [&](Tick tick, absl::Span<const absl::int128> numbers) {
            std::array<absl::int128, kMaxNumbers> negative = {};
            for (size_t k = 0; k < numbers.size(); ++k) {
              negative[k] = absl::int128(-absl::uint128(numbers[k]));
            }
            sums_[i].Add(tick, first, {negative.data(), numbers.size()},
                         present_);
          });
    }
  }
  const std::vector<uint32_t> numbers = NumbersHere(other.combinations_);
  for (size_t i = 0; i < durations_.size(); ++i) {
    durations_[i].Subtract(other.durations_[i], numbers);
  }
}

Tallies Tallies::Unsaved() const {
  Tallies unsaved = Zero();
  unsaved.sums_ = sums_;
  unsaved.combinations_ = combinations_;
  for (size_t i = 0; i < durations_.size(); ++i) {
    unsaved.durations_[i] = durations_[i].Unsaved();
  }
  unsaved.present_ = present_;
  return unsaved;
}

void Tallies::SetSaved() {
  for (DurationSeries& series : durations_) series.SetSaved();
}

void Tallies::SetUnsaved(const Tallies& other) {
  for (size_t i = 0; i < durations_.size(); ++i) {
    durations_[i].SetUnsaved(other.durations_[i]);
  }
}

void Tallies::Replace(Tallies changed) {
  Advance(changed.present_);
  changed.Advance(present_);
  sums_ = std::move(changed.sums_);
  const std::vector<uint32_t> numbers = NumbersHere(changed.combinations_);
  for (size_t i = 0; i < durations_.size(); ++i) {
    durations_[i].Replace(changed.durations_[i], numbers);
  }
}

Sums Tallies::ReadSums(int slot, int group, int column, Tick tick) const {
  const int components = columns()[column].components;
  const auto read = [&](int of) {
    return SumsOf(of, group, column)
        .At(place_[column], components, tick, present_);
  };
  if (slot >= first_slot()) return read(slot);
  Sums sums(components);
  for (int part = shape_.parts.begin; part < shape_.parts.end; ++part) {
    sums += read(part);
  }
  return sums;
}

DurationCounts Tallies::ReadDurations(int slot, int group, int column,
                                      Tick tick) const {
  return DurationsOf(group, column).At(slot, tick, combinations_);
}

bool Tallies::SameDurations(const Tallies& other) const {
  const Tick tick = std::max(present_, other.present_);
  for (size_t i = 0; i < durations_.size(); ++i) {
    for (int slot = 0; slot < shape_.slots; ++slot) {
      // Groups may be kept besides.
      if (!(durations_[i].At(slot, tick, combinations_) ==
            other.durations_[i].At(slot, tick, other.combinations_)) ||
          !(durations_[i].GroupsAt(slot, tick, combinations_) ==
            other.durations_[i].GroupsAt(slot, tick, other.combinations_))) {
        return false;
      }
    }
  }
  return true;
}

bool Tallies::SumsAreConsistent() const {
  return std::all_of(sums_.begin(), sums_.end(), [&](const SumSeries& series) {
    return series.IsConsistent(present_);
  });
}

std::vector<DurationBin> Tallies::ReadBins(int slot, int group, int column,
                                           Micros as_of) const {
  return DurationsOf(group, column).BinsAt(slot, as_of, combinations_);
}

int64_t Tallies::bytes() const {
  int64_t bytes = sums_.capacity() * sizeof(SumSeries) +
                  durations_.capacity() * sizeof(DurationSeries) +
                  combinations_.bytes();
  for (const SumSeries& series : sums_) bytes += series.bytes();
  for (const DurationSeries& series : durations_) bytes += series.bytes();
  return bytes;
}

}  // namespace stagecraft::engine
