#include "engine/duration_tally.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "engine/radix_sort.h"

namespace stagecraft::engine {

Micros DurationBinOf(Micros duration, Micros resolution) {
  constexpr int kMantissaBits = 15;
  if (duration <= 0) return 0;
  const auto bins = static_cast<uint64_t>(duration / resolution);
  const int excess = std::bit_width(bins) - (kMantissaBits + 1);
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

void DurationCounts::AddSorted(const std::vector<Count>& counts) {
  if (counts.empty()) return;
  std::vector<Count> sum;
  sum.reserve(counts_.size() + counts.size());
  const auto put = [&](const Count& entry) {
    if (!sum.empty() && sum.back().key == entry.key) {
      sum.back().count += entry.count;
    } else {
      if (!sum.empty() && sum.back().count == 0) sum.pop_back();
      sum.push_back(entry);
    }
  };
  auto next = counts.begin();
  for (const Count& entry : counts_) {
    while (next != counts.end() && next->key < entry.key) put(*next++);
    put(entry);
  }
  while (next != counts.end()) put(*next++);
  if (!sum.empty() && sum.back().count == 0) sum.pop_back();
  counts_ = std::move(sum);
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
    Micros as_of, std::optional<Micros> horizon) const {
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
    return std::clamp<Micros>(as_of - std::prev(open)->bin(), 0, longest);
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
