#include "service/event_batch.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace stagecraft::service {
namespace {

using Fate = engine::IngestReport::Outcome;

void Report(int index, bool is_alias, Fate fate, std::string message,
            EventBatch::Result* result) {
  if (fate == Fate::kStored) {
    ++result->stored;
    return;
  }
  v1::IngestOutcome& outcome = result->outcomes.emplace_back();
  outcome.set_index(index);
  outcome.set_is_alias(is_alias);
  if (fate == Fate::kDuplicate) {
    ++result->duplicates;
    outcome.set_status(v1::IngestOutcome::DUPLICATE);
  } else {
    ++result->rejected;
    outcome.set_status(v1::IngestOutcome::REJECTED);
    outcome.set_message(std::move(message));
  }
}

absl::Status CheckBatch(int events, int aliases,
                        const v1::EventColumns& columns) {
  const int64_t items = int64_t{events} + aliases;
  if (items > kMaxBatchItems) {
    return absl::InvalidArgumentError(
        absl::StrCat("events and aliases have ", items,
                     " items together, want at most ", kMaxBatchItems));
  }
  if (items + columns.units_size() > kMaxColumnItems) {
    return absl::InvalidArgumentError(absl::StrCat(
        "columns, events and aliases have ", items + columns.units_size(),
        " items together, want at most ", kMaxColumnItems));
  }
  return CheckColumns(columns);
}

}  // namespace

absl::Status CheckBatch(const v1::IngestEventsRequest& request) {
  if (!request.columns().stream_contents().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "columns.stream_contents has ",
        request.columns().stream_contents_size(),
        " entries, want none in a call: only a stream keeps contents"));
  }
  return CheckBatch(request.events_size(), request.aliases_size(),
                    request.columns());
}

absl::Status CheckBatch(const v1::StreamEventsRequest& request) {
  return CheckBatch(request.events_size(), request.aliases_size(),
                    request.columns());
}

void EventBatch::Add(const EventList& events, const v1::EventColumns& columns,
                     absl::Span<const KeptContent* const> kept,
                     const AliasList& aliases) {
  items_.Reserve(items_.items().size() +
                 static_cast<size_t>(events.size() + columns.units_size()));
  Part& part = parts_.emplace_back();
  part.events = events.size() + columns.units_size();
  part.aliases = aliases.size();
  const auto refuse = [&part](int index, const absl::Status& status) {
    part.refused.push_back({index, std::string(status.message())});
  };
  for (int i = 0; i < events.size(); ++i) {
    if (absl::Status status = converter_.Add(events[i]); !status.ok()) {
      refuse(i, status);
    }
  }
  converter_.Add(columns, kept, [&](int position, const absl::Status& status) {
    refuse(events.size() + position, status);
  });
  for (const v1::Alias& alias : aliases) aliases_.push_back(ToEngine(alias));
}

absl::StatusOr<std::vector<EventBatch::Result>> EventBatch::Ingest(
    engine::Engine* engine) const {
  absl::StatusOr<engine::IngestReport> report =
      engine->Ingest(items_, aliases_);
  if (!report.ok()) return report.status();
  std::vector<Result> results;
  results.reserve(parts_.size());
  auto event = report->events.begin();
  auto alias = report->aliases.begin();
  for (const Part& part : parts_) {
    Result& result = results.emplace_back();
    auto refused = part.refused.begin();
    for (int i = 0; i < part.events; ++i) {
      if (refused != part.refused.end() && refused->index == i) {
        Report(i, false, Fate::kRejected, refused->message, &result);
        ++refused;
      } else {
        Report(i, false, event->outcome, std::move(event->message), &result);
        ++event;
      }
    }
    for (int i = 0; i < part.aliases; ++i, ++alias) {
      Report(i, true, alias->outcome, std::move(alias->message), &result);
    }
  }
  return results;
}

}  // namespace stagecraft::service
