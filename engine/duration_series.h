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
#include "engine/duration_total.h"
#include "engine/group_total.h"
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
// If units stand in groups, sums in those of a recent moment are kept, too, and
// brought up to date more often where there are very many durations.
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
    if (tick > present) return;
    ++by_themselves_.unsettled;
    ++in_groups_.unsettled;
    if (by_themselves_.unsettled >= unsettled_at_) {
      Settle(of, present);
    } else if (in_groups_.unsettled >= kUngrouped && !groups_.empty()) {
      SettleGroups(of, present);
    }
  }

  // Sums up to the present.
  void Settle(const SlotCombinations& of, Tick present);

  // Takes all changes of `other` out, whose combinations are those of
  // `numbers`.
  void Subtract(const DurationSeries& other,
                absl::Span<const uint32_t> numbers);

  // What was changed since SetSaved: the changes at these ticks, all of them.
  DurationSeries Unsaved() const;
  void SetSaved() { changes_.SetSaved(); }
  // Nothing is saved of the ticks at which `other` has changes.
  void SetUnsaved(const DurationSeries& other);
  // At the ticks that `changed` has, what was there goes, and what it has there
  // comes; its combinations are those of `numbers`. Call Settle afterwards.
  void Replace(const DurationSeries& changed,
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

  // The ticks that there are, as bytes, appended to `out`: also those whose
  // changes cancel out, of which Serialize writes nothing.
  void SerializeTicks(std::string* out) const;
  // Takes them from the front of `in`, and adds those that are missing.
  [[nodiscard]] bool ParseTicks(absl::string_view* in);

  // The sums up to the present as bytes, appended to `out`: a series that was
  // parsed may take them instead of summing up. Call Settle before.
  void SerializeTotals(std::string* out) const;
  // Takes them from the front of `in`. False if they could not have been
  // written of tallies with `slots` slots; the series is then as it was.
  [[nodiscard]] bool ParseTotals(int slots, Tick present,
                                 absl::string_view* in);

  // As of which moment groups of a slot are kept; nothing if none are.
  std::optional<Micros> KeptMoment(int slot) const;
  // Memory that is held, apart from the object.
  int64_t bytes() const;

 private:
  // So many changes at most are not in totals, unless that is a small part of
  // them; more where the largest slots are read by groups. Looks at the others
  // walk these changes, too: a tenth of a millisecond at most.
  static constexpr size_t kUnsettled = 2048;
  static constexpr size_t kUnsettledBesidesGroups = 1 << 17;
  static constexpr size_t kUngrouped = 1 << 14;
  static constexpr Micros kMergeLag = kDay;
  // Groups are kept of so long ago, for looks that are not of this moment; and
  // few events with a wrong time, in the future, do not make them: less than so
  // many, or so many in a thousand of the units that came, if that is more.
  static constexpr Micros kGroupLag = 2 * kHour;
  static constexpr int64_t kGroupChanges = 256;
  static constexpr int64_t kUnitsToAChange = 1000;

  // What sums of changes have.
  struct State {
    Tick until = std::numeric_limits<Tick>::min();
    // Changes up to `until` that they do not have.
    DurationChanges::Changes pending;
    // How many changes up to seen_ they do not have.
    size_t unsettled = 0;
  };

  void AddPending(Tick tick, uint64_t key, uint32_t combination,
                  int64_t count) {
    changes_.Add(tick, key, combination, count);
    PutPending(tick, key, combination, count);
  }
  // Sums that are past the tick will have the change.
  void PutPending(Tick tick, uint64_t key, uint32_t combination,
                  int64_t count) {
    for (State* state : {&by_themselves_, &in_groups_}) {
      if (tick > state->until) continue;
      DurationChanges::Put(key, combination, count, &state->pending);
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
  // Totals are at the present: keeps groups of them, up to there, and says when
  // they will be brought up to date next.
  void Settled();
  // Keeps groups of slots that have many units, of a moment before that tick.
  void KeepGroups(Tick until);
  // Brings sums in groups up to the present.
  void SettleGroups(const SlotCombinations& of, Tick present);
  // Takes what sums in this state do not have up to the present, by slot, in
  // the order of keys.
  using Counts = std::vector<DurationCounts::Count>;
  std::vector<Counts> Take(const SlotCombinations& of, Tick present,
                           State* state);
  // A sum is that of totals and `more`.
  struct Parts {
    bool totals = true;  // None near the beginning.
    Micros merged = -1;  // Open units up to this bin, in both.
    Counts more;         // In no order.
  };
  Parts PartsAt(int slot, Tick tick, const SlotCombinations& of,
                const State& state, Micros merged_until) const;
  Parts PartsAt(int slot, Tick tick, const SlotCombinations& of) const {
    return PartsAt(slot, tick, of, by_themselves_, merged_until_);
  }
  const DurationTotal& TotalOf(int slot) const;
  DurationCounts Sum(int slot, Parts parts) const;
  // In groups: of those that are kept, and of all units by themselves. Nothing
  // if none are kept that early, or if units do not stand in groups.
  std::optional<DurationGroupSums> KeptGroupsAt(
      int slot, Tick tick, const SlotCombinations& of) const;
  std::optional<DurationGroupSums> Groups(int slot, Tick tick,
                                          Parts* parts) const;
  // Takes changes as Serialize writes them, whose combinations have these
  // numbers here; says which of them there are changes of.
  bool ParseChanges(absl::string_view* in, absl::Span<const uint32_t> numbers,
                    std::vector<bool>* used, Tick* newest);

  std::optional<Micros> horizon_;
  std::optional<DurationGrid> waits_;
  std::optional<GroupGrid> grid_;
  DurationChanges changes_;
  // By slot, those that have any.
  std::vector<DurationTotal> totals_;
  State by_themselves_;               // Of totals_.
  size_t unsettled_at_ = kUnsettled;  // They are brought up to date.
  Micros merged_until_ = -1;          // In totals_.
  // By slot, if any are kept.
  std::vector<GroupTotal> groups_;
  State in_groups_;                // Of groups_.
  bool groups_are_ahead_ = false;  // Of totals_.
  Tick seen_ = std::numeric_limits<Tick>::min();
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_DURATION_SERIES_H_
