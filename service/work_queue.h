// Threads that do work which may wait for the disk, so that gRPC's own never
// do.
#ifndef STAGECRAFT_SERVICE_WORK_QUEUE_H_
#define STAGECRAFT_SERVICE_WORK_QUEUE_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace stagecraft::service {

// Thread-safe. Work goes to the thread that was busy last, whose memory is at
// hand; if they took turns, what each keeps would be far for all.
class WorkQueue {
 public:
  // At least 1 thread.
  explicit WorkQueue(int threads);
  // Does what was added first.
  ~WorkQueue();

  // Does `work` on one of the threads, in the order in which it was added.
  void Add(std::function<void()> work);

  // How many threads wait for work.
  int idle() const;

 private:
  // A thread that waits.
  struct Idle {
    bool called = false;
    absl::CondVar wake;
  };
  void Run();
  void CallLast() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::function<void()>> work_ ABSL_GUARDED_BY(mutex_);
  // Who was busy last comes last.
  std::vector<Idle*> idle_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

}  // namespace stagecraft::service

#endif  // STAGECRAFT_SERVICE_WORK_QUEUE_H_
