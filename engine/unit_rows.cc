#include "engine/unit_rows.h"

#include <cstring>
#include <iterator>
#include <limits>

#include "engine/event.h"
#include "engine/record.h"
#include "engine/unit_events.h"
#include "engine/varint.h"

namespace stagecraft::engine {
namespace {

// Of times, by the number that says which.
constexpr uint64_t kTimeUnits[] = {1, 1'000, 1'000'000};
constexpr size_t kHeadBytes = 8;
// Of an event without a text: two varints, a hash and a value.
constexpr size_t kMaxRowBytes = 3 * kMaxVarintBytes + 8;

uint64_t Load64(const char* from) {
  uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// As TakeVarint, which is for the last bytes of a frame.
bool Take(absl::string_view* in, uint64_t* value) {
  if (in->size() < 8) return TakeVarint(in, value);
  const uint64_t word = Load64(in->data());
  const uint64_t ends = ~word & 0x8080808080808080;
  if (ends == 0) return TakeVarint(in, value);
  const int bits = __builtin_ctzll(ends) + 1;  // 8 for each byte.
  uint64_t x = word & (~uint64_t{0} >> (64 - bits)) & 0x7f7f7f7f7f7f7f7f;
  // Groups of 7 bits move together: to 14, 28 and 56.
  x = (x & 0x007f007f007f007f) | (x & 0x7f007f007f007f00) >> 1;
  x = (x & 0x00003fff00003fff) | (x & 0x3fff00003fff0000) >> 2;
  x = (x & 0x000000000fffffff) | (x & 0x0fffffff00000000) >> 4;
  *value = x;
  in->remove_prefix(bits / 8);
  return true;
}

absl::Status Damaged() {
  return absl::DataLossError("snapshot is damaged: a frame of units");
}

}  // namespace

void AppendUnit(const SavedUnit& unit, std::string* frame) {
  if (frame->empty()) frame->resize(kHeadBytes);
  const uint64_t bytes = Load64(frame->data()) + unit.packed.size();
  std::memcpy(frame->data(), &bytes, sizeof(bytes));

  const char* const end = unit.packed.data() + unit.packed.size();
  size_t unit_of_time = 2;
  size_t most = 3 * kMaxVarintBytes + 1 + unit.id.size();
  for (const char* in = unit.packed.data(); in < end;) {
    const auto time = static_cast<uint64_t>(UnpackTime(in));
    // Divisions by constants are multiplications.
    if (unit_of_time == 2 && time % kTimeUnits[2] != 0) unit_of_time = 1;
    if (unit_of_time == 1 && time % kTimeUnits[1] != 0) unit_of_time = 0;
    UnitEvent event;
    in = Unpack(in, &event);
    most += kMaxRowBytes + event.text.size();
  }
  const auto in_units = [unit_of_time](uint64_t time) {
    return unit_of_time == 0   ? time
           : unit_of_time == 1 ? time / kTimeUnits[1]
                               : time / kTimeUnits[2];
  };
  const size_t begin = frame->size();
  frame->resize(begin + most);
  char* out = frame->data() + begin;
  out = PutVarint(unit.id.size(), out);
  out = PutVarint(unit.keep, out);
  out = PutVarint(unit.packed.size(), out);
  *out++ = static_cast<char>(unit_of_time);
  std::memcpy(out, unit.id.data(), unit.id.size());
  out += unit.id.size();
  uint64_t last = 0;
  for (const char* in = unit.packed.data(); in < end;) {
    UnitEvent event;
    in = Unpack(in, &event);
    const uint64_t time = in_units(static_cast<uint64_t>(event.time));
    out = PutVarint(time - last, out);
    last = time;
    const bool has_text = event.content == ContentTable::kNotInterned;
    out = PutVarint((has_text ? event.text.size() : event.content) << 2 |
                        (has_text ? 2 : 0) | (event.has_value ? 1 : 0),
                    out);
    std::memcpy(out, &event.id_hash, sizeof(event.id_hash));
    out += sizeof(event.id_hash);
    if (event.has_value) out = PutVarint(ToZigzag(event.value), out);
    if (has_text) {
      std::memcpy(out, event.text.data(), event.text.size());
      out += event.text.size();
    }
  }
  frame->resize(static_cast<size_t>(out - frame->data()));
}

bool UnitRows::HashOf(uint64_t content, uint32_t* hash) {
  if (content >= hashes_.size()) {
    for (size_t i = hashes_.size(); i < contents_.size(); ++i) {
      hashes_.push_back(static_cast<uint32_t>(HashText(contents_[i])) &
                        kContentHashMask);
    }
    if (content >= hashes_.size()) return false;
  }
  *hash = hashes_[content];
  return true;
}

bool UnitRows::ReadEvents(absl::string_view* rows, Micros time_unit, char* out,
                          const char* end) {
  uint64_t time = 0;
  while (out < end) {
    UnitEvent event;
    uint64_t passed = 0;
    uint64_t content = 0;
    if (!Take(rows, &passed) || passed > kMaxTime - time ||
        !Take(rows, &content) || rows->size() < sizeof(event.id_hash)) {
      return false;
    }
    time += passed;
    if (time > static_cast<uint64_t>(kMaxTime / time_unit)) return false;
    event.time = static_cast<Micros>(time) * time_unit;
    event.id_hash = Load64(rows->data());
    rows->remove_prefix(sizeof(event.id_hash));
    event.has_value = (content & 1) != 0;
    if (event.has_value) {
      uint64_t value = 0;
      if (!Take(rows, &value)) return false;
      event.value = FromZigzag(value);
    }
    if ((content & 2) != 0) {
      if (content >> 2 > rows->size()) return false;
      event.content = ContentTable::kNotInterned;
      event.text = rows->substr(0, content >> 2);
      event.content_hash =
          static_cast<uint32_t>(HashText(event.text)) & kContentHashMask;
      rows->remove_prefix(event.text.size());
    } else if (HashOf(content >> 2, &event.content_hash)) {
      event.content = static_cast<uint32_t>(content >> 2);
    } else {
      return false;
    }
    if (PackedSize(event) > static_cast<size_t>(end - out)) return false;
    out = Pack(event, out);
  }
  return true;
}

absl::Status UnitRows::Read(absl::string_view frame) {
  units_.clear();
  if (frame.size() < kHeadBytes) return Damaged();
  // An event is packed to no more than three times the bytes that it has there.
  const uint64_t bytes = Load64(frame.data());
  if (bytes > 3 * frame.size()) return Damaged();
  if (packed_.size() < bytes) packed_.resize(bytes);
  absl::string_view rows = frame.substr(kHeadBytes);
  char* out = packed_.data();
  const char* const end = out + bytes;
  while (!rows.empty()) {
    uint64_t id_size = 0;
    uint64_t keep = 0;
    uint64_t packed = 0;
    if (!Take(&rows, &id_size) || !Take(&rows, &keep) ||
        keep > std::numeric_limits<uint32_t>::max() || !Take(&rows, &packed) ||
        packed > static_cast<uint64_t>(end - out) || rows.empty() ||
        static_cast<uint8_t>(rows[0]) >= std::size(kTimeUnits) ||
        id_size > rows.size() - 1) {
      return Damaged();
    }
    const auto time_unit =
        static_cast<Micros>(kTimeUnits[static_cast<uint8_t>(rows[0])]);
    const absl::string_view id = rows.substr(1, id_size);
    rows.remove_prefix(1 + id_size);
    if (!ReadEvents(&rows, time_unit, out, out + packed)) return Damaged();
    units_.push_back({.id = id,
                      .keep = static_cast<uint32_t>(keep),
                      .packed = absl::string_view(out, packed)});
    out += packed;
  }
  return out == end ? absl::OkStatus() : Damaged();
}

}  // namespace stagecraft::engine
