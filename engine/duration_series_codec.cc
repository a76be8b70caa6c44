// Series of durations as bytes: see engine/tallies_codec.cc for what is around
// them.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/duration_series.h"
#include "engine/varint.h"

namespace stagecraft::engine {
namespace {

using Change = DurationChanges::Change;
using Changes = DurationChanges::Changes;

// What changes are written as differences of.
struct Place {
  int64_t tick = 0;
  int64_t bin = 0;
};

Place PlaceOf(Tick tick, uint64_t key) {
  return {tick, static_cast<int64_t>(key & kMaxBin)};
}

// Takes one change: its place, which was that of the change before; `mark`
// stands between tick and bin.
bool TakeChange(absl::string_view* in, Place* place, uint64_t* mark,
                int64_t* count) {
  uint64_t tick_step;
  uint64_t bin_step;
  uint64_t zigzag;
  if (!TakeVarint(in, &tick_step) || !TakeVarint(in, mark) ||
      !TakeVarint(in, &bin_step) || !TakeVarint(in, &zigzag)) {
    return false;
  }
  constexpr int64_t kMaxStep = int64_t{1} << 57;
  // Far more than there are units, and sums of them do not overflow.
  constexpr int64_t kMaxCount = int64_t{1} << 40;
  for (const int64_t step : {FromZigzag(tick_step), FromZigzag(bin_step)}) {
    if (step > kMaxStep || step < -kMaxStep) return false;
  }
  place->tick += FromZigzag(tick_step);
  place->bin += FromZigzag(bin_step);
  *count = FromZigzag(zigzag);
  return place->tick >= std::numeric_limits<Tick>::min() &&
         place->tick <= std::numeric_limits<Tick>::max() && place->bin >= 0 &&
         place->bin <= kMaxBin && *count != 0 && *count <= kMaxCount &&
         *count >= -kMaxCount;
}

// At most slot 0 and one of each dimension, in increasing order.
bool TakeSlots(int slots, absl::string_view* in, Slots* of) {
  uint64_t size;
  if (!TakeVarint(in, &size) || size > 1 + kMaxSegmentDimensions) return false;
  for (uint64_t i = 0; i < size; ++i) {
    uint64_t slot;
    if (!TakeVarint(in, &slot) || slot >= static_cast<uint64_t>(slots) ||
        (i > 0 && static_cast<int>(slot) <= of->back())) {
      return false;
    }
    of->push_back(static_cast<int>(slot));
  }
  return true;
}

constexpr uint64_t kMaxDurationKey =
    (uint64_t{kDurationKinds - 1} << 56) + static_cast<uint64_t>(kMaxBin);

// Sorts what is in the order of keys by (key, combination).
void SortTies(Changes* changes) {
  for (auto begin = changes->begin(); begin != changes->end();) {
    const auto end = std::find_if(
        begin, changes->end(),
        [&](const Change& change) { return change.key != begin->key; });
    if (end - begin > 1) {
      std::stable_sort(begin, end, [](const Change& a, const Change& b) {
        return a.combination < b.combination;
      });
    }
    begin = end;
  }
}

// Calls fn(change, count) with sums of neighbours of the same key and
// combination.
template <typename Fn>
void ForEachSum(const Changes& changes, const Fn& fn) {
  for (auto it = changes.begin(); it != changes.end();) {
    const Change& first = *it;
    int64_t count = 0;
    for (; it != changes.end() && it->key == first.key &&
           it->combination == first.combination;
         ++it) {
      count += it->count;
    }
    fn(first, count);
  }
}

}  // namespace

// The number of combinations that there are changes of, and of each, in
// increasing order, the number of its slots and the slots. Then the number of
// changes; for each, in the order of (tick, key, combination), the tick and the
// bin as differences to the change before (0), with combination * 4 + kind
// between them, and the count, all but that zigzag.
void DurationSeries::Serialize(const SlotCombinations& of,
                               std::string* out) const {
  constexpr uint32_t kUnused = std::numeric_limits<uint32_t>::max();
  std::vector<uint32_t> numbers(of.size(), kUnused);
  std::vector<uint32_t> used;
  std::vector<std::pair<Tick, Changes>> ticks;
  uint64_t size = 0;
  changes_.ForEachTick([&](Tick tick, const Changes& changes) {
    Changes sums = changes;
    DurationChanges::Combine(&sums);
    ForEachSum(sums, [&](const Change& change, int64_t) {
      uint32_t& number = numbers[change.combination];
      if (number == kUnused) used.push_back(change.combination);
      number = 0;
      ++size;
    });
    ticks.emplace_back(tick, std::move(sums));
  });
  std::sort(used.begin(), used.end(),
            [&](uint32_t a, uint32_t b) { return of[a] < of[b]; });
  AppendVarint<uint64_t>(used.size(), out);
  for (size_t i = 0; i < used.size(); ++i) {
    numbers[used[i]] = static_cast<uint32_t>(i);
    const Slots& slots = of[used[i]];
    AppendVarint<uint64_t>(slots.size(), out);
    for (const int slot : slots) AppendVarint<uint64_t>(slot, out);
  }
  AppendVarint<uint64_t>(size, out);
  out->reserve(out->size() + 7 * size);  // Few take more.
  std::string of_tick;
  Place last;
  for (auto& [tick, sums] : ticks) {
    for (Change& change : sums) {
      change.combination = numbers[change.combination];
    }
    SortTies(&sums);
    of_tick.resize(std::max(of_tick.size(), 4 * kMaxVarintBytes * sums.size()));
    char* end = of_tick.data();
    ForEachSum(sums, [&, tick = tick](const Change& change, int64_t count) {
      const Place place = PlaceOf(tick, change.key);
      end = PutVarint(ToZigzag(place.tick - last.tick), end);
      end = PutVarint(
          uint64_t{change.combination} * kDurationKinds + (change.key >> 56),
          end);
      end = PutVarint(ToZigzag(place.bin - last.bin), end);
      end = PutVarint(ToZigzag(count), end);
      last = place;
    });
    out->append(of_tick.data(), end - of_tick.data());
    Changes().swap(sums);
  }
}

bool DurationSeries::ParseChanges(absl::string_view* in,
                                  absl::Span<const uint32_t> numbers,
                                  std::vector<bool>* used, Tick* newest) {
  uint64_t size;
  // Four bytes at least of each.
  if (!TakeVarint(in, &size) || size > in->size() / 4) return false;
  used->assign(numbers.size(), false);
  Place place;
  Changes of_tick;
  Tick last_tick = 0;
  uint64_t last_key = 0;
  uint64_t last_number = 0;
  for (uint64_t i = 0; i < size; ++i) {
    uint64_t mark;
    int64_t count;
    if (!TakeChange(in, &place, &mark, &count)) return false;
    const uint64_t number = mark / kDurationKinds;
    if (number >= numbers.size()) return false;
    (*used)[number] = true;
    const auto tick = static_cast<Tick>(place.tick);
    const uint64_t key = DurationKey(
        static_cast<DurationKind>(mark % kDurationKinds), place.bin);
    if (i > 0 && std::tie(last_tick, last_key, last_number) >=
                     std::tie(tick, key, number)) {
      return false;
    }
    if (i > 0 && tick != last_tick) {
      changes_.AddCombined(last_tick, &of_tick);
    }
    if (tick % 2 != 0) *newest = std::max(*newest, tick);
    DurationChanges::Put(key, numbers[number], count, &of_tick);
    last_tick = tick;
    last_key = key;
    last_number = number;
  }
  if (size > 0) changes_.AddCombined(last_tick, &of_tick);
  return true;
}

bool DurationSeries::Parse(int slots, absl::string_view* in,
                           SlotCombinations* of, Tick* newest) {
  uint64_t size;
  if (!TakeVarint(in, &size) || size > in->size()) return false;
  std::vector<uint32_t> numbers;
  Slots last;
  for (uint64_t i = 0; i < size; ++i) {
    Slots next;
    if (!TakeSlots(slots, in, &next) || (i > 0 && !(last < next))) return false;
    numbers.push_back(of->NumberOf(next));
    last = std::move(next);
  }
  std::vector<bool> used;
  return ParseChanges(in, numbers, &used, newest) &&
         // Each combination has a change.
         std::find(used.begin(), used.end(), false) == used.end();
}

// As in version 2, but without combinations: the kind alone stands between.
bool DurationSeries::ParseVersion1(int slot, absl::string_view* in,
                                   SlotCombinations* of, Tick* newest) {
  const uint32_t number = of->NumberOf({slot});
  std::vector<bool> used;
  return ParseChanges(in, absl::MakeConstSpan(&number, 1), &used, newest);
}

// The number of ticks; the first one, and the differences between them, zigzag.
void DurationSeries::SerializeTicks(std::string* out) const {
  std::vector<Tick> ticks;
  changes_.ForEachTick(
      [&](Tick tick, const Changes&) { ticks.push_back(tick); });
  AppendVarint<uint64_t>(ticks.size(), out);
  int64_t last = 0;
  for (const Tick tick : ticks) {
    AppendVarint<uint64_t>(ToZigzag(tick - last), out);
    last = tick;
  }
}

bool DurationSeries::ParseTicks(absl::string_view* in) {
  uint64_t size;
  if (!TakeVarint(in, &size) || size > in->size()) return false;
  int64_t tick = 0;
  for (uint64_t i = 0; i < size; ++i) {
    uint64_t step;
    if (!TakeVarint(in, &step) || step >> 33 != 0) return false;
    tick += FromZigzag(step);
    if (tick < std::numeric_limits<Tick>::min() ||
        tick > std::numeric_limits<Tick>::max()) {
      return false;
    }
    changes_.SetUnsaved(static_cast<Tick>(tick));
  }
  return true;
}

// The number of slots; for each the number of its counts, and for each of these
// the key as a difference to the one before (0), and the count, zigzag.
void DurationSeries::SerializeTotals(std::string* out) const {
  AppendVarint<uint64_t>(totals_.size(), out);
  for (const DurationTotal& total : totals_) {
    AppendVarint<uint64_t>(total.size(), out);
    uint64_t last = 0;
    total.ForEach([&](const DurationCounts::Count& count) {
      AppendVarint(count.key - last, out);
      AppendVarint(ToZigzag(count.count), out);
      last = count.key;
    });
  }
}

bool DurationSeries::ParseTotals(int slots, Tick present,
                                 absl::string_view* in) {
  uint64_t size;
  if (!TakeVarint(in, &size) || size > static_cast<uint64_t>(slots)) {
    return false;
  }
  std::vector<DurationTotal> totals(size);
  for (DurationTotal& total : totals) {
    uint64_t entries;
    // Two bytes at least of each.
    if (!TakeVarint(in, &entries) || entries > in->size() / 2) return false;
    std::vector<DurationCounts::Count> counts;
    counts.reserve(entries);
    uint64_t key = 0;
    for (uint64_t i = 0; i < entries; ++i) {
      uint64_t step;
      uint64_t count;
      if (!TakeVarint(in, &step) || !TakeVarint(in, &count) || count == 0 ||
          (i > 0 && step == 0) || step > kMaxDurationKey - key) {
        return false;
      }
      key += step;
      counts.push_back({key, FromZigzag(count)});
    }
    total.AddSorted(counts);
  }
  totals_ = std::move(totals);
  groups_.clear();
  by_themselves_ = {.until = present};
  seen_ = present;
  merged_until_ = MergedInTotals(present);
  Settled();
  return true;
}

}  // namespace stagecraft::engine
