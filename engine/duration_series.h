// A series of changes of durations by tick and slots, read as the sum of all
// changes in a slot up to a tick.
#ifndef STAGECRAFT_ENGINE_DURATION_SERIES_H_
#define STAGECRAFT_ENGINE_DURATION_SERIES_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/duration_changes.h"
#include "engine/duration_groups.h"
#include "engine/duration_tally.h"
#include "engine/grouped_total.h"
#include "engine/slot_combinations.h"
#include "engine/tick.h"

namespace stagecraft::engine {

// Not thread-safe. One series holds the changes of all slots, by combination;
// `of` says what the combinations are, and is always the same. A series is told
// which tick is `present` whenever it is changed, and that never goes back.
//
// Changes are kept by tick: adding one costs little, and nothing is looked for.
// The sum up to some recent present is kept besides, by slot, and what is
// pending since then. If there is a horizon, the units that are open for as
// long stand together there, at bin 0: who they are follows from the present.
// If units stand in groups, those of a recent moment are kept, too.
class DurationSeries {
 public:
  // Changes of units that are open come at ticks from that of their bin on. See
  // Column for the arguments.
  explicit DurationSeries(std::optional<Micros> horizon,
                          std::optional<DurationGrid> waits = std::nullopt,
                          std::optional<GroupGrid> groups = std::nullopt)
      : horizon_(horizon),
        waits_(waits),
        grid_(horizon.has_value() ? std::nullopt : groups) {}

  void Add(Tick tick, uint64_t key, uint32_t combination, int64_t count,
           const SlotCombinations& of, Tick present) {
    if (present != seen_) See(present);
    AddPending(tick, key, combination, count);
    if (tick <= present) ++unsettled_;
    if (unsettled_ >= kUnsettled && unsettled_ >= largest_total_ / 16) {
      Settle(of, present);
    }
  }

  // Sums up to the present.
  void Settle(const SlotCombinations& of, Tick present);

  // Takes all changes of `other` out, whose combinations are those of
  // `numbers`.
  void Subtract(const DurationSeries& other,
                absl::Span<const uint32_t> numbers);

  // The sum of all changes in `slot` at ticks <= `tick`; units that have been
  // open for as long as the horizon by every look at that tick are at bin 0.
  DurationCounts At(int slot, Tick tick, const SlotCombinations& of) const;
  // The same units in the groups of the first look at the tick; nothing if they
  // are not to stand in groups.
  std::optional<DurationGroupSums> GroupsAt(int slot, Tick tick,
                                            const SlotCombinations& of) const;
  // In groups, if they are to stand in any.
  std::vector<DurationBin> BinsAt(int slot, Micros as_of,
                                  const SlotCombinations& of) const;

  // The changes as bytes, the same for the same changes; appended to `out`.
  void Serialize(const SlotCombinations& of, std::string* out) const;
  // Takes them from the front of `in`, into `of` what combinations there are,
  // and raises `newest` to the newest tick of an event. False if they could not
  // have been written of tallies with `slots` slots; the series is then in any
  // state. The series was empty; call Settle afterwards.
  [[nodiscard]] bool Parse(int slots, absl::string_view* in,
                           SlotCombinations* of, Tick* newest);
  // The same of bytes of version 1, which were of one slot; the series may have
  // changes of others.
  [[nodiscard]] bool ParseVersion1(int slot, absl::string_view* in,
                                   SlotCombinations* of, Tick* newest);

  // The sums up to the present as bytes, appended to `out`: a series that was
  // parsed may take them instead of summing up. Call Settle before.
  void SerializeTotals(std::string* out) const;
  // Takes them from the front of `in`. False if they could not have been
  // written of tallies with `slots` slots; the series is then as it was.
  [[nodiscard]] bool ParseTotals(int slots, Tick present,
                                 absl::string_view* in);

  // As of which moment groups of a slot are kept; nothing if none are.
  std::optional<Micros> KeptGroups(int slot) const;
  // Memory that is held, apart from the object.
  int64_t bytes() const;

 private:
  static constexpr size_t kUnsettled = 2048;
  static constexpr Micros kMergeLag = kDay;
  // Groups are kept of so long ago, for looks that are not of this moment; and
  // few events with a wrong time, in the future, do not make them: less than so
  // many, or so many in a thousand of the units that came, if that is more.
  static constexpr Micros kGroupLag = 2 * kHour;
  static constexpr int64_t kGroupChanges = 256;
  static constexpr int64_t kUnitsToAChange = 1000;

  void AddPending(Tick tick, uint64_t key, uint32_t combination,
                  int64_t count) {
    changes_.Add(tick, key, combination, count);
    if (tick <= total_until_) {
      DurationChanges::Put(key, combination, count, &pending_);
    }
  }
  void See(Tick present);
  // Up to which bin open units stand together in sums up to the tick; -1 if
  // none do.
  Micros MergedUntil(Tick tick) const;
  // The same of totals: later, so that a look a day back need not look for who
  // was not among them yet.
  Micros MergedInTotals(Tick present) const;
  // The groups that so many units stand in, if they do, so long before the
  // first look at the tick.
  std::optional<DurationGroups> GroupingOf(Tick tick, int64_t units,
                                           Micros lag = 0) const;
  void KeepGroups();
  // What At adds up.
  struct Parts {
    const GroupedTotal* total = nullptr;      // None near the beginning.
    Micros merged = -1;                       // Open units up to this bin.
    std::vector<DurationCounts::Count> more;  // In no order.
  };
  Parts PartsAt(int slot, Tick tick, const SlotCombinations& of) const;
  static DurationCounts Sum(Parts parts);
  std::optional<DurationGroupSums> Groups(Tick tick, Parts* parts) const;
  // Takes changes as Serialize writes them, whose combinations have these
  // numbers here; says which of them there are changes of.
  bool ParseChanges(absl::string_view* in, absl::Span<const uint32_t> numbers,
                    std::vector<bool>* used, Tick* newest);

  std::optional<Micros> horizon_;
  std::optional<DurationGrid> waits_;
  std::optional<GroupGrid> grid_;
  DurationChanges changes_;
  // By slot, those that have any: of the changes up to total_until_ that are
  // not pending.
  std::vector<GroupedTotal> totals_;
  size_t largest_total_ = 0;
  Micros merged_until_ = -1;  // In totals_.
  Tick total_until_ = std::numeric_limits<Tick>::min();
  DurationChanges::Changes pending_;  // Up to total_until_.
  // How many changes there are up to seen_ that totals_ does not have.
  size_t unsettled_ = 0;
  Tick seen_ = std::numeric_limits<Tick>::min();
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_DURATION_SERIES_H_
