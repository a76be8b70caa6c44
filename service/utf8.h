// UTF-8 that others sent, made safe to print.
#ifndef STAGECRAFT_SERVICE_UTF8_H_
#define STAGECRAFT_SERVICE_UTF8_H_

#include <string>

#include "absl/strings/string_view.h"

namespace stagecraft::service {

// `text` with each byte that is not part of a well-formed sequence (RFC 3629)
// replaced by U+FFFD.
std::string ToValidUtf8(absl::string_view text);

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_UTF8_H_
