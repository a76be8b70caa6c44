#include "engine/journey_fold.h"

#include <algorithm>
#include <utility>

namespace stagecraft::engine {
namespace {

// Events that match a filter, in order of time.
struct Match {
  Micros time;
  size_t event;
};

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

// The first match at or after `time`, or null.
const Match* FirstFrom(const std::vector<Match>& matches, Micros time) {
  const auto it = std::lower_bound(
      matches.begin(), matches.end(), time,
      [](const Match& match, Micros t) { return match.time < t; });
  return it == matches.end() ? nullptr : &*it;
}

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
    columns[ColumnOf(static_cast<int>(stage), kTime)].durations = true;
  }
  return Tallies(segmenter_.slot_count(), 1, std::move(columns));
}

std::vector<std::optional<StageVisit>> JourneyFold::Visits(
    absl::Span<const EventView> events) const {
  const std::vector<Stage>& stages = journey_->stages;
  std::vector<std::vector<Match>> matches(2 * stages.size());
  for (size_t i = 0; i < events.size(); ++i) {
    filters_.Match(events[i], [&](int filter) {
      matches[filter].push_back({events[i].time, i});
    });
  }
  const bool ordered = journey_->ordering == Journey::Ordering::kOrdered;
  std::vector<std::optional<StageVisit>> visits(stages.size());
  if (matches[entry_filter_[0]].empty()) return visits;

  const auto enter = [&](size_t stage, const Match& match) {
    visits[stage] = StageVisit{match.time, match.event, {}};
  };
  enter(0, matches[entry_filter_[0]].front());
  const Micros begin = visits[0]->entry;
  if (!ordered) {
    for (size_t stage = 1; stage < stages.size(); ++stage) {
      const Match* match = FirstFrom(matches[entry_filter_[stage]], begin);
      if (match != nullptr) enter(stage, *match);
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
      const Match* exit = FirstFrom(matches[exit_filter_[stage]], visit.entry);
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
      const Match* next =
          FirstFrom(matches[entry_filter_[stage + 1]], visit.entry);
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

Contribution JourneyFold::Contribute(absl::Span<const EventView> events) const {
  Contribution contribution;
  const auto visits = Visits(events);
  if (!visits[0].has_value()) return contribution;
  contribution.slots = segmenter_.SlotsOf(events, visits[0]->entry_event);
  const Micros resolution = journey_->time_resolution;
  const auto add = [&](int stage, StageColumn column, Tick tick, int sign = 1,
                       DurationKind kind = DurationKind::kOpen,
                       Micros bin = 0) {
    Change change;
    change.column = static_cast<int16_t>(ColumnOf(stage, column));
    change.tick = tick;
    change.sign = static_cast<int8_t>(sign);
    change.kind = kind;
    change.value[0] = bin;
    contribution.changes.push_back(change);
  };
  for (int stage = 0; stage < static_cast<int>(visits.size()); ++stage) {
    if (!visits[stage].has_value()) continue;
    const StageVisit& visit = *visits[stage];
    const Micros entry_bin = EntryBinOf(visit.entry, resolution);
    add(stage, kEntered, EventTick(visit.entry));
    if (stage + 1 == static_cast<int>(visits.size())) break;
    add(stage, kTime, EventTick(visit.entry), 1, DurationKind::kOpen,
        entry_bin);
    if (visit.end.kind == StageEnd::Kind::kOpen) continue;
    const bool advanced = visit.end.kind == StageEnd::Kind::kAdvanced;
    const Tick tick = visit.end.kind == StageEnd::Kind::kTimedOut
                          ? TimedTick(visit.end.time)
                          : EventTick(visit.end.time);
    add(stage, advanced ? kAdvanced : kDropped, tick);
    add(stage, kTime, tick, -1, DurationKind::kOpen, entry_bin);
    add(stage, kTime, tick, 1,
        advanced ? DurationKind::kEvent : DurationKind::kOtherEnd,
        DurationBinOf(visit.end.time - visit.entry, resolution));
  }
  return contribution;
}

}  // namespace stagecraft::engine
