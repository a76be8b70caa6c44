// Events by columns, from the wire to the engine.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/uuid.h"
#include "service/convert_events.h"
#include "service/convert_time.h"

namespace stagecraft::service {
namespace {

using engine::kUuidBytes;
using engine::kUuidChars;
constexpr uint32_t kNotYet = ~uint32_t{0};
constexpr uint32_t kBad = kNotYet - 1;

absl::Status CheckLength(int length, int events, absl::string_view field) {
  if (length == events) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("columns.", field, " has ", length, " entries, want ",
                   events, ", as many as columns.units"));
}

absl::Status CheckDictionary(int length, int events, absl::string_view field) {
  if (length <= events) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "columns.", field, " has ", length, " entries, want at most ", events,
      ", the number of events"));
}

absl::Status CheckPositions(
    const google::protobuf::RepeatedField<uint32_t>& list, int end,
    absl::string_view field, absl::string_view target) {
  uint32_t highest = 0;
  for (const uint32_t position : list) highest = std::max(highest, position);
  if (list.empty() || highest < static_cast<uint32_t>(end)) {
    return absl::OkStatus();
  }
  int i = 0;
  while (list[i] < static_cast<uint32_t>(end)) ++i;
  return absl::InvalidArgumentError(absl::StrCat(
      "columns.", field, "[", i, "] is ", list[i], ", want less than ", end,
      ", the length of columns.", target));
}

int ContentsOf(const v1::EventColumns& columns) {
  return columns.contents_size() + columns.stream_contents_size();
}

absl::Status CheckTimes(const v1::EventColumns& columns) {
  if (!columns.has_base_time()) {
    return absl::InvalidArgumentError(
        "columns.base_time is missing, want what columns.time_deltas count "
        "from");
  }
  const auto base = ToMicros(columns.base_time(), "columns.base_time");
  if (!base.ok()) return base.status();
  int64_t time = *base;
  for (int i = 0; i < columns.time_deltas_size(); ++i) {
    if (__builtin_add_overflow(time, columns.time_deltas(i), &time)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "columns.time_deltas[", i, "] is ", columns.time_deltas(i),
          ", want a sum with those before that fits into 64 bits"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckValues(const v1::EventColumns& columns, int events) {
  const auto& positions = columns.value_positions();
  if (positions.size() != columns.values_size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "columns.values has ", columns.values_size(), " entries, want ",
        positions.size(), ", as many as columns.value_positions"));
  }
  for (int i = 1; i < positions.size(); ++i) {
    if (positions[i] > positions[i - 1]) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "columns.value_positions[", i, "] is ", positions[i],
        ", want more than the one before, which is ", positions[i - 1]));
  }
  return CheckPositions(positions, events, "value_positions", "units");
}

absl::Status CheckEventIds(const v1::EventColumns& columns, int events) {
  uint64_t want = 0;
  if (columns.event_id_sizes().empty()) {
    want = uint64_t{kUuidBytes} * static_cast<uint64_t>(events);
  } else {
    if (absl::Status s = CheckLength(columns.event_id_sizes_size(), events,
                                     "event_id_sizes");
        !s.ok()) {
      return s;
    }
    for (const uint32_t size : columns.event_id_sizes()) {
      want += size == 0 ? uint64_t{kUuidBytes} : size;
    }
  }
  if (columns.event_ids().size() == want) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "columns.event_ids has ", columns.event_ids().size(), " bytes, want ",
      want, ", the sum of columns.event_id_sizes (16 for each UUID)"));
}

// Positions of a dictionary's entries in the batch; entries are added when the
// first event refers to them, so that nobody pays for what is not used.
class Dictionary {
 public:
  explicit Dictionary(int size) : index_(static_cast<size_t>(size), kNotYet) {}

  // kBad: the entry was refused, see `status`.
  template <typename AddEntry>
  uint32_t Find(uint32_t entry, const AddEntry& add) {
    uint32_t& index = index_[entry];
    if (index == kNotYet) {
      const absl::StatusOr<uint32_t> added = add(static_cast<int>(entry));
      index = added.ok() ? *added : kBad;
      if (!added.ok()) bad_[entry] = added.status();
    }
    return index;
  }
  const absl::Status& status(uint32_t entry) const { return bad_.at(entry); }

 private:
  std::vector<uint32_t> index_;
  absl::flat_hash_map<uint32_t, absl::Status> bad_;
};

}  // namespace

absl::Status CheckColumns(const v1::EventColumns& columns) {
  const int events = columns.units_size();
  if (absl::Status s =
          CheckLength(columns.event_contents_size(), events, "event_contents");
      !s.ok()) {
    return s;
  }
  if (absl::Status s =
          CheckLength(columns.time_deltas_size(), events, "time_deltas");
      !s.ok()) {
    return s;
  }
  if (absl::Status s =
          CheckDictionary(columns.unit_ids_size(), events, "unit_ids");
      !s.ok()) {
    return s;
  }
  if (absl::Status s =
          CheckDictionary(columns.contents_size(), events, "contents");
      !s.ok()) {
    return s;
  }
  if (absl::Status s = CheckPositions(columns.units(), columns.unit_ids_size(),
                                      "units", "unit_ids");
      !s.ok()) {
    return s;
  }
  if (absl::Status s = CheckDictionary(columns.stream_contents_size(), events,
                                       "stream_contents");
      !s.ok()) {
    return s;
  }
  if (absl::Status s = CheckPositions(
          columns.event_contents(), ContentsOf(columns), "event_contents",
          columns.stream_contents().empty()
              ? "contents"
              : "contents and columns.stream_contents together");
      !s.ok()) {
    return s;
  }
  if (absl::Status s = CheckValues(columns, events); !s.ok()) return s;
  if (absl::Status s = CheckEventIds(columns, events); !s.ok()) return s;
  return events == 0 ? absl::OkStatus() : CheckTimes(columns);
}

void EventConverter::Add(
    const v1::EventColumns& columns, absl::Span<const KeptContent* const> kept,
    absl::FunctionRef<void(int position, const absl::Status& status)> refuse) {
  const int events = columns.units_size();
  if (events == 0) return;
  const auto& sizes = columns.event_id_sizes();
  size_t uuids = static_cast<size_t>(events);
  if (!sizes.empty()) {
    uuids = static_cast<size_t>(std::count(sizes.begin(), sizes.end(), 0u));
  }
  // Their texts have no other owner. The batch does not move them.
  std::string texts(uuids * kUuidChars, '\0');
  const char* bytes = columns.event_ids().data();
  char* text = const_cast<char*>(batch_->Keep(std::move(texts)).data());

  Dictionary units(columns.unit_ids_size());
  Dictionary contents(ContentsOf(columns));
  const auto add_unit = [&](int i) {
    return batch_->AddUnit(columns.unit_ids(i));
  };
  const auto add_content = [&](int i) -> absl::StatusOr<uint32_t> {
    if (i < columns.contents_size()) {
      return AddContent(columns.contents(i).name(),
                        columns.contents(i).attributes());
    }
    return AddContent(*kept[i - columns.contents_size()]);
  };
  engine::Micros time = *ToMicros(columns.base_time(), "columns.base_time");
  int value = 0;  // The next one.
  for (int i = 0; i < events; ++i) {
    engine::EventBatch::Item item;
    time += columns.time_deltas(i);
    item.time = time;
    const uint32_t size = sizes.empty() ? 0 : sizes[i];
    if (size == 0) {
      engine::PutUuid(bytes, text);
      item.event_id = absl::string_view(text, kUuidChars);
      text += kUuidChars;
      bytes += kUuidBytes;
    } else {
      item.event_id = absl::string_view(bytes, size);
      bytes += size;
    }
    absl::Status bad = CheckTime(time);
    if (value < columns.value_positions_size() &&
        columns.value_positions(value) == static_cast<uint32_t>(i)) {
      item.has_value = true;
      absl::Status status =
          engine::ToMicroValue(columns.values(value), "value", &item.value);
      if (bad.ok()) bad = std::move(status);
      ++value;
    }
    if (bad.ok()) {
      item.unit = units.Find(columns.units(i), add_unit);
      if (item.unit == kBad) bad = units.status(columns.units(i));
    }
    if (bad.ok()) {
      item.content = contents.Find(columns.event_contents(i), add_content);
      if (item.content == kBad)
        bad = contents.status(columns.event_contents(i));
    }
    if (bad.ok()) {
      if (size != 0) {
        bad = batch_->AddItem(item);
      } else {
        batch_->AddStoredItem(item);  // All of it was checked here.
      }
    }
    if (!bad.ok()) refuse(i, bad);
  }
}

}  // namespace stagecraft::service
