// Attributes: what is known about an event or a unit besides its name.
//
// A value is text, a number or a truth value. `AttributeValue` owns its text,
// `AttributeView` borrows it; the view is what predicates look at, so that they
// work on decoded and on stored events alike.
#ifndef STAGECRAFT_ENGINE_ATTRIBUTE_H_
#define STAGECRAFT_ENGINE_ATTRIBUTE_H_

#include <map>
#include <optional>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"

namespace stagecraft::engine {

// UTF-8 text of at most 1024 bytes, a finite number, or a truth value.
using AttributeValue = std::variant<std::string, double, bool>;
using AttributeView = std::variant<absl::string_view, double, bool>;

// Attributes by key, in key order. At most 64; keys are 1 to 128 bytes.
using Attributes = std::map<std::string, AttributeValue, std::less<>>;

inline AttributeView View(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return absl::string_view(*text);
  }
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return std::get<bool>(value);
}

// The value of `key`, or nothing.
inline std::optional<AttributeView> Find(const Attributes& attributes,
                                         absl::string_view key) {
  const auto it = attributes.find(std::string_view(key.data(), key.size()));
  if (it == attributes.end()) return std::nullopt;
  return View(it->second);
}

// The shortest text that reads back as the same value: `web`, `2.5`, `true`.
std::string ToText(AttributeView value);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_ATTRIBUTE_H_
