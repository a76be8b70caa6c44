// The contents of events, each once: most events share their name and
// attributes with thousands of others, and keep a number instead.
#ifndef STAGECRAFT_ENGINE_CONTENT_TABLE_H_
#define STAGECRAFT_ENGINE_CONTENT_TABLE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace stagecraft::engine {

// A vector that grows without moving its elements, so that readers need no
// lock: who got a number below `size()` may look. One writer at a time.
template <typename T>
class StableVector {
 public:
  static constexpr size_t kChunk = 4096;
  static constexpr size_t kMaxSize = 4096 * kChunk;

  ~StableVector() {
    for (auto& chunk : chunks_) delete[] chunk.load();
  }
  size_t size() const { return size_.load(std::memory_order_acquire); }
  const T& operator[](size_t i) const {
    return chunks_[i / kChunk].load(std::memory_order_acquire)[i % kChunk];
  }
  void push_back(T value) {
    const size_t i = size_.load(std::memory_order_relaxed);
    T* chunk = chunks_[i / kChunk].load(std::memory_order_relaxed);
    if (chunk == nullptr) {
      chunk = new T[kChunk];
      chunks_[i / kChunk].store(chunk, std::memory_order_release);
    }
    chunk[i % kChunk] = std::move(value);
    size_.store(i + 1, std::memory_order_release);
  }

 private:
  std::array<std::atomic<T*>, kMaxSize / kChunk> chunks_ = {};
  std::atomic<size_t> size_{0};
};

// Thread-safe. Numbers are of this process only.
class ContentTable {
 public:
  // Stands for a content that has no number.
  static constexpr uint32_t kNotInterned = 0xffffff;

  // Takes at most `max_contents` contents, and at most a sixteenth of them of
  // one name: an attribute that is different in every event (an order's number)
  // does not take all the room.
  explicit ContentTable(uint32_t max_contents = 1 << 20)
      : max_contents_(max_contents) {}

  // The content's number, or kNotInterned if there is no room for a new one.
  // `encoded` is a valid content, see record.h.
  uint32_t Intern(absl::string_view encoded) ABSL_LOCKS_EXCLUDED(mutex_);

  // `number` was returned by Intern.
  absl::string_view operator[](uint32_t number) const {
    return contents_[number];
  }
  uint32_t size() const { return static_cast<uint32_t>(contents_.size()); }
  // Whether some content had no room.
  bool full() const { return full_.load(std::memory_order_relaxed); }
  // Somebody has a content that had no room in an earlier table.
  void SetFull() { full_.store(true, std::memory_order_relaxed); }
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  const uint32_t max_contents_;
  absl::Mutex mutex_;
  absl::flat_hash_map<absl::string_view, uint32_t> numbers_
      ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, uint32_t> by_name_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> texts_ ABSL_GUARDED_BY(mutex_);
  StableVector<absl::string_view> contents_;
  std::atomic<int64_t> bytes_{0};
  std::atomic<bool> full_{false};
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_CONTENT_TABLE_H_
