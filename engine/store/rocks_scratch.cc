#include "engine/store/rocks_scratch.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "engine/store/rocks_database.h"
#include "engine/store/rocks_options.h"
#include "engine/store/rocks_status.h"
#include "rocksdb/listener.h"
#include "rocksdb/options.h"

namespace stagecraft::engine {
namespace {

// RocksDB would look for room every five seconds, and refuse Resume meanwhile.
class NoRecoveryOfItsOwn : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

}  // namespace

std::string RocksScratch::path() const {
  return absl::StrCat(options_.path, "/", kScratchDirectory);
}

absl::Status RocksScratch::Clear() {
  std::error_code error;
  std::filesystem::remove_all(path(), error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "store ", options_.path, ": remove ", path(), ": ", error.message()));
}

rocksdb::Options RocksScratch::DatabaseOptions() const {
  rocksdb::DBOptions options = ScratchDatabaseOptions(options_);
  options.listeners.push_back(std::make_shared<NoRecoveryOfItsOwn>());
  return rocksdb::Options(options,
                          FamilyOptions(Keyspace::kScratch, options_, cache_));
}

absl::StatusOr<rocksdb::DB*> RocksScratch::Open() {
  if (rocksdb::DB* open = db(); open != nullptr) return open;
  absl::MutexLock lock(&mutex_);
  if (owned_ != nullptr) return owned_.get();
  if (!health_.ok()) return health_;
  // What a failed attempt left is of no use.
  if (absl::Status cleared = Clear(); !cleared.ok()) return cleared;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      rocksdb::DB::Open(DatabaseOptions(), path(), &db);
  if (!opened.ok()) return FromRocks(opened, options_.path, "open scratch");
  owned_.reset(db);
  db_.store(db, std::memory_order_release);
  return db;
}

absl::Status RocksScratch::Write(rocksdb::WriteBatch* batch) {
  const absl::StatusOr<rocksdb::DB*> db = Open();
  if (!db.ok()) return db.status();
  const rocksdb::Status status = (*db)->Write(rocksdb::WriteOptions(), batch);
  if (status.ok()) return absl::OkStatus();
  absl::Status failure = FromRocks(status, options_.path, "write to scratch");
  absl::MutexLock lock(&mutex_);
  health_ = failure;
  return failure;
}

absl::Status RocksScratch::health() const {
  absl::MutexLock lock(&mutex_);
  return health_;
}

absl::Status RocksScratch::OpenAgain() {
  absl::MutexLock lock(&mutex_);
  db_.store(nullptr, std::memory_order_release);
  owned_.reset();
  rocksdb::DB* db = nullptr;
  rocksdb::Status opened = rocksdb::DB::Open(DatabaseOptions(), path(), &db);
  health_ = FromRocks(opened, options_.path, "open scratch again");
  if (!opened.ok()) {
    opened = rocksdb::DB::OpenForReadOnly(DatabaseOptions(), path(), &db);
  }
  if (opened.ok()) {
    owned_.reset(db);
    db_.store(db, std::memory_order_release);
  }
  return health_;
}

absl::Status RocksScratch::Purge(absl::string_view begin,
                                 absl::string_view end) {
  rocksdb::DB* const open = db();
  if (open == nullptr) return absl::OkStatus();
  rocksdb::Status status = open->Flush(rocksdb::FlushOptions());
  if (status.ok()) {
    status = CompactRange(*open, open->DefaultColumnFamily(), begin, end);
  }
  return FromRocks(status, options_.path, "purge scratch");
}

}  // namespace stagecraft::engine
