#include "engine/duration_series.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "engine/radix_sort.h"

namespace stagecraft::engine {
namespace {

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

int64_t UnitsOf(absl::Span<const DurationCounts::Count> counts) {
  int64_t units = 0;
  for (const DurationCounts::Count& count : counts) units += count.count;
  return units;
}

// The earliest look at the tick.
Micros EarliestLook(Tick tick) { return Micros{tick >> 1} * kTickLength; }

bool IsOpen(uint64_t key) {
  return key >> 56 == static_cast<uint64_t>(DurationKind::kOpen);
}

}  // namespace

void DurationSeries::See(Tick present) {
  const int64_t size = changes_.SizeOf(seen_, present);
  by_themselves_.unsettled += size;
  in_groups_.unsettled += size;
  seen_ = present;
}

Micros DurationSeries::MergedUntil(Tick tick) const {
  if (!horizon_.has_value()) return -1;
  return std::clamp<Micros>(EarliestLook(tick) - *horizon_, -1, kMaxBin);
}

Micros DurationSeries::MergedInTotals(Tick present) const {
  return std::max<Micros>(MergedUntil(present) - kMergeLag, -1);
}

std::optional<DurationGroups> DurationSeries::GroupingOf(Tick tick,
                                                         int64_t units,
                                                         Micros lag) const {
  if (!grid_.has_value() || units <= grid_->exact_units) return std::nullopt;
  return DurationGroups(grid_->grid, EarliestLook(tick) - lag);
}

void DurationSeries::KeepGroups(Tick until) {
  if (!grid_.has_value()) return;
  int64_t units = 0;
  for (const DurationTotal& total : totals_) {
    units = std::max(units, total.units());
  }
  const std::optional<Tick> tick = changes_.LastWith(
      std::max(kGroupChanges, units / kUnitsToAChange), until);
  for (size_t slot = 0; tick.has_value() && slot < totals_.size(); ++slot) {
    // Totals do not have all units that new groups would have to have.
    if (groups_are_ahead_ && !KeptMoment(static_cast<int>(slot)).has_value()) {
      continue;
    }
    const auto groups = GroupingOf(*tick, totals_[slot].units(), kGroupLag);
    if (!groups.has_value()) continue;
    groups_.resize(totals_.size());
    if (groups_[slot].has_grown()) groups_[slot].Keep(*groups, totals_[slot]);
  }
}

std::vector<DurationSeries::Counts> DurationSeries::Take(
    const SlotCombinations& of, Tick present, State* state) {
  const Micros merged = horizon_.has_value() ? merged_until_ : -1;
  DurationChanges::Changes past = std::exchange(state->pending, {});
  for (DurationChanges::Change& change : past) {
    change.key = MergedKey(change.key, merged);
  }
  const bool many = changes_.SizeOf(state->until, present) >= kManyChanges;
  OpenUnits open;
  changes_.ForEachIn(state->until, present,
                     [&](DurationChanges::Change change) {
                       change.key = MergedKey(change.key, merged);
                       if (many && IsOpen(change.key)) {
                         open.Add(change.key, change.combination, change.count);
                       } else {
                         past.push_back(change);
                       }
                     });
  open.ForEach([&](uint64_t key, uint32_t combination, int64_t count) {
    DurationChanges::Put(key, combination, count, &past);
  });
  state->until = present;
  state->unsettled = 0;
  RadixSort([](const DurationChanges::Change& change) { return change.key; },
            [](const DurationChanges::Change&) { return uint64_t{0}; }, &past);
  std::vector<size_t> sizes(totals_.size());
  for (const DurationChanges::Change& change : past) {
    for (const int slot : of[change.combination]) {
      if (static_cast<size_t>(slot) >= sizes.size()) sizes.resize(slot + 1);
      ++sizes[slot];
    }
  }
  std::vector<Counts> counts(sizes.size());
  for (size_t slot = 0; slot < counts.size(); ++slot) {
    counts[slot].reserve(sizes[slot]);
  }
  for (const DurationChanges::Change& change : past) {
    for (const int slot : of[change.combination]) {
      counts[slot].push_back({change.key, change.count});
    }
  }
  return counts;
}

void DurationSeries::SettleGroups(const SlotCombinations& of, Tick present) {
  const std::vector<Counts> more = Take(of, present, &in_groups_);
  for (size_t slot = 0; slot < groups_.size(); ++slot) {
    groups_[slot].AddSorted(more[slot]);
  }
  groups_are_ahead_ = true;
  KeepGroups(present);
}

void DurationSeries::Settle(const SlotCombinations& of, Tick present) {
  if (groups_are_ahead_) SettleGroups(of, present);
  merged_until_ = std::max(merged_until_, MergedInTotals(present));
  const Tick until = by_themselves_.until;
  const std::vector<Counts> more = Take(of, present, &by_themselves_);
  changes_.Shrink(until, present);
  totals_.resize(more.size());
  for (size_t slot = 0; slot < more.size(); ++slot) {
    totals_[slot].AddSorted(more[slot]);
    if (horizon_.has_value()) totals_[slot].MergeOpen(merged_until_);
    if (!groups_are_ahead_ && slot < groups_.size()) {
      groups_[slot].AddSorted(more[slot]);
    }
  }
  seen_ = present;
  Settled();
}

void DurationSeries::Settled() {
  in_groups_ = {};
  groups_are_ahead_ = false;
  KeepGroups(by_themselves_.until);
  if (!groups_.empty()) in_groups_.until = by_themselves_.until;
  size_t largest = 0;
  for (const DurationTotal& total : totals_) {
    largest = std::max(largest, total.size());
  }
  unsettled_at_ = std::max(kUnsettled, largest / 16);
  if (groups_.empty()) return;
  unsettled_at_ =
      std::max(unsettled_at_, std::min(largest / 4, kUnsettledBesidesGroups));
}

void DurationSeries::Subtract(const DurationSeries& other,
                              absl::Span<const uint32_t> numbers) {
  other.changes_.ForEachTick(
      [&](Tick tick, const DurationChanges::Changes& changes) {
        for (const DurationChanges::Change& change : changes) {
          AddPending(tick, change.key, numbers[change.combination],
                     -int64_t{change.count});
        }
      });
}

DurationSeries DurationSeries::Unsaved() const {
  DurationSeries unsaved(horizon_, waits_, grid_);
  changes_.ForEachUnsavedTick([&](Tick tick, DurationChanges::Changes changes) {
    unsaved.changes_.Replace(tick, &changes);
  });
  return unsaved;
}

void DurationSeries::SetUnsaved(const DurationSeries& other) {
  other.changes_.ForEachTick([&](Tick tick, const DurationChanges::Changes&) {
    changes_.SetUnsaved(tick);
  });
}

void DurationSeries::Replace(const DurationSeries& changed,
                             absl::Span<const uint32_t> numbers) {
  changed.changes_.ForEachTick([&](Tick tick,
                                   DurationChanges::Changes changes) {
    changes_.ForEachIn(tick - 1, tick, [&](const DurationChanges::Change& old) {
      PutPending(tick, old.key, old.combination, -int64_t{old.count});
    });
    for (DurationChanges::Change& change : changes) {
      change.combination = numbers[change.combination];
      PutPending(tick, change.key, change.combination, change.count);
    }
    changes_.Replace(tick, &changes);
  });
}

DurationSeries::Parts DurationSeries::PartsAt(int slot, Tick tick,
                                              const SlotCombinations& of,
                                              const State& state,
                                              Micros merged_until) const {
  // By combination: whether it has the slot.
  std::vector<uint8_t> has(of.size());
  for (uint32_t i = 0; i < of.size(); ++i) has[i] = of.Has(i, slot);
  Parts parts = {.merged = MergedUntil(tick)};
  const auto add = [&](const DurationChanges::Change& change, int sign = 1) {
    if (has[change.combination] == 0) return;
    parts.more.push_back(
        {MergedKey(change.key, parts.merged), int64_t{sign} * change.count});
  };
  constexpr Tick kBegin = std::numeric_limits<Tick>::min();
  // Whoever stands together in the totals, but not at the tick.
  const Tick apart =
      parts.merged < merged_until ? EventTick(parts.merged + 1) - 1 : tick;
  if (tick < state.until &&
      changes_.SizeOf(kBegin, tick) <
          changes_.SizeOf(apart, tick) + changes_.SizeOf(tick, state.until)) {
    // Nearer to the beginning than to the present.
    changes_.ForEachIn(
        kBegin, tick,
        [&](const DurationChanges::Change& change) { add(change); });
    parts.totals = false;
    return parts;
  }
  if (parts.merged < merged_until) {
    changes_.ForEachIn(apart, tick, [&](DurationChanges::Change change) {
      if (MergedKey(change.key, merged_until) != 0 ||
          MergedKey(change.key, parts.merged) == 0) {
        return;
      }
      add(change);
      change.key = 0;
      add(change, -1);
    });
    parts.merged = merged_until;
  }
  for (const DurationChanges::Change& change : state.pending) add(change);
  changes_.ForEachIn(
      state.until, tick,
      [&](const DurationChanges::Change& change) { add(change); });
  changes_.ForEachIn(
      tick, state.until,
      [&](const DurationChanges::Change& change) { add(change, -1); });
  return parts;
}

const DurationTotal& DurationSeries::TotalOf(int slot) const {
  static const DurationTotal none;
  return static_cast<size_t>(slot) < totals_.size() ? totals_[slot] : none;
}

DurationCounts DurationSeries::Sum(int slot, Parts parts) const {
  DurationCounts counts;
  if (parts.totals) counts = TotalOf(slot).Counts(parts.merged);
  counts.AddAll(&parts.more);
  return counts;
}

std::optional<DurationGroupSums> DurationSeries::KeptGroupsAt(
    int slot, Tick tick, const SlotCombinations& of) const {
  const std::optional<Micros> moment = KeptMoment(slot);
  if (!moment.has_value() || *moment > EarliestLook(tick)) return std::nullopt;
  const GroupTotal& total = groups_[slot];
  Parts parts = PartsAt(slot, tick, of, in_groups_, -1);
  const auto groups = GroupingOf(
      tick, (parts.totals ? total.units() : 0) + UnitsOf(parts.more));
  if (!groups.has_value()) return std::nullopt;
  DurationGroupSums sums;
  if (parts.totals) sums = total.At(*groups);
  sums.AddSorted(GroupsOf(std::move(parts.more), *groups).entries());
  return sums;
}

std::optional<DurationGroupSums> DurationSeries::Groups(int slot, Tick tick,
                                                        Parts* parts) const {
  const DurationTotal& total = TotalOf(slot);
  const auto groups = GroupingOf(
      tick, (parts->totals ? total.units() : 0) + UnitsOf(parts->more));
  if (!groups.has_value()) return std::nullopt;
  DurationGroupSums sums;
  if (parts->totals) sums = GroupsOf(total, *groups);
  sums.AddSorted(GroupsOf(std::move(parts->more), *groups).entries());
  return sums;
}

DurationCounts DurationSeries::At(int slot, Tick tick,
                                  const SlotCombinations& of) const {
  return Sum(slot, PartsAt(slot, tick, of));
}

std::optional<DurationGroupSums> DurationSeries::GroupsAt(
    int slot, Tick tick, const SlotCombinations& of) const {
  if (!grid_.has_value()) return std::nullopt;
  auto kept = KeptGroupsAt(slot, tick, of);
  if (kept.has_value()) return kept;
  Parts parts = PartsAt(slot, tick, of);
  return Groups(slot, tick, &parts);
}

std::vector<DurationBin> DurationSeries::BinsAt(
    int slot, Micros as_of, const SlotCombinations& of) const {
  const Tick tick = AsOfTick(as_of);
  if (const auto kept = KeptGroupsAt(slot, tick, of); kept.has_value()) {
    return MeansOf(*kept).AsOf(as_of, horizon_, waits_);
  }
  Parts parts = PartsAt(slot, tick, of);
  const auto groups = Groups(slot, tick, &parts);
  const DurationCounts counts =
      groups.has_value() ? MeansOf(*groups) : Sum(slot, std::move(parts));
  return counts.AsOf(as_of, horizon_, waits_);
}

std::optional<Micros> DurationSeries::KeptMoment(int slot) const {
  return static_cast<size_t>(slot) < groups_.size() ? groups_[slot].moment()
                                                    : std::nullopt;
}

int64_t DurationSeries::bytes() const {
  size_t bytes = totals_.capacity() * sizeof(DurationTotal) +
                 groups_.capacity() * sizeof(GroupTotal);
  for (const State* state : {&by_themselves_, &in_groups_}) {
    bytes += state->pending.capacity() * sizeof(DurationChanges::Change);
  }
  for (const DurationTotal& total : totals_) bytes += total.bytes();
  for (const GroupTotal& total : groups_) bytes += total.bytes();
  return changes_.bytes() + static_cast<int64_t>(bytes);
}

}  // namespace stagecraft::engine
