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
  unsettled_ += changes_.SizeOf(seen_, present);
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

void DurationSeries::KeepGroups() {
  if (!grid_.has_value()) return;
  int64_t units = 0;
  for (const GroupedTotal& total : totals_) {
    units = std::max(units, total.units());
  }
  const std::optional<Tick> tick = changes_.LastWith(
      std::max(kGroupChanges, units / kUnitsToAChange), total_until_);
  if (!tick.has_value()) return;
  for (GroupedTotal& total : totals_) {
    const auto groups = GroupingOf(*tick, total.units(), kGroupLag);
    if (groups.has_value()) total.KeepGroups(*groups);
  }
}

void DurationSeries::Settle(const SlotCombinations& of, Tick present) {
  // The totals get what is pending, and what is past by now.
  merged_until_ = std::max(merged_until_, MergedInTotals(present));
  DurationChanges::Changes past = std::exchange(pending_, {});
  for (DurationChanges::Change& change : past) {
    change.key = MergedKey(change.key, merged_until_);
  }
  const bool many = changes_.SizeOf(total_until_, present) >= kManyChanges;
  OpenUnits open;
  changes_.ForEachIn(total_until_, present,
                     [&](DurationChanges::Change change) {
                       change.key = MergedKey(change.key, merged_until_);
                       if (many && IsOpen(change.key)) {
                         open.Add(change.key, change.combination, change.count);
                       } else {
                         past.push_back(change);
                       }
                     });
  open.ForEach([&](uint64_t key, uint32_t combination, int64_t count) {
    DurationChanges::Put(key, combination, count, &past);
  });
  changes_.Shrink(total_until_, present);
  total_until_ = present;
  seen_ = present;
  unsettled_ = 0;
  RadixSort([](const DurationChanges::Change& change) { return change.key; },
            [](const DurationChanges::Change&) { return uint64_t{0}; }, &past);
  std::vector<size_t> sizes(totals_.size());
  for (const DurationChanges::Change& change : past) {
    for (const int slot : of[change.combination]) {
      if (static_cast<size_t>(slot) >= sizes.size()) sizes.resize(slot + 1);
      ++sizes[slot];
    }
  }
  totals_.resize(sizes.size());
  std::vector<std::vector<DurationCounts::Count>> more(sizes.size());
  for (size_t slot = 0; slot < more.size(); ++slot) {
    more[slot].reserve(sizes[slot]);
  }
  for (const DurationChanges::Change& change : past) {
    for (const int slot : of[change.combination]) {
      more[slot].push_back({change.key, change.count});
    }
  }
  for (size_t slot = 0; slot < more.size(); ++slot) {
    totals_[slot].AddSorted(more[slot]);
    if (horizon_.has_value()) totals_[slot].MergeOpen(merged_until_);
    largest_total_ = std::max(largest_total_, totals_[slot].total().size());
  }
  KeepGroups();
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

DurationSeries::Parts DurationSeries::PartsAt(
    int slot, Tick tick, const SlotCombinations& of) const {
  // By combination: whether it has the slot.
  std::vector<uint8_t> has(of.size());
  for (uint32_t i = 0; i < of.size(); ++i) has[i] = of.Has(i, slot);
  Parts parts = {.merged = MergedUntil(tick)};
  const auto add = [&](const DurationChanges::Change& change, int sign = 1) {
    if (!has[change.combination]) return;
    parts.more.push_back(
        {MergedKey(change.key, parts.merged), int64_t{sign} * change.count});
  };
  constexpr Tick kBegin = std::numeric_limits<Tick>::min();
  // Whoever stands together in the totals, but not at the tick.
  const Tick apart =
      parts.merged < merged_until_ ? EventTick(parts.merged + 1) - 1 : tick;
  if (tick < total_until_ &&
      changes_.SizeOf(kBegin, tick) <
          changes_.SizeOf(apart, tick) + changes_.SizeOf(tick, total_until_)) {
    // Nearer to the beginning than to the present.
    changes_.ForEachIn(
        kBegin, tick,
        [&](const DurationChanges::Change& change) { add(change); });
    return parts;
  }
  if (parts.merged < merged_until_) {
    changes_.ForEachIn(apart, tick, [&](DurationChanges::Change change) {
      if (MergedKey(change.key, merged_until_) != 0 ||
          MergedKey(change.key, parts.merged) == 0) {
        return;
      }
      add(change);
      change.key = 0;
      add(change, -1);
    });
    parts.merged = merged_until_;
  }
  for (const DurationChanges::Change& change : pending_) add(change);
  changes_.ForEachIn(
      total_until_, tick,
      [&](const DurationChanges::Change& change) { add(change); });
  changes_.ForEachIn(
      tick, total_until_,
      [&](const DurationChanges::Change& change) { add(change, -1); });
  if (static_cast<size_t>(slot) < totals_.size()) parts.total = &totals_[slot];
  return parts;
}

DurationCounts DurationSeries::Sum(Parts parts) {
  DurationCounts counts;
  if (parts.total != nullptr) {
    counts = parts.total->total().Counts(parts.merged);
  }
  counts.AddAll(&parts.more);
  return counts;
}

std::optional<DurationGroupSums> DurationSeries::Groups(Tick tick,
                                                        Parts* parts) const {
  const int64_t settled = parts->total != nullptr ? parts->total->units() : 0;
  const auto groups = GroupingOf(tick, settled + UnitsOf(parts->more));
  if (!groups.has_value()) return std::nullopt;
  DurationGroupSums sums;
  if (parts->total != nullptr) sums = parts->total->Groups(*groups);
  sums.AddSorted(GroupAll(std::move(parts->more), *groups).entries());
  return sums;
}

DurationCounts DurationSeries::At(int slot, Tick tick,
                                  const SlotCombinations& of) const {
  return Sum(PartsAt(slot, tick, of));
}

std::optional<DurationGroupSums> DurationSeries::GroupsAt(
    int slot, Tick tick, const SlotCombinations& of) const {
  if (!grid_.has_value()) return std::nullopt;
  Parts parts = PartsAt(slot, tick, of);
  return Groups(tick, &parts);
}

std::vector<DurationBin> DurationSeries::BinsAt(
    int slot, Micros as_of, const SlotCombinations& of) const {
  const Tick tick = AsOfTick(as_of);
  Parts parts = PartsAt(slot, tick, of);
  const auto groups = Groups(tick, &parts);
  const DurationCounts counts =
      groups.has_value() ? MeansOf(*groups) : Sum(std::move(parts));
  return counts.AsOf(as_of, horizon_, waits_);
}

std::optional<Micros> DurationSeries::KeptGroups(int slot) const {
  return static_cast<size_t>(slot) < totals_.size()
             ? totals_[slot].kept_moment()
             : std::nullopt;
}

int64_t DurationSeries::bytes() const {
  int64_t totals = totals_.capacity() * sizeof(GroupedTotal);
  for (const GroupedTotal& total : totals_) totals += total.bytes();
  return changes_.bytes() + totals +
         static_cast<int64_t>(pending_.capacity() *
                              sizeof(DurationChanges::Change));
}

}  // namespace stagecraft::engine
