// Durations with a horizon, or in groups, in all states that
// tallies can be in, against a count of units one by one.
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/book.h"
#include "gtest/gtest.h"
#include "tests/engine/naive_groups.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using stagecraft::testing::IsOk;

constexpr Micros kBegin = 20'000 * kDay;

struct Unit {
  Micros entry = 0;
  std::optional<Micros> end;
  std::optional<Micros> crossing;  // Out of the experiment, whatever it did.
  int segment = 1;
};

struct Case {
  Micros horizon;
  Micros resolution;
  // As earlier builds had it: with a change at the horizon.
  bool explicit_horizon;
  uint64_t seed;
  // Instead of a horizon.
  std::optional<GroupGrid> groups = std::nullopt;
};
void PrintTo(const Case& of, std::ostream* out) {
  *out << "horizon " << of.horizon << ", resolution " << of.resolution
       << (of.explicit_horizon ? ", explicit" : "")
       << (of.groups.has_value() ? ", groups" : "");
}

class DurationHorizonTest : public ::testing::TestWithParam<Case> {
 protected:
  DurationHorizonTest() : random_(GetParam().seed) {}

  Micros Below(Micros n) {
    return static_cast<Micros>(random_() % static_cast<uint64_t>(n));
  }
  bool OneIn(int n) { return Below(n) == 0; }

  TalliesShape Shape() const {
    Column column = {.durations = true, .groups = GetParam().groups};
    if (!column.groups.has_value()) column.horizon = GetParam().horizon;
    return {.slots = 3, .groups = 1, .columns = {column}};
  }
  Micros BinOf(const Unit& unit) const {
    return EntryBinOf(unit.entry, GetParam().resolution);
  }
  bool EndsInTime(const Unit& unit) const {
    return unit.end.has_value() && *unit.end < unit.entry + GetParam().horizon;
  }

  Unit MakeUnit(Micros from) {
    Unit unit;
    unit.entry = from + Below(5 * kDay);
    if (OneIn(300)) unit.entry += 40 * kDay;  // A clock that is wrong.
    const Micros reach = std::min(2 * GetParam().horizon, 30 * kDay);
    if (!OneIn(3)) unit.end = unit.entry + Below(reach + 1);
    if (OneIn(8)) unit.crossing = unit.entry + Below(reach + 1);
    unit.segment = static_cast<int>(1 + Below(2));
    return unit;
  }

  Contribution ContributionOf(const Unit& unit) const {
    Contribution contribution;
    contribution.slots = {0, unit.segment};
    const auto emit = [&](Tick tick, int sign, DurationKind kind, Micros bin) {
      Change change;
      change.tick = tick;
      change.sign = static_cast<int8_t>(sign);
      change.kind = kind;
      change.value[0] = bin;
      // It leaves when it crosses over: what it was then goes.
      if (unit.crossing.has_value()) {
        if (tick >= EventTick(*unit.crossing)) return;
        Change undo = change;
        undo.tick = EventTick(*unit.crossing);
        undo.sign = static_cast<int8_t>(-sign);
        contribution.changes.push_back(undo);
      }
      contribution.changes.push_back(change);
    };
    emit(EventTick(unit.entry), 1, DurationKind::kOpen, BinOf(unit));
    if (EndsInTime(unit)) {
      emit(EventTick(*unit.end), -1, DurationKind::kOpen, BinOf(unit));
      emit(EventTick(*unit.end), 1, DurationKind::kEvent,
           DurationBinOf(*unit.end - unit.entry, GetParam().resolution));
    } else if (GetParam().explicit_horizon) {
      const Tick tick = TimedTick(unit.entry + GetParam().horizon);
      emit(tick, -1, DurationKind::kOpen, BinOf(unit));
      emit(tick, 1, DurationKind::kHorizon, GetParam().horizon);
    }
    return contribution;
  }

  std::vector<DurationBin> Count(int slot, Micros as_of) const {
    const Tick tick = AsOfTick(as_of);
    const auto is_there = [&](const Unit& unit) {
      return (slot == 0 || slot == unit.segment) &&
             EventTick(unit.entry) <= tick &&
             !(unit.crossing.has_value() && EventTick(*unit.crossing) <= tick);
    };
    DurationCounts counts;
    const auto& grid = GetParam().groups;
    NaiveGroups groups(as_of / kHour * kHour, grid.value_or(GroupGrid()).grid);
    int64_t units = 0;
    for (const Unit& unit : units_) {
      if (!is_there(unit)) continue;
      ++units;
      const bool ended = EndsInTime(unit) && EventTick(*unit.end) <= tick;
      const auto kind = ended ? DurationKind::kEvent : DurationKind::kOpen;
      const Micros bin =
          ended ? DurationBinOf(*unit.end - unit.entry, GetParam().resolution)
                : BinOf(unit);
      counts.Add(kind, bin, 1);
      groups.Add(kind, bin, 1);
    }
    if (grid.has_value() && units > grid->exact_units) counts = groups.Means();
    std::map<Micros, DurationBin> bins;
    for (const DurationCounts::Count& count : counts.counts()) {
      const bool ended = count.kind() == DurationKind::kEvent;
      const Micros duration = ended ? count.bin()
                                    : std::clamp<Micros>(as_of - count.bin(), 0,
                                                         GetParam().horizon);
      DurationBin& bin = bins[duration];
      bin.duration = duration;
      (ended ? bin.events : bin.censored) += count.count;
    }
    std::vector<DurationBin> result;
    for (const auto& [duration, bin] : bins) result.push_back(bin);
    return result;
  }

  void ExpectSame(const Tallies& tallies, const std::string& state) {
    for (int i = 0; i < 12; ++i) {
      Micros as_of = kBegin - kDay + Below(70 * kDay);
      if (OneIn(2)) as_of = as_of / kHour * kHour;
      for (int slot = 0; slot < 3; ++slot) {
        ASSERT_EQ(tallies.ReadBins(slot, 0, 0, as_of), Count(slot, as_of))
            << state << ", slot " << slot << ", " << as_of - kBegin;
      }
    }
  }

  std::mt19937_64 random_;
  std::vector<Unit> units_;
};

TEST_P(DurationHorizonTest, EveryStateReadsAsACountOfUnits) {
  Tallies tallies(Shape());
  BookDelta delta(Shape().columns);
  for (int round = 0; round < 20; ++round) {
    SCOPED_TRACE(round);
    // Time goes on, and stands still.
    const Micros from = kBegin + round / 3 * 6 * kDay;
    for (int i = 0; i < 400; ++i) {
      if (!units_.empty() && OneIn(3)) {
        // Late news of any unit.
        Unit& unit = units_[Below(static_cast<Micros>(units_.size()))];
        delta.Add(ContributionOf(unit), -1);
        unit = MakeUnit(unit.entry - std::min(unit.entry - kBegin, kDay));
        delta.Add(ContributionOf(unit), 1);
        continue;
      }
      units_.push_back(MakeUnit(from));
      delta.Add(ContributionOf(units_.back()), 1);
    }
    tallies.Apply(delta);
    delta.Clear();
    ExpectSame(tallies, "live");
    if (round % 5 != 4) continue;
    const std::string bytes = tallies.Serialize();
    const std::string totals = tallies.SerializeTotals();
    ExpectSame(tallies, "settled");
    for (const std::string& taken : {totals, std::string()}) {
      auto parsed = Tallies::Parse(bytes, Shape(), taken);
      ASSERT_THAT(parsed, IsOk());
      EXPECT_TRUE(*parsed == tallies);
      ExpectSame(*parsed, absl::StrCat("parsed, ", taken.size()));
      if (OneIn(3)) tallies = *std::move(parsed);
    }
    // Some go, as after an erasure.
    Tallies gone = tallies.Zero();
    std::vector<Unit> rest;
    for (const Unit& unit : units_) {
      if (OneIn(4)) {
        gone.Apply(ContributionOf(unit), 1);
      } else {
        rest.push_back(unit);
      }
    }
    units_ = std::move(rest);
    tallies.Subtract(gone);
    ExpectSame(tallies, "subtracted");
  }
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  uint64_t seed = 0;
  for (const Micros horizon :
       {Micros{1}, 90 * kSecond, kHour, 3 * kDay + 1, 14 * kDay, kMaxTime}) {
    for (const Micros resolution : {kSecond, kHour, 7 * kSecond + 13, kDay}) {
      for (const bool explicit_horizon : {false, true}) {
        if (explicit_horizon && horizon == kMaxTime) continue;
        cases.push_back({horizon, resolution, explicit_horizon, ++seed});
      }
    }
  }
  for (const Micros resolution : {kSecond, 7 * kSecond + 13, kHour}) {
    for (const int bits : {1, 4, 7}) {
      // All of them, those of some slots and times, and none.
      for (const int units : {0, 700, 100'000}) {
        cases.push_back({kMaxTime, resolution, false, ++seed,
                         GroupGrid{{resolution, bits}, units}});
      }
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Random, DurationHorizonTest,
                         ::testing::ValuesIn(Cases()), [](const auto& info) {
                           return absl::StrCat("case", info.param.seed);
                         });

}  // namespace
}  // namespace stagecraft::engine
