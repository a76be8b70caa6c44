// Records: how the content of events, and aliases, are written down. The
// grammar is in engine/store/FORMAT.md.
#ifndef STAGECRAFT_ENGINE_RECORD_H_
#define STAGECRAFT_ENGINE_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/attribute.h"
#include "engine/event.h"

namespace stagecraft::engine {

// What an event is, besides whose, when and how much. Borrows from its encoded
// form.
struct ContentView {
  absl::string_view name;
  absl::string_view attributes;  // Encoded; see `Find`.

  // The attribute's value, or nothing.
  std::optional<AttributeView> Find(absl::string_view key) const;
};

// Appends the encoded content to `out`. Equal contents have equal encodings.
void EncodeContent(absl::string_view name, const Attributes& attributes,
                   std::string* out);
// Reads what EncodeContent wrote into `view`, which then borrows from
// `encoded`. Errors: kDataLoss.
absl::Status DecodeContent(absl::string_view encoded, ContentView* view);

// XXH3_64bits: of unit ids, event ids and contents.
uint64_t HashText(absl::string_view text);

// An alias is a key alone; the two ids in byte order, so that the same pair is
// the same key.
std::string AliasKey(const Alias& alias);
absl::StatusOr<Alias> DecodeAliasKey(absl::string_view key);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_RECORD_H_
