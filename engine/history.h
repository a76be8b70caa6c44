// A unit's history: everything that was stored about it.
#ifndef STAGECRAFT_ENGINE_HISTORY_H_
#define STAGECRAFT_ENGINE_HISTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/record.h"

namespace stagecraft::engine {

// The stored records of one unit, packed into one string, in no order. A set:
// the same record added again changes nothing. Not thread-safe.
class UnitHistory {
 public:
  // Adds a record without looking whether it is there already.
  void Append(Micros time, absl::string_view event_id, uint64_t content_hash,
              absl::string_view content);
  void Append(const UnitHistory& other);
  bool Contains(Micros time, absl::string_view event_id,
                uint64_t content_hash) const;

  // The events that count, in the order of (time, id): of records with the same
  // event id the one with the earliest time, then with the smallest hash. A
  // function of the set of records alone, whatever order they came in. The
  // views borrow from the history. Errors: kDataLoss.
  absl::StatusOr<std::vector<EventView>> Events() const;

  int64_t size() const { return size_; }
  size_t bytes() const { return records_.capacity(); }

 private:
  std::string records_;
  int64_t size_ = 0;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_HISTORY_H_
