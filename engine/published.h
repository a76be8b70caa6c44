// A value that few replace and many read: an immutable object behind a pointer.
//
// Each reading thread keeps a pointer of its own, with a count of its own, and
// one atomic number tells it whether that is still the newest one. As long as
// nobody replaces the value, readers write nothing that another thread reads:
// they neither wait nor slow each other. After a replacement each thread takes
// a lock once, for the copy of a pointer. Readers never destroy a value: who
// replaces it destroys those that nobody holds any longer.
#ifndef STAGECRAFT_ENGINE_PUBLISHED_H_
#define STAGECRAFT_ENGINE_PUBLISHED_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace stagecraft::engine {

// Thread-safe. A thread that has read keeps the value that it has seen last
// until it reads again, ends, or reads another one after this one is gone.
template <typename T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> value)
      : core_(std::make_shared<Core>(std::move(value))) {}
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;

  // The newest value: what a `Replace` that has returned has set, or a later
  // one. It stays as it is for as long as the caller keeps it.
  std::shared_ptr<const T> Get() const { return Mine(); }

  // The same without counting: for a caller that is done with it before this
  // thread calls Get, Peek or With of any Published<T> again.
  const T& Peek() const {
    const uint64_t version = core_->version.load(std::memory_order_acquire);
    if (last_.core == core_.get() && last_.version == version) {
      return *last_.value;
    }
    return *Mine();
  }

  void Replace(std::shared_ptr<const T> value) {
    // Destroyed without the lock.
    std::vector<std::shared_ptr<const T>> unused;
    std::lock_guard<std::mutex> lock(core_->mutex);
    core_->retired.push_back(std::move(core_->value));
    core_->value = std::move(value);
    core_->version.fetch_add(1, std::memory_order_release);
    // A count of one is ours, and only who has the lock could raise it.
    const auto kept = std::partition(
        core_->retired.begin(), core_->retired.end(),
        [](const auto& retired) { return retired.use_count() > 1; });
    unused.assign(std::make_move_iterator(kept),
                  std::make_move_iterator(core_->retired.end()));
    core_->retired.erase(kept, core_->retired.end());
  }

 private:
  struct Core {
    explicit Core(std::shared_ptr<const T> first) : value(std::move(first)) {}
    std::atomic<uint64_t> version{1};
    // Held for copies of pointers. ThreadSanitizer knows it; it does not see
    // into the packaged absl::Mutex.
    std::mutex mutex;
    std::shared_ptr<const T> value;
    std::vector<std::shared_ptr<const T>> retired;
  };
  // What a thread has read of one Published.
  struct Seen {
    std::weak_ptr<Core> core;
    const Core* address = nullptr;  // Cannot be reused while `core` is kept.
    uint64_t version = 0;
    std::shared_ptr<const T> value;
  };

  // What a thread has read last: one of its `Seen`s, without a list to search.
  struct Last {
    const Core* core = nullptr;
    uint64_t version = 0;
    const T* value = nullptr;
  };
  static inline thread_local constinit Last last_;

  const std::shared_ptr<const T>& Mine() const {
    const Seen& seen = Search();
    last_ = {seen.address, seen.version, seen.value.get()};
    return seen.value;
  }

  const Seen& Search() const {
    static thread_local std::vector<Seen> all;
    const uint64_t version = core_->version.load(std::memory_order_acquire);
    for (Seen& seen : all) {
      if (seen.address != core_.get()) continue;
      if (seen.version != version) Refresh(&seen);
      return seen;
    }
    // What is gone gives way, so that the list stays short.
    all.erase(
        std::remove_if(all.begin(), all.end(),
                       [](const Seen& seen) { return seen.core.expired(); }),
        all.end());
    Seen& seen = all.emplace_back();
    seen.core = core_;
    seen.address = core_.get();
    Refresh(&seen);
    return seen;
  }

  void Refresh(Seen* seen) const {
    std::shared_ptr<const T> value;
    {
      std::lock_guard<std::mutex> lock(core_->mutex);
      value = core_->value;
      seen->version = core_->version.load(std::memory_order_relaxed);
    }
    // A count of its own, which no other thread touches unless it is given the
    // pointer; it keeps the shared one.
    const T* const address = value.get();
    seen->value = std::shared_ptr<const T>(
        address, [keep = std::move(value)](const T*) mutable { keep.reset(); });
  }

  const std::shared_ptr<Core> core_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_PUBLISHED_H_
