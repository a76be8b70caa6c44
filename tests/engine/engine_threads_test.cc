// Everything at once: several threads ingest, two of them the same events,
// while others look, scan, ask for variants, write snapshots, erase units,
// change the specifications and verify. In the end the engine is what a fresh
// one makes of the same store.
//
// Run it with a thread sanitizer to find races (CONTRIBUTING.md).
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
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
using ::stagecraft::testing::kLoadJourney;
using ::stagecraft::testing::kLoadLength;
using ::stagecraft::testing::Load;
using ::stagecraft::testing::LoadBatch;
using ::stagecraft::testing::LoadExperimentName;
using ::stagecraft::testing::LoadOptions;
using ::stagecraft::testing::LoadUnitId;

constexpr Micros kEnd = kLoadBegin + 2 * kLoadLength;
constexpr int64_t kEvents = 15'000;  // Of one producer.
constexpr int kBatch = 250;

class EngineThreadsTest : public ::testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override {
    directory_ =
        absl::StrCat(::testing::TempDir(), "/engine_threads_", GetParam());
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    store_->SetDerivedDirectory(directory_);
    specs_.journeys = {testing::MakeLoadJourney()};
    specs_.experiments = testing::MakeLoadExperiments(specs_.journeys[0]);
    engine_ = Open();
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::unique_ptr<Engine> Open() {
    auto engine =
        Engine::Open(store_.get(), specs_, {.unit_bytes = GetParam()});
    EXPECT_THAT(engine, IsOk());
    return engine.ok() ? *std::move(engine) : nullptr;
  }

  // Sends a load and adds to `sent_` what the engine said of it.
  void Produce(const LoadOptions& options) {
    Load load(options);
    LoadBatch batch;
    EventBatch events;
    while (load.Next(kBatch, &batch)) {
      RenderTexts(&batch);
      AddTo(load, batch, &events);
      const auto report = engine_->Ingest(events, MakeAliases(batch));
      ASSERT_THAT(report, IsOk());
      ASSERT_EQ(report->events.size(), batch.items.size());
      sent_ += static_cast<int64_t>(batch.items.size());
    }
  }

  // Everything that looks show, as of several moments.
  static std::vector<std::vector<int64_t>> Numbers(const Engine& engine) {
    std::vector<std::vector<int64_t>> numbers;
    for (const Micros as_of : {kLoadBegin + 10 * kDay, kEnd}) {
      for (int i = 0; i < testing::kMaxLoadExperiments; ++i) {
        const auto look = engine.LookAtExperiment(LoadExperimentName(i), as_of);
        EXPECT_THAT(look, IsOk());
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
      const auto journey = engine.LookAtJourney(kLoadJourney, as_of);
      EXPECT_THAT(journey, IsOk());
      if (!journey.ok()) continue;
      for (const JourneyLook::Stage& stage : journey->stages) {
        numbers.push_back({stage.entered, stage.advanced, stage.dropped_out,
                           static_cast<int64_t>(stage.bins.size())});
      }
    }
    return numbers;
  }

  // Other specifications, by turns: fewer experiments, one with other windows,
  // one that has ended.
  Specs Variation(int turn) const {
    Specs specs = specs_;
    switch (turn % 3) {
      case 0:
        specs.experiments.resize(3);
        break;
      case 1: {
        auto changed = std::make_shared<Experiment>(*specs.experiments[2]);
        for (Kpi& kpi : changed->kpis) kpi.length = 2 * kDay;
        specs.experiments[2] = changed;
        break;
      }
      default: {
        auto ended = std::make_shared<Experiment>(*specs.experiments[5]);
        ended->end_time = kLoadBegin + 15 * kDay;
        specs.experiments[5] = ended;
        break;
      }
    }
    return specs;
  }

  std::string directory_;
  Specs specs_;
  std::unique_ptr<MemoryStore> store_ = std::make_unique<MemoryStore>();
  std::unique_ptr<Engine> engine_;
  std::atomic<int64_t> sent_{0};
};

TEST_P(EngineThreadsTest, IsInTheEndWhatAFreshEngineMakesOfTheStore) {
  std::atomic<bool> done{false};
  // Does `work(turn)` at least once, and until all is sent.
  const auto repeat = [&done](std::function<void(int turn)> work) {
    return std::thread([&done, work = std::move(work)] {
      for (int turn = 0; turn == 0 || !done; ++turn) work(turn);
    });
  };
  std::vector<std::thread> producers;
  // The first two send the same; the third one has people of its own.
  for (const uint32_t first_person : {0u, 0u, 1u << 20}) {
    producers.emplace_back([this, first_person] {
      Produce({.events = kEvents, .first_person = first_person});
    });
  }
  std::vector<std::thread> others;
  others.push_back(repeat([&](int turn) {
    const std::string name = LoadExperimentName(turn % 3);  // Always there.
    const auto look = engine_->LookAtExperiment(name, kEnd);
    EXPECT_THAT(look, IsOk());
    EXPECT_THAT(engine_->LookAtJourney(kLoadJourney, kEnd), IsOk());
    const std::vector<Micros> moments = {kLoadBegin + 5 * kDay, kEnd};
    EXPECT_THAT(engine_->PathOfExperiment(name, moments), IsOk());
    const std::vector<std::string> names = {name};
    EXPECT_THAT(engine_->VariantsMet(LoadUnitId(2 * (turn % 500)), names),
                IsOk());
    EXPECT_GE(engine_->GetStats().stored_events, 0);
    engine_->ResolveAsOf(std::nullopt, kLoadBegin);
    engine_->SnapshotDue(true);
  }));
  others.push_back(
      repeat([&](int) { EXPECT_THAT(engine_->WriteSnapshot(), IsOk()); }));
  others.push_back(repeat([&](int turn) {
    // Both ids of a person: with and without an alias to be undone.
    EXPECT_THAT(engine_->DeleteUnit(LoadUnitId(14 + turn % 50)), IsOk());
    if (turn % 10 == 9) {
      EXPECT_THAT(engine_->Verify(), IsOk());
    }
  }));
  others.push_back(repeat([&](int turn) {
    EXPECT_THAT(engine_->SetSpecs(Variation(turn)), IsOk());
    EXPECT_THAT(engine_->SetSpecs(specs_), IsOk());
  }));
  others.push_back(repeat([&](int) {
    EXPECT_THAT(engine_->Scan(specs_.experiments[1], kEnd, std::nullopt,
                              [](double) { return true; }),
                IsOk());
  }));
  for (std::thread& thread : producers) thread.join();
  done = true;
  for (std::thread& thread : others) thread.join();

  const Engine::Stats stats = engine_->GetStats();
  EXPECT_EQ(stats.stored_events + stats.duplicate_events, sent_);
  EXPECT_GE(stats.duplicate_events, kEvents / 2) << "two sent the same";
  EXPECT_EQ(stats.rejected_events, 0);
  EXPECT_THAT(engine_->Verify(), IsOk());
  const auto numbers = Numbers(*engine_);
  EXPECT_GT(numbers[0][0], 100);

  // With the last snapshot, which is older than the end or not; without it.
  engine_.reset();
  store_ = store_->Reopen();
  engine_ = Open();
  ASSERT_NE(engine_, nullptr);
  EXPECT_EQ(engine_->GetStats().snapshot_refused, "");
  EXPECT_GT(engine_->GetStats().snapshot_units, 0);
  EXPECT_EQ(Numbers(*engine_), numbers);
  ASSERT_TRUE(std::filesystem::remove(directory_ + "/units.snapshot"));
  engine_.reset();
  store_ = store_->Reopen();
  engine_ = Open();
  ASSERT_NE(engine_, nullptr);
  EXPECT_EQ(engine_->GetStats().snapshot_units, 0);
  EXPECT_EQ(Numbers(*engine_), numbers);
  EXPECT_THAT(engine_->Verify(), IsOk());
}

// All units in memory; most of them in scratch.
INSTANTIATE_TEST_SUITE_P(Memory, EngineThreadsTest,
                         ::testing::Values(int64_t{64} << 20,
                                           int64_t{64} << 10));

}  // namespace
}  // namespace stagecraft::engine
