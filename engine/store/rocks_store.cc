#include "engine/store/rocks_store.h"

#include <atomic>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "engine/store/gate.h"
#include "engine/store/rocks_database.h"
#include "engine/store/rocks_directory.h"
#include "engine/store/rocks_status.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/write_batch.h"

namespace stagecraft::engine {
namespace {

rocksdb::Slice ToSlice(absl::string_view view) {
  return rocksdb::Slice(view.data(), view.size());
}

absl::string_view ToView(const rocksdb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

// Bytes of all files of `directory` whose name ends in `suffix`. Files come and
// go meanwhile: one that is gone counts as nothing.
absl::StatusOr<int64_t> BytesOfFiles(const std::string& directory,
                                     absl::string_view suffix) {
  namespace fs = std::filesystem;
  int64_t total = 0;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), last; !error && it != last;
       it.increment(error)) {
    if (!absl::EndsWith(it->path().native(), suffix)) continue;
    std::error_code gone;
    const uintmax_t bytes = it->file_size(gone);
    if (!gone) total += static_cast<int64_t>(bytes);
  }
  if (error) {
    return absl::UnavailableError(absl::StrCat(
        "store ", directory, ": list its files: ", error.message()));
  }
  return total;
}

class RocksStore : public Store {
 public:
  RocksStore(RocksDatabase::Setting setting,
             std::unique_ptr<RocksDatabase> database)
      : setting_(std::move(setting)), database_(std::move(database)) {}

  absl::Status Write(const WriteBatch& batch) override {
    if (absl::Status valid = batch.Check(); !valid.ok()) return valid;
    if (batch.empty()) return absl::OkStatus();
    if (absl::Status free = CheckFreeSpace(); !free.ok()) {
      health().SetRefused(free);
      return free;
    }
    if (health().failed()) {
      if (absl::Status recovered = Recover(); !recovered.ok()) return recovered;
    }
    absl::Status written = WriteUnchecked(batch);
    if (written.ok()) health().SetAccepted();
    return written;
  }

  // Write without the checks; also used for the store's own keys.
  absl::Status WriteUnchecked(const WriteBatch& batch) {
    GateLock inside(&gate_);
    if (database_ == nullptr) return health().status();
    // 16 bytes more per operation than keys and values is enough for RocksDB's
    // framing of all but huge ones, which only cost a reallocation.
    rocksdb::WriteBatch converted(batch.bytes() + 16 * batch.size() + 16);
    rocksdb::Status status;
    batch.ForEach([&](const WriteBatch::Operation& operation) {
      if (!status.ok()) return;
      rocksdb::ColumnFamilyHandle* family =
          database_->family(operation.keyspace);
      status = operation.kind == WriteBatch::Kind::kPut
                   ? converted.Put(family, ToSlice(operation.key),
                                   ToSlice(operation.value))
                   : converted.Delete(family, ToSlice(operation.key));
    });
    rocksdb::WriteOptions write_options;
    write_options.sync = true;
    if (status.ok()) status = database_->db().Write(write_options, &converted);
    if (status.ok()) return absl::OkStatus();
    absl::Status failure = FromRocks(status, path(), "write");
    // Set behind the gate: a recovery that comes later sees and clears it.
    health().SetFailed(failure);
    return failure;
  }

  absl::StatusOr<std::optional<std::string>> Get(
      Keyspace keyspace, absl::string_view key) const override {
    GateLock inside(&gate_);
    if (database_ == nullptr) return health().status();
    rocksdb::PinnableSlice value;
    const rocksdb::Status status =
        database_->db().Get(rocksdb::ReadOptions(), database_->family(keyspace),
                            ToSlice(key), &value);
    if (status.ok()) return std::optional<std::string>(value.ToString());
    if (status.IsNotFound()) return std::optional<std::string>();
    return FromRocks(status, path(),
                     absl::StrCat("read from ", KeyspaceName(keyspace)));
  }

  absl::Status Scan(
      Keyspace keyspace, absl::string_view begin, absl::string_view end,
      absl::FunctionRef<bool(absl::string_view key, absl::string_view value)>
          fn) const override {
    if (!end.empty() && end <= begin) return absl::OkStatus();
    GateLock inside(&gate_);
    if (database_ == nullptr) return health().status();
    const rocksdb::Slice bound = ToSlice(end);
    rocksdb::ReadOptions read_options;
    if (!end.empty()) read_options.iterate_upper_bound = &bound;
    // An iterator is a snapshot of the moment it is made.
    const std::unique_ptr<rocksdb::Iterator> it(
        database_->db().NewIterator(read_options, database_->family(keyspace)));
    for (it->Seek(ToSlice(begin)); it->Valid(); it->Next()) {
      if (!fn(ToView(it->key()), ToView(it->value()))) break;
    }
    return FromRocks(it->status(), path(),
                     absl::StrCat("scan ", KeyspaceName(keyspace)));
  }

  absl::StatusOr<StoreStats> Stats() const override {
    GateLock inside(&gate_);
    StoreStats stats;
    stats.writable = health().status();
    stats.memory_bytes = static_cast<int64_t>(setting_.cache->GetUsage());
    for (const Keyspace keyspace : kAllKeyspaces) {
      if (database_ == nullptr) break;
      const auto property = [&](const std::string& name) {
        uint64_t value = 0;
        database_->db().GetIntProperty(database_->family(keyspace), name,
                                       &value);
        return static_cast<int64_t>(value);
      };
      using Properties = rocksdb::DB::Properties;
      stats.keys[static_cast<size_t>(keyspace)] =
          property(Properties::kEstimateNumKeys);
      stats.memory_bytes += property(Properties::kSizeAllMemTables) +
                            property(Properties::kEstimateTableReadersMem);
    }
    const absl::StatusOr<int64_t> bytes = BytesOfFiles(path(), "");
    if (!bytes.ok()) return bytes.status();
    stats.disk_bytes = *bytes;
    uint64_t free = 0;
    if (setting_.env->GetFreeSpace(path(), &free).ok()) {
      stats.free_disk_bytes = static_cast<int64_t>(free);
    }
    return stats;
  }

 private:
  const std::string& path() const { return setting_.options.path; }
  RocksHealth& health() const { return *setting_.health; }

  // kResourceExhausted if fewer than `want` bytes are free.
  absl::Status CheckFree(int64_t want) const {
    uint64_t free = 0;
    // A file system that cannot say is written to until it refuses.
    if (!setting_.env->GetFreeSpace(path(), &free).ok() ||
        free >= static_cast<uint64_t>(want)) {
      return absl::OkStatus();
    }
    return absl::ResourceExhaustedError(
        absl::StrCat("store ", path(), ": write: ", free,
                     " bytes are free on its disk, want at least ", want,
                     "; free space and try again, no restart is needed"));
  }

  absl::Status CheckFreeSpace() const {
    const int64_t want = setting_.options.min_free_bytes;
    return want == 0 ? absl::OkStatus() : CheckFree(want);
  }

  // Whether opening again can be expected to succeed: there is room to write
  // the logs' content to tables, and a small file can be written and synced.
  absl::Status Probe() const {
    const absl::StatusOr<int64_t> logs = BytesOfFiles(path(), ".log");
    if (!logs.ok()) return logs.status();
    if (absl::Status free =
            CheckFree(*logs + setting_.options.write_buffer_bytes);
        !free.ok()) {
      return free;
    }
    // The name is one that RocksDB cleans up if we crash here.
    const std::string file = path() + "/probe.dbtmp";
    const rocksdb::Status written = rocksdb::WriteStringToFile(
        setting_.env, std::string(4096, '\0'), file, /*should_sync=*/true);
    setting_.env->DeleteFile(file).PermitUncheckedError();
    return FromRocks(written, path(), "write a probe after a failure");
  }

  // Makes a database that ran out of space take writes again, by closing and
  // opening it: the same path as a restart, which drops the record that a full
  // disk cut short. (RocksDB's own Resume() goes on with the cut log.) Reads
  // wait meanwhile; they go on if the disk is still full. Callers that arrive
  // during an attempt share its outcome.
  absl::Status Recover() ABSL_LOCKS_EXCLUDED(recover_mutex_) {
    // Our own scan keeps the database open.
    if (gate_.EnteredByThisThread()) return health().status();
    const int64_t seen = attempts_.load();
    absl::MutexLock lock(&recover_mutex_);
    if (attempts_.load() == seen && health().failed()) {
      outcome_ = TryToRecover();
      attempts_.fetch_add(1);
    }
    return health().failed() ? outcome_ : absl::OkStatus();
  }

  absl::Status TryToRecover() ABSL_EXCLUSIVE_LOCKS_REQUIRED(recover_mutex_) {
    const absl::Status cause = health().status();
    // A disk that fails otherwise needs a human being before more is written.
    if (cause.code() != absl::StatusCode::kResourceExhausted) return cause;
    if (absl::Status probed = Probe(); !probed.ok()) {
      return probed.code() == cause.code() ? cause : probed;
    }
    gate_.Shut();
    database_.reset();
    health().SetWell();
    absl::StatusOr<std::unique_ptr<RocksDatabase>> opened =
        RocksDatabase::Open(setting_, /*read_only=*/false);
    const absl::Status outcome = opened.status();
    if (!opened.ok()) {
      // Full again: at least reads go on. `outcome` says what there is to do.
      health().SetFailed(outcome);
      opened = RocksDatabase::Open(setting_, /*read_only=*/true);
    }
    if (opened.ok()) database_ = *std::move(opened);
    gate_.Open();
    return outcome;
  }

  const RocksDatabase::Setting setting_;
  mutable Gate gate_;
  // Read inside the gate, written while it is shut. Null if it could not be
  // opened again, which health() explains.
  std::unique_ptr<RocksDatabase> database_;

  absl::Mutex recover_mutex_;
  std::atomic<int64_t> attempts_ = 0;
  absl::Status outcome_ ABSL_GUARDED_BY(recover_mutex_);
};

absl::Status CheckOptions(const RocksStoreOptions& options) {
  const auto check = [](absl::string_view name, int64_t value, int64_t least) {
    if (value >= least) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is ", value, ", want at least ", least));
  };
  for (const absl::Status& status :
       {check("block_cache_bytes", options.block_cache_bytes, 1 << 20),
        check("write_buffer_bytes", options.write_buffer_bytes, 64 << 10),
        check("max_open_files", options.max_open_files, 16),
        check("min_free_bytes", options.min_free_bytes, 0)}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Checks format_version, or writes it to a store that has nothing yet.
absl::Status SettleFormatVersion(const std::string& path, RocksStore& store) {
  const absl::StatusOr<std::optional<std::string>> version =
      store.Get(Keyspace::kMeta, kFormatVersionKey);
  if (!version.ok()) return version.status();
  if (version->has_value()) return CheckFormatVersion(path, **version);

  bool empty = true;
  for (const Keyspace keyspace : kAllKeyspaces) {
    const absl::Status scanned =
        store.Scan(keyspace, "", "", [&](absl::string_view, absl::string_view) {
          empty = false;
          return false;
        });
    if (!scanned.ok()) return scanned;
  }
  if (!empty) return NotAStore(path, "it has keys but no format_version");
  WriteBatch batch;
  batch.Put(Keyspace::kMeta, kFormatVersionKey, absl::StrCat(kFormatVersion));
  return store.WriteUnchecked(batch);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenRocksStore(
    const RocksStoreOptions& options) {
  if (absl::Status valid = CheckOptions(options); !valid.ok()) return valid;
  const absl::StatusOr<bool> exists =
      PrepareDirectory(options.path, options.create_if_missing);
  if (!exists.ok()) return exists.status();

  const RocksDatabase::Setting setting = {
      .options = options,
      .env = options.env != nullptr ? options.env : rocksdb::Env::Default(),
      .cache =
          rocksdb::NewLRUCache(static_cast<size_t>(options.block_cache_bytes)),
      .health = std::make_shared<RocksHealth>(options.path)};
  if (*exists) {
    if (absl::Status status = InspectDatabase(setting); !status.ok()) {
      return status;
    }
  }
  absl::StatusOr<std::unique_ptr<RocksDatabase>> database =
      RocksDatabase::Open(setting, /*read_only=*/false);
  if (!database.ok()) return database.status();
  auto store = std::make_unique<RocksStore>(setting, *std::move(database));
  if (absl::Status settled = SettleFormatVersion(options.path, *store);
      !settled.ok()) {
    return settled;
  }
  return store;
}

}  // namespace stagecraft::engine
