// Damage in logs that looks like their end: noticed. What a crash leaves at the
// end of a log: opens, without the batch that was never acknowledged.
#include "engine/store/rocks_log_check.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/store/rocks_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/store/model.h"
#include "tests/engine/store/temp_directory.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

namespace fs = std::filesystem;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kBatches = 60;
constexpr size_t kBlock = 32 << 10;  // Of a log.
constexpr size_t kHead = 7;

class RocksLogCheckTest : public ::testing::Test {
 protected:
  // Two logs' worth of batches of about 1 KiB: those of the first life are in
  // tables, those of the second in a log of two blocks.
  void SetUp() override {
    for (int life = 0; life < 2; ++life) {
      auto store = Open(Original());
      ASSERT_THAT(store, IsOk());
      if (life == 1) prefixes_.push_back(model_);
      for (int i = 0; i < kBatches; ++i) {
        WriteBatch batch;
        batch.Put(Keyspace::kLog, absl::StrCat(life, "/", 1000 + i),
                  std::string(1000 + i, static_cast<char>('a' + i % 26)));
        batch.Put(Keyspace::kAliases, absl::StrCat(life, "/", i), "");
        ASSERT_THAT((*store)->Write(batch), IsOk());
        Apply(batch, &model_);
        if (life == 1) prefixes_.push_back(model_);
      }
    }
    for (const auto& entry : fs::directory_iterator(Original())) {
      const std::string name = entry.path().filename().string();
      if (absl::EndsWith(name, ".log") && entry.file_size() > 0) log_ = name;
      if (absl::StartsWith(name, "MANIFEST-")) list_ = name;
    }
    bytes_ = Read(log_);
    ASSERT_GT(bytes_.size(), kBlock + kBlock / 2);
  }

  std::string Original() const { return directory_.path("store"); }
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path) {
    return OpenRocksStore({.path = path,
                           .block_cache_bytes = 1 << 20,
                           .write_buffer_bytes = 1 << 20,
                           .min_free_bytes = 0});
  }
  std::string Read(const std::string& name) const {
    std::ifstream file(Original() + "/" + name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  // Opens a copy with other bytes in one file.
  absl::StatusOr<std::unique_ptr<Store>> OpenWith(const std::string& name,
                                                  const std::string& bytes) {
    const std::string copy = directory_.path("copy");
    fs::remove_all(copy);
    fs::copy(Original(), copy);
    std::ofstream(copy + "/" + name, std::ios::binary) << bytes;
    return Open(copy);
  }
  // Where records begin in `log`, whatever their types.
  static std::vector<size_t> Records(const std::string& log) {
    std::vector<size_t> records;
    for (size_t at = 0; at + kHead <= log.size();) {
      if (kBlock - at % kBlock < kHead) {
        at += kBlock - at % kBlock;
        continue;
      }
      records.push_back(at);
      at += kHead + static_cast<unsigned char>(log[at + 4]) +
            256 * static_cast<unsigned char>(log[at + 5]);
    }
    return records;
  }
  // All but the last batches of the second life; at least `least` of them.
  void ExpectPrefix(const absl::StatusOr<std::unique_ptr<Store>>& store,
                    int least) {
    ASSERT_THAT(store, IsOk());
    const auto dump = Dump(**store);
    ASSERT_THAT(dump, IsOk());
    const auto found = std::find(prefixes_.begin(), prefixes_.end(), *dump);
    ASSERT_NE(found, prefixes_.end());
    EXPECT_GE(found - prefixes_.begin(), least);
  }

  TempDirectory directory_;
  Model model_;
  std::vector<Model> prefixes_;  // After n batches of the second life.
  std::string log_, list_, bytes_;
};

TEST_F(RocksLogCheckTest, AnyBitOfAnyLengthThatIsWrongIsNoticed) {
  int tried = 0;
  for (const std::string& name : {log_, list_}) {
    const std::string whole = Read(name);
    for (const size_t record : Records(whole)) {
      // All bits of some records, one of each.
      for (int bit = 0; bit < 16; ++bit) {
        if (bit != static_cast<int>(record % 16) && record % 7 != 0) continue;
        std::string flipped = whole;
        char& byte = flipped[record + 4 + bit / 8];
        byte = static_cast<char>(byte ^ (1 << (bit % 8)));
        SCOPED_TRACE(absl::StrCat("bit ", bit, " of the length at ", record,
                                  " of ", name));
        EXPECT_THAT(OpenWith(name, flipped),
                    StatusIs(absl::StatusCode::kDataLoss,
                             AllOf(HasSubstr(directory_.path("copy")),
                                   HasSubstr("backup"))));
        ++tried;
      }
    }
  }
  EXPECT_GT(tried, 100);
}

TEST_F(RocksLogCheckTest, ZerosAmongRecordsAreNoticed) {
  for (const size_t at :
       {size_t{0}, Records(bytes_)[9], kBlock, Records(bytes_)[kBatches - 3]}) {
    std::string zeroed = bytes_;
    zeroed.replace(at, 512, 512, '\0');
    SCOPED_TRACE(absl::StrCat("512 zeros at ", at));
    EXPECT_THAT(OpenWith(log_, zeroed),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(log_)));
  }
}

TEST_F(RocksLogCheckTest, WhatACrashLeavesAtTheEndOpens) {
  const std::vector<size_t> records = Records(bytes_);
  const size_t last = records.back();
  for (const size_t size :
       {last, last + 1, last + kHead - 1, last + kHead, last + kHead + 1,
        (last + bytes_.size()) / 2, bytes_.size() - 1}) {
    SCOPED_TRACE(absl::StrCat("cut to ", size, " of ", bytes_.size()));
    ExpectPrefix(OpenWith(log_, bytes_.substr(0, size)), kBatches - 1);
    // The file had grown, and its new bytes were not written.
    ExpectPrefix(OpenWith(log_, bytes_.substr(0, size) + std::string(100, 0)),
                 kBatches - 1);
  }
  // At the end of a block, in the middle of a record that goes on behind it.
  ExpectPrefix(OpenWith(log_, bytes_.substr(0, kBlock)), 25);
  ExpectPrefix(OpenWith(log_, bytes_ + std::string(2 * kBlock, '\0')),
               kBatches);
  ExpectPrefix(OpenWith(log_, bytes_), kBatches);
  ExpectPrefix(OpenWith(log_, ""), 0);
}

TEST_F(RocksLogCheckTest, NothingToCheckIsFine) {
  EXPECT_THAT(CheckLogs(directory_.path("none")), IsOk());
  EXPECT_THAT(CheckLogs(Original()), IsOk());
}

}  // namespace
}  // namespace stagecraft::engine
