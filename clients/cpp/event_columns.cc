#include "clients/cpp/event_columns.h"

#include <algorithm>

#include "engine/uuid.h"
#include "service/wire/content_key.h"
#include "service/wire/kept_contents.h"

namespace stagecraft::client {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
// Of contents that are known for what they are, although no stream keeps them;
// those of one batch come on top.
constexpr size_t kMaxRememberedBytes = size_t{4} << 20;
constexpr int64_t kMaxTime = 7'258'118'400 * kMicrosPerSecond;  // 2200-01-01.

// Of a content that is remembered.
size_t Bytes(const std::string& key) { return key.size() + 64; }

std::string UuidText(const char* bytes) {
  std::string text(engine::kUuidChars, '\0');
  engine::PutUuid(bytes, text.data());
  return text;
}

// Calls `fn` with the id of each event, in order, until it returns false.
template <typename Fn>
void ForEachId(const v1::EventColumns& columns, const Fn& fn) {
  const char* bytes = columns.event_ids().data();
  for (int i = 0; i < columns.units_size(); ++i) {
    const size_t size =
        columns.event_id_sizes().empty() ? 0 : columns.event_id_sizes(i);
    if (!fn(i, size == 0 ? UuidText(bytes) : std::string(bytes, size))) return;
    bytes += size == 0 ? engine::kUuidBytes : size;
  }
}

}  // namespace

std::optional<int64_t> ColumnTime(const v1::Event& event) {
  const int64_t seconds = event.time().seconds();
  const int32_t nanos = event.time().nanos();
  if (!event.has_time() || seconds < 0 ||
      seconds >= kMaxTime / kMicrosPerSecond || nanos < 0 ||
      nanos >= 1'000'000'000) {
    return std::nullopt;
  }
  return seconds * kMicrosPerSecond + nanos / 1000;
}

void EventColumnsBuilder::BeginStream() {
  const auto forget = [](Content* content) {
    content->number = kNotKept;
    content->no_room = false;
  };
  for (auto& [key, content] : contents_) forget(&content);
  for (Content& content : declared_) forget(&content);
  kept_.clear();
  kept_bytes_ = 0;
}

void EventColumnsBuilder::Begin(v1::EventColumns* columns, ContentList* keep) {
  columns_ = columns;
  keep_ = keep;
  ++batch_;
  sized_ = false;
  const size_t units = units_.size();
  units_.clear();
  units_.reserve(units);
  // Contents that no stream keeps are forgotten once they are many.
  if (keep == nullptr || contents_bytes_ > kMaxRememberedBytes) {
    absl::erase_if(contents_, [](const auto& entry) {
      return entry.second.number == kNotKept;
    });
    contents_bytes_ = 0;
    for (const auto& [key, content] : contents_) contents_bytes_ += Bytes(key);
  }
}

void EventColumnsBuilder::End() {
  if (columns_->stream_contents().empty()) return;
  const auto here = static_cast<uint32_t>(columns_->contents_size());
  for (uint32_t& position : *columns_->mutable_event_contents()) {
    if ((position & kInStream) != 0) position = (position ^ kInStream) + here;
  }
}

template <typename Fill>
uint32_t EventColumnsBuilder::PositionOf(bool to_stay, const Fill& fill,
                                         Content* content) {
  if (content->batch == batch_) return content->position;
  const bool again = content->batch != 0;
  content->batch = batch_;
  if (keep_ != nullptr && content->number == kNotKept && !content->no_room &&
      (again || to_stay) && kept_.size() < service::kMaxKeptContents) {
    v1::EventContent kept;
    fill(&kept);
    const auto bytes = static_cast<int64_t>(kept.ByteSizeLong());
    content->no_room = kept_bytes_ + bytes > service::kMaxKeptContentBytes;
    if (!content->no_room) {
      kept_bytes_ += bytes;
      content->number = static_cast<uint32_t>(kept_.size());
      *keep_->Add() = kept;
      kept_.push_back(std::move(kept));
    }
  }
  if (keep_ != nullptr && content->number != kNotKept) {
    content->position =
        static_cast<uint32_t>(columns_->stream_contents_size()) | kInStream;
    columns_->add_stream_contents(content->number);
  } else {
    content->position = static_cast<uint32_t>(columns_->contents_size());
    fill(columns_->add_contents());
  }
  return content->position;
}

bool EventColumnsBuilder::Add(const v1::Event& event) {
  const std::optional<int64_t> time = ColumnTime(event);
  if (!time.has_value() || event.event_id().empty()) return false;
  key_.clear();
  service::AppendContentKey(event.name(), event.attributes(), &key_);
  const auto [known, is_new] = contents_.try_emplace(key_);
  if (is_new) contents_bytes_ += Bytes(key_);
  const uint32_t content = PositionOf(
      false,
      [&event](v1::EventContent* made) {
        made->set_name(event.name());
        *made->mutable_attributes() = event.attributes();
      },
      &known->second);
  return AddOccurrence(
      event.unit_id(), event.event_id(), *time,
      event.has_value() ? std::optional(event.value()) : std::nullopt, content);
}

bool EventColumnsBuilder::Add(absl::string_view unit_id,
                              absl::string_view event_id, int64_t time_micros,
                              std::optional<double> value, uint32_t content,
                              const v1::EventContent& name_and_attributes) {
  if (event_id.empty() || time_micros < 0 || time_micros > kMaxTime) {
    return false;
  }
  if (content >= declared_.size()) declared_.resize(content + 1);
  const uint32_t position = PositionOf(
      true, [&](v1::EventContent* made) { *made = name_and_attributes; },
      &declared_[content]);
  return AddOccurrence(unit_id, event_id, time_micros, value, position);
}

bool EventColumnsBuilder::AddOccurrence(absl::string_view unit_id,
                                        absl::string_view event_id,
                                        int64_t time_micros,
                                        std::optional<double> value,
                                        uint32_t content) {
  const auto position = static_cast<uint32_t>(columns_->units_size());
  // Often several events of a unit follow each other.
  if (position == 0 ||
      columns_->unit_ids(static_cast<int>(last_unit_)) != unit_id) {
    const auto found = units_.find(unit_id);
    if (found != units_.end()) {
      last_unit_ = found->second;
    } else {
      last_unit_ = static_cast<uint32_t>(columns_->unit_ids_size());
      std::string* const added = columns_->add_unit_ids();
      added->assign(unit_id.data(), unit_id.size());
      units_.emplace(*added, last_unit_);
    }
  }
  columns_->add_units(last_unit_);
  columns_->add_event_contents(content);
  if (position == 0) {
    google::protobuf::Timestamp* base = columns_->mutable_base_time();
    base->set_seconds(time_micros / kMicrosPerSecond);
    base->set_nanos(static_cast<int32_t>(time_micros % kMicrosPerSecond) *
                    1000);
    last_time_ = time_micros;
  }
  columns_->add_time_deltas(time_micros - last_time_);
  last_time_ = time_micros;
  if (value.has_value()) {
    columns_->add_value_positions(position);
    columns_->add_values(*value);
  }
  char uuid[engine::kUuidBytes];
  uint32_t size = 0;
  if (engine::ParseUuid(event_id, uuid)) {
    columns_->mutable_event_ids()->append(uuid, engine::kUuidBytes);
  } else {
    size = static_cast<uint32_t>(event_id.size());
    columns_->mutable_event_ids()->append(event_id.data(), event_id.size());
    if (!sized_) {
      // Those before are UUIDs.
      columns_->mutable_event_id_sizes()->Resize(static_cast<int>(position), 0);
      sized_ = true;
    }
  }
  if (sized_) columns_->add_event_id_sizes(size);
  return true;
}

void AppendEvent(absl::string_view unit_id, absl::string_view event_id,
                 int64_t time_micros, std::optional<double> value,
                 const v1::EventContent& content,
                 google::protobuf::RepeatedPtrField<v1::Event>* events) {
  v1::Event* event = events->Add();
  event->set_event_id(event_id.data(), event_id.size());
  event->set_unit_id(unit_id.data(), unit_id.size());
  event->set_name(content.name());
  *event->mutable_attributes() = content.attributes();
  int64_t seconds = time_micros / kMicrosPerSecond;
  int64_t micros = time_micros % kMicrosPerSecond;
  if (micros < 0) {
    --seconds;
    micros += kMicrosPerSecond;
  }
  event->mutable_time()->set_seconds(seconds);
  event->mutable_time()->set_nanos(static_cast<int32_t>(micros) * 1000);
  if (value.has_value()) event->set_value(*value);
}

void AppendEvents(const v1::EventColumns& columns,
                  absl::Span<const v1::EventContent> kept,
                  google::protobuf::RepeatedPtrField<v1::Event>* events) {
  int64_t time = columns.base_time().seconds() * kMicrosPerSecond +
                 columns.base_time().nanos() / 1000;
  int next = 0;  // Of the values.
  ForEachId(columns, [&](int i, const std::string& id) {
    time += columns.time_deltas(i);
    std::optional<double> value;
    if (next < columns.value_positions_size() &&
        columns.value_positions(next) == static_cast<uint32_t>(i)) {
      value = columns.values(next++);
    }
    const auto position = static_cast<int>(columns.event_contents(i));
    AppendEvent(
        columns.unit_ids(static_cast<int>(columns.units(i))), id, time, value,
        position < columns.contents_size()
            ? columns.contents(position)
            : kept[columns.stream_contents(position - columns.contents_size())],
        events);
    return true;
  });
}

EventIds FindIds(const v1::EventColumns& columns, int position) {
  EventIds ids;
  ids.unit_id = columns.unit_ids(static_cast<int>(columns.units(position)));
  ForEachId(columns, [&](int i, std::string id) {
    if (i < position) return true;
    ids.event_id = std::move(id);
    return false;
  });
  return ids;
}

}  // namespace stagecraft::client
