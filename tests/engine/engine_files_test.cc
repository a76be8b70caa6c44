// What the engine keeps beside the log: snapshots, units in scratch, and scans.
// Always against a recomputation.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
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
using ::stagecraft::testing::kLoadLength;
using ::stagecraft::testing::Load;
using ::stagecraft::testing::LoadBatch;
using ::stagecraft::testing::LoadExperimentName;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

TEST_F(EngineFilesTest, AStartWithASnapshotIsTheSameAsOneWithout) {
  Send(20);
  ASSERT_THAT(engine_->WriteSnapshot(), IsOk());
  Send(20);
  const auto numbers = Numbers();
  Open();
  EXPECT_GT(engine_->GetStats().snapshot_units, 500);
  EXPECT_EQ(engine_->GetStats().snapshot_books, 9);
  EXPECT_LT(engine_->GetStats().replayed_events, 11'000);
  EXPECT_EQ(engine_->GetStats().snapshot_refused, "");
  EXPECT_EQ(Numbers(), numbers);
  EXPECT_THAT(engine_->Verify(), IsOk());
  std::filesystem::remove(Snapshot());
  Open();
  EXPECT_EQ(engine_->GetStats().snapshot_units, 0);
  EXPECT_GT(engine_->GetStats().replayed_events, 19'000);
  EXPECT_EQ(Numbers(), numbers);
}

// Whatever moment each of its parts is of: every tenth unit becomes one with
// another meanwhile.
TEST_F(EngineFilesTest, ASnapshotIsExactWhateverHappensMeanwhile) {
  load_ = Load({.events = 60'000, .anonymous_every = 5});
  Open({.snapshot_files = 1'000'000});
  Send(10);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    Send(1000);
    done = true;
  });
  int snapshots = 0;
  do {
    EXPECT_THAT(engine_->WriteSnapshot(), IsOk());
    ++snapshots;
    if (snapshots % 2 == 0) continue;
    // As a crash would leave it.
    std::filesystem::copy(directory_, absl::StrCat(directory_, ".", snapshots));
  } while (!done);
  writer.join();
  const auto numbers = Numbers();
  EXPECT_GT(engine_->GetStats().aliases, 300);
  for (int i = 1; i <= snapshots; i += 2) {
    std::filesystem::remove_all(directory_);
    std::filesystem::rename(absl::StrCat(directory_, ".", i), directory_);
    Open();
    EXPECT_EQ(engine_->GetStats().snapshot_refused, "");
    EXPECT_EQ(engine_->GetStats().snapshot_files, i);
    EXPECT_EQ(engine_->GetStats().snapshot_books, 9);
    EXPECT_EQ(Numbers(), numbers) << i << " of " << snapshots;
    EXPECT_THAT(engine_->Verify(), IsOk()) << i << " of " << snapshots;
  }
}

TEST_F(EngineFilesTest, TalliesOfAnotherSpecificationAreNotUsed) {
  Send(40);
  ASSERT_THAT(engine_->WriteSnapshot(), IsOk());
  Experiment changed = *specs_.experiments[3];
  changed.kpis[0].length = *changed.kpis[0].length / 2;
  specs_.experiments[3] = std::make_shared<const Experiment>(changed);
  Open();
  EXPECT_EQ(engine_->GetStats().snapshot_books, 8);
  EXPECT_THAT(engine_->Verify(), IsOk());
}

TEST_F(EngineFilesTest, ADamagedSnapshotIsRefusedAndTheLogIsReadInstead) {
  Send(40);
  ASSERT_THAT(engine_->WriteSnapshot(), IsOk());
  const auto numbers = Numbers();
  std::string bytes;
  {
    std::ifstream file(Snapshot(), std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const auto damage = [&](const std::string& damaged) {
    std::ofstream(Snapshot(), std::ios::binary) << damaged;
    Open();
    EXPECT_NE(engine_->GetStats().snapshot_refused, "");
    EXPECT_EQ(Numbers(), numbers);
  };
  for (const size_t at :
       {size_t{3}, size_t{30}, bytes.size() / 2, bytes.size() - 5}) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    damage(flipped);
  }
  damage(bytes.substr(0, bytes.size() / 2));
  damage("");
}

TEST_F(EngineFilesTest, ASnapshotThatIsRefusedLeavesNoUnitsInScratch) {
  const EngineOptions small = {.unit_bytes = 64 << 10};
  Open(small);
  // A content that the log will not have shifts the numbers of the others.
  store_->FailWrites({absl::UnavailableError("no disk")});
  ASSERT_FALSE(
      engine_->Ingest({{"e", "u", "odd", kLoadBegin, std::nullopt, {}}}, {})
          .ok());
  Send(40);
  ASSERT_THAT(engine_->WriteSnapshot(), IsOk());
  const auto numbers = Numbers();
  // Found at the very end, when all units were read and most had to go.
  std::filesystem::resize_file(Snapshot(),
                               std::filesystem::file_size(Snapshot()) - 1);
  Open(small);
  EXPECT_NE(engine_->GetStats().snapshot_refused, "");
  EXPECT_TRUE(engine_->GetStats().units.spilled);
  EXPECT_EQ(Numbers(), numbers);
  EXPECT_THAT(engine_->Verify(), IsOk());
}

TEST_F(EngineFilesTest, ABatchThatTurnsUpAfterItsWriteFailedCounts) {
  Send(20);
  store_->FailWrites({absl::UnavailableError("lost"), 0, 1, true});
  ASSERT_TRUE(load_.Next(500, &batch_));
  RenderTexts(&batch_);
  EventBatch events;
  AddTo(load_, batch_, &events);
  ASSERT_FALSE(engine_->Ingest(events, {}).ok());
  ASSERT_THAT(engine_->WriteSnapshot(), IsOk());
  Open();
  EXPECT_EQ(engine_->GetStats().snapshot_refused, "");
  EXPECT_GT(engine_->GetStats().replayed_events, 450);  // No duplicates.
  EXPECT_THAT(engine_->Verify(), IsOk());
}

TEST_F(EngineFilesTest, ASnapshotOfAnotherLogIsRefused) {
  Send(40);
  ASSERT_THAT(engine_->WriteSnapshot(), IsOk());
  store_ = std::make_unique<MemoryStore>();
  store_->SetDerivedDirectory(directory_);
  auto engine = Engine::Open(store_.get(), specs_, {});
  ASSERT_THAT(engine, IsOk());
  EXPECT_THAT((*engine)->GetStats().snapshot_refused, HasSubstr("another log"));
  EXPECT_EQ((*engine)->GetStats().units.units, 0);
  engine_.reset();
  engine_ = *std::move(engine);
}

TEST_F(EngineFilesTest, UnitsThatDoNotFitInMemoryCountAllTheSame) {
  Send(40);
  const auto numbers = Numbers();
  load_ = Load({.events = 20'000});
  store_ = std::make_unique<MemoryStore>();
  Open({.unit_bytes = 64 << 10});
  Send(20);
  ASSERT_THAT(engine_->WriteSnapshot(), IsOk());
  Send(20);
  EXPECT_GT(engine_->GetStats().units.misses, 1000);
  EXPECT_LT(engine_->GetStats().units.units, 1000);
  EXPECT_EQ(Numbers(), numbers);
  EXPECT_THAT(engine_->Verify(), IsOk());
  Open({.unit_bytes = 64 << 10});
  EXPECT_EQ(engine_->GetStats().snapshot_refused, "");
  EXPECT_EQ(Numbers(), numbers);
}

TEST_F(EngineFilesTest, APathShowsWhatALookAtEachMomentShows) {
  Send(40);
  const std::vector<Micros> moments = {kLoadBegin + 5 * kDay,
                                       kLoadBegin + 20 * kDay, kEnd};
  const auto path = engine_->PathOfExperiment(LoadExperimentName(1), moments);
  ASSERT_THAT(path, IsOk());
  ASSERT_EQ(path->size(), moments.size());
  for (size_t i = 0; i < moments.size(); ++i) {
    const auto look =
        engine_->LookAtExperiment(LoadExperimentName(1), moments[i]);
    ASSERT_THAT(look, IsOk());
    const ExperimentLook& point = (*path)[i];
    EXPECT_EQ(point.as_of, moments[i]);
    // The first KPI is the primary one.
    ASSERT_EQ(point.kpis.size(), look->kpis.size());
    for (size_t v = 0; v < look->units.size(); ++v) {
      EXPECT_EQ(point.kpis[0][v].sums, look->kpis[0][v].sums);
    }
    // The rest takes time, and is of no use for a path.
    EXPECT_FALSE(look->time_in_stage.empty());
    EXPECT_TRUE(point.time_in_stage.empty());
    for (size_t v = 0; v < look->units.size(); ++v) {
      EXPECT_EQ(point.kpis[1][v].sums,
                Sums(look->kpis[1][v].sums.components()));
    }
    EXPECT_EQ(point.stage_conversions.size(), look->stage_conversions.size());
    if (moments[i] != kEnd) continue;
    for (size_t v = 0; v < look->units.size(); ++v) {
      EXPECT_GT(point.kpis[0][v].sums.count(), 0);
      EXPECT_GT(look->kpis[1][v].sums.count(), 0);
    }
  }
}

TEST_F(EngineFilesTest, AScanAnswersWhatNoTallyWasKeptFor) {
  Send(40);
  auto changed = std::make_shared<Experiment>(*specs_.experiments[2]);
  for (Kpi& kpi : changed->kpis) kpi.length = 2 * kDay;
  changed->segments = {{"tier", {"gold"}}};
  const Engine::SegmentKey gold{"tier", "gold"};
  double last = 0;
  const auto scanned = engine_->Scan(changed, kEnd, gold, [&](double done) {
    last = done;
    return true;
  });
  ASSERT_THAT(scanned, IsOk());
  EXPECT_GE(last, 0);
  // The same by an engine that had it from the beginning.
  specs_.experiments[2] = changed;
  ASSERT_THAT(engine_->SetSpecs(specs_), IsOk());
  const auto tallied =
      engine_->LookAtExperiment(LoadExperimentName(2), kEnd, gold);
  ASSERT_THAT(tallied, IsOk());
  EXPECT_GT(scanned->units[0], 10);
  EXPECT_EQ(scanned->units, tallied->units);
  EXPECT_EQ(scanned->kpis[1][1].sums, tallied->kpis[1][1].sums);
  EXPECT_THAT(engine_->Scan(changed, kEnd, Engine::SegmentKey{"tier", "x"},
                            [](double) { return true; }),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("tier")));
}

}  // namespace
}  // namespace stagecraft::engine
