#include "engine/population.h"

#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "engine/hash.h"
#include "engine/record.h"
#include "engine/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

class PopulationTest : public ::testing::Test {
 protected:
  bool MayHaveMoved(const std::string& root, int64_t version) {
    return population_.MayHaveMoved(HashText(root), version);
  }
  std::string Merge(const std::string& a, const std::string& b) {
    absl::MutexLock lock(&population_.identity_mutex());
    return population_.MergeIds(a, b);
  }
  void Remove(const std::string& root) {
    absl::MutexLock lock(&population_.identity_mutex());
    population_.RemoveIds(root);
  }

  MemoryStore store_;
  Population population_{&store_, int64_t{1} << 30};
};

TEST_F(PopulationTest, OfTwoRootsThatBecomeOneTheOtherIsGone) {
  const int64_t before = population_.identity_version();
  EXPECT_FALSE(MayHaveMoved("b", before));
  EXPECT_EQ(Merge("b", "c"), "b");
  EXPECT_TRUE(MayHaveMoved("c", before));
  EXPECT_FALSE(MayHaveMoved("b", before));
  const int64_t between = population_.identity_version();
  // Whichever ids say it, roots are what goes.
  EXPECT_EQ(Merge("c", "a"), "a");
  EXPECT_TRUE(MayHaveMoved("b", between));
  EXPECT_TRUE(MayHaveMoved("b", before));
  EXPECT_FALSE(MayHaveMoved("c", between));
  EXPECT_FALSE(MayHaveMoved("a", before));
  EXPECT_FALSE(MayHaveMoved("d", before));
}

TEST_F(PopulationTest, UnitsHaveWhatFilesHaveOneAfterTheOther) {
  const auto events = [](std::vector<int> times) {
    std::vector<UnitEvent> events;
    for (const int time : times) {
      events.push_back({.time = time, .id_hash = static_cast<uint64_t>(time)});
    }
    return PackAll(events);
  };
  const auto load = [&](const char* id, uint32_t keep, std::vector<int> times) {
    const std::string packed = events(std::move(times));
    const SavedUnit unit = {.id = id, .keep = keep, .packed = packed};
    return population_.LoadUnits({unit});
  };
  const auto unit = [&](const char* id) -> const Unit* {
    const uint64_t hash = HashText(id);
    UnitShard& shard = population_.units().shard(UnitTable::ShardOf(hash));
    absl::MutexLock lock(&shard.mutex);
    return shard.Find(hash, id).value_or(nullptr);
  };
  ASSERT_THAT(load("u", 0, {1, 2}), IsOk());
  ASSERT_THAT(load("u", 2, {3, 5}), IsOk());
  EXPECT_EQ(unit("u")->packed(), events({1, 2, 3, 5}));
  EXPECT_EQ(unit("u")->events, 4);
  EXPECT_EQ(unit("u")->saved, 4);
  ASSERT_THAT(load("u", 1, {4}), IsOk());  // The others are gone.
  EXPECT_EQ(unit("u")->packed(), events({1, 4}));
  ASSERT_THAT(load("u", 0, {1, 3, 4}), IsOk());  // Among them.
  EXPECT_EQ(unit("u")->packed(), events({1, 3, 4}));
  EXPECT_EQ(unit("u")->saved, 3);
  EXPECT_THAT(load("u", 4, {9}), StatusIs(absl::StatusCode::kDataLoss,
                                          HasSubstr("3 events before")));
  EXPECT_THAT(load("v", 1, {9}), StatusIs(absl::StatusCode::kDataLoss,
                                          HasSubstr("0 events before")));
  // Ids are taken as they are, whoever they belong to by now.
  Merge("u", "w");
  ASSERT_THAT(load("w", 0, {2, 3}), IsOk());
  const auto taken = population_.TakeOut("w");
  ASSERT_THAT(taken, IsOk());
  EXPECT_EQ(*taken, events({2, 3}));
  EXPECT_EQ(unit("w"), nullptr);
  EXPECT_EQ(population_.TakeOut("w").value(), std::nullopt);
  std::string before;
  ASSERT_THAT(population_.Unite("u", **taken, &before), IsOk());
  EXPECT_EQ(before, events({1, 3, 4}));
  EXPECT_EQ(unit("u")->packed(), events({1, 2, 3, 4}));
  EXPECT_EQ(unit("u")->saved, 0) << "no file has it like this";
  ASSERT_THAT(population_.Unite("x", events({7}), &before), IsOk());
  EXPECT_EQ(before, "");
  EXPECT_EQ(unit("x")->packed(), events({7}));
}

TEST_F(PopulationTest, WhoIsRemovedIsGone) {
  Merge("a", "b");
  const int64_t version = population_.identity_version();
  Remove("a");
  EXPECT_TRUE(MayHaveMoved("a", version));
  EXPECT_FALSE(MayHaveMoved("a", population_.identity_version()));
}

TEST_F(PopulationTest, AfterManyChangesAnybodyMayHaveMoved) {
  const int64_t version = population_.identity_version();
  for (int i = 0; i < 63; ++i)
    Merge(absl::StrCat("a", i), absl::StrCat("b", i));
  for (int i = 0; i < 63; ++i) {
    EXPECT_TRUE(MayHaveMoved(absl::StrCat("b", i), version)) << i;
    EXPECT_FALSE(MayHaveMoved(absl::StrCat("a", i), version)) << i;
  }
  EXPECT_FALSE(MayHaveMoved("somebody", version));
  Merge("c", "d");
  EXPECT_TRUE(MayHaveMoved("somebody", version));
  EXPECT_FALSE(MayHaveMoved("somebody", version + 1));
}

// A batch of one event of each of some units.
class RoutedBatchTest : public PopulationTest {
 protected:
  RoutedBatchTest() {
    events_.resize(40);
    for (size_t i = 0; i < events_.size(); ++i) {
      Event& event = events_[i];
      event.unit_id = event.event_id = absl::StrCat("u", i);
      event.name = "see";
      event.time = kDay;
      EXPECT_THAT(batch_.Add(event), IsOk());
      shards_.insert(UnitTable::ShardOf(HashText(event.unit_id)));
    }
    routed_ = population_.Route(batch_);
  }
  int NumberOf(const UnitShard* shard) {
    for (const int i : shards_) {
      if (&population_.units().shard(i) == shard) return i;
    }
    return -1;
  }

  std::vector<Event> events_;
  EventBatch batch_;
  RoutedBatch routed_;
  std::set<int> shards_;
};

TEST_F(RoutedBatchTest, AShardThatOthersHoldComesLast) {
  ASSERT_GT(shards_.size(), 10u);
  const int held = *std::next(shards_.begin(), 3);
  UnitShard& shard = population_.units().shard(held);
  absl::Notification is_held;
  absl::Notification others_are_done;
  std::thread holder([&] {
    absl::MutexLock lock(&shard.mutex);
    is_held.Notify();
    others_are_done.WaitForNotification();
  });
  is_held.WaitForNotification();
  std::vector<int> order;
  size_t events = 0;
  EXPECT_THAT(
      routed_.ForEachShard(&population_.units(),
                           [&](UnitShard* of, absl::Span<RoutedEvent> some,
                               ShardLock::How how) -> absl::StatusOr<bool> {
                             // Now it is waited for.
                             if (how == ShardLock::kWait)
                               others_are_done.Notify();
                             const ShardLock lock(of, how);
                             if (!lock.held()) return false;
                             order.push_back(NumberOf(of));
                             events += some.size();
                             for (const RoutedEvent& event : some) {
                               EXPECT_EQ(UnitTable::ShardOf(event.unit_hash),
                                         NumberOf(of));
                             }
                             return true;
                           }),
      IsOk());
  if (!others_are_done.HasBeenNotified()) others_are_done.Notify();
  holder.join();
  ASSERT_FALSE(order.empty());
  EXPECT_EQ(order.back(), held);
  EXPECT_EQ(events, events_.size());
  EXPECT_EQ(order.size(), shards_.size());
  EXPECT_EQ(std::set<int>(order.begin(), order.end()), shards_);
}

TEST_F(RoutedBatchTest, AnErrorEndsItBeforeThoseThatWait) {
  int calls = 0;
  const auto status =
      routed_.ForEachShard(&population_.units(),
                           [&](UnitShard*, absl::Span<RoutedEvent>,
                               ShardLock::How how) -> absl::StatusOr<bool> {
                             EXPECT_EQ(how, ShardLock::kTry);
                             if (++calls < 3) return false;
                             return absl::UnavailableError("no scratch");
                           });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable,
                               ::testing::HasSubstr("no scratch")));
  EXPECT_EQ(calls, 3);
}

TEST_F(RoutedBatchTest, AnErrorOfOneThatWaitedEndsItToo) {
  size_t calls = 0;
  const auto status =
      routed_.ForEachShard(&population_.units(),
                           [&](UnitShard*, absl::Span<RoutedEvent>,
                               ShardLock::How how) -> absl::StatusOr<bool> {
                             ++calls;
                             if (how == ShardLock::kTry) return calls > 2;
                             return absl::UnavailableError("no scratch");
                           });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable, ::testing::_));
  EXPECT_EQ(calls, shards_.size() + 1);
}

}  // namespace
}  // namespace stagecraft::engine
