// An engine with a place for files, in the middle of a load of events.
#ifndef STAGECRAFT_TESTS_ENGINE_ENGINE_FILES_FIXTURE_H_
#define STAGECRAFT_TESTS_ENGINE_ENGINE_FILES_FIXTURE_H_

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/event_block.h"
#include "engine/store/memory_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/load.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {

namespace testing = ::stagecraft::testing;

// When all is over.
inline constexpr Micros kEnd = testing::kLoadBegin + 2 * testing::kLoadLength;

inline Specs MakeSpecs() {
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
    ASSERT_THAT(engine, testing::IsOk());
    engine_ = *std::move(engine);
  }
  // A part of a load of 20,000 events.
  void Send(int batches) {
    for (; batches > 0 && load_.Next(500, &batch_); --batches) {
      testing::RenderTexts(&batch_);
      EventBatch events;
      testing::AddTo(load_, batch_, &events);
      ASSERT_THAT(engine_->Ingest(events, MakeAliases(batch_)),
                  testing::IsOk());
    }
  }
  // Blocks of the log with an event of that id.
  int BlocksWith(absl::string_view unit) const {
    int blocks = 0;
    EXPECT_THAT(store_->Scan(Keyspace::kLog, "", "",
                             [&](absl::string_view, absl::string_view block) {
                               EXPECT_THAT(
                                   ForEachUnitId(block,
                                                 [&](absl::string_view found) {
                                                   if (found == unit) ++blocks;
                                                 }),
                                   testing::IsOk());
                               return true;
                             }),
                testing::IsOk());
    return blocks;
  }
  std::string Snapshot() const { return directory_ + "/units.snapshot"; }
  // Everything that looks show, as of several moments.
  std::vector<std::vector<int64_t>> Numbers() const {
    std::vector<std::vector<int64_t>> numbers;
    for (const Micros as_of : {testing::kLoadBegin + 10 * kDay, kEnd}) {
      for (int i = 0; i < 8; ++i) {
        const auto look =
            engine_->LookAtExperiment(testing::LoadExperimentName(i), as_of);
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
  testing::Load load_{{.events = 20'000}};
  testing::LoadBatch batch_;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_TESTS_ENGINE_ENGINE_FILES_FIXTURE_H_
