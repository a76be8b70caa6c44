// A batch of events by columns of what they share.
//
// Events of one batch have few different names and attributes, and often the
// same units. Ids of units and contents stand once; an event refers to them by
// index. This is the form that ingestion takes, whatever the form on the wire,
// and the form that blocks of the log are read into.
#ifndef STAGECRAFT_ENGINE_EVENT_BATCH_H_
#define STAGECRAFT_ENGINE_EVENT_BATCH_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/event.h"

namespace stagecraft::engine {

// Not thread-safe. Ids borrow from the caller's texts, which must outlive the
// batch, as do stored contents; other contents are copied.
class EventBatch {
 public:
  struct Item {
    uint32_t unit = 0;     // Index into `units()`.
    uint32_t content = 0;  // Index into `contents()`.
    Micros time = 0;
    MicroValue value = 0;  // 0 if there is none.
    bool has_value = false;
    absl::string_view event_id;
  };

  // Each of these checks what it is given and returns its index. Errors:
  // kInvalidArgument names the field, the value seen and the value wanted; the
  // batch is then as it was.
  absl::StatusOr<uint32_t> AddUnit(absl::string_view unit_id);
  // The same name and attributes again are the same content.
  absl::StatusOr<uint32_t> AddContent(absl::string_view name,
                                      const Attributes& attributes);
  absl::Status AddItem(const Item& item);

  // A whole event, which must outlive the batch.
  absl::Status Add(const Event& event);

  // What was checked before it was stored: encoded content, see record.h.
  uint32_t AddStoredUnit(absl::string_view unit_id);
  uint32_t AddStoredContent(absl::string_view encoded);
  void AddStoredItem(const Item& item) { items_.push_back(item); }
  // Room for texts that have no other owner.
  absl::string_view Keep(std::string text) {
    return kept_.emplace_back(std::move(text));
  }

  // Removes the items that `gone(item)` is true of; returns how many.
  template <typename Gone>
  int64_t RemoveItems(const Gone& gone) {
    return static_cast<int64_t>(std::erase_if(items_, gone));
  }

  void Reserve(size_t items) { items_.reserve(items); }
  void Clear();

  const std::vector<absl::string_view>& units() const { return units_; }
  // Encoded: name and attributes, see record.h.
  const std::vector<absl::string_view>& contents() const { return contents_; }
  const std::vector<Item>& items() const { return items_; }

 private:
  std::vector<absl::string_view> units_;
  std::vector<absl::string_view> contents_;
  std::vector<Item> items_;
  std::deque<std::string> kept_;
  absl::flat_hash_map<absl::string_view, uint32_t> index_of_content_;
  std::string scratch_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_EVENT_BATCH_H_
