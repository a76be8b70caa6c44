// Batches that meet others: what is decided before a batch is written may be
// different when it is folded.
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/hash.h"
#include "engine/store/memory_store.h"
#include "engine/unit_table.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/small_shop.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using Outcome = IngestReport::Outcome;

// Does something in the middle of a write, in another thread.
class StoreWithHook : public MemoryStore {
 public:
  absl::Status Write(const WriteBatch& batch) override {
    if (auto hook = std::exchange(hook_, nullptr); hook != nullptr) {
      std::thread(hook).join();
    }
    return MemoryStore::Write(batch);
  }
  void DuringTheNextWrite(std::function<void()> hook) {
    hook_ = std::move(hook);
  }

 private:
  std::function<void()> hook_;
};

class EngineBatchesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto engine = Engine::Open(&store_, MakeSpecs(), {});
    ASSERT_THAT(engine, IsOk());
    engine_ = *std::move(engine);
  }
  static Event Buy(const std::string& unit, Micros time) {
    return MakeEvent(unit, "buy", time, 1'000'000);
  }
  std::vector<Outcome> Ingest(const std::vector<Event>& events,
                              const std::vector<Alias>& aliases = {}) {
    const auto report = engine_->Ingest(events, aliases);
    EXPECT_THAT(report, IsOk());
    std::vector<Outcome> outcomes;
    if (!report.ok()) return outcomes;
    for (const auto& item : report->events) outcomes.push_back(item.outcome);
    for (const auto& item : report->aliases) outcomes.push_back(item.outcome);
    return outcomes;
  }
  int64_t Revenue() {
    const auto look = engine_->LookAtExperiment(kName, kBegin + 10 * kDay);
    EXPECT_THAT(look, IsOk());
    return look.ok() ? static_cast<int64_t>(look->kpis[0][0].sums.sum(0)) : -1;
  }
  // An id in the same shard.
  static std::string NeighbourOf(const std::string& id) {
    for (int i = 0;; ++i) {
      std::string other = absl::StrCat("n", i);
      if (UnitTable::ShardOf(HashText(other)) ==
          UnitTable::ShardOf(HashText(id))) {
        return other;
      }
    }
  }

  StoreWithHook store_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineBatchesTest, EventsOfAUnitThatIsAnotherOneByNowAreThatOnes) {
  const std::string neighbour = NeighbourOf("user");
  Ingest({MakeExposure("cookie", kName, "a", kBegin, {}),
          MakeExposure(neighbour, kName, "a", kBegin, {})});
  // Some have moved, and others of their shard have not.
  const std::vector<Event> batch = {
      Buy("user", kBegin + kHour), Buy(neighbour, kBegin + kHour),
      Buy("user", kBegin + 2 * kHour), Buy("cookie", kBegin + 3 * kHour)};
  store_.DuringTheNextWrite([&] {
    EXPECT_EQ(Ingest({}, {{"cookie", "user"}}),
              std::vector<Outcome>{Outcome::kStored});
  });
  EXPECT_EQ(Ingest(batch), std::vector<Outcome>(4, Outcome::kStored));
  EXPECT_EQ(Revenue(), 4'000'000);
  EXPECT_EQ(engine_->GetStats().units.units, 2);
  EXPECT_THAT(engine_->Verify(), IsOk());
  EXPECT_EQ(Ingest(batch), std::vector<Outcome>(4, Outcome::kDuplicate));
}

TEST_F(EngineBatchesTest, WhatAnotherBatchHasMeanwhileIsNotCountedTwice) {
  Ingest({MakeExposure("u", kName, "a", kBegin, {})});
  const std::vector<Event> batch = {Buy("u", kBegin + kHour),
                                    Buy("u", kBegin + 2 * kHour)};
  store_.DuringTheNextWrite([&] {
    EXPECT_EQ(Ingest({batch[1], Buy("u", kBegin + 3 * kHour)}),
              std::vector<Outcome>(2, Outcome::kStored));
  });
  EXPECT_EQ(Ingest(batch),
            (std::vector<Outcome>{Outcome::kStored, Outcome::kDuplicate}));
  EXPECT_EQ(Revenue(), 3'000'000);
  EXPECT_EQ(engine_->GetStats().stored_events, 4);
  EXPECT_THAT(engine_->Verify(), IsOk());
}

TEST_F(EngineBatchesTest, TwoBatchesWithTheSameAliasStoreItOnce) {
  Ingest({MakeExposure("cookie", kName, "a", kBegin, {}),
          Buy("user", kBegin + kHour)});
  store_.DuringTheNextWrite([&] {
    EXPECT_EQ(Ingest({}, {{"cookie", "user"}}),
              std::vector<Outcome>{Outcome::kStored});
  });
  EXPECT_EQ(Ingest({Buy("user", kBegin + 2 * kHour)}, {{"user", "cookie"}}),
            (std::vector<Outcome>{Outcome::kStored, Outcome::kDuplicate}));
  EXPECT_EQ(Revenue(), 2'000'000);
  EXPECT_EQ(engine_->GetStats().units.units, 1);
  EXPECT_THAT(engine_->Verify(), IsOk());
}

}  // namespace
}  // namespace stagecraft::engine
