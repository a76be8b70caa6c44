// The log: keys of its blocks, and the records beside it that say what of it no
// longer counts. The grammar is in engine/store/FORMAT.md.
#ifndef STAGECRAFT_ENGINE_LOG_H_
#define STAGECRAFT_ENGINE_LOG_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/event_batch.h"
#include "engine/store/store.h"

namespace stagecraft::engine {

std::string LogKey(uint64_t sequence);
absl::StatusOr<uint64_t> DecodeLogKey(absl::string_view key);

// The number after the last block's; 1 for an empty log.
absl::StatusOr<uint64_t> NextSequence(const Store& store);

// In Keyspace::kMeta: events before this time are not kept (int64, decimal).
inline constexpr absl::string_view kEventCutoffKey = "event_cutoff";
// In Keyspace::kMeta: the newest event's time when that was set (the same).
inline constexpr absl::string_view kNewestEventKey = "newest_event";
// In Keyspace::kMeta: tallies of an experiment whose events are not kept.
std::string SealKey(absl::string_view experiment, Micros start);
inline constexpr absl::string_view kSealPrefix = "sealed/";

// Ids whose events are being taken out of the log. Known by a hash, so that the
// record of an erasure does not keep what it erases.
class ErasedIds {
 public:
  // 16 bytes: XXH3_128bits of the id, canonical.
  static std::string HashOf(absl::string_view id);

  // The id does not count in blocks up to `last`.
  void Add(std::string hash, uint64_t last) { last_[std::move(hash)] = last; }
  void Clear() { last_.clear(); }
  bool empty() const { return last_.empty(); }
  bool Contains(absl::string_view id, uint64_t sequence) const;

  // Takes the events of such ids out of block `sequence`; returns how many.
  int64_t TakeOut(uint64_t sequence, EventBatch* block) const;

 private:
  absl::flat_hash_map<std::string, uint64_t> last_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_LOG_H_
