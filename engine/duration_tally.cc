#include "engine/duration_tally.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "engine/entry_groups.h"
#include "engine/radix_sort.h"

namespace stagecraft::engine {

Micros DurationBinOf(Micros duration, Micros resolution, int bits) {
  if (duration <= 0) return 0;
  const auto bins = static_cast<uint64_t>(duration / resolution);
  const int excess = std::bit_width(bins) - (bits + 1);
  const uint64_t rounded = excess <= 0 ? bins : bins >> excess << excess;
  return static_cast<Micros>(rounded) * resolution;
}

void DurationCounts::Add(DurationKind kind, Micros bin, int64_t count) {
  const uint64_t key = DurationKey(kind, bin);
  const auto it = std::lower_bound(
      counts_.begin(), counts_.end(), key,
      [](const Count& entry, uint64_t wanted) { return entry.key < wanted; });
  if (it == counts_.end() || it->key != key) {
    if (count != 0) counts_.insert(it, {key, count});
    return;
  }
  it->count += count;
  if (it->count == 0) counts_.erase(it);
}

void DurationCounts::AddAll(std::vector<Count>* counts) {
  RadixSort([](const Count& count) { return count.key; },
            [](const Count&) { return uint64_t{0}; }, counts);
  AddSorted(*counts);
}

void DurationCounts::AddSorted(absl::Span<const Count> counts) {
  // What is there changes where it stands; the rest is put between.
  std::vector<Count> fresh;
  bool zeros = false;
  size_t place = 0;
  for (auto it = counts.begin(); it != counts.end();) {
    Count sum = *it++;
    for (; it != counts.end() && it->key == sum.key; ++it) {
      sum.count += it->count;
    }
    if (sum.count == 0) continue;
    place = FindFrom(place, sum.key);
    if (place < counts_.size() && counts_[place].key == sum.key) {
      counts_[place].count += sum.count;
      zeros = zeros || counts_[place].count == 0;
    } else {
      fresh.push_back(sum);
    }
  }
  if (zeros) {
    counts_.erase(
        std::remove_if(counts_.begin(), counts_.end(),
                       [](const Count& entry) { return entry.count == 0; }),
        counts_.end());
  }
  InsertSorted(fresh);
}

size_t DurationCounts::FindFrom(size_t place, uint64_t key) const {
  // In steps of 1, 2, 4...: usually it is near.
  size_t step = 1;
  size_t end = place;
  while (end < counts_.size() && counts_[end].key < key) {
    place = end + 1;
    end += step;
    step *= 2;
  }
  const auto begin = counts_.begin();
  return std::lower_bound(begin + place, begin + std::min(end, counts_.size()),
                          key,
                          [](const Count& entry, uint64_t wanted) {
                            return entry.key < wanted;
                          }) -
         begin;
}

void DurationCounts::InsertSorted(const std::vector<Count>& fresh) {
  if (fresh.empty()) return;
  // From the last one, so that each entry is moved once.
  size_t rest = counts_.size();
  const size_t size = rest + fresh.size();
  if (size > counts_.capacity()) counts_.reserve(size + size / 8);
  counts_.resize(size);
  for (size_t i = fresh.size(); i > 0; --i) {
    const Count& entry = fresh[i - 1];
    while (rest > 0 && counts_[rest - 1].key > entry.key) {
      counts_[rest - 1 + i] = counts_[rest - 1];
      --rest;
    }
    counts_[rest - 1 + i] = entry;
  }
}

DurationCounts& DurationCounts::operator+=(const DurationCounts& other) {
  AddSorted(other.counts_);
  return *this;
}

DurationCounts& DurationCounts::operator-=(const DurationCounts& other) {
  std::vector<Count> less = other.counts_;
  for (Count& entry : less) entry.count = -entry.count;
  AddSorted(less);
  return *this;
}

int64_t DurationCounts::Total(DurationKind kind) const {
  int64_t total = 0;
  for (const Count& entry : counts_) {
    if (entry.kind() == kind) total += entry.count;
  }
  return total;
}

std::vector<DurationBin> DurationCounts::AsOf(
    Micros as_of, std::optional<Micros> horizon,
    const std::optional<DurationGrid>& waits, const EntryGroups* groups) const {
  const auto begin_of = [&](int kind) {
    return std::lower_bound(
        counts_.begin(), counts_.end(), static_cast<uint64_t>(kind) << 56,
        [](const Count& entry, uint64_t wanted) { return entry.key < wanted; });
  };
  // Four lists in the order of durations: of those who are open, who entered
  // last has waited least.
  auto open = begin_of(1);
  const auto open_end = counts_.begin();
  auto event = open;
  const auto event_end = begin_of(2);
  auto other = event_end;
  const auto other_end = begin_of(3);
  auto censored = other_end;
  const Micros longest =
      std::max<Micros>(0, horizon.value_or(std::numeric_limits<Micros>::max()));
  const auto waited = [&] {
    const Count& last = *std::prev(open);
    const Micros entry =
        groups == nullptr ? last.bin() : groups->MiddleOf(last.key);
    const Micros time = std::clamp<Micros>(as_of - entry, 0, longest);
    return waits.has_value() && time < longest ? waits->BinOf(time) : time;
  };
  constexpr Micros kNone = std::numeric_limits<Micros>::max();
  std::vector<DurationBin> bins;
  bins.reserve(counts_.size());
  Micros next_open = open == open_end ? kNone : waited();
  while (true) {
    const Micros next_event = event == event_end ? kNone : event->bin();
    const Micros next_other = other == other_end ? kNone : other->bin();
    const Micros next_censored =
        censored == counts_.end() ? kNone : censored->bin();
    const Micros next =
        std::min({next_open, next_event, next_other, next_censored});
    if (next == kNone) return bins;
    DurationBin& bin = bins.emplace_back();
    bin.duration = next;
    if (next_event == next) bin.events += (event++)->count;
    if (next_other == next) bin.other_ends += (other++)->count;
    if (next_censored == next) bin.censored += (censored++)->count;
    while (next_open == next) {
      bin.censored += std::prev(open)->count;
      --open;
      next_open = open == open_end ? kNone : waited();
    }
  }
}

}  // namespace stagecraft::engine
