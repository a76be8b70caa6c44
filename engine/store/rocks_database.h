// An open RocksDB database with its keyspaces, and whether it still takes
// writes. Private to engine/store.
#ifndef STAGECRAFT_ENGINE_STORE_ROCKS_DATABASE_H_
#define STAGECRAFT_ENGINE_STORE_ROCKS_DATABASE_H_

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/store/rocks_store.h"
#include "engine/store/write_batch.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/listener.h"

namespace stagecraft::engine {

// Whether writes succeed, and if not, why. Thread-safe. RocksDB reports
// failures of flushes and compactions here.
class RocksHealth : public rocksdb::EventListener {
 public:
  explicit RocksHealth(std::string path) : path_(std::move(path)) {}

  // The database refuses writes until it is opened again.
  void SetFailed(const absl::Status& status) { Set(status, true); }
  // A write was refused, the database itself is well.
  void SetRefused(const absl::Status& status) { Set(status, failed()); }
  // A write succeeded: takes back SetRefused, but not SetFailed.
  void SetAccepted();
  void SetWell() { Set(absl::OkStatus(), false); }

  bool well() const { return well_.load(std::memory_order_acquire); }
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  // OK if well.
  absl::Status status() const;

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason,
                         rocksdb::Status* error) override;

 private:
  void Set(const absl::Status& status, bool failed);

  const std::string path_;
  std::atomic<bool> well_ = true;
  std::atomic<bool> failed_ = false;
  mutable absl::Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

class RocksDatabase {
 public:
  // What stays the same when a store opens its database again.
  struct Setting {
    RocksStoreOptions options;
    rocksdb::Env* env;
    std::shared_ptr<rocksdb::Cache> cache;
    std::shared_ptr<RocksHealth> health;
  };

  // Errors: as OpenRocksStore for everything about the database itself.
  // `read_only` writes no file and takes no lock.
  static absl::StatusOr<std::unique_ptr<RocksDatabase>> Open(
      const Setting& setting, bool read_only);

  // Closes. Nothing is lost: whatever was acknowledged is in the log.
  ~RocksDatabase();

  // Errors: as Store::Backup and Store::Purge. Not at the same time.
  absl::Status Backup(const std::string& path,
                      const std::string& directory) const;
  absl::Status Purge(const std::string& path, Keyspace keyspace,
                     absl::string_view begin, absl::string_view end);

  rocksdb::DB& db() const { return *db_; }
  // Of a durable keyspace.
  rocksdb::ColumnFamilyHandle* family(Keyspace keyspace) const {
    return families_[static_cast<size_t>(keyspace)];
  }

 private:
  RocksDatabase() = default;

  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kDurableKeyspaces.size()> families_ =
      {};
};

// Rewrites all tables with keys of the range, so that nothing is left of what
// was deleted in it. Flush before. An empty `end` is no bound.
rocksdb::Status CompactRange(rocksdb::DB& db,
                             rocksdb::ColumnFamilyHandle* family,
                             absl::string_view begin, absl::string_view end);

// Checks a database that is there before it is opened for writing, changing
// nothing: OK if it has exactly our keyspaces, or is what a crash left of an
// earlier creation. kFailedPrecondition if another version wrote it or if it is
// not ours; kDataLoss if it is damaged.
absl::Status InspectDatabase(const RocksDatabase::Setting& setting);

// Checks the value at kFormatVersionKey of the store at `path`.
absl::Status CheckFormatVersion(const std::string& path,
                                absl::string_view stored);

// kFailedPrecondition: a database at `path` that is not a store of ours.
absl::Status NotAStore(const std::string& path, absl::string_view why);

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_ROCKS_DATABASE_H_
