#include "engine/hash.h"

// A call into the library costs more than the hash of a short id.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "absl/strings/str_cat.h"

namespace stagecraft::engine {

uint64_t HashBytes(absl::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

uint64_t SplitSaltHash(absl::string_view experiment_salt) {
  return HashBytes(absl::StrCat(experiment_salt, "/split"));
}

uint64_t CoverageSaltHash(absl::string_view experiment_salt) {
  return HashBytes(absl::StrCat(experiment_salt, "/coverage"));
}

uint64_t LayerSaltHash(absl::string_view layer_name) {
  return HashBytes(absl::StrCat(layer_name, "/layer"));
}

uint64_t HoldoutSaltHash(absl::string_view journey_name) {
  return HashBytes(absl::StrCat(journey_name, "/holdout"));
}

}  // namespace stagecraft::engine
