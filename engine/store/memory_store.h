// A store in memory, for tests and simulations: the contract of store.h, with
// a life as long as the object and faults on request.
#ifndef STAGECRAFT_ENGINE_STORE_MEMORY_STORE_H_
#define STAGECRAFT_ENGINE_STORE_MEMORY_STORE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "engine/store/store.h"

namespace stagecraft::engine {

// Which calls fail: after `skip` more calls that pass, `times` calls return
// `status` (which must not be OK).
struct MemoryStoreFault {
  absl::Status status;
  int64_t skip = 0;
  int64_t times = 1;
  // Writes only. True: the failing write is stored all the same, like one
  // whose answer got lost, to try out whether a repeat does harm.
  bool store_anyway = false;
};

// Thread-safe. Purge has nothing to do. A write while a scan runs copies the
// content once.
class MemoryStore : public Store {
 public:
  MemoryStore();

  // A restart: the new store has everything that was written but kScratch; all
  // further calls on this one fail with kFailedPrecondition.
  std::unique_ptr<MemoryStore> Reopen();

  // Each replaces the fault set before; faults do not outlive Reopen().
  void FailWrites(MemoryStoreFault fault);
  void FailReads(MemoryStoreFault fault);  // Get and Scan.
  void FailScratchWrites(MemoryStoreFault fault);
  void ClearFaults();

  // What DerivedDirectory() returns, in this store and those reopened from it.
  // Must exist.
  void SetDerivedDirectory(std::string directory);

  // Batches that Write stored so far, empty ones not counted.
  int64_t batches_written() const;

  absl::Status Write(const WriteBatch& batch) override;
  absl::Status WriteScratch(const WriteBatch& batch) override;
  absl::StatusOr<std::optional<std::string>> Get(
      Keyspace keyspace, absl::string_view key) const override;
  absl::Status Scan(
      Keyspace keyspace, absl::string_view begin, absl::string_view end,
      absl::FunctionRef<bool(absl::string_view key, absl::string_view value)>
          fn) const override;
  absl::StatusOr<StoreStats> Stats() const override;
  absl::Status Purge(Keyspace keyspace, absl::string_view begin,
                     absl::string_view end) override;
  absl::Status Backup(const std::string& directory) const override;
  std::optional<std::string> DerivedDirectory() const override;

 private:
  using Map = absl::btree_map<std::string, std::string>;
  // One state of the content. Immutable while a scan reads it.
  struct Version {
    std::array<Map, kAllKeyspaces.size()> maps;
    int scans = 0;  // Guarded by mutex_ of the store it belongs to.
  };

  // Counts a call and says whether it fails.
  absl::Status Trip(std::optional<MemoryStoreFault>& fault) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Apply(const WriteBatch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckOpen() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  // Null after Reopen().
  std::shared_ptr<Version> version_ ABSL_GUARDED_BY(mutex_);
  mutable std::optional<MemoryStoreFault> write_fault_ ABSL_GUARDED_BY(mutex_);
  std::optional<MemoryStoreFault> scratch_fault_ ABSL_GUARDED_BY(mutex_);
  mutable std::optional<MemoryStoreFault> read_fault_ ABSL_GUARDED_BY(mutex_);
  absl::Status writable_ ABSL_GUARDED_BY(mutex_);
  int64_t batches_written_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<std::string> derived_directory_ ABSL_GUARDED_BY(mutex_);
};

std::unique_ptr<MemoryStore> MakeMemoryStore();

}  // namespace stagecraft::engine

#endif  // STAGECRAFT_ENGINE_STORE_MEMORY_STORE_H_
