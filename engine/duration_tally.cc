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
  for (const auto& [key, count] : counts_) {
    if (key.first == kind) total += count;
  }
  return total;
}

std::vector<DurationBin> DurationCounts::AsOf(
    Micros as_of, std::optional<Micros> horizon) const {
  std::vector<DurationBin> bins;
  bins.reserve(counts_.size());
  for (const auto& [key, count] : counts_) {
    const auto [kind, bin] = key;
    if (kind == DurationKind::kOpen) {
      Micros waited = std::max<Micros>(as_of - bin, 0);
      if (horizon.has_value()) waited = std::min(waited, *horizon);
      bins.push_back({waited, 0, 0, count});
    } else if (kind == DurationKind::kEvent) {
      bins.push_back({bin, count, 0, 0});
    } else if (kind == DurationKind::kOtherEnd) {
      bins.push_back({bin, 0, count, 0});
    } else {
      bins.push_back({bin, 0, 0, count});
    }
  }
  std::sort(bins.begin(), bins.end(),
            [](const DurationBin& a, const DurationBin& b) {
              return a.duration < b.duration;
            });
  // Bins of the same duration become one.
  std::vector<DurationBin> result;
  for (const DurationBin& bin : bins) {
    if (result.empty() || result.back().duration != bin.duration) {
      result.push_back(bin);
      continue;
    }
    result.back().events += bin.events;
    result.back().other_ends += bin.other_ends;
    result.back().censored += bin.censored;
  }
  return result;
}

}  // namespace stagecraft::engine
