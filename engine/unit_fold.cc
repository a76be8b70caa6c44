#include "engine/unit_fold.h"

#include <algorithm>
#include <tuple>

namespace stagecraft::engine {
namespace {

// The first event that is no exposure: a unit that has one is matched.
Micros FirstOther(absl::Span<const FoldEvent> events) {
  for (const FoldEvent& event : events) {
    if (!event.facts->is_exposure) return event.time;
  }
  return -1;
}

}  // namespace

void UnpackAll(absl::string_view packed, std::vector<UnitEvent>* events) {
  events->clear();
  const char* const end = packed.data() + packed.size();
  for (const char* in = packed.data(); in < end;) {
    in = Unpack(in, &events->emplace_back());
  }
}

std::vector<UnitEvent> UnpackAll(absl::string_view packed) {
  std::vector<UnitEvent> events;
  UnpackAll(packed, &events);
  return events;
}

AddOutcome AddEvent(const UnitEvent& event, std::vector<UnitEvent>* events,
                    UnitEvent* replaced) {
  const auto same = std::find_if(
      events->begin(), events->end(),
      [&](const UnitEvent& other) { return other.id_hash == event.id_hash; });
  AddOutcome outcome = AddOutcome::kAdded;
  if (same != events->end()) {
    if (!event.Before(*same)) return AddOutcome::kDuplicate;
    *replaced = *same;
    events->erase(same);
    outcome = AddOutcome::kReplaced;
  }
  const auto place = std::upper_bound(
      events->begin(), events->end(), event,
      [](const UnitEvent& a, const UnitEvent& b) {
        return std::tie(a.time, a.id_hash) < std::tie(b.time, b.id_hash);
      });
  events->insert(place, event);
  return outcome;
}

AddOutcome WouldAdd(const UnitEvent& event, absl::string_view packed) {
  const char* const end = packed.data() + packed.size();
  uint32_t content;
  for (const char* in = packed.data(); in < end;
       in = UnpackContent(in, &content)) {
    if (UnpackIdHash(in) != event.id_hash) continue;
    UnitEvent other;
    Unpack(in, &other);
    return event.Before(other) ? AddOutcome::kReplaced : AddOutcome::kDuplicate;
  }
  return AddOutcome::kAdded;
}

bool AreBefore(absl::string_view packed, Micros time) {
  const char* const end = packed.data() + packed.size();
  const char* last = nullptr;
  uint32_t content;
  for (const char* in = packed.data(); in < end;) {
    last = in;
    in = UnpackContent(in, &content);
  }
  return last == nullptr || UnpackTime(last) < time;
}

UnitFolder::UnitFolder(const FoldSet* set)
    : set_(set), candidates_(set->size()), concerned_(set->size()) {
  for (size_t spec = 0; spec < set->size(); ++spec) {
    deltas_.push_back(set->book(spec)->NewDelta());
    late_.push_back(set->book(spec)->NewDelta());
  }
}

bool UnitFolder::Matters(uint32_t content) {
  if (content >= matters_.size()) matters_.resize(content + 1, -1);
  int8_t& matters = matters_[content];
  if (matters < 0) {
    // An exposure, or an event that a stage may begin with.
    const ContentFacts& facts = set_->FactsOf(content);
    SpecSet specs = facts.matches;
    specs &= set_->journeys();
    specs |= facts.exposes;
    matters = 0;
    specs.ForEach([&](size_t) { matters = 1; });
  }
  return matters != 0;
}

bool UnitFolder::MayContribute(absl::string_view packed) {
  const char* const end = packed.data() + packed.size();
  uint32_t content;
  for (const char* in = packed.data(); in < end;) {
    in = UnpackContent(in, &content);
    if (content == ContentTable::kNotInterned || Matters(content)) return true;
  }
  return false;
}

const ContentFacts& UnitFolder::FactsOf(const UnitEvent& event) {
  if (event.content != ContentTable::kNotInterned) {
    return set_->FactsOf(event.content);
  }
  return judged_.emplace_back(set_->Judge(event.text));
}

void UnitFolder::ToFacts(absl::Span<const UnitEvent> events,
                         std::vector<FoldEvent>* facts) {
  facts->clear();
  for (const UnitEvent& event : events) facts->push_back(ToFact(event));
}

void UnitFolder::Candidates(absl::Span<const FoldEvent> events,
                            SpecSet* specs) const {
  for (const FoldEvent& event : events) *specs |= event.facts->exposes;
}

absl::Span<const FoldEvent> UnitFolder::Facts(
    absl::Span<const UnitEvent> events) {
  judged_.clear();
  ToFacts(events, &before_);
  return before_;
}

template <typename Fn>
void UnitFolder::ForEachContribution(absl::Span<const UnitEvent> events,
                                     const Fn& fn) {
  if (set_->size() == 0) return;
  judged_.clear();
  ToFacts(events, &before_);
  candidates_ = set_->journeys();
  Candidates(before_, &candidates_);
  candidates_.ForEach([&](size_t spec) {
    set_->Contribute(spec, before_, &new_);
    if (!new_.changes.empty()) fn(spec, &new_);
  });
}

void UnitFolder::Add(absl::Span<const UnitEvent> events, int sign, bool late) {
  std::vector<BookDelta>& deltas = late ? late_ : deltas_;
  ForEachContribution(events, [&](size_t spec, Contribution* contribution) {
    deltas[spec].Add(*contribution, sign);
  });
}

void UnitFolder::AddAsOf(absl::Span<const UnitEvent> events, Tick tick) {
  ForEachContribution(events, [&](size_t spec, Contribution* contribution) {
    std::vector<Change>& changes = contribution->changes;
    changes.erase(std::remove_if(
                      changes.begin(), changes.end(),
                      [&](const Change& change) { return change.tick > tick; }),
                  changes.end());
    // Before the bins of units that entered within that hour; but a book
    // without events has no present, and sums nothing up.
    for (Change& change : changes) change.tick = tick & ~1;
    deltas_[spec].Add(*contribution, 1);
  });
}

void UnitFolder::Append(absl::Span<const UnitEvent> events, size_t old,
                        bool late) {
  if (set_->size() == 0) return;
  judged_.clear();
  ToFacts(events, &after_);
  AppendFacts(old, late);
}

bool UnitFolder::HasOther(absl::string_view packed) const {
  const char* const end = packed.data() + packed.size();
  uint32_t content;
  for (const char* in = packed.data(); in < end;) {
    in = UnpackContent(in, &content);
    if (content == ContentTable::kNotInterned) return false;
    if (!set_->FactsOf(content).is_exposure) return true;
  }
  return false;
}

void UnitFolder::Append(absl::string_view packed,
                        absl::Span<const UnitEvent> appended, bool late) {
  if (set_->size() == 0) return;
  judged_.clear();
  ToFacts(appended, &before_);
  const bool looked_at =
      std::any_of(before_.begin(), before_.end(), [](const FoldEvent& event) {
        return !event.facts->matches.empty() || !event.facts->exposes.empty();
      });
  // Nor may it be the unit's first event that is no exposure.
  if (!looked_at && (FirstOther(before_) < 0 || HasOther(packed))) return;
  after_.clear();
  const char* const end = packed.data() + packed.size();
  UnitEvent event;
  for (const char* in = packed.data(); in < end;) {
    in = Unpack(in, &event);
    after_.push_back(ToFact(event));
  }
  const size_t old = after_.size();
  after_.insert(after_.end(), before_.begin(), before_.end());
  AppendFacts(old, late);
}

void UnitFolder::AppendFacts(size_t old, bool late) {
  std::vector<BookDelta>& deltas = late ? late_ : deltas_;
  const absl::Span<const FoldEvent> all = after_;
  // What comes later changes no segment.
  concerned_.Clear();
  for (const FoldEvent& event : all.subspan(old)) {
    concerned_ |= event.facts->matches;
    concerned_ |= event.facts->exposes;
  }
  candidates_.Clear();
  Candidates(all, &candidates_);
  if (FirstOther(all.subspan(0, old)) != FirstOther(all)) {
    concerned_ |= candidates_;
  }
  candidates_ |= set_->journeys();
  candidates_ &= concerned_;
  candidates_.ForEach([&](size_t spec) {
    set_->ContributeAppended(spec, all, old, &old_, &new_);
    deltas[spec].Replace(old_, new_);
  });
}

void UnitFolder::Replace(absl::Span<const UnitEvent> before,
                         absl::Span<const UnitEvent> after,
                         absl::Span<const UnitEvent> changed, bool late) {
  if (set_->size() == 0) return;
  std::vector<BookDelta>& deltas = late ? late_ : deltas_;
  judged_.clear();
  ToFacts(before, &before_);
  ToFacts(after, &after_);
  concerned_.Clear();
  for (const UnitEvent& event : changed) {
    concerned_ |= FactsOf(event).concerns;
  }
  candidates_.Clear();
  Candidates(before_, &candidates_);
  Candidates(after_, &candidates_);
  if (FirstOther(before_) != FirstOther(after_)) concerned_ |= candidates_;
  candidates_ |= set_->journeys();
  candidates_ &= concerned_;
  candidates_.ForEach([&](size_t spec) {
    set_->Contribute(spec, before_, &old_);
    set_->Contribute(spec, after_, &new_);
    deltas[spec].Replace(old_, new_);
  });
}

void UnitFolder::Flush() {
  // Books where very many deltas wait come last.
  for (const bool wait : {false, true}) {
    for (size_t spec = 0; spec < deltas_.size(); ++spec) {
      BookDelta& delta = deltas_[spec];
      BookDelta& late = late_[spec];
      if (delta.empty() && late.empty()) continue;
      Book& book = *set_->book(spec);
      if (book.TryTake(&delta, &late) || !wait) continue;
      book.Apply(delta, late);
      delta.Clear();
      late.Clear();
    }
  }
}

}  // namespace stagecraft::engine
