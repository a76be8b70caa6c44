// What the engine keeps beside the log, and takes out of it: snapshots, erased
// units, forgotten events, and scans. Always against a recomputation.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/event_block.h"
#include "engine/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/load.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

namespace testing = ::stagecraft::testing;

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::kLoadBegin;
using ::stagecraft::testing::kLoadLength;
using ::stagecraft::testing::Load;
using ::stagecraft::testing::LoadBatch;
using ::stagecraft::testing::LoadExperimentName;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

constexpr Micros kEnd = kLoadBegin + 2 * kLoadLength;

Specs MakeSpecs() {
  Specs specs;
  specs.journeys = {testing::MakeLoadJourney()};
  specs.experiments = testing::MakeLoadExperiments(specs.journeys[0]);
  return specs;
}

class EngineFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        ::testing::TempDir() + "/" +
        ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    store_ = std::make_unique<MemoryStore>();
    store_->SetDerivedDirectory(directory_);
    Open();
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove_all(directory_);
  }
  void Open(EngineOptions options = {}) {
    engine_.reset();
    store_ = store_->Reopen();
    store_->SetDerivedDirectory(directory_);
    auto engine = Engine::Open(store_.get(), specs_, options);
    ASSERT_THAT(engine, IsOk());
    engine_ = *std::move(engine);
  }
  // A part of a load of 20,000 events.
  void Send(int batches) {
    for (; batches > 0 && load_.Next(500, &batch_); --batches) {
      RenderTexts(&batch_);
      EventBatch events;
      AddTo(load_, batch_, &events);
      ASSERT_THAT(engine_->Ingest(events, MakeAliases(batch_)), IsOk());
    }
  }
  std::string Snapshot() const { return directory_ + "/units.snapshot"; }
  // Everything that looks show, as of several moments.
  std::vector<std::vector<int64_t>> Numbers() const {
    std::vector<std::vector<int64_t>> numbers;
    for (const Micros as_of : {kLoadBegin + 10 * kDay, kEnd}) {
      for (int i = 0; i < 8; ++i) {
        const auto look =
            engine_->LookAtExperiment(LoadExperimentName(i), as_of);
        if (!look.ok()) continue;
        numbers.push_back(look->units);
        for (const auto& kpi : look->kpis) {
          for (const KpiTally& tally : kpi) {
            numbers.push_back({tally.sums.count(),
                               static_cast<int64_t>(tally.sums.sum(0)),
                               static_cast<int64_t>(tally.sums.product(0, 0))});
          }
        }
      }
      const auto journey = engine_->LookAtJourney(testing::kLoadJourney, as_of);
      if (!journey.ok()) continue;
      for (const JourneyLook::Stage& stage : journey->stages) {
        numbers.push_back({stage.entered, stage.advanced, stage.dropped_out,
                           static_cast<int64_t>(stage.bins.size())});
      }
    }
    return numbers;
  }

  std::string directory_;
  Specs specs_ = MakeSpecs();
  std::unique_ptr<MemoryStore> store_;
  std::unique_ptr<Engine> engine_;
  Load load_{{.events = 20'000}};
  LoadBatch batch_;
};

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
    std::filesystem::copy(Snapshot(),
                          Snapshot() + "." + std::to_string(snapshots),
                          std::filesystem::copy_options::overwrite_existing);
  } while (!done);
  writer.join();
  const auto numbers = Numbers();
  EXPECT_GT(engine_->GetStats().aliases, 300);
  for (int i = 1; i <= snapshots; i += 2) {
    std::filesystem::rename(Snapshot() + "." + std::to_string(i), Snapshot());
    Open();
    EXPECT_EQ(engine_->GetStats().snapshot_refused, "");
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

TEST_F(EngineFilesTest, OldEventsAreGoneFromCopiesInScratchAsWell) {
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

TEST_F(EngineFilesTest, AnErasedUnitIsGoneFromEverywhere) {
  Send(40);
  ASSERT_THAT(engine_->WriteSnapshot(), IsOk());
  const std::string id = testing::LoadUnitId(14);  // Person 7.
  const std::string anonymous = testing::LoadUnitId(0);
  const auto holds = [&](const std::string& unit) {
    int blocks = 0;
    EXPECT_THAT(store_->Scan(Keyspace::kLog, "", "",
                             [&](absl::string_view, absl::string_view block) {
                               EXPECT_THAT(
                                   ForEachUnitId(block,
                                                 [&](absl::string_view found) {
                                                   if (found == unit) ++blocks;
                                                 }),
                                   IsOk());
                               return true;
                             }),
                IsOk());
    return blocks;
  };
  ASSERT_GT(holds(id), 0);
  const auto before = Numbers();
  const auto removed = engine_->DeleteUnit(id);
  ASSERT_THAT(removed, IsOk());
  EXPECT_GT(*removed, 0);
  EXPECT_EQ(holds(id), 0);
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
  EXPECT_EQ(holds(id), 1);
  EXPECT_THAT(engine_->Verify(), IsOk());
  EXPECT_THAT(
      engine_->DeleteUnit(""),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unit_id")));
}

TEST_F(EngineFilesTest, AnErasureThatWasCutShortIsTakenUpAtTheNextStart) {
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

TEST_F(EngineFilesTest, OldEventsGoAndFinishedExperimentsKeepTheirTallies) {
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
