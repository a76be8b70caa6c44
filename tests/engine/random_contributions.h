// Random contributions to tallies of all sorts, for tests.
#ifndef STAGECRAFT_TESTS_ENGINE_RANDOM_CONTRIBUTIONS_H_
#define STAGECRAFT_TESTS_ENGINE_RANDOM_CONTRIBUTIONS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "engine/tallies.h"

namespace stagecraft::engine {

inline constexpr int kSlots = 7;
inline constexpr int kGroups = 3;
inline constexpr Micros kMinute = 60 * kSecond;
inline constexpr Tick kBegin = EventTick(20'000 * kDay);
inline constexpr Tick kTicks = 700;  // From kBegin on.

inline constexpr Micros kTestHorizon = 3 * kDay + 1;
inline constexpr GroupGrid kTestGroups = {.grid = {kMinute, 3},
                                          .exact_units = 20};

inline std::vector<Column> TestColumns() {
  return {{.components = 0},   {.components = 1},
          {.durations = true}, {.components = 2},
          {.components = 4},   {.durations = true, .horizon = kTestHorizon},
          {.components = 3},   {.durations = true, .groups = kTestGroups}};
}

class Random {
 public:
  // Of the first so many columns.
  explicit Random(uint64_t seed, size_t columns = TestColumns().size())
      : random_(seed), columns_(static_cast<int64_t>(columns)) {}

  // In [0, n).
  int64_t Below(int64_t n) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(n));
  }
  bool OneIn(int n) { return Below(n) == 0; }

  Change MakeChange() {
    Change change;
    change.column = static_cast<int16_t>(Below(columns_));
    change.group = static_cast<int16_t>(Below(kGroups));
    change.tick = kBegin + static_cast<Tick>(Below(kTicks));
    change.sign = OneIn(3) ? -1 : 1;
    // A group of less than no units has no mean.
    if (TestColumns()[change.column].groups.has_value()) change.sign = 1;
    if (TestColumns()[change.column].durations) {
      change.kind = static_cast<DurationKind>(Below(kDurationKinds));
      change.value[0] =
          change.kind == DurationKind::kHorizon ? kTestHorizon
          : change.kind == DurationKind::kOpen
              // Nobody leaves before entering.
              ? EntryBinOf(std::min(20'000 * kDay + Below(5 * kDay),
                                    (change.tick - 1) / 2 * kHour),
                           kMinute)
              : DurationBinOf(Below(OneIn(5) ? 300 * kDay : kHour), kMinute);
    } else {
      for (int i = 0; i < TestColumns()[change.column].components; ++i) {
        change.value[i] = OneIn(4)   ? kMaxMicroValue
                          : OneIn(3) ? -kMaxMicroValue
                                     : Below(5 * kSecond);
      }
    }
    return change;
  }
  Contribution MakeContribution() {
    Contribution contribution;
    if (OneIn(8)) return contribution;
    contribution.slots = {0, static_cast<int>(1 + Below(3)),
                          static_cast<int>(4 + Below(kSlots - 4))};
    for (int64_t n = 1 + Below(12); n > 0; --n) {
      contribution.changes.push_back(MakeChange());
    }
    return contribution;
  }
  // What a unit has after some more events.
  Contribution Vary(Contribution contribution) {
    if (OneIn(6)) return MakeContribution();
    std::vector<Change>& changes = contribution.changes;
    if (changes.empty()) return contribution;
    for (int64_t n = Below(4); n > 0 && !changes.empty(); --n) {
      const auto at = changes.begin() + Below(changes.size());
      switch (Below(3)) {
        case 0:
          changes.insert(at, MakeChange());
          break;
        case 1:
          changes.erase(at);
          break;
        default:
          at->value[0] = MakeChange().value[0];
          if (TestColumns()[at->column].durations) {
            at->value[0] = DurationBinOf(Below(kDay), kMinute);
          } else if (TestColumns()[at->column].components == 0) {
            at->value[0] = 0;
          }
      }
    }
    return contribution;
  }

 private:
  std::mt19937_64 random_;
  int64_t columns_;
};

// MakeContribution puts each unit into one of these.
inline constexpr SlotRange kParts = {1, 4};

inline TalliesShape TestShape(const SlotRange& parts = {}) {
  return {.slots = kSlots,
          .groups = kGroups,
          .columns = TestColumns(),
          .parts = parts};
}
inline Tallies Zero() { return Tallies(TestShape()); }

inline Tallies RandomTallies(uint64_t seed, int units,
                             const TalliesShape& shape = TestShape()) {
  Random random(seed, shape.columns.size());
  Tallies tallies(shape);
  for (int i = 0; i < units; ++i) tallies.Apply(random.MakeContribution(), 1);
  return tallies;
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_TESTS_ENGINE_RANDOM_CONTRIBUTIONS_H_
