// What both ends of the wire do with events in the friendly form, so that equal
// contents are sent, and stored, once.
#ifndef STAGECRAFT_SERVICE_WIRE_CONTENT_KEY_H_
#define STAGECRAFT_SERVICE_WIRE_CONTENT_KEY_H_

#include <google/protobuf/map.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "stagecraft/v1/common.pb.h"

namespace stagecraft::service {

// Appends a key of an event's name and attributes: the same one for the same
// content, and for no other.
inline void AppendContentKey(
    absl::string_view name,
    const google::protobuf::Map<std::string, v1::AttributeValue>& attributes,
    std::string* out) {
  const auto append = [out](const auto& word) {
    char bytes[sizeof(word)];
    std::memcpy(bytes, &word, sizeof(word));
    out->append(bytes, sizeof(word));
  };
  const auto append_text = [&](absl::string_view text) {
    append(static_cast<uint32_t>(text.size()));
    out->append(text.data(), text.size());
  };
  append_text(name);
  // A map has no order of its own.
  absl::InlinedVector<
      const google::protobuf::MapPair<std::string, v1::AttributeValue>*, 8>
      sorted;
  for (const auto& attribute : attributes) sorted.push_back(&attribute);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  for (const auto* const attribute : sorted) {
    const auto& [key, value] = *attribute;
    append_text(key);
    out->push_back(static_cast<char>(value.kind_case()));
    switch (value.kind_case()) {
      case v1::AttributeValue::kStringValue:
        append_text(value.string_value());
        break;
      case v1::AttributeValue::kNumberValue:
        append(value.number_value());
        break;
      case v1::AttributeValue::kBoolValue:
        out->push_back(value.bool_value() ? 1 : 0);
        break;
      case v1::AttributeValue::KIND_NOT_SET:
        break;
    }
  }
}

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_WIRE_CONTENT_KEY_H_
