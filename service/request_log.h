// The log of request ids: what makes writes repeatable.
//
// For each service the newest writes with a request id are remembered, with a
// fingerprint of the request and the answer. The entry is stored in the same
// batch as the write itself, so both survive a restart or neither does. In
// memory an entry takes a few hundred bytes: answers stay in the store.
#ifndef STAGECRAFT_SERVICE_REQUEST_LOG_H_
#define STAGECRAFT_SERVICE_REQUEST_LOG_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/store/store.h"
#include "google/protobuf/message.h"

namespace stagecraft::service {

inline constexpr size_t kMaxRequestIdBytes = 128;
// Entries that are kept for each service; the oldest go first.
inline constexpr size_t kMaxRememberedRequests = 1000;
// Keys of Keyspace::kDocuments that belong to the log begin so.
inline constexpr absl::string_view kRequestKeyPrefix = "requests/";

// One call of a write method. The views live as long as the call.
struct Call {
  absl::string_view service;     // `journeys`, `kpis`, `experiments`, `layers`.
  absl::string_view method;      // `CreateJourney`.
  absl::string_view request_id;  // Empty: not repeatable.
  const google::protobuf::Message* request = nullptr;
};

// Not thread-safe.
class RequestLog {
 public:
  explicit RequestLog(size_t capacity = kMaxRememberedRequests)
      : capacity_(capacity) {}

  // Takes in a stored entry, in the order of keys. Errors: kDataLoss,
  // kFailedPrecondition if it is of a newer version.
  absl::Status Load(absl::string_view key, absl::string_view value);

  // The answer to the call if it was carried out before, or nothing.
  // Errors: kInvalidArgument if the request id was used for another request or
  // is not text of at most 128 bytes; those of the store.
  absl::StatusOr<std::optional<std::string>> Find(
      const Call& call, const engine::Store& store) const;

  // Adds to `batch` what remembers the call (and forgets the oldest one).
  // Nothing without a request id.
  void Store(const Call& call, absl::string_view answer,
             engine::WriteBatch* batch) const;
  // Remembers it in memory: call it once the batch is stored.
  void Remember(const Call& call);

 private:
  struct Entry {
    uint64_t sequence = 0;
    uint64_t fingerprint = 0;
  };
  struct OfService {
    absl::flat_hash_map<std::string, Entry> entries;  // By request id.
    std::map<uint64_t, std::string> by_sequence;
    uint64_t next_sequence = 1;
  };

  size_t capacity_;
  std::map<std::string, OfService> services_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_REQUEST_LOG_H_
