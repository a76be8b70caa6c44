// Folding units: what a unit's events, or a change of them, add to the books.
#ifndef STAGECRAFT_ENGINE_UNIT_FOLD_H_
#define STAGECRAFT_ENGINE_UNIT_FOLD_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/book_delta.h"
#include "engine/fold_set.h"
#include "engine/unit_events.h"

namespace stagecraft::engine {

// Reads packed events.
std::vector<UnitEvent> UnpackAll(absl::string_view packed);
void UnpackAll(absl::string_view packed, std::vector<UnitEvent>* events);

// What becomes of an event that is added to a unit.
enum class AddOutcome {
  kAdded,      // It is new.
  kReplaced,   // It counts instead of the one that had its id.
  kDuplicate,  // One with its id is there and counts.
};
// Adds `event` in its place. `replaced` gets the one that had its id.
AddOutcome AddEvent(const UnitEvent& event, std::vector<UnitEvent>* events,
                    UnitEvent* replaced);
// What AddEvent would do to these packed events.
AddOutcome WouldAdd(const UnitEvent& event, absl::string_view packed);
// Whether all packed events are earlier than `time`.
bool AreBefore(absl::string_view packed, Micros time);

// Collects what units change in the books of a set, and carries it over with
// Flush. Keeps its memory from unit to unit. Not thread-safe.
class UnitFolder {
 public:
  // `set` outlives it.
  explicit UnitFolder(const FoldSet* set);

  // False: a unit with these packed events contributes nothing.
  bool MayContribute(absl::string_view packed);
  // Takes the contribution of a whole unit in (1) or out (-1). `late` is said
  // to the books.
  void Add(absl::Span<const UnitEvent> events, int sign, bool late = false);
  // Takes in what a whole unit contributes by `tick`, all of it at one tick
  // without events: for books that will be read at `tick` only.
  void AddAsOf(absl::Span<const UnitEvent> events, Tick tick);
  // The unit has `events`, of which it had the first `old` before. The others
  // are later than those.
  void Append(absl::Span<const UnitEvent> events, size_t old, bool late);
  // The same of a unit that had `packed` and gets `appended`. Costs little if
  // no specification looks at what is appended.
  void Append(absl::string_view packed, absl::Span<const UnitEvent> appended,
              bool late);
  // The unit had `before` and has `after`; they differ in the events `changed`
  // only (new ones, and those that they replaced).
  void Replace(absl::Span<const UnitEvent> before,
               absl::Span<const UnitEvent> after,
               absl::Span<const UnitEvent> changed, bool late);

  // The events with their facts; valid until the next call.
  absl::Span<const FoldEvent> Facts(absl::Span<const UnitEvent> events);

  // Changes the books, each at once.
  void Flush();

 private:
  // Whether an event of this content can make a unit contribute.
  bool Matters(uint32_t content);
  const ContentFacts& FactsOf(const UnitEvent& event);
  FoldEvent ToFact(const UnitEvent& event) {
    return {event.time, event.value, event.has_value, &FactsOf(event)};
  }
  void ToFacts(absl::Span<const UnitEvent> events,
               std::vector<FoldEvent>* facts);
  // Whether one of them is no exposure; false if that is not known at once.
  bool HasOther(absl::string_view packed) const;
  // Append of the events `after_`.
  void AppendFacts(size_t old, bool late);
  // Calls fn(spec, contribution) with what a whole unit contributes.
  template <typename Fn>
  void ForEachContribution(absl::Span<const UnitEvent> events, const Fn& fn);
  // The specifications that the events could contribute to.
  void Candidates(absl::Span<const FoldEvent> events, SpecSet* specs) const;

  const FoldSet* const set_;
  std::vector<BookDelta> deltas_;
  std::vector<BookDelta> late_;
  std::vector<FoldEvent> before_;
  std::vector<FoldEvent> after_;
  std::vector<int8_t> matters_;      // By content: -1 if not asked yet.
  std::deque<ContentFacts> judged_;  // Of contents without a number.
  Contribution old_;
  Contribution new_;
  SpecSet candidates_;
  SpecSet concerned_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_UNIT_FOLD_H_
