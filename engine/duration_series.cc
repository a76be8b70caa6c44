#include "engine/duration_series.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "engine/radix_sort.h"
#include "engine/varint.h"

namespace stagecraft::engine {
namespace {

constexpr Tick kBegin = std::numeric_limits<Tick>::min();

// Two of three changes are of units that enter or go, and those who went cancel
// out: where there are many changes, they need not be sorted.
constexpr int64_t kManyChanges = 1 << 16;

class OpenUnits {
 public:
  void Add(uint64_t key, uint32_t combination, int64_t count) {
    const auto [it, inserted] = counts_.try_emplace({key, combination}, count);
    if (inserted) return;
    it->second += count;
    if (it->second == 0) counts_.erase(it);
  }
  template <typename Fn>
  void ForEach(const Fn& fn) const {
    for (const auto& [place, count] : counts_) {
      fn(place.first, place.second, count);
    }
  }

 private:
  absl::flat_hash_map<std::pair<uint64_t, uint32_t>, int64_t> counts_;
};

template <typename Change>
bool IsOpen(const Change& change) {
  return change.key() >> 56 == static_cast<uint64_t>(DurationKind::kOpen);
}

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

}  // namespace

DurationSeries::Run DurationSeries::Combine(Run changes) {
  RadixSort([](const Change& change) { return change.high(); },
            [](const Change& change) { return change.low(); }, &changes);
  size_t kept = 0;
  for (size_t i = 0; i < changes.size();) {
    Change sum = changes[i++];
    for (; i < changes.size() && !sum.Before(changes[i]); ++i) {
      sum.add(changes[i].count());
    }
    if (sum.count() != 0) changes[kept++] = sum;
  }
  changes.resize(kept);
  return changes;
}

void DurationSeries::SortTies(Run* run) {
  for (auto begin = run->begin(); begin != run->end();) {
    const auto end = std::find_if(begin, run->end(), [&](const Change& change) {
      return change.tick() != begin->tick() || change.key() != begin->key();
    });
    std::sort(begin, end,
              [](const Change& a, const Change& b) { return a.Before(b); });
    begin = end;
  }
}

DurationSeries::Run DurationSeries::Merge(const Run& a, const Run& b) {
  Run merged;
  merged.reserve(a.size() + b.size());
  auto x = a.begin();
  auto y = b.begin();
  while (x != a.end() && y != b.end()) {
    if (x->Before(*y)) {
      merged.push_back(*x++);
    } else if (y->Before(*x)) {
      merged.push_back(*y++);
    } else {
      Change sum = *x++;
      sum.add((y++)->count());
      if (sum.count() != 0) merged.push_back(sum);
    }
  }
  merged.insert(merged.end(), x, a.end());
  merged.insert(merged.end(), y, b.end());
  merged.shrink_to_fit();
  return merged;
}

template <typename Fn>
void DurationSeries::ForEachIn(Tick after, Tick until, const Fn& fn) const {
  if (after >= until) return;
  for (const Run& run : runs_) {
    auto it = std::upper_bound(
        run.begin(), run.end(), after,
        [](Tick tick, const Change& change) { return tick < change.tick(); });
    if (after == kBegin) it = run.begin();
    for (; it != run.end() && it->tick() <= until; ++it) fn(*it);
  }
}

int64_t DurationSeries::SizeOf(Tick after, Tick until) const {
  const auto first_after = [](const Run& run, Tick wanted) {
    return std::upper_bound(
        run.begin(), run.end(), wanted,
        [](Tick tick, const Change& change) { return tick < change.tick(); });
  };
  int64_t size = 0;
  for (const Run& run : runs_) {
    size +=
        std::max<int64_t>(first_after(run, until) - first_after(run, after), 0);
  }
  return size;
}

DurationSeries::Run DurationSeries::All() const {
  Run all = Combine(journal_);
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    all = Merge(*run, all);
  }
  return all;
}

void DurationSeries::Settle(const SlotCombinations& of, Tick present) {
  Run run = Combine(std::exchange(journal_, {}));
  // The totals get what the journal has of the past, and what of the runs is
  // past by now.
  Run past;
  for (const Change& change : run) {
    if (change.tick() > present) break;
    past.push_back(change);
  }
  const bool many = SizeOf(total_until_, present) >= kManyChanges;
  OpenUnits open;
  ForEachIn(total_until_, present, [&](const Change& change) {
    if (many && IsOpen(change)) {
      open.Add(change.key(), change.combination(), change.count());
    } else {
      past.push_back(change);
    }
  });
  open.ForEach([&](uint64_t key, uint32_t combination, int64_t count) {
    past.emplace_back(present, key, combination, count);
  });
  total_until_ = present;
  RadixSort([](const Change& change) { return change.key(); },
            [](const Change&) { return uint64_t{0}; }, &past);
  std::vector<std::vector<DurationCounts::Count>> more(totals_.size());
  for (const Change& change : past) {
    for (const int slot : of[change.combination()]) {
      if (static_cast<size_t>(slot) >= more.size()) more.resize(slot + 1);
      more[slot].push_back({change.key(), change.count()});
    }
  }
  totals_.resize(more.size());
  for (size_t slot = 0; slot < more.size(); ++slot) {
    totals_[slot].AddSorted(more[slot]);
    largest_total_ = std::max(largest_total_, totals_[slot].counts().size());
  }

  while (!runs_.empty() && runs_.back().size() < 2 * run.size()) {
    run = Merge(runs_.back(), run);
    runs_.pop_back();
  }
  if (!run.empty()) runs_.push_back(std::move(run));
}

void DurationSeries::Subtract(const DurationSeries& other,
                              absl::Span<const uint32_t> numbers) {
  const auto take = [&](const Change& change) {
    journal_.emplace_back(change.tick(), change.key(),
                          numbers[change.combination()], -change.count());
  };
  for (const Change& change : other.journal_) take(change);
  for (const Run& run : other.runs_) {
    for (const Change& change : run) take(change);
  }
}

DurationCounts DurationSeries::At(int slot, Tick tick,
                                  const SlotCombinations& of) const {
  std::vector<bool> has(of.size());  // By combination: whether it has the slot.
  for (uint32_t i = 0; i < of.size(); ++i) has[i] = of.Has(i, slot);
  std::vector<DurationCounts::Count> more;
  const auto add = [&](const Change& change, int sign = 1) {
    if (!has[change.combination()]) return;
    more.push_back({change.key(), sign * change.count()});
  };
  for (const Change& change : journal_) {
    if (change.tick() <= tick) add(change);
  }
  DurationCounts counts;
  if (tick < total_until_ &&
      SizeOf(kBegin, tick) < SizeOf(tick, total_until_)) {
    // Nearer to the beginning than to the present.
    ForEachIn(kBegin, tick, [&](const Change& change) { add(change); });
  } else {
    if (static_cast<size_t>(slot) < totals_.size()) counts = totals_[slot];
    ForEachIn(total_until_, tick, [&](const Change& change) { add(change); });
    ForEachIn(tick, total_until_,
              [&](const Change& change) { add(change, -1); });
  }
  counts.AddAll(&more);
  return counts;
}

// The number of combinations that there are changes of, and of each, in
// increasing order, the number of its slots and the slots. Then the number of
// changes; for each, in the order of (tick, key, combination), the tick and the
// bin as differences to the change before (0), with combination * 4 + kind
// between them, and the count, all but that zigzag.
void DurationSeries::Serialize(const SlotCombinations& of,
                               std::string* out) const {
  Run all = All();
  constexpr uint32_t kUnused = std::numeric_limits<uint32_t>::max();
  std::vector<uint32_t> numbers(of.size(), kUnused);
  std::vector<uint32_t> used;
  for (const Change& change : all) {
    uint32_t& number = numbers[change.combination()];
    if (number == kUnused) used.push_back(change.combination());
    number = 0;
  }
  std::sort(used.begin(), used.end(),
            [&](uint32_t a, uint32_t b) { return of[a] < of[b]; });
  AppendVarint<uint64_t>(used.size(), out);
  for (size_t i = 0; i < used.size(); ++i) {
    numbers[used[i]] = static_cast<uint32_t>(i);
    const Slots& slots = of[used[i]];
    AppendVarint<uint64_t>(slots.size(), out);
    for (const int slot : slots) AppendVarint<uint64_t>(slot, out);
  }
  for (Change& change : all) {
    change = Change(change.tick(), change.key(), numbers[change.combination()],
                    change.count());
  }
  SortTies(&all);
  AppendVarint<uint64_t>(all.size(), out);
  Place last;
  for (const Change& change : all) {
    const Place place = PlaceOf(change.tick(), change.key());
    AppendVarint<uint64_t>(ToZigzag(place.tick - last.tick), out);
    AppendVarint<uint64_t>(
        uint64_t{change.combination()} * kDurationKinds + (change.key() >> 56),
        out);
    AppendVarint<uint64_t>(ToZigzag(place.bin - last.bin), out);
    AppendVarint<uint64_t>(ToZigzag(change.count()), out);
    last = place;
  }
}

bool DurationSeries::ParseChanges(absl::string_view* in, uint64_t marks,
                                  const uint32_t* numbers, Run* run,
                                  Tick* newest) {
  uint64_t size;
  // Four bytes at least of each.
  if (!TakeVarint(in, &size) || size > in->size() / 4) return false;
  run->reserve(size);
  Place place;
  Change last;
  for (uint64_t i = 0; i < size; ++i) {
    uint64_t mark;
    int64_t count;
    if (!TakeChange(in, &place, &mark, &count) || mark >= marks) return false;
    const auto tick = static_cast<Tick>(place.tick);
    const Change change(
        tick,
        DurationKey(static_cast<DurationKind>(mark % kDurationKinds),
                    place.bin),
        static_cast<uint32_t>(mark / kDurationKinds), count);
    if (i > 0 && !last.Before(change)) return false;
    last = change;
    if (tick % 2 != 0) *newest = std::max(*newest, tick);
    run->emplace_back(tick, change.key(), numbers[change.combination()], count);
  }
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
  Run run;
  if (!ParseChanges(in, size * kDurationKinds, numbers.data(), &run, newest)) {
    return false;
  }
  // Each combination has a change.
  std::vector<bool> used(of->size());
  for (const Change& change : run) used[change.combination()] = true;
  if (!std::all_of(numbers.begin(), numbers.end(),
                   [&](uint32_t number) { return used[number]; })) {
    return false;
  }
  // Combinations may have another order here.
  SortTies(&run);
  if (!run.empty()) runs_.push_back(std::move(run));
  return true;
}

// As in version 2, but without combinations: the kind alone stands between.
bool DurationSeries::ParseVersion1(int slot, absl::string_view* in,
                                   SlotCombinations* of, Tick* newest) {
  const uint32_t number = of->NumberOf({slot});
  Run run;
  if (!ParseChanges(in, kDurationKinds, &number, &run, newest)) return false;
  journal_.insert(journal_.end(), run.begin(), run.end());
  return true;
}

int64_t DurationSeries::bytes() const {
  size_t changes = journal_.capacity();
  for (const Run& run : runs_) changes += run.capacity();
  size_t counts = 0;
  for (const DurationCounts& total : totals_) {
    counts += total.counts().capacity();
  }
  return static_cast<int64_t>(changes * sizeof(Change) +
                              counts * sizeof(DurationCounts::Count) +
                              totals_.capacity() * sizeof(DurationCounts));
}

}  // namespace stagecraft::engine
