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

constexpr int64_t kDue = 1000;

class HousekeeperTest : public ::testing::Test {
 protected:
  HousekeeperTest() {
    std::string pattern = ::testing::TempDir() + "stagecraft-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    store_->SetDerivedDirectory(directory_);
    auto engine =
        engine::Engine::Open(store_.get(), {}, {.snapshot_events = kDue});
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
  // Events that were never sent before.
  void SendMany(int64_t events) {
    std::vector<engine::Event> batch(events);
    for (engine::Event& event : batch) {
      event.event_id = absl::StrCat("many-", ++sent_);
      event.unit_id = absl::StrCat(sent_ % 100);
      event.name = "visit";
      event.time = sent_;
    }
    ASSERT_THAT(engine_->Ingest(batch, {}), IsOk());
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
  int64_t sent_ = 0;
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
  SendMany(kDue - 1);
  housekeeper->RunOnce();
  EXPECT_FALSE(HasSnapshot()) << "not yet";
  SendMany(1);
  lazy->RunOnce();
  EXPECT_FALSE(HasSnapshot());
  housekeeper->RunOnce();
  EXPECT_TRUE(HasSnapshot());
  EXPECT_FALSE(engine_->SnapshotDue(true));
}

// Three looks at the clock a round: when it begins, and around the snapshot,
// which takes a second by this clock.
TEST_F(HousekeeperTest, RestsNineTimesAsLongAsASnapshotTakes) {
  absl::Time now = absl::FromUnixSeconds(1'767'225'600);
  Housekeeper housekeeper(
      engine_.get(), [&now] { return now += absl::Seconds(1); }, {},
      std::make_shared<const Log>(LogFormat::kText, LogLevel::kDebug,
                                  clock_.clock(), log_.sink()));
  SendMany(20 * kDue);
  housekeeper.RunOnce();
  EXPECT_EQ(Lines("snapshot"), 1);
  const absl::Time rest_until = now + absl::Seconds(9);
  SendMany(kDue);
  now = rest_until - absl::Seconds(2);
  housekeeper.RunOnce();
  EXPECT_EQ(Lines("snapshot"), 1) << "a twentieth more, and it rests";
  now = rest_until - absl::Seconds(1);
  housekeeper.RunOnce();
  EXPECT_EQ(Lines("snapshot"), 2);

  now -= absl::Seconds(3);
  SendMany(2 * kDue);
  housekeeper.RunOnce();
  EXPECT_EQ(Lines("snapshot"), 3) << "it rests, but a sixteenth came";

  SendMany(kDue);
  now -= absl::Hours(24);  // The clock was set back.
  housekeeper.RunOnce();
  EXPECT_EQ(Lines("snapshot"), 4);
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
