// A queue with limited room between a thread that reads and threads that work.
#ifndef STAGECRAFT_ENGINE_WORK_QUEUE_H_
#define STAGECRAFT_ENGINE_WORK_QUEUE_H_

#include <deque>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace stagecraft::engine {

// Thread-safe.
template <typename T>
class WorkQueue {
 public:
  explicit WorkQueue(size_t room) : room_(room) {}

  // Waits while there is no room. False: somebody called Stop.
  bool Push(T item) {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &WorkQueue::MayPush));
    if (stopped_) return false;
    items_.push_back(std::move(item));
    return true;
  }
  // Waits while it is empty. Nothing: it is closed and empty, or stopped.
  std::optional<T> Pop() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &WorkQueue::MayPop));
    if (stopped_ || items_.empty()) return std::nullopt;
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }
  // Nothing more comes.
  void Close() {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  // Ends all work. The first status stays.
  void Stop(absl::Status status) {
    absl::MutexLock lock(&mutex_);
    if (!stopped_) status_ = std::move(status);
    stopped_ = true;
  }
  absl::Status status() const {
    absl::MutexLock lock(&mutex_);
    return status_;
  }

 private:
  bool MayPush() const { return stopped_ || items_.size() < room_; }
  bool MayPop() const { return stopped_ || closed_ || !items_.empty(); }

  const size_t room_;
  mutable absl::Mutex mutex_;
  std::deque<T> items_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_WORK_QUEUE_H_
