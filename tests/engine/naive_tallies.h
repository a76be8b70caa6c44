// Tallies as a map of what was changed, for tests.
#ifndef STAGECRAFT_TESTS_ENGINE_NAIVE_TALLIES_H_
#define STAGECRAFT_TESTS_ENGINE_NAIVE_TALLIES_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/tallies.h"
#include "gtest/gtest.h"
#include "tests/engine/naive_groups.h"
#include "tests/engine/random_contributions.h"

namespace stagecraft::engine {

// Tallies in the simplest form.
class NaiveTallies {
 public:
  void Apply(const Contribution& contribution, int sign) {
    for (const int slot : contribution.slots) {
      for (const Change& change : contribution.changes) {
        const Key key = {slot, change.group, change.column};
        const int by = change.sign * sign;
        const Column column = TestColumns()[change.column];
        if (column.durations) {
          counts_[key][change.tick][{change.kind, change.value[0]}] += by;
        } else {
          auto [it, inserted] =
              sums_[key].try_emplace(change.tick, column.components);
          it->second.Add(change.value, by);
        }
      }
    }
  }
  Sums ReadSums(int slot, int group, int column, Tick tick) const {
    Sums result(TestColumns()[column].components);
    const auto it = sums_.find({slot, group, column});
    if (it == sums_.end()) return result;
    for (const auto& [at, sums] : it->second) {
      if (at <= tick) result += sums;
    }
    return result;
  }
  DurationCounts ReadDurations(int slot, int group, int column,
                               Tick tick) const {
    DurationCounts result;
    const auto horizon = TestColumns()[column].horizon;
    for (const auto& [key, count] : Counts(slot, group, column, tick)) {
      const auto [kind, bin] = key;
      // No look at the tick is before its hour.
      const bool is_over = kind == DurationKind::kOpen && horizon.has_value() &&
                           bin + *horizon <= tick / 2 * kHour;
      result.Add(kind, is_over ? 0 : bin, count);
    }
    return result;
  }
  std::vector<DurationBin> ReadBins(int slot, int group, int column,
                                    Micros as_of) const {
    const Micros horizon =
        TestColumns()[column].horizon.value_or(10'000'000 * kDay);
    std::map<Micros, DurationBin> bins;
    auto counts = Counts(slot, group, column, AsOfTick(as_of));
    const auto grid = TestColumns()[column].groups;
    if (grid.has_value() && UnitsOf(counts) > grid->exact_units) {
      counts = MeansOf(counts, as_of / kHour * kHour, grid->grid);
    }
    for (const auto& [key, count] : counts) {
      if (count == 0) continue;
      const auto [kind, bin] = key;
      const Micros duration =
          kind == DurationKind::kOpen
              ? std::min(std::max<Micros>(as_of - bin, 0), horizon)
              : bin;
      DurationBin& result = bins[duration];
      result.duration = duration;
      (kind == DurationKind::kEvent      ? result.events
       : kind == DurationKind::kOtherEnd ? result.other_ends
                                         : result.censored) += count;
    }
    std::vector<DurationBin> list;
    for (const auto& [duration, bin] : bins) list.push_back(bin);
    return list;
  }

 private:
  using Key = std::tuple<int, int, int>;
  using KindAndBin = std::pair<DurationKind, Micros>;
  using CountOf = std::map<KindAndBin, int64_t>;

  static int64_t UnitsOf(const CountOf& counts) {
    int64_t units = 0;
    for (const auto& [key, count] : counts) units += count;
    return units;
  }
  static CountOf MeansOf(const CountOf& counts, Micros moment,
                         const DurationGrid& grid) {
    NaiveGroups groups(moment, grid);
    for (const auto& [key, count] : counts) {
      groups.Add(key.first, key.second, count);
    }
    const DurationCounts of_groups = groups.Means();
    CountOf means;
    for (const DurationCounts::Count& mean : of_groups.counts()) {
      means[{mean.kind(), mean.bin()}] = mean.count;
    }
    return means;
  }
  CountOf Counts(int slot, int group, int column, Tick tick) const {
    CountOf result;
    const auto it = counts_.find({slot, group, column});
    if (it == counts_.end()) return result;
    for (const auto& [at, counts] : it->second) {
      if (at > tick) continue;
      for (const auto& [key, count] : counts) result[key] += count;
    }
    return result;
  }

  std::map<Key, std::map<Tick, Sums>> sums_;
  std::map<Key, std::map<Tick, CountOf>> counts_;
};

// A unit that left without having entered, as there may be here, can cancel out
// another one at the horizon.
inline std::vector<DurationBin> WithoutZeros(std::vector<DurationBin> bins) {
  bins.erase(std::remove_if(bins.begin(), bins.end(),
                            [](const DurationBin& bin) {
                              return bin == DurationBin{bin.duration};
                            }),
             bins.end());
  return bins;
}

// At random places.
inline void ExpectSameReads(const Tallies& tallies, const NaiveTallies& naive,
                            Random* random, int reads) {
  for (int i = 0; i < reads; ++i) {
    const int slot = static_cast<int>(random->Below(kSlots));
    const int group = static_cast<int>(random->Below(kGroups));
    const int column = static_cast<int>(random->Below(TestColumns().size()));
    const Tick tick = kBegin - 70 + static_cast<Tick>(random->Below(900));
    SCOPED_TRACE(::testing::Message() << slot << " " << group << " " << column
                                      << " at " << tick - kBegin);
    if (!TestColumns()[column].durations) {
      ASSERT_EQ(tallies.ReadSums(slot, group, column, tick),
                naive.ReadSums(slot, group, column, tick));
      continue;
    }
    ASSERT_EQ(tallies.ReadDurations(slot, group, column, tick),
              naive.ReadDurations(slot, group, column, tick));
    const Micros as_of = 19'999 * kDay + random->Below(20 * kDay);
    ASSERT_EQ(WithoutZeros(tallies.ReadBins(slot, group, column, as_of)),
              WithoutZeros(naive.ReadBins(slot, group, column, as_of)));
  }
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_TESTS_ENGINE_NAIVE_TALLIES_H_
