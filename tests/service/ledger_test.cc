#include "service/ledger.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/store/key_codec.h"
#include "engine/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kOne[] = "journeys/a/experiments/one";
constexpr char kTwo[] = "journeys/a/experiments/two";
constexpr char kOther[] = "journeys/b/experiments/one";

absl::Time Noon() { return absl::FromUnixSeconds(1'700'000'000); }

v1::Decision DecisionOf(
    const std::string& experiment,
    v1::Decision::Action action = v1::Decision::VERDICT_REACHED) {
  v1::Decision decision;
  decision.set_experiment(experiment);
  decision.set_action(action);
  return decision;
}

std::string Key(uint8_t record, uint64_t sequence) {
  std::string key;
  engine::AppendByte(record, &key);
  engine::AppendUint64(sequence, &key);
  return key;
}

class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() : store_(engine::MakeMemoryStore()) { Load(); }

  void Load() {
    auto ledger = Ledger::Load(store_.get(), Noon);
    ASSERT_THAT(ledger, IsOk());
    ledger_ = *std::move(ledger);
  }
  void Restart() {
    ledger_.reset();
    store_ = store_->Reopen();
    Load();
  }
  std::vector<int64_t> List(const ExperimentPattern& pattern, int64_t after,
                            int limit, bool* more) {
    const auto decisions = ledger_->List(pattern, after, limit, more);
    EXPECT_THAT(decisions, IsOk());
    std::vector<int64_t> sequences;
    for (const v1::Decision& decision : *decisions) {
      sequences.push_back(decision.sequence());
    }
    return sequences;
  }

  std::unique_ptr<engine::MemoryStore> store_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(LedgerTest, NumbersFromOneAndKeepsEverything) {
  v1::Decision decision = DecisionOf(kOne);
  decision.set_comment("because");
  decision.set_sequence(77);  // Not the caller's to say.
  decision.set_applied_by("me");
  const auto first = ledger_->Append(decision);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->sequence(), 1);
  EXPECT_EQ(first->name(), "journeys/a/experiments/one/decisions/1");
  EXPECT_EQ(first->create_time().seconds(), 1'700'000'000);
  EXPECT_EQ(first->comment(), "because");
  EXPECT_EQ(first->applied_by(), "");
  EXPECT_EQ(ledger_->Append(DecisionOf(kTwo))->sequence(), 2);
  Restart();
  EXPECT_EQ(ledger_->last_sequence(), 2);
  EXPECT_EQ(ledger_->Append(DecisionOf(kOne))->sequence(), 3);
  const auto read = ledger_->Get(1);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->SerializeAsString(), first->SerializeAsString());
}

TEST_F(LedgerTest, WhatCouldNotBeStoredIsNotThere) {
  ASSERT_THAT(ledger_->Append(DecisionOf(kOne)), IsOk());
  store_->FailWrites({.status = absl::ResourceExhaustedError("disk full")});
  EXPECT_THAT(
      ledger_->Append(DecisionOf(kOne)),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("disk full")));
  EXPECT_EQ(ledger_->last_sequence(), 1);
  EXPECT_THAT(ledger_->Get(2), StatusIs(absl::StatusCode::kNotFound,
                                        HasSubstr("decisions 1 to 1")));
  // The number is not lost.
  EXPECT_EQ(ledger_->Append(DecisionOf(kTwo))->sequence(), 2);
  Restart();
  EXPECT_EQ(ledger_->Get(2)->experiment(), kTwo);
}

TEST_F(LedgerTest, RefusesADecisionAboutNothing) {
  EXPECT_THAT(ledger_->Append(DecisionOf("one")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("experiment is \"one\"")));
  EXPECT_EQ(ledger_->last_sequence(), 0);
}

TEST_F(LedgerTest, ListsByPatternInPages) {
  for (const char* experiment : {kOne, kTwo, kOther, kOne, kTwo, kOne}) {
    ASSERT_THAT(ledger_->Append(DecisionOf(experiment)), IsOk());
  }
  bool more = true;
  EXPECT_THAT(List({}, 0, 100, &more), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_FALSE(more);
  EXPECT_THAT(List({"a", ""}, 0, 100, &more), ElementsAre(1, 2, 4, 5, 6));
  EXPECT_THAT(List({"a", "one"}, 0, 2, &more), ElementsAre(1, 4));
  EXPECT_TRUE(more);
  EXPECT_THAT(List({"a", "one"}, 4, 2, &more), ElementsAre(6));
  EXPECT_FALSE(more);
  EXPECT_THAT(List({"b", "one"}, 3, 2, &more), ElementsAre());
  EXPECT_THAT(List({}, 600, 2, &more), ElementsAre());
  // A full page without anything behind it is the last one.
  EXPECT_THAT(List({"a", "one"}, 1, 2, &more), ElementsAre(4, 6));
  EXPECT_FALSE(more);
}

TEST_F(LedgerTest, APageEndsBeforeItGrowsTooLarge) {
  for (int i = 0; i < 3; ++i) {
    v1::Decision decision = DecisionOf(kOne);
    decision.set_comment(std::string(2 << 20, 'x'));
    ASSERT_THAT(ledger_->Append(decision), IsOk());
  }
  bool more = false;
  EXPECT_THAT(List({}, 0, 100, &more), ElementsAre(1));
  EXPECT_TRUE(more);
  EXPECT_THAT(List({}, 2, 100, &more), ElementsAre(3));
  EXPECT_FALSE(more);
}

TEST_F(LedgerTest, GetByNameChecksTheExperiment) {
  ASSERT_THAT(ledger_->Append(DecisionOf(kOne)), IsOk());
  EXPECT_THAT(ledger_->Get(DecisionName{"a", "one", 1}), IsOk());
  EXPECT_THAT(ledger_->Get(DecisionName{"a", "two", 1}),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("experiments/two/decisions/1 does not")));
  EXPECT_THAT(ledger_->Get(DecisionName{"a", "one", 2}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("exist")));
}

TEST_F(LedgerTest, LastOfTellsActionsAndExperimentsApart) {
  ASSERT_THAT(ledger_->Append(DecisionOf(kOne)), IsOk());
  ASSERT_THAT(ledger_->Append(DecisionOf(kOne)), IsOk());
  ASSERT_THAT(ledger_->Append(DecisionOf(kOne, v1::Decision::CONCLUDED)),
              IsOk());
  ASSERT_THAT(ledger_->Append(DecisionOf(kTwo)), IsOk());
  for (int round = 0; round < 2; ++round) {
    const auto last = ledger_->LastOf(kOne, v1::Decision::VERDICT_REACHED);
    ASSERT_THAT(last, IsOk());
    ASSERT_TRUE(last->has_value());
    EXPECT_EQ((*last)->sequence(), 2);
    EXPECT_EQ((*ledger_->LastOf(kOne, v1::Decision::CONCLUDED))->sequence(), 3);
    EXPECT_FALSE(ledger_->LastOf(kOne, v1::Decision::ROLLED_OUT)->has_value());
    EXPECT_FALSE(
        ledger_->LastOf(kOther, v1::Decision::VERDICT_REACHED)->has_value());
    Restart();
  }
}

TEST_F(LedgerTest, TheFirstAcknowledgementCounts) {
  ASSERT_THAT(ledger_->Append(DecisionOf(kOne)), IsOk());
  const DecisionName name{"a", "one", 1};
  EXPECT_FALSE(ledger_->Get(name)->has_applied_time());
  store_->FailWrites({.status = absl::UnavailableError("gone")});
  EXPECT_THAT(ledger_->Acknowledge(name, "robot", 5),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("gone")));
  EXPECT_FALSE(ledger_->Get(name)->has_applied_time());
  const auto first = ledger_->Acknowledge(name, "robot", 5'000'000);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->applied_by(), "robot");
  EXPECT_EQ(first->applied_time().seconds(), 5);
  const auto second = ledger_->Acknowledge(name, "other", 9'000'000);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->SerializeAsString(), first->SerializeAsString());
  Restart();
  EXPECT_EQ(ledger_->Get(name)->SerializeAsString(),
            first->SerializeAsString());
  EXPECT_THAT(ledger_->Acknowledge({"a", "one", 2}, "robot", 5),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("exist")));
}

TEST_F(LedgerTest, AppendIfMayDecline) {
  const auto nothing =
      ledger_->AppendIf([]() -> absl::StatusOr<std::optional<v1::Decision>> {
        return std::optional<v1::Decision>();
      });
  ASSERT_THAT(nothing, IsOk());
  EXPECT_FALSE(nothing->has_value());
  EXPECT_THAT(
      ledger_->AppendIf([]() -> absl::StatusOr<std::optional<v1::Decision>> {
        return absl::InternalError("no");
      }),
      StatusIs(absl::StatusCode::kInternal, HasSubstr("no")));
  EXPECT_EQ(ledger_->last_sequence(), 0);
}

// Of many threads that want to write what is not there yet, one does.
TEST_F(LedgerTest, AppendIfSeesWhatOthersAppended) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto status = ledger_->AppendIf(
          [&]() -> absl::StatusOr<std::optional<v1::Decision>> {
            const auto last =
                ledger_->LastOf(kOne, v1::Decision::VERDICT_REACHED);
            if (!last.ok()) return last.status();
            if (last->has_value()) return std::optional<v1::Decision>();
            return std::optional(DecisionOf(kOne));
          });
      EXPECT_THAT(status, IsOk());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ledger_->last_sequence(), 1);
}

TEST_F(LedgerTest, ConcurrentAppendsLeaveNoGaps) {
  constexpr int kThreads = 4;
  constexpr int kEach = 50;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) {
        EXPECT_THAT(ledger_->Append(DecisionOf(kOne)), IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Restart();  // Would name a gap.
  EXPECT_EQ(ledger_->last_sequence(), kThreads * kEach);
}

TEST_F(LedgerTest, RefusesADamagedStore) {
  ASSERT_THAT(ledger_->Append(DecisionOf(kOne)), IsOk());
  ASSERT_THAT(ledger_->Append(DecisionOf(kOne)), IsOk());
  const auto load = [&](const engine::WriteBatch& batch) {
    EXPECT_THAT(store_->Write(batch), IsOk());
    return Ledger::Load(store_.get(), Noon).status();
  };
  engine::WriteBatch gap;
  gap.Delete(engine::Keyspace::kLedger, Key(1, 1));
  EXPECT_THAT(load(gap), StatusIs(absl::StatusCode::kDataLoss,
                                  HasSubstr("decision 1 of the ledger is "
                                            "missing")));
  engine::WriteBatch garbage;
  garbage.Put(engine::Keyspace::kLedger, Key(1, 1), "\xff\xff");
  EXPECT_THAT(load(garbage), StatusIs(absl::StatusCode::kDataLoss,
                                      HasSubstr("decision 1 of the ledger is "
                                                "damaged")));
  engine::WriteBatch orphan;
  orphan.Put(engine::Keyspace::kLedger, Key(1, 1),
             DecisionOf(kOne).SerializeAsString());
  orphan.Put(engine::Keyspace::kLedger, Key(2, 9), "");
  EXPECT_THAT(load(orphan),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("decision 9")));
}

TEST_F(LedgerTest, WaitEndsWithADecisionACancellationADeadlineOrAStop) {
  const auto never = [] { return false; };
  ASSERT_THAT(ledger_->Append(DecisionOf(kOne)), IsOk());
  EXPECT_TRUE(ledger_->WaitFor(0, absl::InfiniteFuture(), never));
  EXPECT_FALSE(ledger_->WaitFor(1, absl::InfinitePast(), never));
  int asked = 0;
  EXPECT_FALSE(ledger_->WaitFor(1, absl::InfiniteFuture(),
                                [&] { return ++asked == 3; }));
  EXPECT_EQ(asked, 3);
  // Woken by an append of another thread: the deadline would not end it.
  std::thread writer(
      [&] { EXPECT_THAT(ledger_->Append(DecisionOf(kOne)), IsOk()); });
  EXPECT_TRUE(ledger_->WaitFor(1, absl::InfiniteFuture(), never));
  writer.join();
  std::thread stopper([&] { ledger_->Stop(); });
  EXPECT_FALSE(ledger_->WaitFor(2, absl::InfiniteFuture(), never));
  stopper.join();
  EXPECT_TRUE(ledger_->stopped());
}

}  // namespace
}  // namespace stagecraft::service
