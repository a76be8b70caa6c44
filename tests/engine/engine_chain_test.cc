// Snapshots as chains of files: each has what changed since the one before.
// Always against what the engine showed before it was closed, and against a
// recomputation.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/engine_files_fixture.h"
#include "tests/support/load.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

namespace fs = std::filesystem;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::Load;
using ::stagecraft::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class EngineChainTest : public EngineFilesTest {
 protected:
  std::string File(int followed) const {
    return followed == 0 ? Snapshot() : absl::StrCat(Snapshot(), ".", followed);
  }
  std::set<std::string> Files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }
  // So many files, with events before each.
  void MakeChain(int files, int batches = 4) {
    for (int i = 0; i < files; ++i) {
      Send(batches);
      ASSERT_THAT(engine_->WriteSnapshot(), IsOk());
    }
  }
  // A start shows what there was, with so many files.
  void ExpectSameAfterStart(int files, EngineOptions options = {}) {
    const auto numbers = Numbers();
    Open(options);
    EXPECT_EQ(engine_->GetStats().snapshot_files, files);
    EXPECT_EQ(Numbers(), numbers);
    EXPECT_THAT(engine_->Verify(), IsOk());
  }
};

TEST_F(EngineChainTest, EachFileHasWhatChangedSinceTheOneBefore) {
  Send(60);
  ASSERT_THAT(engine_->WriteSnapshot(), IsOk());
  MakeChain(3, 1);
  EXPECT_THAT(Files(), ElementsAre("units.snapshot", "units.snapshot.1",
                                   "units.snapshot.2", "units.snapshot.3"));
  for (int i = 1; i <= 3; ++i) {
    EXPECT_LT(3 * fs::file_size(File(i)), fs::file_size(File(0))) << i;
  }
  Send(1);
  ExpectSameAfterStart(4);
  EXPECT_EQ(engine_->GetStats().snapshot_refused, "");
  EXPECT_EQ(engine_->GetStats().snapshot_books, 9);
  EXPECT_GT(engine_->GetStats().snapshot_units, 500);
  EXPECT_LT(engine_->GetStats().replayed_events, 510);
  // And goes on where it was.
  MakeChain(1, 1);
  EXPECT_TRUE(fs::exists(File(4)));
  ExpectSameAfterStart(5);
}

// Every fifth person is known by another id later on: units are in files that
// are another unit's in later ones, or by the start.
TEST_F(EngineChainTest, UnitsThatBecomeOneAreOneInAllFiles) {
  load_ = Load({.events = 20'000, .anonymous_every = 3});
  for (int i = 0; i < 10; ++i) {
    MakeChain(3, 1);
    Send(1);
    ExpectSameAfterStart(3 * i + 3);
    EXPECT_EQ(engine_->GetStats().snapshot_refused, "");
    EXPECT_EQ(engine_->GetStats().snapshot_books, 9);
  }
}

TEST_F(EngineChainTest, IsWrittenAsAWholeAgainAfterSoManyFiles) {
  const EngineOptions options = {.snapshot_files = 3};
  Open(options);
  for (int i = 1; i <= 8; ++i) {
    MakeChain(1, 2);
    EXPECT_EQ(static_cast<int>(Files().size()), (i - 1) % 3 + 1);
    if (i % 2 == 0) ExpectSameAfterStart((i - 1) % 3 + 1, options);
  }
}

TEST_F(EngineChainTest, ADamagedFileIsLeftOutWithThoseAfterIt) {
  MakeChain(5);
  const std::string sound = ReadFile(File(2));
  for (const size_t at :
       {size_t{3}, size_t{40}, sound.size() / 2, sound.size() - 5}) {
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::ofstream(File(2), std::ios::binary) << damaged;
    ExpectSameAfterStart(2);
    EXPECT_NE(engine_->GetStats().snapshot_refused, "");
    EXPECT_EQ(engine_->GetStats().snapshot_books, 9);
  }
  // The next one does not follow it, and none is left that does.
  MakeChain(1);
  EXPECT_THAT(Files(), ElementsAre("units.snapshot"));
  ExpectSameAfterStart(1);
  EXPECT_EQ(engine_->GetStats().snapshot_refused, "");
}

TEST_F(EngineChainTest, FilesAfterAMissingOneAreNotUsed) {
  MakeChain(4);
  fs::remove(File(2));
  ExpectSameAfterStart(2);
  EXPECT_EQ(Files().size(), 2);
  MakeChain(1);
  ExpectSameAfterStart(3);
}

TEST_F(EngineChainTest, AFileThatIsGoneIsNotFollowed) {
  MakeChain(3);
  fs::remove(File(1));
  MakeChain(1);
  EXPECT_THAT(Files(), ElementsAre("units.snapshot"));
  ExpectSameAfterStart(1);
}

TEST_F(EngineChainTest, FilesOfAnEarlierChainAreNotUsed) {
  MakeChain(3);
  const std::string old[] = {ReadFile(File(1)), ReadFile(File(2))};
  ASSERT_THAT(engine_->DeleteUnit(testing::LoadUnitId(14)), IsOk());
  EXPECT_THAT(Files(), ElementsAre("units.snapshot"));
  // As a crash would leave it before they are removed.
  for (int i = 1; i <= 2; ++i) {
    std::ofstream(File(i), std::ios::binary) << old[i - 1];
  }
  ExpectSameAfterStart(1);
  EXPECT_EQ(engine_->GetStats().snapshot_refused, "");
  MakeChain(1);
  ExpectSameAfterStart(2);
}

TEST_F(EngineChainTest, AnErasedUnitIsInNoFile) {
  MakeChain(4);
  std::string id;
  int with = 0;
  for (uint32_t person = 0; with < 2; ++person) {
    ASSERT_LT(person, 500);
    id = testing::LoadUnitId(2 * person);
    with = 0;
    for (int i = 0; i < 4; ++i) {
      with += ReadFile(File(i)).find(id) != std::string::npos ? 1 : 0;
    }
  }
  // What a crash may have left has units as well.
  fs::copy(File(2), File(7) + ".tmp");
  ASSERT_THAT(engine_->DeleteUnit(id), IsOk());
  EXPECT_THAT(Files(), ElementsAre("units.snapshot"));
  EXPECT_EQ(ReadFile(File(0)).find(id), std::string::npos);
  ExpectSameAfterStart(1);
}

TEST_F(EngineChainTest, OldEventsAreInNoFile) {
  specs_.experiments.clear();
  Open();
  MakeChain(4, 8);
  ASSERT_THAT(engine_->DeleteEventsBefore(testing::kLoadBegin + 5 * kDay),
              IsOk());
  EXPECT_THAT(Files(), ElementsAre("units.snapshot"));
  MakeChain(1);
  ExpectSameAfterStart(2);
}

// Units and books were told that a file has what it does not have.
TEST_F(EngineChainTest, NothingFollowsAFileThatFailed) {
  MakeChain(2);
  fs::create_directories(File(2) + "/x");  // Cannot be replaced.
  Send(4);
  EXPECT_FALSE(engine_->WriteSnapshot().ok());
  fs::remove_all(File(2));
  MakeChain(1, 1);
  EXPECT_THAT(Files(), ElementsAre("units.snapshot"));
  ExpectSameAfterStart(1);
  // Or before that: nobody was told.
  MakeChain(1, 1);
  fs::create_directories(File(2) + ".tmp");
  EXPECT_FALSE(engine_->WriteSnapshot().ok());
  ExpectSameAfterStart(2);
}

// The new one is there, and an older one still is: none may follow.
TEST_F(EngineChainTest, NothingFollowsAFileWhenOthersCannotBeRemoved) {
  specs_.experiments.clear();
  Open();
  MakeChain(4, 8);
  fs::create_directories(File(9) + "/x");
  const Micros cutoff = testing::kLoadBegin + 5 * kDay;
  EXPECT_FALSE(engine_->DeleteEventsBefore(cutoff).ok());
  // As long as old events may be in a file, it has to be repeated.
  EXPECT_FALSE(engine_->DeleteEventsBefore(cutoff).ok());
  fs::remove_all(File(9));
  EXPECT_THAT(engine_->DeleteEventsBefore(cutoff), IsOk());
  EXPECT_THAT(Files(), ElementsAre("units.snapshot"));
  ExpectSameAfterStart(1);
}

TEST_F(EngineChainTest, FilesWithForgottenEventsAreRemovedByAStart) {
  specs_.experiments.clear();
  Open();
  MakeChain(3, 8);
  const std::string old = ReadFile(File(1));
  ASSERT_THAT(engine_->DeleteEventsBefore(testing::kLoadBegin + 5 * kDay),
              IsOk());
  // As a crash would leave it.
  std::ofstream(File(1), std::ios::binary) << old;
  std::ofstream(File(2) + ".tmp", std::ios::binary) << old;
  ExpectSameAfterStart(1);
  EXPECT_EQ(engine_->GetStats().snapshot_refused, "");
  EXPECT_THAT(Files(), ElementsAre("units.snapshot"));
}

// Units find no more room in memory while snapshots are written.
TEST_F(EngineChainTest, UnitsMayGoToScratchAtAnyTime) {
  const EngineOptions options = {.unit_bytes = 400 << 10};
  Open(options);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    Send(1000);
    done = true;
  });
  while (!done) EXPECT_THAT(engine_->WriteSnapshot(), IsOk());
  writer.join();
  EXPECT_TRUE(engine_->GetStats().units.spilled);
  ExpectSameAfterStart(1, options);
  ASSERT_THAT(engine_->WriteSnapshot(), IsOk());
  ExpectSameAfterStart(1);
}

TEST_F(EngineChainTest, UnitsThatDoNotFitInMemoryAreWrittenAsAWhole) {
  const EngineOptions small = {.unit_bytes = 64 << 10};
  MakeChain(2);
  Open(small);  // Reads two files, and has no room for both.
  EXPECT_TRUE(engine_->GetStats().units.spilled);
  EXPECT_EQ(engine_->GetStats().snapshot_files, 2);
  EXPECT_THAT(engine_->Verify(), IsOk());
  MakeChain(2);
  EXPECT_THAT(Files(), ElementsAre("units.snapshot"));
  ExpectSameAfterStart(1, small);
  // With room again.
  ExpectSameAfterStart(1);
  EXPECT_FALSE(engine_->GetStats().units.spilled);
  MakeChain(2);
  ExpectSameAfterStart(2);
}

TEST_F(EngineChainTest, ABookOfAChangedSpecificationIsWrittenAsAWhole) {
  MakeChain(2);
  auto changed = std::make_shared<Experiment>(*specs_.experiments[3]);
  changed->kpis[0].length = *changed->kpis[0].length / 2;
  specs_.experiments[3] = changed;
  specs_.experiments.pop_back();
  ASSERT_THAT(engine_->SetSpecs(specs_), IsOk());
  ExpectSameAfterStart(2);
  EXPECT_EQ(engine_->GetStats().snapshot_books, 7);
  MakeChain(1);
  ExpectSameAfterStart(3);
  EXPECT_EQ(engine_->GetStats().snapshot_books, 8);
}

TEST_F(EngineChainTest, OptionsOfOneFileWriteNoFollowers) {
  Open({.snapshot_files = 1});
  MakeChain(3);
  EXPECT_THAT(Files(), ElementsAre("units.snapshot"));
  ExpectSameAfterStart(1);
}

}  // namespace
}  // namespace stagecraft::engine
