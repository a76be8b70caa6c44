#include "service/verify_data.h"

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/event.h"
#include "engine/log.h"
#include "service/open_store.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::service {
namespace {

using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

// A directory that goes away.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = ::testing::TempDir() + "stagecraft-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(VerifyDataTest, NeedsData) {
  const TemporaryDirectory directory;
  Config config;
  config.data = directory.path() + "/none";
  EXPECT_THAT(VerifyData(config),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
  EXPECT_FALSE(std::filesystem::exists(config.data));
  config.in_memory = true;
  EXPECT_THAT(VerifyData(config), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("--in-memory")));
}

// Stores events of `units` units; a snapshot too if asked.
void Fill(const Config& config, int units, bool snapshot) {
  const auto store = OpenStore(config);
  ASSERT_THAT(store, IsOk());
  const auto engine =
      engine::Engine::Open(store->get(), {}, EngineOptionsOf(config));
  ASSERT_THAT(engine, IsOk());
  std::vector<engine::Event> events;
  for (int i = 0; i < units; ++i) {
    events.push_back({.event_id = "1",
                      .unit_id = absl::StrCat("u", i),
                      .name = "visit",
                      .time = 1});
  }
  ASSERT_THAT((*engine)->Ingest(events, {}), IsOk());
  if (snapshot) {
    ASSERT_THAT((*engine)->WriteSnapshot(), IsOk());
  }
}

TEST(VerifyDataTest, SaysWhatItRead) {
  const TemporaryDirectory directory;
  Config config;
  config.data = directory.path() + "/data";
  config.cache_mb = 8;
  config.block_cache_mb = 8;
  ASSERT_NO_FATAL_FAILURE(Fill(config, 3, /*snapshot=*/false));
  auto report = VerifyData(config);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->units, 3);
  EXPECT_EQ(report->snapshot_units, 0);
  EXPECT_EQ(report->replayed_events, 3);
  ASSERT_NO_FATAL_FAILURE(Fill(config, 4, /*snapshot=*/true));
  report = VerifyData(config);
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->snapshot_units, 4);
  EXPECT_EQ(report->replayed_events, 0);
  EXPECT_EQ(ToText(*report),
            "verified: the tallies of 0 journeys and 0 experiments are as "
            "computed anew (4 units, 4 of them from the snapshot; 0 events "
            "from the log after it; 0 decisions)");
}

TEST(VerifyDataTest, FindsADamagedBlock) {
  const TemporaryDirectory directory;
  Config config;
  config.data = directory.path() + "/data";
  config.cache_mb = 8;
  config.block_cache_mb = 8;
  // The start reads the snapshot alone; the proof reads the log.
  ASSERT_NO_FATAL_FAILURE(Fill(config, 3, /*snapshot=*/false));
  ASSERT_NO_FATAL_FAILURE(Fill(config, 4, /*snapshot=*/true));
  {
    const auto store = OpenStore(config);
    ASSERT_THAT(store, IsOk());
    const std::string key = engine::LogKey(1);
    auto block = (*store)->Get(engine::Keyspace::kLog, key);
    ASSERT_THAT(block, IsOk());
    ASSERT_TRUE(block->has_value());
    (**block)[(*block)->size() / 2] ^= 1;
    engine::WriteBatch batch;
    batch.Put(engine::Keyspace::kLog, key, **block);
    ASSERT_THAT((*store)->Write(batch), IsOk());
  }
  EXPECT_THAT(VerifyData(config),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("block 1"), HasSubstr("log"))));
}

}  // namespace
}  // namespace stagecraft::service
