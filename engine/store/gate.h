// A door that many threads pass, and that one can shut to be alone behind it.
// Private to engine/store.
#ifndef STAGECRAFT_ENGINE_STORE_GATE_H_
#define STAGECRAFT_ENGINE_STORE_GATE_H_

#include <algorithm>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace stagecraft::engine {

// Thread-safe. Unlike a reader lock it may be entered again by a thread that is
// inside, even while another waits to shut it: a scan's callback may read.
class Gate {
 public:
  // Waits while the gate is shut, unless this thread is inside already.
  void Enter() {
    const bool again = EnteredByThisThread();
    absl::MutexLock lock(&mutex_);
    if (!again) mutex_.Await(absl::Condition(this, &Gate::IsOpen));
    ++inside_;
    Entered().push_back(this);
  }

  void Leave() {
    std::vector<const Gate*>& entered = Entered();
    entered.erase(std::find(entered.begin(), entered.end(), this));
    absl::MutexLock lock(&mutex_);
    --inside_;
  }

  // Keeps others out and waits until all have left. The caller must not be
  // inside, and only one thread at a time may shut the gate.
  void Shut() {
    absl::MutexLock lock(&mutex_);
    open_ = false;
    mutex_.Await(absl::Condition(this, &Gate::IsEmpty));
  }

  void Open() {
    absl::MutexLock lock(&mutex_);
    open_ = true;
  }

  bool EnteredByThisThread() const {
    const std::vector<const Gate*>& entered = Entered();
    return std::find(entered.begin(), entered.end(), this) != entered.end();
  }

 private:
  static std::vector<const Gate*>& Entered() {
    thread_local std::vector<const Gate*> entered;
    return entered;
  }
  bool IsOpen() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return open_; }
  bool IsEmpty() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return inside_ == 0;
  }

  absl::Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = true;
  int inside_ ABSL_GUARDED_BY(mutex_) = 0;
};

class GateLock {
 public:
  explicit GateLock(Gate* gate) : gate_(gate) { gate_->Enter(); }
  ~GateLock() { gate_->Leave(); }
  GateLock(const GateLock&) = delete;
  GateLock& operator=(const GateLock&) = delete;

 private:
  Gate* const gate_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_GATE_H_
