#include "engine/journey_fold.h"

#include <algorithm>
#include <utility>

namespace stagecraft::engine {
namespace {

// Whether a unit that leaves so has left before it can advance at `time`: an
// exit at the same moment comes after it, the time limit before it.
bool LeavesBefore(const StageEnd& leave, Micros time) {
  switch (leave.kind) {
    case StageEnd::Kind::kExited:
      return leave.time < time;
    case StageEnd::Kind::kTimedOut:
      return leave.time <= time;
    default:
      return false;
  }
}

// The first event at or after `time` that matches `filter`, or null.
const FoldEvent* FirstFrom(absl::Span<const FoldEvent> events, size_t spec,
                           int filter, Micros time) {
  constexpr size_t kMany = 32;
  const FoldEvent* event = events.begin();
  if (events.size() > kMany) {
    event = std::lower_bound(
        event, events.end(), time,
        [](const FoldEvent& e, Micros t) { return e.time < t; });
  }
  for (; event != events.end(); ++event) {
    if (event->time >= time && event->facts->specs[spec].Matches(filter)) {
      return event;
    }
  }
  return nullptr;
}

// Of a stage that more have come to, times are known to 1/256.
constexpr int kGroupBits = 8;
constexpr int64_t kExactUnits = 32'768;

}  // namespace

JourneyFold::JourneyFold(std::shared_ptr<const Journey> journey)
    : journey_(std::move(journey)), segmenter_(journey_->segments) {
  for (const Stage& stage : journey_->stages) {
    entry_filter_.push_back(filters_.Add(stage.entry));
    exit_filter_.push_back(stage.exit.has_value() ? filters_.Add(*stage.exit)
                                                  : -1);
  }
}

Tallies JourneyFold::ZeroTallies() const {
  std::vector<Column> columns(journey_->stages.size() * kStageColumns);
  for (size_t stage = 0; stage < journey_->stages.size(); ++stage) {
    Column& time = columns[ColumnOf(static_cast<int>(stage), kTime)];
    time.durations = true;
    time.groups = {.grid = {journey_->time_resolution, kGroupBits},
                   .exact_units = kExactUnits};
  }
  return Tallies({.slots = segmenter_.slot_count(),
                  .columns = std::move(columns),
                  .parts = segmenter_.Parts()});
}

bool JourneyFold::Classify(const ContentView& content, SpecFacts* facts) const {
  filters_.Match(content, [&](int filter) { facts->AddFilter(filter); });
  segmenter_.Classify(content, facts);
  return !facts->filters.empty() ||
         std::any_of(facts->slots.begin(), facts->slots.end(),
                     [](int16_t slot) { return slot >= 0; });
}

JourneyFold::Visits JourneyFold::VisitsOf(absl::Span<const FoldEvent> events,
                                          size_t spec) const {
  const std::vector<Stage>& stages = journey_->stages;
  Visits visits(stages.size());
  const FoldEvent* first = FirstFrom(events, spec, entry_filter_[0], 0);
  if (first == nullptr) return visits;
  const bool ordered = journey_->ordering == Journey::Ordering::kOrdered;
  const auto enter = [&](size_t stage, const FoldEvent& event) {
    visits[stage] = StageVisit{
        event.time, static_cast<size_t>(&event - events.begin()), {}};
  };
  enter(0, *first);
  const Micros begin = first->time;
  if (!ordered) {
    for (size_t stage = 1; stage < stages.size(); ++stage) {
      const FoldEvent* entry =
          FirstFrom(events, spec, entry_filter_[stage], begin);
      if (entry != nullptr) enter(stage, *entry);
    }
  }
  for (size_t stage = 0; stage < stages.size(); ++stage) {
    if (!visits[stage].has_value()) continue;
    StageVisit& visit = *visits[stage];
    // When it leaves without advancing: by an exit event or by silence.
    StageEnd leave;
    if (stages[stage].dropout_after.has_value()) {
      leave = {StageEnd::Kind::kTimedOut,
               visit.entry + *stages[stage].dropout_after};
    }
    if (exit_filter_[stage] >= 0) {
      const FoldEvent* exit =
          FirstFrom(events, spec, exit_filter_[stage], visit.entry);
      if (exit != nullptr &&
          (leave.kind == StageEnd::Kind::kOpen || exit->time < leave.time)) {
        leave = {StageEnd::Kind::kExited, exit->time};
      }
    }
    visit.end = leave;
    if (stage + 1 == stages.size()) {
      visit.end = {};  // Nothing comes after the last stage.
      break;
    }
    std::optional<Micros> advance;
    if (ordered) {
      const FoldEvent* next =
          FirstFrom(events, spec, entry_filter_[stage + 1], visit.entry);
      // Later stages are out of reach for who left this one.
      if (next == nullptr || LeavesBefore(leave, next->time)) break;
      enter(stage + 1, *next);
      advance = next->time;
    } else if (visits[stage + 1].has_value()) {
      advance = std::max(visits[stage + 1]->entry, visit.entry);
      if (LeavesBefore(leave, *advance)) advance.reset();
    }
    if (advance.has_value()) {
      visit.end = {StageEnd::Kind::kAdvanced, *advance};
    }
  }
  return visits;
}

JourneyFold::Visits JourneyFold::VisitsBefore(const Visits& is, size_t old,
                                              Micros time) const {
  Visits was(is.size());
  if (!is[0].has_value() || is[0]->entry_event >= old) return was;
  for (size_t stage = 0; stage < is.size(); ++stage) {
    if (!is[stage].has_value() || is[stage]->entry_event >= old) continue;
    was[stage] = is[stage];
    StageEnd& end = was[stage]->end;
    // A time limit is known from the entry on.
    if (end.kind == StageEnd::Kind::kOpen ||
        end.kind == StageEnd::Kind::kTimedOut || end.time < time) {
      continue;
    }
    const std::optional<Micros>& limit = journey_->stages[stage].dropout_after;
    end = {};
    if (limit.has_value()) {
      end = {StageEnd::Kind::kTimedOut, was[stage]->entry + *limit};
    }
  }
  return was;
}

void JourneyFold::AddVisit(size_t stage, const std::optional<StageVisit>& of,
                           std::vector<Change>* changes) const {
  if (!of.has_value()) return;
  const StageVisit& visit = *of;
  const Micros resolution = journey_->time_resolution;
  const auto add = [&](StageColumn column, Tick tick, int sign = 1,
                       DurationKind kind = DurationKind::kOpen,
                       Micros bin = 0) {
    Change change;
    change.column =
        static_cast<int16_t>(ColumnOf(static_cast<int>(stage), column));
    change.tick = tick;
    change.sign = static_cast<int8_t>(sign);
    change.kind = kind;
    change.value[0] = bin;
    changes->push_back(change);
  };
  const Micros entry_bin = EntryBinOf(visit.entry, resolution);
  add(kEntered, EventTick(visit.entry));
  if (stage + 1 == journey_->stages.size()) return;
  add(kTime, EventTick(visit.entry), 1, DurationKind::kOpen, entry_bin);
  if (visit.end.kind == StageEnd::Kind::kOpen) return;
  const bool advanced = visit.end.kind == StageEnd::Kind::kAdvanced;
  const Tick tick = visit.end.kind == StageEnd::Kind::kTimedOut
                        ? TimedTick(visit.end.time)
                        : EventTick(visit.end.time);
  add(advanced ? kAdvanced : kDropped, tick);
  add(kTime, tick, -1, DurationKind::kOpen, entry_bin);
  add(kTime, tick, 1, advanced ? DurationKind::kEvent : DurationKind::kOtherEnd,
      DurationBinOf(visit.end.time - visit.entry, resolution));
}

void JourneyFold::Contribute(absl::Span<const FoldEvent> events, size_t spec,
                             Contribution* contribution) const {
  contribution->Clear();
  const Visits visits = VisitsOf(events, spec);
  if (!visits[0].has_value()) return;
  contribution->slots =
      segmenter_.SlotsOf(events, visits[0]->entry_event, spec);
  for (size_t stage = 0; stage < visits.size(); ++stage) {
    AddVisit(stage, visits[stage], &contribution->changes);
  }
}

void JourneyFold::ContributeAppended(absl::Span<const FoldEvent> events,
                                     size_t old, size_t spec,
                                     Contribution* before,
                                     Contribution* after) const {
  before->Clear();
  after->Clear();
  if (old == events.size()) return;
  const Visits is = VisitsOf(events, spec);
  const Visits was = VisitsBefore(is, old, events[old].time);
  if (is == was) return;
  after->slots = segmenter_.SlotsOf(events, is[0]->entry_event, spec);
  if (was[0].has_value()) before->slots = after->slots;
  for (size_t stage = 0; stage < is.size(); ++stage) {
    if (is[stage] == was[stage]) continue;
    AddVisit(stage, was[stage], &before->changes);
    AddVisit(stage, is[stage], &after->changes);
  }
}

}  // namespace stagecraft::engine
