#include "service/housekeeper.h"

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "engine/store/memory_store.h"
#include "tests/service/service_fixture.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::testing::IsEmpty;

class HousekeeperTest : public ::testing::Test {
 protected:
  HousekeeperTest() {
    std::string pattern = ::testing::TempDir() + "stagecraft-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    store_->SetDerivedDirectory(directory_);
    auto engine = engine::Engine::Open(store_.get(), {}, {});
    EXPECT_THAT(engine, IsOk());
    engine_ = *std::move(engine);
  }
  ~HousekeeperTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<Housekeeper> Make(HousekeeperOptions options) {
    return std::make_unique<Housekeeper>(
        engine_.get(), clock_.clock(), options,
        std::make_shared<const Log>(LogFormat::kText, LogLevel::kDebug,
                                    clock_.clock(), log_.sink()));
  }
  void Send(const std::string& unit) {
    const std::vector<engine::Event> events = {
        {.event_id = "1", .unit_id = unit, .name = "visit", .time = 1}};
    ASSERT_THAT(engine_->Ingest(events, {}), IsOk());
  }
  bool HasSnapshot() const {
    return std::filesystem::exists(directory_ + "/units.snapshot");
  }
  int Lines(const std::string& text) const {
    int count = 0;
    for (const std::string& line : log_.lines()) {
      if (line.find(text) != std::string::npos) ++count;
    }
    return count;
  }

  FakeClock clock_{absl::FromUnixSeconds(1'767'225'600)};
  CapturedLog log_;
  std::string directory_;
  std::unique_ptr<engine::MemoryStore> store_ = engine::MakeMemoryStore();
  std::unique_ptr<engine::Engine> engine_;
};

TEST_F(HousekeeperTest, WritesALastSnapshotOnlyIfSomethingCame) {
  auto housekeeper = Make({});
  housekeeper->StopWithSnapshot();
  EXPECT_FALSE(HasSnapshot());
  EXPECT_THAT(log_.lines(), IsEmpty());

  housekeeper = Make({});
  Send("a");
  ASSERT_THAT(housekeeper->WriteSnapshot(), IsOk());
  ASSERT_TRUE(std::filesystem::remove(directory_ + "/units.snapshot"));
  housekeeper->StopWithSnapshot();
  EXPECT_FALSE(HasSnapshot()) << "nothing came since";

  housekeeper = Make({});
  ASSERT_THAT(housekeeper->WriteSnapshot(), IsOk());
  ASSERT_TRUE(std::filesystem::remove(directory_ + "/units.snapshot"));
  Send("b");
  housekeeper->StopWithSnapshot();
  EXPECT_TRUE(HasSnapshot());
}

TEST_F(HousekeeperTest, WritesASnapshotWhenOneIsDue) {
  auto housekeeper = Make({});
  auto lazy = Make({.snapshots = false});
  std::vector<engine::Event> events;
  for (int i = 0; i < 20'000; ++i) {
    events.push_back({.event_id = "", .unit_id = "", .name = "visit"});
  }
  for (int round = 0; !engine_->SnapshotDue(); ++round) {
    ASSERT_LT(round, 1000) << "never due";
    housekeeper->RunOnce();
    ASSERT_FALSE(HasSnapshot()) << "not yet";
    for (size_t i = 0; i < events.size(); ++i) {
      events[i].unit_id = absl::StrCat(i % 1000);
      events[i].time = round;
      events[i].event_id = absl::StrCat(round, "-", i);
    }
    ASSERT_THAT(engine_->Ingest(events, {}), IsOk());
  }
  lazy->RunOnce();
  EXPECT_FALSE(HasSnapshot());
  housekeeper->RunOnce();
  EXPECT_TRUE(HasSnapshot());
  EXPECT_FALSE(engine_->SnapshotDue());
}

TEST_F(HousekeeperTest, WritesNoneUnasked) {
  auto housekeeper = Make({.snapshots = false});
  Send("a");
  housekeeper->RunOnce();
  housekeeper->StopWithSnapshot();
  EXPECT_FALSE(HasSnapshot());
  EXPECT_THAT(housekeeper->WriteSnapshot(), IsOk()) << "asked";
  EXPECT_TRUE(HasSnapshot());
}

TEST_F(HousekeeperTest, SaysWhatFailed) {
  auto housekeeper = Make({});
  Send("a");
  std::filesystem::remove_all(directory_);
  housekeeper->StopWithSnapshot();
  EXPECT_EQ(Lines("snapshot_failed"), 1);
}

TEST_F(HousekeeperTest, ForgetsAgainAnHourAfterAFailure) {
  Send("a");
  auto housekeeper = Make({.keep_events = absl::Hours(24)});
  store_->FailWrites({.status = absl::UnavailableError("disk gone")});
  housekeeper->RunOnce();
  EXPECT_EQ(Lines("old_events_not_deleted"), 1);
  housekeeper->RunOnce();
  EXPECT_EQ(Lines("old_events_not_deleted"), 1) << "not at once";
  store_->ClearFaults();
  clock_.Advance(absl::Hours(1));
  housekeeper->RunOnce();
  EXPECT_EQ(Lines("old_events_deleted"), 1);
  EXPECT_EQ(engine_->GetStats().units.units, 0);
  clock_.Advance(absl::Hours(23));
  housekeeper->RunOnce();
  EXPECT_EQ(Lines("old_events_deleted"), 1) << "once a day";
}

TEST_F(HousekeeperTest, WorksWhenTheTimerSaysSo) {
  auto timer = std::make_unique<ManualTimer>();
  ManualTimer* const fire = timer.get();
  auto housekeeper = Make({});
  housekeeper->Start(std::move(timer));
  housekeeper->WaitForRounds(1);
  fire->Fire();
  fire->Fire();
  housekeeper->WaitForRounds(3);
  housekeeper->Stop();
  EXPECT_EQ(housekeeper->rounds(), 3);
}

}  // namespace
}  // namespace stagecraft::service
