// What the engine takes out for good, or puts together: erased units, forgotten
// events, and merged units, also when a write fails half way. Always against a
// recomputation.
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "engine/engine.h"
#include "engine/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/engine_files_fixture.h"
#include "tests/support/load.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::kLoadBegin;
using ::stagecraft::testing::Load;
using ::stagecraft::testing::LoadExperimentName;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

class EngineEraseTest : public EngineFilesTest {
 protected:
  // Most units are in scratch only, and of many in memory scratch has a copy.
  void OpenSpilled() {
    Open({.unit_bytes = 64 << 10});
    Send(40);
    ASSERT_TRUE(engine_->GetStats().units.spilled);
  }
  // Whether the units, too, and not the tallies alone, are as in the log: of
  // another definition all tallies are made from the units.
  void CheckUnits() {
    EXPECT_THAT(engine_->Verify(), IsOk());
    for (auto& experiment : specs_.experiments) {
      auto changed = std::make_shared<Experiment>(*experiment);
      for (Kpi& kpi : changed->kpis) kpi.length = *kpi.length + kDay;
      experiment = changed;
    }
    ASSERT_THAT(engine_->SetSpecs(specs_), IsOk());
    EXPECT_THAT(engine_->Verify(), IsOk());
  }

  const MemoryStoreFault fault_ = {absl::UnavailableError("no scratch")};
};

TEST_F(EngineEraseTest, OldEventsAreGoneFromCopiesInScratchAsWell) {
  const EngineOptions small = {.unit_bytes = 64 << 10};
  specs_.experiments.clear();
  Open(small);
  Send(40);
  ASSERT_TRUE(engine_->GetStats().units.spilled);
  // So late that some units in memory have a copy with older events.
  ASSERT_THAT(engine_->DeleteEventsBefore(kLoadBegin + 29 * kDay), IsOk());
  const auto numbers = Numbers();
  EXPECT_THAT(engine_->Verify(), IsOk());
  Open(small);
  EXPECT_EQ(engine_->GetStats().snapshot_refused, "");
  EXPECT_EQ(Numbers(), numbers);
  EXPECT_THAT(engine_->Verify(), IsOk());
}

TEST_F(EngineEraseTest, AnErasedUnitIsGoneFromEverywhere) {
  Send(40);
  ASSERT_THAT(engine_->WriteSnapshot(), IsOk());
  const std::string id = testing::LoadUnitId(14);  // Person 7.
  ASSERT_GT(BlocksWith(id), 0);
  const auto before = Numbers();
  const auto removed = engine_->DeleteUnit(id);
  ASSERT_THAT(removed, IsOk());
  EXPECT_GT(*removed, 0);
  EXPECT_EQ(BlocksWith(id), 0);
  EXPECT_NE(Numbers(), before);
  EXPECT_THAT(engine_->Verify(), IsOk());
  const auto after = Numbers();
  {
    std::ifstream file(Snapshot(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    EXPECT_EQ(bytes.find(id), std::string::npos);
  }
  Open();
  EXPECT_EQ(Numbers(), after);
  EXPECT_EQ(engine_->DeleteUnit(id).value_or(-1), 0);
  // What comes for the id from now on is a unit like any other.
  Event event;
  event.event_id = "again";
  event.unit_id = id;
  event.name = "see";
  event.time = kLoadBegin;
  ASSERT_THAT(engine_->Ingest(absl::MakeConstSpan(&event, 1), {}), IsOk());
  EXPECT_EQ(BlocksWith(id), 1);
  EXPECT_THAT(engine_->Verify(), IsOk());
  EXPECT_THAT(
      engine_->DeleteUnit(""),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unit_id")));
}

TEST_F(EngineEraseTest, AnErasureThatWasCutShortIsTakenUpAtTheNextStart) {
  Send(40);
  ASSERT_THAT(engine_->WriteSnapshot(), IsOk());
  const std::string id = testing::LoadUnitId(14);
  // The first write, which decides, succeeds; the next one fails.
  store_->FailWrites({absl::UnavailableError("broken"), 1, 1, false});
  EXPECT_FALSE(engine_->DeleteUnit(id).ok());
  store_->ClearFaults();
  const auto after = Numbers();
  Open();
  EXPECT_EQ(Numbers(), after);
  EXPECT_THAT(engine_->Verify(), IsOk());
  EXPECT_EQ(engine_->DeleteUnit(id).value_or(-1), 0);
}

TEST_F(EngineEraseTest, OldEventsGoAndFinishedExperimentsKeepTheirTallies) {
  Send(40);
  // Experiment 0 ends; the others go on and need what came since their start.
  auto ended = std::make_shared<Experiment>(*specs_.experiments[0]);
  ended->state = Experiment::State::kConcluded;
  ended->end_time = kLoadBegin + 20 * kDay;
  specs_.experiments[0] = ended;
  for (size_t i = 1; i < specs_.experiments.size(); ++i) {
    auto later = std::make_shared<Experiment>(*specs_.experiments[i]);
    later->start_time = kLoadBegin + 12 * kDay;
    specs_.experiments[i] = later;
  }
  ASSERT_THAT(engine_->SetSpecs(specs_), IsOk());
  const auto finished = engine_->LookAtExperiment(LoadExperimentName(0), kEnd);
  ASSERT_THAT(finished, IsOk());
  const auto running = engine_->LookAtExperiment(LoadExperimentName(3), kEnd);
  ASSERT_THAT(running, IsOk());
  const auto cutoff = engine_->DeleteEventsBefore(kLoadBegin + 15 * kDay);
  ASSERT_THAT(cutoff, IsOk());
  EXPECT_EQ(*cutoff, kLoadBegin + 12 * kDay);  // What the others need.
  const auto check = [&] {
    const auto sealed = engine_->LookAtExperiment(LoadExperimentName(0), kEnd);
    ASSERT_THAT(sealed, IsOk());
    EXPECT_EQ(sealed->units, finished->units);
    EXPECT_EQ(sealed->kpis[1][0].sums, finished->kpis[1][0].sums);
    const auto still = engine_->LookAtExperiment(LoadExperimentName(3), kEnd);
    ASSERT_THAT(still, IsOk());
    EXPECT_EQ(still->units, running->units);
    EXPECT_THAT(engine_->Verify(), IsOk());
  };
  check();
  Open();
  EXPECT_EQ(engine_->GetStats().snapshot_refused, "");
  check();
  std::filesystem::remove(Snapshot());
  Open();
  check();
  // Older events are refused from now on, with the moment.
  Event event;
  event.event_id = "late";
  event.unit_id = "u";
  event.name = "see";
  event.time = kLoadBegin + kDay;
  const auto report = engine_->Ingest(absl::MakeConstSpan(&event, 1), {});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->events[0].outcome, IngestReport::Outcome::kRejected);
  EXPECT_THAT(report->events[0].message, HasSubstr("want at least 2026-01-13"));
}

TEST_F(EngineEraseTest, AnErasureThatFailsChangesNothingAndMayBeRepeated) {
  OpenSpilled();
  for (const int person : {7, 200}) {
    const std::string id = testing::LoadUnitId(2 * person);
    const auto before = Numbers();
    store_->FailScratchWrites(fault_);
    ASSERT_THAT(engine_->DeleteUnit(id).status(),
                StatusIs(absl::StatusCode::kUnavailable, "no scratch"));
    EXPECT_EQ(Numbers(), before);
    ASSERT_THAT(engine_->Verify(), IsOk());
    EXPECT_GT(BlocksWith(id), 0);
    const auto removed = engine_->DeleteUnit(id);
    ASSERT_THAT(removed, IsOk());
    EXPECT_GT(*removed, 0);
    EXPECT_EQ(BlocksWith(id), 0);
    EXPECT_NE(Numbers(), before);
    ASSERT_THAT(engine_->Verify(), IsOk());
  }
  CheckUnits();
}

TEST_F(EngineEraseTest, AnErasureThatWasCutShortIsTakenUpByARepeat) {
  Send(40);
  const std::string id = testing::LoadUnitId(14);
  store_->FailWrites({absl::UnavailableError("broken"), 1, 1, false});
  ASSERT_FALSE(engine_->DeleteUnit(id).ok());
  ASSERT_GT(BlocksWith(id), 0);
  const auto after = Numbers();
  EXPECT_EQ(engine_->DeleteUnit(id).value_or(-1), 0);
  EXPECT_EQ(BlocksWith(id), 0);
  EXPECT_EQ(Numbers(), after);
  CheckUnits();
}

TEST_F(EngineEraseTest, AMergeThatFailsChangesNothingAndMayBeRepeated) {
  OpenSpilled();
  for (int person = 0; person < 16; person += 2) {
    // The smaller id stands for both: once the first one, once the second one.
    Alias alias = {testing::LoadUnitId(2 * person),
                   testing::LoadUnitId(2 * person + 2)};
    if (person % 4 == 0) std::swap(alias.alias_id, alias.unit_id);
    const auto before = Numbers();
    store_->FailScratchWrites(fault_);
    ASSERT_THAT(engine_->Ingest(EventBatch(), {alias}).status(),
                StatusIs(absl::StatusCode::kUnavailable, "no scratch"));
    EXPECT_EQ(Numbers(), before);
    const auto merged = engine_->Ingest(EventBatch(), {alias});
    ASSERT_THAT(merged, IsOk());
    EXPECT_EQ(merged->aliases[0].outcome, IngestReport::Outcome::kStored);
    EXPECT_NE(Numbers(), before);
  }
  CheckUnits();
}

TEST_F(EngineEraseTest, ADeletionOfOldEventsThatFailsMayBeRepeated) {
  const auto experiments = specs_.experiments;
  // Copies of units in memory, the first one and a later one; then units that
  // are in scratch only.
  for (const int64_t skip : {0, 100, 300}) {
    specs_.experiments.clear();
    store_ = std::make_unique<MemoryStore>();
    load_ = Load({.events = 20'000});
    OpenSpilled();
    const Micros cutoff = kLoadBegin + 20 * kDay;
    store_->FailScratchWrites({absl::UnavailableError("no scratch"), skip});
    ASSERT_THAT(engine_->DeleteEventsBefore(cutoff).status(),
                StatusIs(absl::StatusCode::kUnavailable, "no scratch"));
    // Or units with old events would come back at the next start.
    EXPECT_THAT(engine_->WriteSnapshot(),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("repeat their deletion")));
    EXPECT_EQ(engine_->DeleteEventsBefore(cutoff).value_or(-1), cutoff);
    EXPECT_THAT(engine_->Verify(), IsOk());
    // Tallies from the units as they are now.
    specs_.experiments = experiments;
    ASSERT_THAT(engine_->SetSpecs(specs_), IsOk());
    EXPECT_THAT(engine_->Verify(), IsOk());
  }
}

}  // namespace
}  // namespace stagecraft::engine
