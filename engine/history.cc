#include "engine/history.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "absl/container/flat_hash_set.h"

namespace stagecraft::engine {
namespace {

struct RecordHead {
  Micros time;
  uint64_t content_hash;
  uint32_t id_size;
  uint32_t content_size;
};

// Reads the record at the front of `*rest` and steps over it.
RecordHead NextRecord(absl::string_view* rest, absl::string_view* event_id,
                      absl::string_view* content) {
  RecordHead head;
  std::memcpy(&head, rest->data(), sizeof(head));
  *event_id = rest->substr(sizeof(head), head.id_size);
  *content = rest->substr(sizeof(head) + head.id_size, head.content_size);
  rest->remove_prefix(sizeof(head) + head.id_size + head.content_size);
  return head;
}

}  // namespace

void UnitHistory::Append(Micros time, absl::string_view event_id,
                         uint64_t content_hash, absl::string_view content) {
  const RecordHead head = {time, content_hash,
                           static_cast<uint32_t>(event_id.size()),
                           static_cast<uint32_t>(content.size())};
  records_.append(reinterpret_cast<const char*>(&head), sizeof(head));
  records_.append(event_id.data(), event_id.size());
  records_.append(content.data(), content.size());
  ++size_;
}

void UnitHistory::Append(const UnitHistory& other) {
  records_.append(other.records_);
  size_ += other.size_;
}

bool UnitHistory::Contains(Micros time, absl::string_view event_id,
                           uint64_t content_hash) const {
  absl::string_view rest = records_;
  absl::string_view id;
  absl::string_view content;
  while (!rest.empty()) {
    const RecordHead head = NextRecord(&rest, &id, &content);
    if (head.time == time && head.content_hash == content_hash &&
        id == event_id) {
      return true;
    }
  }
  return false;
}

absl::StatusOr<std::vector<EventView>> UnitHistory::Events() const {
  std::vector<EventView> events;
  events.reserve(size_);
  absl::string_view rest = records_;
  absl::string_view id;
  absl::string_view content;
  while (!rest.empty()) {
    const RecordHead head = NextRecord(&rest, &id, &content);
    EventView& event = events.emplace_back();
    event.time = head.time;
    event.content_hash = head.content_hash;
    event.event_id = id;
    if (absl::Status status = DecodeContent(content, &event); !status.ok()) {
      return status;
    }
  }
  std::sort(events.begin(), events.end(),
            [](const EventView& a, const EventView& b) {
              return std::tie(a.time, a.event_id, a.content_hash) <
                     std::tie(b.time, b.event_id, b.content_hash);
            });
  // The first of each id stays.
  constexpr size_t kFew = 12;
  if (events.size() <= kFew) {
    size_t kept = 0;
    for (size_t i = 0; i < events.size(); ++i) {
      const bool seen = std::any_of(
          events.begin(), events.begin() + kept, [&](const EventView& event) {
            return event.event_id == events[i].event_id;
          });
      if (!seen) events[kept++] = events[i];
    }
    events.resize(kept);
  } else {
    absl::flat_hash_set<absl::string_view> seen;
    seen.reserve(events.size());
    events.erase(std::remove_if(events.begin(), events.end(),
                                [&](const EventView& event) {
                                  return !seen.insert(event.event_id).second;
                                }),
                 events.end());
  }
  return events;
}

}  // namespace stagecraft::engine
