#include "engine/book_delta.h"

#include <algorithm>
#include <bit>

namespace stagecraft::engine {
namespace {

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
uint64_t BookDelta::Hash(const Place& place) {
  const uint64_t where = static_cast<uint64_t>(place.combination) << 32 |
                         static_cast<uint32_t>(place.tick);
  const uint32_t what =
      static_cast<uint32_t>(static_cast<uint16_t>(place.group)) << 16 |
      static_cast<uint16_t>(place.column);
  return (Scramble(where) ^ what) * kFactor;
}

uint64_t BookDelta::HashOf(const DurationCell& cell) {
  const uint64_t hash = Hash(cell.place);
  return (hash ^ hash >> 32 ^ Scramble(cell.key)) * kFactor;
}

uint64_t BookDelta::HashOf(const Slots& slots) {
  uint64_t hash = slots.size();
  for (const int slot : slots) hash = Scramble(hash ^ slot);
  return hash * kFactor;
}

template <typename Cell>
uint32_t BookDelta::Find(const Cell& wanted, std::vector<Cell>* cells,
                         Index* index) {
  if (2 * cells->size() >= index->table.size()) {
    // At most half of the table is taken.
    const size_t size = std::max<size_t>(64, 2 * index->table.size());
    index->table.assign(size, 0);
    index->shift = 64 - std::countr_zero(size);
    for (size_t i = 0; i < cells->size(); ++i) {
      size_t at = HashOf((*cells)[i]) >> index->shift;
      while (index->table[at] != 0) at = (at + 1) & (size - 1);
      index->table[at] = static_cast<uint32_t>(i + 1);
    }
  }
  const size_t mask = index->table.size() - 1;
  size_t at = HashOf(wanted) >> index->shift;
  for (; index->table[at] != 0; at = (at + 1) & mask) {
    const uint32_t i = index->table[at] - 1;
    if (Same((*cells)[i], wanted)) return i;
  }
  cells->push_back(wanted);
  index->table[at] = static_cast<uint32_t>(cells->size());
  return static_cast<uint32_t>(cells->size() - 1);
}

template <typename Cell>
void BookDelta::Forget(std::vector<Cell>* cells, Index* index) {
  if (cells->size() > index->table.size() / 16) {
    std::fill(index->table.begin(), index->table.end(), 0);
  } else {
    for (size_t i = 0; i < cells->size(); ++i) {
      size_t at = HashOf((*cells)[i]) >> index->shift;
      while (index->table[at] != i + 1) {
        at = (at + 1) & (index->table.size() - 1);
      }
      index->table[at] = 0;
    }
  }
  cells->clear();
}

uint32_t BookDelta::CombinationOf(const Slots& slots) {
  if (last_combination_ < combinations_.size() &&
      combinations_[last_combination_] == slots) {
    return last_combination_;
  }
  last_combination_ = Find(slots, &combinations_, &index_of_combination_);
  return last_combination_;
}

absl::int128* BookDelta::NumbersAt(const Place& place) {
  SumRow wanted = {place, static_cast<uint32_t>(numbers_.size())};
  wanted.place.column -= place.column % kRowColumns;
  uint32_t& row = last_row_[place.tick & 1];
  if (row >= rows_.size() || !Same(rows_[row], wanted)) {
    const size_t before = rows_.size();
    row = Find(wanted, &rows_, &index_of_row_);
    if (rows_.size() != before) {
      numbers_.resize(numbers_.size() +
                      row_numbers_[place.column / kRowColumns]);
    }
  }
  absl::int128* numbers = &numbers_[rows_[row].numbers];
  *numbers |= 1 << place.column % kRowColumns;
  return numbers + first_number_[place.column];
}

void BookDelta::AddChange(uint32_t combination, const Change& change,
                          int sign) {
  const Place place = PlaceOf(combination, change);
  const Column& column = columns_[change.column];
  if (column.durations) {
    const uint32_t i =
        Find(DurationCell{place, DurationKey(change.kind, change.value[0]), 0},
             &durations_, &index_of_duration_);
    durations_[i].count += change.sign * sign;
  } else {
    AddNumbers(change.value, column.components, change.sign * sign,
               NumbersAt(place));
  }
}

void BookDelta::ReplaceSums(uint32_t combination, const Change& before,
                            const Change& after) {
  const int components = columns_[after.column].components;
  absl::int128* numbers = NumbersAt(PlaceOf(combination, after));
  AddNumbers(before.value, components, -before.sign, numbers);
  AddNumbers(after.value, components, after.sign, numbers);
}

void BookDelta::Add(const Contribution& contribution, int sign) {
  if (contribution.changes.empty()) return;
  const uint32_t combination = CombinationOf(contribution.slots);
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
  const uint32_t combination = CombinationOf(after.slots);
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
  Forget(&combinations_, &index_of_combination_);
  Forget(&rows_, &index_of_row_);
  Forget(&durations_, &index_of_duration_);
  numbers_.clear();
  last_combination_ = 0;
  newest_event_ = std::numeric_limits<Tick>::min();
}

int64_t BookDelta::bytes() const {
  return (index_of_combination_.table.capacity() +
          index_of_row_.table.capacity() +
          index_of_duration_.table.capacity()) *
             sizeof(uint32_t) +
         combinations_.capacity() * sizeof(Slots) +
         rows_.capacity() * sizeof(SumRow) +
         numbers_.capacity() * sizeof(absl::int128) +
         durations_.capacity() * sizeof(DurationCell);
}

}  // namespace stagecraft::engine
