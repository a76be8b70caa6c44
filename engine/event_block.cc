#include "engine/event_block.h"

#include <bit>
#include <iterator>
#include <utility>
#include <vector>

#include "engine/block_bytes.h"
#include "engine/block_texts.h"

namespace stagecraft::engine {
namespace {

using Item = EventBatch::Item;

bool KnownVersion(char version) {
  return version >= 1 && version <= kBlockVersion;
}

// Reads the fields at the beginning.
absl::Status ReadHead(BlockCursor* cursor, uint8_t* version,
                      BlockBounds* bounds) {
  if (cursor->left() == 0 || !KnownVersion(*cursor->at())) {
    return cursor->Damaged("unknown version");
  }
  cursor->ReadByte(version);
  uint64_t events = 0, min = 0, span = 0, units = 0;
  if (!cursor->ReadVarint(&events) || events > kMaxBlockEvents) {
    return cursor->Damaged("no number of events");
  }
  if (!cursor->ReadVarint(&min) || min > kMaxTime) {
    return cursor->Damaged("no earliest time");
  }
  if (!cursor->ReadVarint(&span) || span > kMaxTime - min) {
    return cursor->Damaged("no latest time");
  }
  if (!cursor->ReadVarint(&units) || units > events ||
      (units == 0 && events > 0)) {
    return cursor->Damaged("no number of units");
  }
  bounds->events = static_cast<uint32_t>(events);
  bounds->min_time = static_cast<Micros>(min);
  bounds->max_time = static_cast<Micros>(min + span);
  bounds->units = static_cast<uint32_t>(units);
  return absl::OkStatus();
}

// A cursor over all but the checksum, which must be right.
absl::StatusOr<BlockCursor> OpenBlock(absl::string_view block) {
  if (block.empty() || !KnownVersion(block[0])) {
    return BlockCursor(block, 0).Damaged("unknown version");
  }
  if (block.size() <= kChecksumBytes) {
    return BlockCursor(block, 0).Damaged("no checksum");
  }
  const size_t end = block.size() - kChecksumBytes;
  if (BlockChecksum(block.substr(0, end)) != Load64(block.data() + end)) {
    return BlockCursor(block, end).Damaged("bytes do not match the checksum");
  }
  return BlockCursor(block, end);
}

// Columns of a block, each at its first event.
struct Columns {
  std::vector<uint32_t> counts;    // Events by unit.
  std::vector<uint32_t> contents;  // Indexes in the batch.
  FixedReader content;
  FixedReader time;
  uint64_t time_unit = 1;
  uint64_t max_time = 0;  // Of `time`, in units.
  const char* value_bits = nullptr;
  int64_t value_unit = 1;
};

absl::Status ReadUnits(uint8_t version, const BlockBounds& bounds,
                       BlockCursor* cursor, EventBatch* batch,
                       std::vector<uint32_t>* unit_of) {
  TextReader reader;
  if (absl::Status opened = reader.Open(version, bounds.units, cursor);
      !opened.ok()) {
    return opened;
  }
  std::string room(reader.room_bytes(), '\0');
  // Kept even if it is short, as views of it must not move.
  reader.SetRoom(const_cast<char*>(batch->Keep(std::move(room)).data()));
  unit_of->reserve(bounds.units);
  for (uint32_t i = 0; i < bounds.units; ++i) {
    unit_of->push_back(batch->AddStoredUnit(reader.Next()));
  }
  return absl::OkStatus();
}

absl::Status ReadCounts(const BlockBounds& bounds, BlockCursor* cursor,
                        std::vector<uint32_t>* counts) {
  uint64_t left = bounds.events;
  counts->reserve(bounds.units);
  for (uint32_t i = 0; i < bounds.units; ++i) {
    uint64_t count = 0;
    if (!cursor->ReadVarint(&count) || count == 0 || count > left) {
      return cursor->Damaged("events of a unit");
    }
    counts->push_back(static_cast<uint32_t>(count));
    left -= count;
  }
  if (left > 0) return cursor->Damaged("events without a unit before");
  return absl::OkStatus();
}

absl::Status ReadContents(const BlockBounds& bounds, BlockCursor* cursor,
                          EventBatch* batch, Columns* columns) {
  uint64_t contents = 0;
  if (!cursor->ReadVarint(&contents) || contents > bounds.events ||
      (contents == 0 && bounds.events > 0)) {
    return cursor->Damaged("no number of contents");
  }
  std::vector<uint64_t> sizes;
  sizes.reserve(contents);
  for (uint64_t i = 0; i < contents; ++i) {
    uint64_t size = 0;
    if (!cursor->ReadVarint(&size) || size > cursor->left()) {
      return cursor->Damaged("no size of a content");
    }
    sizes.push_back(size);
  }
  columns->contents.reserve(contents);
  for (const uint64_t size : sizes) {
    const char* from = nullptr;
    if (!cursor->Skip(size, 1, &from)) {
      return cursor->Damaged("contents end early");
    }
    columns->contents.push_back(
        batch->AddStoredContent(absl::string_view(from, size)));
  }
  const int width = contents == 0 ? 0 : WidthOf(contents - 1);
  const char* from = nullptr;
  if (!cursor->Skip(bounds.events, width, &from)) {
    return cursor->Damaged("indexes of contents end early");
  }
  columns->content = FixedReader(from, width);
  return absl::OkStatus();
}

absl::Status ReadTimes(const BlockBounds& bounds, BlockCursor* cursor,
                       Columns* columns) {
  uint8_t unit = 0, width = 0;
  if (!cursor->ReadByte(&unit) || unit >= std::size(kTimeUnits)) {
    return cursor->Damaged("unit of times, want 0 to 2,");
  }
  if (!cursor->ReadByte(&width) || width > 8) {
    return cursor->Damaged("width of times, want 0 to 8,");
  }
  const char* from = nullptr;
  if (!cursor->Skip(bounds.events, width, &from)) {
    return cursor->Damaged("times end early");
  }
  columns->time = FixedReader(from, width);
  columns->time_unit = static_cast<uint64_t>(kTimeUnits[unit]);
  columns->max_time = static_cast<uint64_t>(bounds.max_time - bounds.min_time) /
                      columns->time_unit;
  return absl::OkStatus();
}

// Leaves `values` at the first value and `cursor` behind the last.
absl::Status ReadValues(const BlockBounds& bounds, BlockCursor* cursor,
                        Columns* columns, std::vector<MicroValue>* values) {
  const size_t bytes = (bounds.events + size_t{7}) / 8;
  if (!cursor->Skip(bytes, 1, &columns->value_bits)) {
    return cursor->Damaged("value flags end early");
  }
  size_t count = 0;
  for (size_t i = 0; i < bytes; ++i) {
    count += std::popcount(static_cast<uint8_t>(columns->value_bits[i]));
  }
  if (bounds.events % 8 != 0 &&
      static_cast<uint8_t>(columns->value_bits[bytes - 1]) >>
              (bounds.events % 8) !=
          0) {
    return cursor->Damaged("value without an event before");
  }
  if (count == 0) return absl::OkStatus();
  uint8_t unit = 0;
  if (!cursor->ReadByte(&unit) || unit >= std::size(kValueUnits)) {
    return cursor->Damaged("unit of values, want 0 to 6,");
  }
  columns->value_unit = kValueUnits[unit];
  const MicroValue most = kMaxMicroValue / columns->value_unit;
  values->reserve(count);
  for (size_t i = 0; i < count; ++i) {
    uint64_t coded = 0;
    if (!cursor->ReadVarint(&coded)) return cursor->Damaged("no value");
    const MicroValue value = FromZigzag(coded);
    if (value < -most || value > most) {
      return cursor->Damaged("value out of range before");
    }
    values->push_back(value * columns->value_unit);
  }
  return absl::OkStatus();
}

absl::Status Decode(absl::string_view block, EventBatch* batch) {
  absl::StatusOr<BlockCursor> opened = OpenBlock(block);
  if (!opened.ok()) return opened.status();
  BlockCursor& cursor = *opened;
  uint8_t version = 0;
  BlockBounds bounds;
  Columns columns;
  std::vector<uint32_t> unit_of;
  std::vector<MicroValue> values;
  TextReader event_ids;
  absl::Status status = ReadHead(&cursor, &version, &bounds);
  if (status.ok()) {
    status = ReadUnits(version, bounds, &cursor, batch, &unit_of);
  }
  if (status.ok()) status = ReadCounts(bounds, &cursor, &columns.counts);
  if (status.ok()) status = ReadContents(bounds, &cursor, batch, &columns);
  if (status.ok()) status = ReadTimes(bounds, &cursor, &columns);
  if (status.ok()) status = ReadValues(bounds, &cursor, &columns, &values);
  if (status.ok()) status = event_ids.Open(version, bounds.events, &cursor);
  if (!status.ok()) return status;
  if (cursor.left() > 0) return cursor.Damaged("more than the events");

  std::string room(event_ids.room_bytes(), '\0');
  event_ids.SetRoom(const_cast<char*>(batch->Keep(std::move(room)).data()));
  batch->Reserve(bounds.events);
  const MicroValue* value = values.data();
  FixedReader contents = columns.content, times = columns.time;
  size_t event = 0;
  for (size_t i = 0; i < columns.counts.size(); ++i) {
    Item item;
    item.unit = unit_of[i];
    for (uint32_t left = columns.counts[i]; left > 0; --left, ++event) {
      const uint64_t content = contents.Next();
      const uint64_t time = times.Next();
      if (content >= columns.contents.size() || time > columns.max_time) {
        return cursor.Damaged(absl::StrCat("content or time of event ", event,
                                           " is out of range before"));
      }
      item.content = columns.contents[content];
      item.time =
          bounds.min_time + static_cast<Micros>(time * columns.time_unit);
      item.has_value = (columns.value_bits[event / 8] >> (event % 8)) & 1;
      item.value = item.has_value ? *value++ : 0;
      item.event_id = event_ids.Next(MillisOf(item.time));
      batch->AddStoredItem(item);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DecodeBlock(absl::string_view block, EventBatch* batch) {
  batch->Clear();
  absl::Status status = Decode(block, batch);
  if (!status.ok()) batch->Clear();
  return status;
}

absl::StatusOr<BlockBounds> ReadBounds(absl::string_view block) {
  BlockCursor cursor(block, block.size());
  uint8_t version = 0;
  BlockBounds bounds;
  absl::Status read = ReadHead(&cursor, &version, &bounds);
  if (!read.ok()) return read;
  return bounds;
}

absl::Status ForEachUnitId(
    absl::string_view block,
    absl::FunctionRef<void(absl::string_view unit_id)> fn) {
  absl::StatusOr<BlockCursor> cursor = OpenBlock(block);
  if (!cursor.ok()) return cursor.status();
  uint8_t version = 0;
  BlockBounds bounds;
  TextReader reader;
  absl::Status status = ReadHead(&*cursor, &version, &bounds);
  if (status.ok()) status = reader.Open(version, bounds.units, &*cursor);
  if (!status.ok()) return status;
  std::string room(reader.room_bytes(), '\0');
  reader.SetRoom(room.data());
  for (uint32_t i = 0; i < bounds.units; ++i) fn(reader.Next());
  return absl::OkStatus();
}

}  // namespace stagecraft::engine
