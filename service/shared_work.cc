#include "service/shared_work.h"

#include <algorithm>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace stagecraft::service {
namespace {

// Outlives the calls: a helper may come when all is done, and `fn_` is gone.
class Shared {
 public:
  Shared(size_t count, absl::FunctionRef<void(size_t)> fn)
      : count_(count), fn_(fn) {}

  // Works until there is nothing left to begin.
  void Work() {
    while (true) {
      size_t i;
      {
        absl::MutexLock lock(&mutex_);
        if (begun_ == count_) return;
        i = begun_++;
      }
      fn_(i);
      absl::MutexLock lock(&mutex_);
      ++done_;
    }
  }
  void WaitForOthers() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &Shared::AllDone));
  }

 private:
  bool AllDone() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return done_ == count_;
  }

  const size_t count_;
  const absl::FunctionRef<void(size_t)> fn_;
  absl::Mutex mutex_;
  size_t begun_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t done_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

void ShareWork(WorkQueue* queue, int helpers, size_t count,
               absl::FunctionRef<void(size_t)> fn) {
  const auto shared = std::make_shared<Shared>(count, fn);
  for (size_t i = 1; i < std::min(count, static_cast<size_t>(helpers) + 1);
       ++i) {
    queue->Add([shared] { shared->Work(); });
  }
  shared->Work();
  shared->WaitForOthers();
}

}  // namespace stagecraft::service
