// The events of one unit, packed: 20 bytes each, 8 more with a value.
//
//   fixed64  time * 2^11 + the low 11 bits of the content's hash
//   fixed64  hash of the event id
//   fixed32  number of the content * 2^8 + flags: 1 has a value, 2 the content
//            stands here; the other 6 bits: bits 11 to 16 of the content's hash
//   fixed64  the value, if there is one
//   fixed32 and bytes: the content, if it has no number
//
// In the order of (time, hash of the event id); no id twice.
#ifndef STAGECRAFT_ENGINE_UNIT_EVENTS_H_
#define STAGECRAFT_ENGINE_UNIT_EVENTS_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>

#include "absl/strings/string_view.h"
#include "engine/content_table.h"
#include "engine/event.h"

namespace stagecraft::engine {

// One event of a unit. An event id is known by its XXH3_64bits: two ids of one
// unit with the same hash would be taken for one, which happens once in 1e11
// units of ten events.
struct UnitEvent {
  Micros time = 0;
  uint64_t id_hash = 0;
  uint32_t content = 0;       // kNotInterned: see `text`.
  uint32_t content_hash = 0;  // 17 bits.
  MicroValue value = 0;       // 0 if there is none.
  bool has_value = false;
  absl::string_view text;  // The content, if it has no number.

  // Of two records of one event id the smaller one counts.
  bool Before(const UnitEvent& other) const {
    return std::tie(time, content_hash, has_value, value) <
           std::tie(other.time, other.content_hash, other.has_value,
                    other.value);
  }
};

inline constexpr uint32_t kContentHashMask = (1 << 17) - 1;
inline constexpr size_t kMinEventBytes = 20;

inline size_t PackedSize(const UnitEvent& event) {
  return kMinEventBytes + (event.has_value ? 8 : 0) +
         (event.content == ContentTable::kNotInterned ? 4 + event.text.size()
                                                      : 0);
}

// Writes PackedSize(event) bytes; returns where they end.
inline char* Pack(const UnitEvent& event, char* out) {
  const uint64_t head =
      static_cast<uint64_t>(event.time) << 11 | (event.content_hash & 0x7ff);
  const bool has_text = event.content == ContentTable::kNotInterned;
  const uint32_t tail = event.content << 8 | (event.has_value ? 1 : 0) |
                        (has_text ? 2 : 0) | event.content_hash >> 11 << 2;
  std::memcpy(out, &head, 8);
  std::memcpy(out + 8, &event.id_hash, 8);
  std::memcpy(out + 16, &tail, 4);
  out += kMinEventBytes;
  if (event.has_value) {
    std::memcpy(out, &event.value, 8);
    out += 8;
  }
  if (has_text) {
    const auto size = static_cast<uint32_t>(event.text.size());
    std::memcpy(out, &size, 4);
    std::memcpy(out + 4, event.text.data(), size);
    out += 4 + size;
  }
  return out;
}

// Reads the event at `in`; returns where it ends. What is read was packed by
// this process, or has passed a checksum.
inline const char* Unpack(const char* in, UnitEvent* event) {
  uint64_t head;
  uint32_t tail;
  std::memcpy(&head, in, 8);
  std::memcpy(&event->id_hash, in + 8, 8);
  std::memcpy(&tail, in + 16, 4);
  in += kMinEventBytes;
  event->time = static_cast<Micros>(head >> 11);
  event->content = tail >> 8;
  event->content_hash = static_cast<uint32_t>(head & 0x7ff) | (tail >> 2 & 0x3f)
                                                                  << 11;
  event->has_value = (tail & 1) != 0;
  event->value = 0;
  if (event->has_value) {
    std::memcpy(&event->value, in, 8);
    in += 8;
  }
  event->text = {};
  if ((tail & 2) != 0) {
    uint32_t size;
    std::memcpy(&size, in, 4);
    event->text = absl::string_view(in + 4, size);
    in += 4 + size;
  }
  return in;
}

// Reads its time alone.
inline Micros UnpackTime(const char* in) {
  uint64_t head;
  std::memcpy(&head, in, 8);
  return static_cast<Micros>(head >> 11);
}

// Reads the hash of its id alone.
inline uint64_t UnpackIdHash(const char* in) {
  uint64_t hash;
  std::memcpy(&hash, in + 8, 8);
  return hash;
}

// Reads nothing of it but the content's number; returns where it ends.
inline const char* UnpackContent(const char* in, uint32_t* content) {
  uint32_t tail;
  std::memcpy(&tail, in + 16, 4);
  in += kMinEventBytes + ((tail & 1) != 0 ? 8 : 0);
  *content = tail >> 8;
  if ((tail & 2) != 0) {
    uint32_t size;
    std::memcpy(&size, in, 4);
    in += 4 + size;
    *content = ContentTable::kNotInterned;
  }
  return in;
}

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_UNIT_EVENTS_H_
