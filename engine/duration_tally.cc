#include "engine/duration_tally.h"

#include <algorithm>
#include <bit>

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
  const auto [it, inserted] = counts_.try_emplace({kind, bin}, 0);
  it->second += count;
  if (it->second == 0) counts_.erase(it);
}

DurationCounts& DurationCounts::operator+=(const DurationCounts& other) {
  for (const auto& [key, count] : other.counts_) {
    Add(key.first, key.second, count);
  }
  return *this;
}

DurationCounts& DurationCounts::operator-=(const DurationCounts& other) {
  for (const auto& [key, count] : other.counts_) {
    Add(key.first, key.second, -count);
  }
  return *this;
}

int64_t DurationCounts::Total(DurationKind kind) const {
  int64_t total = 0;
  for (auto it = counts_.lower_bound({kind, 0});
       it != counts_.end() && it->first.first == kind; ++it) {
    total += it->second;
  }
  return total;
}

std::vector<DurationBin> DurationCounts::AsOf(
    Micros as_of, std::optional<Micros> horizon) const {
  absl::btree_map<Micros, DurationBin> bins;
  for (const auto& [key, count] : counts_) {
    const auto [kind, bin] = key;
    if (kind == DurationKind::kOpen) {
      Micros waited = std::max<Micros>(as_of - bin, 0);
      if (horizon.has_value()) waited = std::min(waited, *horizon);
      bins[waited].censored += count;
    } else if (kind == DurationKind::kEvent) {
      bins[bin].events += count;
    } else if (kind == DurationKind::kOtherEnd) {
      bins[bin].other_ends += count;
    } else {
      bins[bin].censored += count;
    }
  }
  std::vector<DurationBin> result;
  result.reserve(bins.size());
  for (auto& [duration, bin] : bins) {
    bin.duration = duration;
    result.push_back(bin);
  }
  return result;
}

}  // namespace stagecraft::engine
