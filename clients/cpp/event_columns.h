// Builds the bulk form of events: columns and dictionaries of what they share.
// Not for callers: EventSender does it.
#ifndef STAGECRAFT_CLIENTS_CPP_EVENT_COLUMNS_H_
#define STAGECRAFT_CLIENTS_CPP_EVENT_COLUMNS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::client {

// Not thread-safe.
class EventColumnsBuilder {
 public:
  // Adds events to `columns` from here on, which is empty.
  void Begin(v1::EventColumns* columns);

  // False: the event has no place in columns, because its id is empty or its
  // time is not in 1970 to 2200. The server says what is wrong with it.
  bool Add(const v1::Event& event);

  // As above. `content` is a number of the caller's choice, small, that stands
  // for the same `name_and_attributes` for good.
  bool Add(absl::string_view unit_id, absl::string_view event_id,
           int64_t time_micros, std::optional<double> value, uint32_t content,
           const v1::EventContent& name_and_attributes);

 private:
  bool AddOccurrence(absl::string_view unit_id, absl::string_view event_id,
                     int64_t time_micros, std::optional<double> value,
                     uint32_t content);

  v1::EventColumns* columns_ = nullptr;
  int64_t last_time_ = 0;
  bool sized_ = false;  // Not all ids are UUIDs.
  absl::flat_hash_map<std::string, uint32_t> units_;
  uint32_t last_unit_ = 0;
  absl::flat_hash_map<std::string, uint32_t> contents_;
  std::vector<uint32_t> declared_;  // Position + 1 by the caller's number.
  std::string key_;
};

// The microseconds since 1970 of `event.time`, if columns have a place for
// them.
std::optional<int64_t> ColumnTime(const v1::Event& event);

void AppendEvent(absl::string_view unit_id, absl::string_view event_id,
                 int64_t time_micros, std::optional<double> value,
                 const v1::EventContent& content,
                 google::protobuf::RepeatedPtrField<v1::Event>* events);

// Appends the events of `columns`, made by a builder, to `events`.
void AppendEvents(const v1::EventColumns& columns,
                  google::protobuf::RepeatedPtrField<v1::Event>* events);

// The ids of one event, which is slow: for messages.
struct EventIds {
  std::string unit_id;
  std::string event_id;
};
EventIds FindIds(const v1::EventColumns& columns, int position);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_CPP_EVENT_COLUMNS_H_
