#include "engine/tallies.h"

#include <algorithm>
#include <array>
#include <utility>

namespace stagecraft::engine {

Tallies::Tallies(int slots, int groups, std::vector<Column> columns)
    : slots_(slots), groups_(groups), columns_(std::move(columns)) {
  for (const Column& column : columns_) {
    place_.push_back(column.durations ? duration_columns_++ : sum_columns_++);
  }
  const size_t cells = static_cast<size_t>(slots) * groups;
  sums_.reserve(cells * sum_columns_);
  for (size_t cell = 0; cell < cells; ++cell) {
    for (const Column& column : columns_) {
      if (!column.durations) sums_.emplace_back(column.components);
    }
  }
  durations_.resize(cells * duration_columns_);
}

void Tallies::Advance(Tick tick) {
  if (tick <= present_) return;
  for (SumSeries& series : sums_) series.Advance(present_, tick);
  present_ = tick;
}

void Tallies::Apply(const Contribution& contribution, int sign) {
  for (const Change& change : contribution.changes) {
    if (change.tick % 2 != 0) Advance(change.tick);
    const Column& column = columns_[change.column];
    const int signed_one = change.sign * sign;
    std::array<absl::int128, kMaxNumbers> numbers = {};
    if (!column.durations) {
      AddNumbers(change.value, column.components, signed_one, numbers.data());
    }
    for (const int slot : contribution.slots) {
      if (column.durations) {
        DurationsOf(slot, change.group, change.column)
            .Add(change.tick, DurationKey(change.kind, change.value[0]),
                 signed_one, present_);
      } else {
        SumsOf(slot, change.group, change.column)
            .Add(change.tick,
                 {numbers.data(),
                  static_cast<size_t>(NumbersOf(column.components))},
                 present_);
      }
    }
  }
}

void Tallies::Apply(const BookDelta& delta) {
  Advance(delta.newest_event_);
  for (const BookDelta::SumRow& row : delta.rows_) {
    const BookDelta::Place& place = row.place;
    const absl::int128* number = &delta.numbers_[row.numbers];
    const auto changed = static_cast<uint32_t>(*number++);
    const int end = std::min(place.column + BookDelta::kRowColumns,
                             static_cast<int>(columns_.size()));
    for (int column = place.column; column < end; ++column) {
      if (columns_[column].durations) continue;
      const absl::Span<const absl::int128> numbers(
          number, NumbersOf(columns_[column].components));
      number += numbers.size();
      if ((changed >> (column - place.column) & 1) == 0 ||
          std::all_of(numbers.begin(), numbers.end(),
                      [](absl::int128 n) { return n == 0; })) {
        continue;
      }
      for (const int slot : delta.combinations_[place.combination]) {
        SumsOf(slot, place.group, column).Add(place.tick, numbers, present_);
      }
    }
  }
  for (const BookDelta::DurationCell& cell : delta.durations_) {
    const BookDelta::Place& place = cell.place;
    if (cell.count == 0) continue;
    for (const int slot : delta.combinations_[place.combination]) {
      DurationsOf(slot, place.group, place.column)
          .Add(place.tick, cell.key, cell.count, present_);
    }
  }
}

void Tallies::Subtract(const Tallies& other) {
  for (size_t i = 0; i < sums_.size(); ++i) {
    other.sums_[i].ForEach(
        [&](Tick tick, absl::Span<const absl::int128> numbers) {
          std::array<absl::int128, kMaxNumbers> negative = {};
          for (size_t k = 0; k < numbers.size(); ++k) {
            negative[k] = absl::int128(-absl::uint128(numbers[k]));
          }
          sums_[i].Add(tick, {negative.data(), numbers.size()}, present_);
        });
  }
  for (size_t i = 0; i < durations_.size(); ++i) {
    durations_[i].Subtract(other.durations_[i]);
  }
}

Sums Tallies::ReadSums(int slot, int group, int column, Tick tick) const {
  return SumsOf(slot, group, column).At(tick, present_);
}

DurationCounts Tallies::ReadDurations(int slot, int group, int column,
                                      Tick tick) const {
  return DurationsOf(slot, group, column).At(tick, present_);
}

std::vector<DurationBin> Tallies::ReadBins(
    int slot, int group, int column, Tick tick, Micros as_of,
    std::optional<Micros> horizon) const {
  return DurationsOf(slot, group, column)
      .BinsAt(tick, present_, as_of, horizon);
}

int64_t Tallies::bytes() const {
  int64_t bytes = sums_.capacity() * sizeof(SumSeries) +
                  durations_.capacity() * sizeof(DurationSeries);
  for (const SumSeries& series : sums_) bytes += series.bytes();
  for (const DurationSeries& series : durations_) bytes += series.bytes();
  return bytes;
}

}  // namespace stagecraft::engine
