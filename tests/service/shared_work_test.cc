#include "service/shared_work.h"

#include <atomic>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace stagecraft::service {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

TEST(ShareWorkTest, WithoutHelpersTheCallerDoesAllInOrder) {
  std::vector<size_t> calls;
  ShareWork(nullptr, 0, 4, [&](size_t i) { calls.push_back(i); });
  EXPECT_THAT(calls, ElementsAre(0, 1, 2, 3));
}

TEST(ShareWorkTest, NothingIsNoWork) {
  WorkQueue queue(1);
  ShareWork(&queue, 1, 0, [](size_t) { ADD_FAILURE(); });
}

TEST(ShareWorkTest, DoesEachPartOnceHoweverManyThreadsThereAre) {
  WorkQueue queue(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::atomic<int>> calls(50);
    ShareWork(&queue, 3, calls.size(), [&](size_t i) { ++calls[i]; });
    EXPECT_THAT(std::vector<int>(calls.begin(), calls.end()), Each(1));
  }
}

TEST(ShareWorkTest, PartsRunAtTheSameTime) {
  WorkQueue queue(1);
  absl::Notification begun[2];
  // Each waits for the other.
  ShareWork(&queue, 1, 2, [&](size_t i) {
    begun[i].Notify();
    begun[1 - i].WaitForNotification();
  });
}

TEST(ShareWorkTest, DoesNotWaitForAQueueThatHasNoTime) {
  absl::Notification go;
  std::atomic<int> calls = 0;
  {
    WorkQueue queue(1);
    queue.Add([&] { go.WaitForNotification(); });
    ShareWork(&queue, 1, 10, [&](size_t) { ++calls; });
    EXPECT_EQ(calls, 10);
    go.Notify();
  }  // The helper comes, and finds nothing to do.
  EXPECT_EQ(calls, 10);
}

}  // namespace
}  // namespace stagecraft::service
