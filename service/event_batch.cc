#include "service/event_batch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/convert_events.h"
#include "service/convert_time.h"

namespace stagecraft::service {

absl::Status CheckBatchSize(int events, int aliases) {
  const int64_t items = int64_t{events} + aliases;
  if (items <= kMaxBatchItems) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("events and aliases have ", items,
                   " items together, want at most ", kMaxBatchItems));
}

absl::Status EventTimeLimit::Check(engine::Micros time) const {
  // The clock may stand anywhere: no arithmetic on cut times.
  if (ToTime(time) <= now + max_lead) return absl::OkStatus();
  const auto text = [](absl::Time moment) {
    return absl::FormatTime(absl::RFC3339_full, moment, absl::UTCTimeZone());
  };
  return absl::InvalidArgumentError(
      absl::StrCat("time is ", text(ToTime(time)), ", want at most ",
                   absl::FormatDuration(max_lead),
                   " after the server's time, which is ", text(now)));
}

void EventBatch::Add(int64_t sequence, const EventList& events,
                     const AliasList& aliases) {
  slots_.reserve(slots_.size() + events.size() + aliases.size());
  events_.reserve(events_.size() + events.size());
  for (int i = 0; i < events.size(); ++i) {
    Slot slot{.sequence = sequence, .index = i};
    absl::StatusOr<engine::Event> event = ToEngine(events[i]);
    absl::Status status = event.status();
    if (status.ok()) status = limit_.Check(event->time);
    if (status.ok()) {
      slot.position = static_cast<int32_t>(events_.size());
      events_.push_back(*std::move(event));
    } else {
      slot.message = std::string(status.message());
    }
    slots_.push_back(std::move(slot));
  }
  for (int i = 0; i < aliases.size(); ++i) {
    slots_.push_back({.sequence = sequence,
                      .index = i,
                      .is_alias = true,
                      .position = static_cast<int32_t>(aliases_.size())});
    aliases_.push_back(ToEngine(aliases[i]));
  }
}

absl::StatusOr<EventBatch::Result> EventBatch::Ingest(
    engine::Engine* engine) const {
  using Fate = engine::IngestReport::Outcome;
  const absl::StatusOr<engine::IngestReport> report =
      engine->Ingest(events_, aliases_);
  if (!report.ok()) return report.status();
  Result result;
  for (const Slot& slot : slots_) {
    engine::IngestReport::Item item{Fate::kRejected, slot.message};
    if (slot.position >= 0) {
      item = slot.is_alias ? report->aliases[slot.position]
                           : report->events[slot.position];
    }
    if (item.outcome == Fate::kStored) {
      ++result.stored;
      continue;
    }
    Outcome outcome{.sequence = slot.sequence};
    outcome.item.set_index(slot.index);
    outcome.item.set_is_alias(slot.is_alias);
    if (item.outcome == Fate::kDuplicate) {
      ++result.duplicates;
      outcome.item.set_status(v1::IngestOutcome::DUPLICATE);
    } else {
      ++result.rejected;
      outcome.item.set_status(v1::IngestOutcome::REJECTED);
      outcome.item.set_message(std::move(item.message));
    }
    result.outcomes.push_back(std::move(outcome));
  }
  return result;
}

}  // namespace stagecraft::service
