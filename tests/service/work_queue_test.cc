#include "service/work_queue.h"

#include <memory>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace stagecraft::service {
namespace {

void AwaitIdle(const WorkQueue& queue, int threads) {
  while (queue.idle() != threads) std::this_thread::yield();
}

TEST(WorkQueueTest, DoesAllWorkBeforeItEnds) {
  absl::Mutex mutex;
  int done = 0;
  {
    WorkQueue queue(3);
    for (int i = 0; i < 1000; ++i) {
      queue.Add([&] {
        absl::MutexLock lock(&mutex);
        ++done;
      });
    }
  }
  EXPECT_EQ(done, 1000);
}

TEST(WorkQueueTest, OneThreadDoesItInOrder) {
  std::vector<int> done;
  {
    WorkQueue queue(1);
    for (int i = 0; i < 100; ++i) {
      queue.Add([&done, i] { done.push_back(i); });
    }
  }
  ASSERT_EQ(done.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[i], i);
}

TEST(WorkQueueTest, ThreadsWorkAtTheSameTime) {
  constexpr int kThreads = 4;
  absl::BlockingCounter begun(kThreads);
  absl::Notification end;
  WorkQueue queue(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    queue.Add([&] {
      begun.DecrementCount();
      end.WaitForNotification();
    });
  }
  begun.Wait();
  EXPECT_EQ(queue.idle(), 0);
  end.Notify();
}

// Where there is one thing to do at a time, one of many threads does it.
TEST(WorkQueueTest, WorkGoesToWhoWasBusyLast) {
  constexpr int kThreads = 4;
  WorkQueue queue(kThreads);
  std::thread::id last;
  for (int i = 0; i < 50; ++i) {
    AwaitIdle(queue, kThreads);
    std::thread::id now;
    absl::Notification done;
    queue.Add([&] {
      now = std::this_thread::get_id();
      done.Notify();
    });
    done.WaitForNotification();
    if (i > 0) EXPECT_EQ(now, last);
    last = now;
  }
}

// What work holds may end with it, and add more.
TEST(WorkQueueTest, WorkThatEndsMayAddMore) {
  absl::Notification done;
  WorkQueue queue(1);
  struct AddsAtItsEnd {
    WorkQueue* queue;
    absl::Notification* done;
    ~AddsAtItsEnd() {
      queue->Add([done = done] { done->Notify(); });
    }
  };
  queue.Add([held = std::make_shared<AddsAtItsEnd>(&queue, &done)] {});
  done.WaitForNotification();
}

}  // namespace
}  // namespace stagecraft::service
