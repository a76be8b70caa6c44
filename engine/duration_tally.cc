#include "engine/duration_tally.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

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
  const Count one = {DurationKey(kind, bin), count};
  AddSorted(absl::MakeConstSpan(&one, 1));
}

void DurationCounts::AddAll(std::vector<Count>* counts) {
  RadixSort([](const Count& count) { return count.key; },
            [](const Count&) { return uint64_t{0}; }, counts);
  AddSorted(*counts);
}

DurationCounts& DurationCounts::operator+=(const DurationCounts& other) {
  AddSorted(other.counts());
  return *this;
}

DurationCounts& DurationCounts::operator-=(const DurationCounts& other) {
  std::vector<Count> less = other.counts();
  for (Count& entry : less) entry.count = -entry.count;
  AddSorted(less);
  return *this;
}

int64_t DurationCounts::Total(DurationKind kind) const {
  int64_t total = 0;
  for (const Count& entry : counts()) {
    if (entry.kind() == kind) total += entry.count;
  }
  return total;
}

std::vector<DurationBin> DurationCounts::AsOf(
    Micros as_of, std::optional<Micros> horizon,
    const std::optional<DurationGrid>& waits) const {
  const std::vector<Count>& all = counts();
  const auto begin_of = [&](int kind) {
    return std::lower_bound(
        all.begin(), all.end(), static_cast<uint64_t>(kind) << 56,
        [](const Count& entry, uint64_t wanted) { return entry.key < wanted; });
  };
  // Four lists in the order of durations: of those who are open, who entered
  // last has waited least.
  auto open = begin_of(1);
  const auto open_end = all.begin();
  auto event = open;
  const auto event_end = begin_of(2);
  auto other = event_end;
  const auto other_end = begin_of(3);
  auto censored = other_end;
  const Micros longest =
      std::max<Micros>(0, horizon.value_or(std::numeric_limits<Micros>::max()));
  const auto waited = [&] {
    const Micros time =
        std::clamp<Micros>(as_of - std::prev(open)->bin(), 0, longest);
    return waits.has_value() && time < longest ? waits->BinOf(time) : time;
  };
  constexpr Micros kNone = std::numeric_limits<Micros>::max();
  std::vector<DurationBin> bins;
  bins.reserve(all.size());
  Micros next_open = open == open_end ? kNone : waited();
  while (true) {
    const Micros next_event = event == event_end ? kNone : event->bin();
    const Micros next_other = other == other_end ? kNone : other->bin();
    const Micros next_censored =
        censored == all.end() ? kNone : censored->bin();
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
