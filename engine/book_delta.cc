#include "engine/book_delta.h"

#include <algorithm>
#include <bit>

namespace stagecraft::engine {
namespace {

constexpr uint32_t kKeptCombinations = 1024;
constexpr uint64_t kFactor = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio.

uint64_t Scramble(uint64_t x) {
  x *= kFactor;
  return x ^ x >> 32;
}

bool SamePlace(const Change& a, const Change& b) {
  return a.tick == b.tick && a.column == b.column && a.group == b.group;
}

}  // namespace

BookDelta::BookDelta(absl::Span<const Column> columns)
    : columns_(columns.begin(), columns.end()) {
  for (size_t i = 0; i < columns_.size(); ++i) {
    // The first number of a row says which columns were changed, by bit.
    if (i % kRowColumns == 0) row_numbers_.push_back(1);
    first_number_.push_back(row_numbers_.back());
    if (columns_[i].durations) continue;
    row_numbers_.back() += NumbersOf(columns_[i].components);
  }
}

// Tables take the upper bits of the last product.
uint64_t BookDelta::Hash(uint32_t combination, Tick tick, int16_t group,
                         int16_t column) {
  const uint64_t where =
      static_cast<uint64_t>(combination) << 32 | static_cast<uint32_t>(tick);
  const uint32_t what = static_cast<uint32_t>(static_cast<uint16_t>(group))
                            << 16 |
                        static_cast<uint16_t>(column);
  return (Scramble(where) ^ what) * kFactor;
}

uint32_t BookDelta::FindRow(uint32_t combination, Tick tick, int16_t group,
                            int16_t column) {
  if (2 * rows_.size() >= row_table_.size()) {
    // At most half of the table is taken.
    const size_t size = std::max<size_t>(64, 2 * row_table_.size());
    row_table_.assign(size, 0);
    row_shift_ = 64 - std::countr_zero(size);
    for (size_t i = 0; i < rows_.size(); ++i) {
      size_t at = Hash(rows_[i].place) >> row_shift_;
      while (row_table_[at] != 0) at = (at + 1) & (size - 1);
      row_table_[at] = static_cast<uint32_t>(i + 1);
    }
  }
  const size_t mask = row_table_.size() - 1;
  size_t at = Hash(combination, tick, group, column) >> row_shift_;
  for (; row_table_[at] != 0; at = (at + 1) & mask) {
    const uint32_t i = row_table_[at] - 1;
    if (IsAt(rows_[i].place, combination, tick, group, column)) return i;
  }
  rows_.push_back({{combination, tick, group, column},
                   static_cast<uint32_t>(numbers_.size())});
  numbers_.resize(numbers_.size() + row_numbers_[column / kRowColumns]);
  row_table_[at] = static_cast<uint32_t>(rows_.size());
  return static_cast<uint32_t>(rows_.size() - 1);
}

absl::int128* BookDelta::NumbersAt(uint32_t combination, const Change& change) {
  const auto in_row = static_cast<uint16_t>(change.column) % kRowColumns;
  const auto first = static_cast<int16_t>(change.column - in_row);
  uint32_t& row = last_row_[change.tick & 1];
  if (row >= rows_.size() ||
      !IsAt(rows_[row].place, combination, change.tick, change.group, first)) {
    row = FindRow(combination, change.tick, change.group, first);
  }
  absl::int128* numbers = &numbers_[rows_[row].numbers];
  *numbers |= 1 << in_row;
  return numbers + first_number_[change.column];
}

void BookDelta::AddChange(uint32_t combination, const Change& change,
                          int sign) {
  Saw(change.tick);
  const Column& column = columns_[change.column];
  if (column.durations) {
    durations_.push_back(
        {{combination, change.tick, change.group, change.column},
         change.sign * sign,
         DurationKey(change.kind, change.value[0])});
  } else {
    AddNumbers(change.value, column.components, change.sign * sign,
               NumbersAt(combination, change));
  }
}

void BookDelta::ReplaceSums(uint32_t combination, const Change& before,
                            const Change& after) {
  Saw(after.tick);
  const int components = columns_[after.column].components;
  absl::int128* numbers = NumbersAt(combination, after);
  AddNumbers(before.value, components, -before.sign, numbers);
  AddNumbers(after.value, components, after.sign, numbers);
}

void BookDelta::Add(const Contribution& contribution, int sign) {
  if (contribution.changes.empty()) return;
  const uint32_t combination = combinations_.NumberOf(contribution.slots);
  for (const Change& change : contribution.changes) {
    AddChange(combination, change, sign);
  }
}

void BookDelta::Replace(const Contribution& before, const Contribution& after) {
  if (before.slots != after.slots) {
    Add(before, -1);
    Add(after, 1);
    return;
  }
  const std::vector<Change>& old = before.changes;
  const std::vector<Change>& now = after.changes;
  size_t i = 0;
  size_t j = 0;
  while (i < old.size() && j < now.size() && old[i] == now[j]) ++i, ++j;
  if (i == old.size() && j == now.size()) return;
  const uint32_t combination = combinations_.NumberOf(after.slots);
  // Whatever is paired, the sum is the same. A change that came in or went
  // away shows by its neighbours.
  constexpr size_t kLookAhead = 4;
  while (i < old.size() && j < now.size()) {
    if (old[i] == now[j]) {
      ++i, ++j;
      continue;
    }
    if (SamePlace(old[i], now[j]) && !columns_[now[j].column].durations) {
      ReplaceSums(combination, old[i++], now[j++]);
      continue;
    }
    size_t came = 0;
    size_t went = 0;
    for (size_t k = 1; k <= kLookAhead && came == 0 && went == 0; ++k) {
      if (j + k < now.size() && old[i] == now[j + k]) came = k;
      if (i + k < old.size() && old[i + k] == now[j]) went = k;
    }
    if (came == 0 && went == 0) came = went = 1;
    for (; came > 0; --came) AddChange(combination, now[j++], 1);
    for (; went > 0; --went) AddChange(combination, old[i++], -1);
  }
  for (; i < old.size(); ++i) AddChange(combination, old[i], -1);
  for (; j < now.size(); ++j) AddChange(combination, now[j], 1);
}

void BookDelta::Clear() {
  if (rows_.size() > row_table_.size() / 16) {
    std::fill(row_table_.begin(), row_table_.end(), 0);
  } else {
    for (size_t i = 0; i < rows_.size(); ++i) {
      size_t at = Hash(rows_[i].place) >> row_shift_;
      while (row_table_[at] != i + 1) at = (at + 1) & (row_table_.size() - 1);
      row_table_[at] = 0;
    }
  }
  rows_.clear();
  numbers_.clear();
  durations_.clear();
  // Most units to come stand in the same ones.
  if (combinations_.size() > kKeptCombinations) combinations_.Clear();
  newest_event_ = std::numeric_limits<Tick>::min();
}

int64_t BookDelta::bytes() const {
  return static_cast<int64_t>(row_table_.capacity() * sizeof(uint32_t) +
                              rows_.capacity() * sizeof(SumRow) +
                              numbers_.capacity() * sizeof(absl::int128) +
                              durations_.capacity() * sizeof(DurationChange)) +
         combinations_.bytes();
}

}  // namespace stagecraft::engine
