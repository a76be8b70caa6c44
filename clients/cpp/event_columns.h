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
#include "absl/types/span.h"
#include "stagecraft/v1/event.pb.h"

namespace stagecraft::client {

using ContentList = google::protobuf::RepeatedPtrField<v1::EventContent>;

// Not thread-safe.
class EventColumnsBuilder {
 public:
  // The batches from here on go to another stream, which keeps nothing yet.
  void BeginStream();

  // Adds events to `columns` from here on, which is empty, until End. `keep`:
  // where contents go that the stream is to keep; null if it keeps none.
  void Begin(v1::EventColumns* columns, ContentList* keep = nullptr);

  // False: the event has no place in columns, because its id is empty or its
  // time is not in 1970 to 2200. The server says what is wrong with it.
  bool Add(const v1::Event& event);

  // As above. `content` is a number of the caller's choice, small, that stands
  // for the same `name_and_attributes` for good.
  bool Add(absl::string_view unit_id, absl::string_view event_id,
           int64_t time_micros, std::optional<double> value, uint32_t content,
           const v1::EventContent& name_and_attributes);

  // Columns are ready to be sent.
  void End();

  // What the stream keeps, by number.
  const std::vector<v1::EventContent>& kept() const { return kept_; }

 private:
  static constexpr uint32_t kNotKept = ~uint32_t{0};
  // Marks positions in columns_->stream_contents until it is known how many
  // contents there are besides.
  static constexpr uint32_t kInStream = uint32_t{1} << 31;
  struct Content {
    uint32_t number = kNotKept;  // In the stream.
    uint32_t batch = 0;          // The last one that had it; 0 if none had.
    uint32_t position = 0;       // In that batch.
    bool no_room = false;        // In the stream.
  };

  // Puts a content into the batch, unless it is there.
  // `fill(v1::EventContent*)` makes it. It is kept if an earlier batch had it,
  // or if it is `to_stay`.
  template <typename Fill>
  uint32_t PositionOf(bool to_stay, const Fill& fill, Content* content);
  bool AddOccurrence(absl::string_view unit_id, absl::string_view event_id,
                     int64_t time_micros, std::optional<double> value,
                     uint32_t content);

  v1::EventColumns* columns_ = nullptr;
  ContentList* keep_ = nullptr;
  uint32_t batch_ = 0;
  int64_t last_time_ = 0;
  bool sized_ = false;  // Not all ids are UUIDs.
  // Of the batch; the texts are those of the columns.
  absl::flat_hash_map<absl::string_view, uint32_t> units_;
  uint32_t last_unit_ = 0;
  absl::flat_hash_map<std::string, Content> contents_;  // By key.
  size_t contents_bytes_ = 0;                           // Of the keys.
  std::vector<Content> declared_;  // By the caller's number.
  std::vector<v1::EventContent> kept_;
  int64_t kept_bytes_ = 0;  // Of their messages.
  std::string key_;
};

// The microseconds since 1970 of `event.time`, if columns have a place for
// them.
std::optional<int64_t> ColumnTime(const v1::Event& event);

void AppendEvent(absl::string_view unit_id, absl::string_view event_id,
                 int64_t time_micros, std::optional<double> value,
                 const v1::EventContent& content,
                 google::protobuf::RepeatedPtrField<v1::Event>* events);

// Appends the events of `columns`, made by a builder, to `events`. `kept`: what
// their stream keeps.
void AppendEvents(const v1::EventColumns& columns,
                  absl::Span<const v1::EventContent> kept,
                  google::protobuf::RepeatedPtrField<v1::Event>* events);

// The ids of one event, which is slow: for messages.
struct EventIds {
  std::string unit_id;
  std::string event_id;
};
EventIds FindIds(const v1::EventColumns& columns, int position);

}  // namespace stagecraft::client

#endif  // STAGECRAFT_CLIENTS_CPP_EVENT_COLUMNS_H_
