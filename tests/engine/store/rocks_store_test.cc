// Opening: what is refused, how, and that nothing is harmed by it.
#include "engine/store/rocks_store.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/store/rocks_status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"
#include "tests/engine/store/temp_directory.h"
#include "tests/support/status_matchers.h"

namespace stagecraft::engine {
namespace {

namespace fs = std::filesystem;
using ::stagecraft::testing::IsOk;
using ::stagecraft::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

class RocksStoreTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path) {
    return OpenRocksStore({.path = path});
  }

  void PutOne() {
    auto store = Open(path_);
    ASSERT_THAT(store, IsOk());
    WriteBatch batch;
    batch.Put(Keyspace::kLog, "key", "value");
    ASSERT_THAT((*store)->Write(batch), IsOk());
  }

  void ExpectOne() {
    auto store = Open(path_);
    ASSERT_THAT(store, IsOk());
    const auto value = (*store)->Get(Keyspace::kLog, "key");
    ASSERT_THAT(value, IsOk());
    EXPECT_EQ(*value, "value");
  }

  // Puts `key` with RocksDB alone, into its default family.
  void PutRaw(const std::string& key, const std::string& value,
              const std::string& new_family = "") {
    std::vector<std::string> names;
    rocksdb::Options options;
    options.create_if_missing = true;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    if (rocksdb::DB::ListColumnFamilies(options, path_, &names).ok()) {
      for (const auto& name : names) families.emplace_back(name, options);
    } else {
      families.emplace_back("default", options);
    }
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(
        rocksdb::DB::Open(options, path_, families, &handles, &raw).ok());
    std::unique_ptr<rocksdb::DB> db(raw);
    ASSERT_TRUE(db->Put({}, key, value).ok());
    if (!new_family.empty()) {
      handles.emplace_back();
      ASSERT_TRUE(
          db->CreateColumnFamily(options, new_family, &handles.back()).ok());
    }
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  }

  TempDirectory directory_;
  std::string path_ = directory_.path("store");
};

TEST_F(RocksStoreTest, RefusesBadOptions) {
  EXPECT_THAT(OpenRocksStore({}), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("path of the store")));
  EXPECT_THAT(
      OpenRocksStore({.path = path_, .write_buffer_bytes = 1}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("write_buffer_bytes is 1, want at least 65536")));
  EXPECT_THAT(OpenRocksStore({.path = path_, .min_free_bytes = -1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("min_free_bytes is -1, want at least 0")));
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(RocksStoreTest, RefusesPathsThatCannotHoldAStore) {
  EXPECT_THAT(Open(directory_.path("no/store")),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("parent directory"),
                             HasSubstr("does not exist"))));
  std::ofstream(directory_.path("file")) << "x";
  EXPECT_THAT(Open(directory_.path("file")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("is a file, want a directory")));
  // A directory of somebody's documents.
  EXPECT_THAT(Open(directory_.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("holds no store but \"file\"")));
  EXPECT_THAT(OpenRocksStore({.path = path_, .create_if_missing = false}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(path_)));
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(RocksStoreTest, RefusesAReadOnlyFileSystem) {
  const std::string disk = directory_.path("disk");
  fs::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", MS_RDONLY, "size=1m") != 0) {
    GTEST_SKIP() << "mounting a tmpfs is not permitted";
  }
  EXPECT_THAT(Open(disk), StatusIs(absl::StatusCode::kPermissionDenied,
                                   HasSubstr("Read-only file system")));
  EXPECT_THAT(Open(disk + "/store"),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       HasSubstr("Read-only file system")));
  EXPECT_EQ(::umount(disk.c_str()), 0);
}

TEST_F(RocksStoreTest, RefusesAStoreInUse) {
  PutOne();
  {
    auto first = Open(path_);
    ASSERT_THAT(first, IsOk());
    EXPECT_THAT(Open(path_),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(HasSubstr(path_), HasSubstr("is in use"))));
  }
  ExpectOne();
}

TEST_F(RocksStoreTest, RefusesANewerVersion) {
  PutOne();
  PutRaw("format_version", "3");
  const auto newer =
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr(path_), HasSubstr("format version 3, want 2"),
                     HasSubstr("a newer stagecraft wrote it")));
  EXPECT_THAT(Open(path_), newer);
  // Also when it has keyspaces that we do not know.
  PutRaw("format_version", "3", "new_in_3");
  EXPECT_THAT(Open(path_), newer);
}

// Version 1 had its events under one key each, in a keyspace of their own.
TEST_F(RocksStoreTest, RefusesAnOlderVersion) {
  PutRaw("format_version", "1", "events");
  EXPECT_THAT(
      Open(path_),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr(path_), HasSubstr("format version 1, want 2"),
                     HasSubstr("an older stagecraft wrote it"))));
}

TEST_F(RocksStoreTest, RefusesADamagedVersion) {
  PutOne();
  PutRaw("format_version", "one");
  EXPECT_THAT(Open(path_), StatusIs(absl::StatusCode::kDataLoss,
                                    HasSubstr("format_version is \"one\"")));
}

TEST_F(RocksStoreTest, RefusesSomebodyElsesDatabaseAndLeavesItAlone) {
  PutRaw("their key", "1");
  EXPECT_THAT(Open(path_), StatusIs(absl::StatusCode::kFailedPrecondition,
                                    HasSubstr("not a store of ours")));
  std::vector<std::string> families;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, path_, &families).ok());
  EXPECT_EQ(families, std::vector<std::string>{"default"});
}

// The log of a crash ends in the middle of a record; a log damaged before its
// end must not be passed over.
TEST_F(RocksStoreTest, OpensATornLogButNotADamagedOne) {
  PutOne();
  {
    auto store = Open(path_);
    ASSERT_THAT(store, IsOk());
    for (int i = 0; i < 50; ++i) {
      WriteBatch batch;
      batch.Put(Keyspace::kLedger, absl::StrCat(i), std::string(100, 'x'));
      ASSERT_THAT((*store)->Write(batch), IsOk());
    }
  }
  std::string log;
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (entry.path().extension() == ".log" && entry.file_size() > 5000) {
      log = entry.path().string();
    }
  }
  ASSERT_FALSE(log.empty());
  const std::string copy = directory_.path("copy");
  fs::copy(path_, copy);
  fs::resize_file(log, fs::file_size(log) - 20);
  {
    auto store = Open(path_);
    ASSERT_THAT(store, IsOk());
    EXPECT_TRUE((*store)->Get(Keyspace::kLedger, "48")->has_value());
    EXPECT_FALSE((*store)->Get(Keyspace::kLedger, "49")->has_value());
  }
  ExpectOne();
  const std::string damaged = copy + "/" + fs::path(log).filename().string();
  {
    std::fstream file(damaged, std::ios::in | std::ios::out);
    file.seekp(2000);
    file << "damage";
  }
  EXPECT_THAT(Open(copy),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr(copy), HasSubstr("backup"))));
}

TEST(RocksStatusTest, TranslatesEachKind) {
  using rocksdb::Status;
  const auto code = [](const Status& status) {
    return FromRocks(status, "/p", "write").code();
  };
  EXPECT_THAT(FromRocks(Status::OK(), "/p", "write"), IsOk());
  EXPECT_EQ(code(Status::NoSpace()), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(code(Status::Corruption()), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code(Status::NotFound()), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(Status::PathNotFound()), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(Status::IOError()), absl::StatusCode::kUnavailable);
  EXPECT_EQ(code(Status::Busy()), absl::StatusCode::kUnavailable);
  EXPECT_EQ(code(Status::InvalidArgument()), absl::StatusCode::kInternal);
  EXPECT_THAT(FromRocks(Status::NoSpace("disk"), "/p", "write"),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("store /p: write: "),
                             HasSubstr("free space on its disk"))));
}

}  // namespace
}  // namespace stagecraft::engine
