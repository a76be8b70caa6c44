// How much memory the requests may hold that wait to be stored.
//
// Callers who send faster than the disk takes must be slowed: whoever wants to
// take a request asks here first. Single calls are refused when there is no
// room, with a delay that grows with what was refused already; streams stop to
// read until there is.
#ifndef STAGECRAFT_SERVICE_MEMORY_LIMIT_H_
#define STAGECRAFT_SERVICE_MEMORY_LIMIT_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace stagecraft::service {

// Thread-safe.
class MemoryLimit {
 public:
  // `bytes` > 0. `on_room` is called, by whoever gives memory back, when there
  // is room again after there was none. It must not wait.
  explicit MemoryLimit(int64_t bytes, std::function<void()> on_room = nullptr)
      : limit_(bytes), on_room_(std::move(on_room)) {}

  // Takes `bytes` if they fit, or if nothing else is held: a single request
  // always fits.
  bool TryTake(int64_t bytes);
  // Takes them anyway: of a request that is there already. What is held can
  // pass the limit by as much.
  void Take(int64_t bytes);
  void Give(int64_t bytes);

  // Whether less than the limit is held. If not, `on_room` is called later.
  bool HasRoom();

  int64_t limit() const { return limit_; }
  int64_t held() const;
  // The most that was held at a time.
  int64_t peak() const;

  // How long a caller waits who was refused just now: a second for each time
  // that the limit fits into what is held and was refused since the memory was
  // last half empty; 0.1 s to 30 s.
  absl::Duration retry_after() const;

 private:
  void Raise(int64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int64_t limit_;
  const std::function<void()> on_room_;
  mutable absl::Mutex mutex_;
  int64_t held_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t peak_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
  bool wanted_ ABSL_GUARDED_BY(mutex_) = false;  // Somebody waits for room.
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_MEMORY_LIMIT_H_
