#include "engine/log.h"

#include <xxhash.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/store/key_codec.h"

namespace stagecraft::engine {

std::string LogKey(uint64_t sequence) {
  std::string key;
  AppendUint64(sequence, &key);
  return key;
}

absl::StatusOr<uint64_t> DecodeLogKey(absl::string_view key) {
  KeyDecoder decoder(key);
  const auto sequence = decoder.ReadUint64();
  if (!sequence.ok()) return sequence.status();
  if (absl::Status status = decoder.Finish(); !status.ok()) return status;
  return *sequence;
}

absl::StatusOr<uint64_t> NextSequence(const Store& store) {
  // Numbers have no upper bound and the store no reverse scan: halve the range
  // that has a key at its end. 64 looks at one key each.
  uint64_t low = 0;  // Some key is at or above it, or there is none at all.
  uint64_t high = uint64_t{1} << 63;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    bool found = false;
    const absl::Status status =
        store.Scan(Keyspace::kLog, LogKey(middle), "",
                   [&](absl::string_view, absl::string_view) {
                     found = true;
                     return false;
                   });
    if (!status.ok()) return status;
    if (found) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return std::max<uint64_t>(low, 1);
}

std::string SealKey(absl::string_view experiment, Micros start) {
  return absl::StrCat(kSealPrefix, experiment, "@", start);
}

std::string ErasedIds::HashOf(absl::string_view id) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(id.data(), id.size()));
  return std::string(reinterpret_cast<const char*>(canonical.digest),
                     sizeof(canonical.digest));
}

bool ErasedIds::Contains(absl::string_view id, uint64_t sequence) const {
  if (last_.empty()) return false;
  const auto it = last_.find(HashOf(id));
  return it != last_.end() && sequence <= it->second;
}

int64_t ErasedIds::TakeOut(uint64_t sequence, EventBatch* block) const {
  if (last_.empty()) return 0;
  std::vector<bool> erased;
  for (const absl::string_view id : block->units()) {
    erased.push_back(Contains(id, sequence));
  }
  return block->RemoveItems(
      [&](const EventBatch::Item& item) { return erased[item.unit]; });
}

}  // namespace stagecraft::engine
