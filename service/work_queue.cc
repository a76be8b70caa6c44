#include "service/work_queue.h"

#include <utility>

namespace stagecraft::service {

WorkQueue::WorkQueue(int threads) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Run(); });
  }
}

WorkQueue::~WorkQueue() {
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
    while (!idle_.empty()) CallLast();
  }
  for (std::thread& thread : threads_) thread.join();
}

void WorkQueue::Add(std::function<void()> work) {
  absl::MutexLock lock(&mutex_);
  work_.push_back(std::move(work));
  if (!idle_.empty()) CallLast();
}

int WorkQueue::idle() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(idle_.size());
}

void WorkQueue::CallLast() {
  idle_.back()->called = true;
  idle_.back()->wake.Signal();
  idle_.pop_back();
}

void WorkQueue::Run() {
  absl::MutexLock lock(&mutex_);
  bool was_busy = false;
  while (true) {
    if (!work_.empty()) {
      std::function<void()> work = std::move(work_.front());
      work_.pop_front();
      mutex_.Unlock();
      work();
      work = nullptr;  // What it holds may end with it.
      mutex_.Lock();
      was_busy = true;
    } else if (closing_) {
      return;
    } else {
      // Who found nothing, since another was first, is not who was busy last.
      Idle self;
      idle_.insert(was_busy ? idle_.end() : idle_.begin(), &self);
      was_busy = false;
      while (!self.called) self.wake.Wait(&mutex_);
    }
  }
}

}  // namespace stagecraft::service
