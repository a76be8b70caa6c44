// What lies in the store's directory: purges, backups, scratch and derived
// files.
#include <sys/mount.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/store/key_codec.h"
#include "engine/store/rocks_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/store/faulty_env.h"
#include "tests/engine/store/model.h"
#include "tests/engine/store/temp_directory.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

namespace fs = std::filesystem;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::HasSubstr;

std::string Sequence(uint64_t number) {
  std::string key;
  AppendUint64(number, &key);
  return key;
}

class RocksFilesTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> Open(const std::string& path) {
    auto store = OpenRocksStore({.path = path,
                                 .block_cache_bytes = 1 << 20,
                                 .write_buffer_bytes = 64 << 10,
                                 .min_free_bytes = 0,
                                 .env = env_.get()});
    EXPECT_THAT(store, IsOk());
    return store.ok() ? *std::move(store) : nullptr;
  }

  // Files below the store's directory that hold `bytes`.
  std::vector<std::string> FilesWith(const std::string& bytes) {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(path_)) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string content((std::istreambuf_iterator<char>(file)), {});
      if (content.find(bytes) != std::string::npos) {
        found.push_back(entry.path().filename().string());
      }
    }
    return found;
  }

  // Bytes that do not compress, so that they stand in tables as they are.
  std::string Noise(size_t size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random_());
    return bytes;
  }

  TempDirectory directory_;
  const std::string path_ = directory_.path("store");
  std::mt19937_64 random_{5};
  std::shared_ptr<FaultyFileSystem> system_ =
      std::make_shared<FaultyFileSystem>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(system_);
};

TEST_F(RocksFilesTest, PurgeLeavesNothingOfWhatWasDeleted) {
  auto store = Open(path_);
  ASSERT_NE(store, nullptr);
  const std::string secret = Noise(40), overwritten = Noise(40);
  const std::string key = "secret-" + Noise(30);
  WriteBatch batch;
  for (uint64_t i = 0; i < 100; ++i) {
    batch.Clear();
    batch.Put(Keyspace::kLog, Sequence(i),
              Noise(2000) + (i == 50 ? secret : overwritten) + Noise(2000));
    batch.Put(Keyspace::kAliases, absl::StrCat("alias", i), "");
    batch.Put(Keyspace::kLedger, absl::StrCat(i), "");
    ASSERT_THAT(store->Write(batch), IsOk());
  }
  batch.Clear();
  batch.Put(Keyspace::kAliases, "alias5" + key, "");
  // First and last of a table, so that they stand in the list of files too.
  batch.Put(Keyspace::kAliases, "0" + key, "");
  batch.Put(Keyspace::kAliases, "z" + key, "");
  ASSERT_THAT(store->Write(batch), IsOk());
  ASSERT_THAT(store->Purge(Keyspace::kAliases, "", ""), IsOk());
  EXPECT_FALSE(FilesWith(secret).empty());
  EXPECT_FALSE(FilesWith(overwritten).empty());
  EXPECT_FALSE(FilesWith(key).empty());

  batch.Clear();
  batch.Delete(Keyspace::kLog, Sequence(50));
  for (uint64_t i = 0; i < 100; ++i) {
    if (i != 50) batch.Put(Keyspace::kLog, Sequence(i), Noise(100));
  }
  batch.Delete(Keyspace::kAliases, "alias5" + key);
  batch.Delete(Keyspace::kAliases, "0" + key);
  batch.Delete(Keyspace::kAliases, "z" + key);
  ASSERT_THAT(store->Write(batch), IsOk());
  EXPECT_THAT(store->Purge(Keyspace::kLog, "", ""), IsOk());
  EXPECT_THAT(store->Purge(Keyspace::kAliases, "0", ""), IsOk());
  EXPECT_THAT(FilesWith(secret), ::testing::IsEmpty());
  EXPECT_THAT(FilesWith(overwritten), ::testing::IsEmpty());
  EXPECT_THAT(FilesWith(key), ::testing::IsEmpty());
  const auto dump = Dump(*store);
  ASSERT_THAT(dump, IsOk());
  EXPECT_EQ(dump->at(Keyspace::kLog).size(), 99u);
  EXPECT_EQ(dump->at(Keyspace::kAliases).size(), 100u);
  EXPECT_EQ(dump->at(Keyspace::kLedger).size(), 100u);
}

// What is deleted while others write goes all the same.
TEST_F(RocksFilesTest, PurgesWhileOthersWrite) {
  auto store = Open(path_);
  ASSERT_NE(store, nullptr);
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (uint64_t i = 1000; !done || i < 1050; ++i) {
      WriteBatch batch;
      batch.Put(Keyspace::kLog, Sequence(i), std::string(1000, 'w'));
      EXPECT_THAT(store->Write(batch), IsOk());
    }
  });
  for (int round = 0; round < 3; ++round) {
    const std::string secret = Noise(40);
    WriteBatch batch;
    for (uint64_t i = 0; i < 20; ++i) {
      batch.Put(Keyspace::kLog, Sequence(i), secret);
    }
    EXPECT_THAT(store->Write(batch), IsOk());
    batch.Clear();
    for (uint64_t i = 0; i < 20; ++i) batch.Delete(Keyspace::kLog, Sequence(i));
    EXPECT_THAT(store->Write(batch), IsOk());
    EXPECT_THAT(store->Purge(Keyspace::kLog, "", Sequence(20)), IsOk());
    EXPECT_THAT(FilesWith(secret), ::testing::IsEmpty());
  }
  done = true;
  writer.join();
}

TEST_F(RocksFilesTest, BackupOpensAsAStore) {
  auto store = Open(path_);
  ASSERT_NE(store, nullptr);
  Model model;
  const auto write = [&](uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; ++i) {
      WriteBatch batch;
      batch.Put(Keyspace::kLog, Sequence(i), Noise(3000));
      batch.Put(Keyspace::kErasures, absl::StrCat(i), "");
      ASSERT_THAT(store->Write(batch), IsOk());
      Apply(batch, &model);
    }
  };
  write(0, 60);
  WriteBatch scratch;
  scratch.Put(Keyspace::kScratch, "k", "v");
  ASSERT_THAT(store->WriteScratch(scratch), IsOk());
  std::ofstream(*store->DerivedDirectory() + "/snapshot") << "s";
  const std::string copy = directory_.path("copy");
  ASSERT_THAT(store->Backup(copy + "/"), IsOk());
  const Model then = model;
  EXPECT_FALSE(fs::exists(copy + "/scratch"));
  EXPECT_FALSE(fs::exists(copy + "/derived"));

  // Neither store changes the other.
  write(60, 90);
  EXPECT_THAT(store->Purge(Keyspace::kLog, "", ""), IsOk());
  {
    auto opened = Open(copy);
    ASSERT_NE(opened, nullptr);
    EXPECT_EQ(Difference(*Dump(*opened), then), "");
    WriteBatch batch;
    batch.Put(Keyspace::kLog, Sequence(1), "");
    EXPECT_THAT(opened->Write(batch), IsOk());
    EXPECT_THAT(opened->Purge(Keyspace::kLog, "", ""), IsOk());
  }
  store.reset();
  store = Open(path_);
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(Difference(*Dump(*store), model), "");
}

TEST_F(RocksFilesTest, BackupIsOfOneMomentAndSurvivesLossOfPower) {
  auto store = Open(path_);
  ASSERT_NE(store, nullptr);
  std::atomic<bool> done = false;
  std::atomic<uint64_t> acknowledged = 0;
  std::thread writer([&] {
    for (uint64_t i = 1; !done; ++i) {
      WriteBatch batch;
      batch.Put(Keyspace::kLog, Sequence(i), std::string(2000, 'w'));
      batch.Put(Keyspace::kLedger, Sequence(i), "");
      EXPECT_THAT(store->Write(batch), IsOk());
      acknowledged = i;
    }
  });
  for (int round = 0; round < 3; ++round) {
    while (acknowledged < 30u * round) std::this_thread::yield();
    const uint64_t before = acknowledged;
    const std::string copy = directory_.path(absl::StrCat("copy", round));
    EXPECT_THAT(store->Backup(copy), IsOk());
    auto opened = Open(copy);
    if (opened == nullptr) continue;
    uint64_t log = 0, ledger = 0;
    const auto count = [](uint64_t* keys) {
      return [keys](absl::string_view key, absl::string_view) {
        // No gaps.
        EXPECT_EQ(key, Sequence(++*keys));
        return true;
      };
    };
    EXPECT_THAT(opened->Scan(Keyspace::kLog, "", "", count(&log)), IsOk());
    EXPECT_THAT(opened->Scan(Keyspace::kLedger, "", "", count(&ledger)),
                IsOk());
    EXPECT_GE(log, before);
    EXPECT_EQ(log, ledger);
  }
  done = true;
  writer.join();
}

TEST_F(RocksFilesTest, BackupRefusesWhatItCannotMake) {
  auto store = Open(path_);
  ASSERT_NE(store, nullptr);
  EXPECT_THAT(store->Backup(""), StatusIs(absl::StatusCode::kInvalidArgument,
                                          HasSubstr("want a path")));
  EXPECT_THAT(
      store->Backup(directory_.path("no/copy")),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("parent directory")));
  fs::create_directory(directory_.path("there"));
  EXPECT_THAT(store->Backup(directory_.path("there")),
              StatusIs(absl::StatusCode::kAlreadyExists,
                       HasSubstr("want a path that does not")));
  WriteBatch batch;
  batch.Put(Keyspace::kLog, "k", "v");
  ASSERT_THAT(store->Write(batch), IsOk());
  system_->Set(FaultyFileSystem::Fault::kDiskFull);
  const std::string copy = directory_.path("copy");
  EXPECT_THAT(store->Backup(copy),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(copy)));
  EXPECT_FALSE(fs::exists(copy));
  EXPECT_FALSE(fs::exists(copy + ".tmp"));
  system_->Set(FaultyFileSystem::Fault::kNone);
  EXPECT_THAT(store->Write(batch), IsOk());
  EXPECT_THAT(store->Backup(copy), IsOk());
}

TEST_F(RocksFilesTest, BackupToAnotherFileSystemCopies) {
  const std::string disk = directory_.path("disk");
  fs::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=8m") != 0) {
    GTEST_SKIP() << "mounting a tmpfs is not permitted";
  }
  {
    auto store = Open(path_);
    ASSERT_NE(store, nullptr);
    WriteBatch batch;
    for (uint64_t i = 0; i < 50; ++i) {
      batch.Put(Keyspace::kLog, Sequence(i), Noise(10000));
    }
    EXPECT_THAT(store->Write(batch), IsOk());
    Model model;
    Apply(batch, &model);
    EXPECT_THAT(store->Backup(disk + "/copy"), IsOk());
    {
      auto opened = Open(disk + "/copy");
      if (opened != nullptr) {
        EXPECT_EQ(Difference(*Dump(*opened), model), "");
      }
    }
    // Too large for what is left.
    std::ofstream(disk + "/ballast") << std::string(7 << 20, 'b');
    EXPECT_THAT(store->Backup(disk + "/second"),
                StatusIs(absl::StatusCode::kResourceExhausted,
                         HasSubstr(disk + "/second")));
    EXPECT_FALSE(fs::exists(disk + "/second"));
    EXPECT_THAT(store->Write(batch), IsOk());
  }
  EXPECT_EQ(::umount2(disk.c_str(), MNT_DETACH), 0);
}

// Neither scratch data of a crash nor derived files are in the way of a start,
// and derived ones stay.
TEST_F(RocksFilesTest, StartsAmongWhatACrashLeft) {
  auto store = Open(path_);
  ASSERT_NE(store, nullptr);
  WriteBatch scratch;
  for (int i = 0; i < 100; ++i) {
    scratch.Put(Keyspace::kScratch, absl::StrCat(i), Noise(3000));
  }
  ASSERT_THAT(store->WriteScratch(scratch), IsOk());
  const auto derived = store->DerivedDirectory();
  ASSERT_TRUE(derived.has_value());
  EXPECT_EQ(*derived, path_ + "/derived");
  std::ofstream(*derived + "/snapshot") << "s";
  EXPECT_THAT(store->Purge(Keyspace::kScratch, "", ""), IsOk());
  EXPECT_GT(store->Stats()->disk_bytes, 300000);
  const std::string crashed = directory_.path("crashed");
  fs::copy(path_, crashed, fs::copy_options::recursive);
  auto opened = Open(crashed);
  ASSERT_NE(opened, nullptr);
  EXPECT_FALSE(fs::exists(crashed + "/scratch"));
  EXPECT_TRUE(fs::exists(crashed + "/derived/snapshot"));
  EXPECT_FALSE(opened->Get(Keyspace::kScratch, "1")->has_value());
  EXPECT_THAT(opened->WriteScratch(scratch), IsOk());
}

// Scratch writes go on while durable ones are refused, keep what they hold when
// the store opens its database again, and take up after a full disk.
TEST_F(RocksFilesTest, ScratchOutlivesFailures) {
  auto store = Open(path_);
  ASSERT_NE(store, nullptr);
  WriteBatch scratch, durable;
  scratch.Put(Keyspace::kScratch, "before", "v");
  durable.Put(Keyspace::kLog, "k", "v");
  ASSERT_THAT(store->WriteScratch(scratch), IsOk());
  scratch.Put(Keyspace::kScratch, "much0", Noise(4000));
  ASSERT_THAT(store->WriteScratch(scratch), IsOk());
  system_->Set(FaultyFileSystem::Fault::kDiskFull);
  EXPECT_THAT(store->Write(durable),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(path_)));
  absl::Status full;
  for (int i = 0; i < 2000 && full.ok(); ++i) {
    WriteBatch batch;
    batch.Put(Keyspace::kScratch, absl::StrCat("more", i), Noise(4000));
    full = store->WriteScratch(batch);
  }
  EXPECT_THAT(full, StatusIs(absl::StatusCode::kResourceExhausted,
                             HasSubstr("scratch")));
  EXPECT_THAT(store->WriteScratch(scratch),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr(path_)));
  EXPECT_EQ(*store->Get(Keyspace::kScratch, "before"), "v");
  EXPECT_EQ((*store->Get(Keyspace::kScratch, "much0"))->size(), 4000u);
  system_->Set(FaultyFileSystem::Fault::kNone);
  EXPECT_THAT(store->Write(durable), IsOk());
  EXPECT_THAT(store->WriteScratch(scratch), IsOk());
  EXPECT_EQ(*store->Get(Keyspace::kScratch, "before"), "v");
  EXPECT_EQ((*store->Get(Keyspace::kScratch, "much0"))->size(), 4000u);
}

}  // namespace
}  // namespace stagecraft::engine
