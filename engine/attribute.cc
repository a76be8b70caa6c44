#include "engine/attribute.h"

#include <charconv>

namespace stagecraft::engine {

std::string ToText(AttributeView value) {
  if (const auto* text = std::get_if<absl::string_view>(&value)) {
    return std::string(*text);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof(buffer), *number);
    return std::string(buffer, end.ptr);
  }
  return std::get<bool>(value) ? "true" : "false";
}

}  // namespace stagecraft::engine
