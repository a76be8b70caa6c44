// The keyspace kScratch: a database of its own in the directory "scratch" of
// the store. Private to engine/store.
//
// Its own, so that its writes do not wait for the syncs of durable ones, and so
// that backups do not carry it along. Opened by the first write. It has a log,
// never synced, so that it can be closed and opened again after its disk was
// full: RocksDB's Resume() may wait forever in that case.
#ifndef STAGECRAFT_ENGINE_STORE_ROCKS_SCRATCH_H_
#define STAGECRAFT_ENGINE_STORE_ROCKS_SCRATCH_H_

#include <atomic>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "engine/store/rocks_store.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/write_batch.h"

namespace stagecraft::engine {

// Thread-safe.
class RocksScratch {
 public:
  RocksScratch(RocksStoreOptions options, std::shared_ptr<rocksdb::Cache> cache)
      : options_(std::move(options)), cache_(std::move(cache)) {}

  // Removes what an earlier store left. To be called before all others, once
  // the store is locked.
  absl::Status Clear();

  // Errors: as Store::WriteScratch. After one, writes are refused until
  // OpenAgain.
  absl::Status Write(rocksdb::WriteBatch* batch);

  // OK, or why writes are refused.
  absl::Status health() const;

  // Closes and opens it, with what was written, so that it takes writes again.
  // Nobody else may be in a call, or hold db(). If the disk is full again,
  // reads go on.
  absl::Status OpenAgain();

  // Errors: as Store::Purge.
  absl::Status Purge(absl::string_view begin, absl::string_view end);

  // Null before the first write, and if it could not even be opened to be read.
  rocksdb::DB* db() const { return db_.load(std::memory_order_acquire); }

  std::string path() const;

 private:
  absl::StatusOr<rocksdb::DB*> Open();
  rocksdb::Options DatabaseOptions() const;

  const RocksStoreOptions options_;
  const std::shared_ptr<rocksdb::Cache> cache_;
  mutable absl::Mutex mutex_;
  std::unique_ptr<rocksdb::DB> owned_ ABSL_GUARDED_BY(mutex_);
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
  std::atomic<rocksdb::DB*> db_ = nullptr;
};

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_ROCKS_SCRATCH_H_
