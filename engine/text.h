// Checks of what callers hand in, and how messages quote it: text, names, sizes
// of lists, durations.
#ifndef STAGECRAFT_ENGINE_TEXT_H_
#define STAGECRAFT_ENGINE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace stagecraft::engine {

// Whether `text` is well-formed UTF-8 (Unicode 15, table 3-7): no overlong
// forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(absl::string_view text);

// `"text"`, with bytes that are not printable ASCII escaped; text of more than
// 80 bytes is cut. For messages.
std::string Quote(absl::string_view text);

// Whether `text` is `min_bytes` to `max_bytes` bytes of UTF-8 without NUL.
bool IsText(absl::string_view text, size_t min_bytes, size_t max_bytes);

// Errors: kInvalidArgument names `field`, the value seen and the value wanted,
// unless `IsText`.
absl::Status ValidateText(absl::string_view text, absl::string_view field,
                          size_t min_bytes, size_t max_bytes);

// Errors: kInvalidArgument names `field`, the number of items seen and wanted,
// unless a list has `min` to `max` items.
absl::Status ValidateSize(size_t size, size_t min, size_t max,
                          absl::string_view field);

// As `ValidateText` for a part of a resource name: 1 to 63 of `[a-z0-9-]`.
absl::Status ValidateNamePart(absl::string_view part, absl::string_view field);

// As `ValidateText` for a full name such as `journeys/checkout/kpis/paid`:
// `pattern` is `journeys/*/kpis/*`, each `*` one part. The part after
// `journeys/` begins with a letter.
absl::Status ValidateResourceName(absl::string_view name,
                                  absl::string_view pattern,
                                  absl::string_view field);

// Microseconds as the contract writes durations: `-5s`, `0.25s`.
std::string DurationText(int64_t micros);

// Errors: kInvalidArgument names `field`, the value seen and the value wanted,
// unless a duration is `min_micros` (0 or 1) to `kMaxTime`, 230 years.
absl::Status ValidateDuration(int64_t micros, absl::string_view field,
                              int64_t min_micros);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_TEXT_H_
