#include "engine/store/rocks_store.h"

#include <atomic>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "engine/store/gate.h"
#include "engine/store/rocks_convert.h"
#include "engine/store/rocks_database.h"
#include "engine/store/rocks_directory.h"
#include "engine/store/rocks_log_check.h"
#include "engine/store/rocks_options.h"
#include "engine/store/rocks_scratch.h"
#include "engine/store/rocks_status.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/write_batch.h"

namespace stagecraft::engine {
namespace {

class CountOne {
 public:
  explicit CountOne(std::atomic<int>* count) : count_(count) { ++*count_; }
  ~CountOne() { --*count_; }
  CountOne(const CountOne&) = delete;
  CountOne& operator=(const CountOne&) = delete;

 private:
  std::atomic<int>* const count_;
};

class RocksStore : public Store {
 public:
  RocksStore(RocksDatabase::Setting setting,
             std::unique_ptr<RocksDatabase> database)
      : setting_(std::move(setting)),
        database_(std::move(database)),
        scratch_(setting_.options, setting_.cache) {}

  absl::Status ClearScratch() { return scratch_.Clear(); }

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
    rocksdb::WriteBatch converted = Room(batch);
    rocksdb::Status status = Convert(
        batch,
        [this](Keyspace keyspace) { return database_->family(keyspace); },
        &converted);
    rocksdb::WriteOptions write_options;
    write_options.sync = true;
    if (status.ok()) status = database_->db().Write(write_options, &converted);
    if (status.ok()) return absl::OkStatus();
    absl::Status failure = FromRocks(status, path(), "write");
    // Set behind the gate: a recovery that comes later sees and clears it.
    health().SetFailed(failure);
    return failure;
  }

  absl::Status WriteScratch(const WriteBatch& batch) override {
    if (absl::Status valid = batch.CheckScratch(); !valid.ok()) return valid;
    if (batch.empty()) return absl::OkStatus();
    if (absl::Status free = CheckFreeSpace(); !free.ok()) return free;
    rocksdb::WriteBatch converted = Room(batch);
    const rocksdb::Status status = Convert(
        batch, [](Keyspace) { return nullptr; }, &converted);
    if (!status.ok()) return FromRocks(status, path(), "write to scratch");
    if (absl::Status health = scratch_.health(); !health.ok()) {
      if (absl::Status recovered = RecoverScratch(); !recovered.ok()) {
        return recovered;
      }
    }
    GateLock inside(&gate_);
    return scratch_.Write(&converted);
  }

  absl::StatusOr<std::optional<std::string>> Get(
      Keyspace keyspace, absl::string_view key) const override {
    GateLock inside(&gate_);
    const Place place = Find(keyspace);
    if (place.db == nullptr) {
      if (absl::Status missing = Missing(keyspace); !missing.ok()) {
        return missing;
      }
      return std::optional<std::string>();
    }
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = place.db->Get(
        rocksdb::ReadOptions(), place.family, ToSlice(key), &value);
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
    const Place place = Find(keyspace);
    if (place.db == nullptr) return Missing(keyspace);
    const rocksdb::Slice bound = ToSlice(end);
    rocksdb::ReadOptions read_options;
    if (keyspace == Keyspace::kLog) {
      // Read from end to end and not soon again: leaves the cache to others.
      read_options.fill_cache = false;
      read_options.readahead_size = size_t{4} << 20;
    }
    if (!end.empty()) read_options.iterate_upper_bound = &bound;
    // An iterator is a snapshot of the moment it is made.
    CountOne counted(&scans_);
    const std::unique_ptr<rocksdb::Iterator> it(
        place.db->NewIterator(read_options, place.family));
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
      const Place place = Find(keyspace);
      if (place.db == nullptr) continue;
      const auto property = [&](const std::string& name) {
        uint64_t value = 0;
        place.db->GetIntProperty(place.family, name, &value);
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
    for (const absl::string_view name :
         {kScratchDirectory, kDerivedDirectory}) {
      // Missing is as good as empty.
      stats.disk_bytes +=
          BytesOfFiles(absl::StrCat(path(), "/", name), "").value_or(0);
    }
    uint64_t free = 0;
    if (setting_.env->GetFreeSpace(path(), &free).ok()) {
      stats.free_disk_bytes = static_cast<int64_t>(free);
    }
    return stats;
  }

  absl::Status Purge(Keyspace keyspace, absl::string_view begin,
                     absl::string_view end) override {
    if (!end.empty() && end <= begin) return absl::OkStatus();
    absl::MutexLock one_at_a_time(&files_mutex_);
    if (keyspace == Keyspace::kScratch) return scratch_.Purge(begin, end);
    {
      GateLock inside(&gate_);
      if (database_ == nullptr) return health().status();
      if (absl::Status purged = database_->Purge(path(), keyspace, begin, end);
          !purged.ok()) {
        return purged;
      }
    }
    // The list of files still names the first and the last key of the old
    // ones; opening writes a new list. Keys of the log are numbers.
    if (keyspace == Keyspace::kLog || scans_.load() > 0) {
      return absl::OkStatus();
    }
    absl::MutexLock lock(&recover_mutex_);
    if (health().failed()) return absl::OkStatus();
    if (absl::Status opened = OpenAgain(); !opened.ok()) return opened;
    GateLock inside(&gate_);
    if (database_ == nullptr) return health().status();
    RemoveOldLists(path());
    return absl::OkStatus();
  }

  absl::Status Backup(const std::string& directory) const override {
    absl::MutexLock one_at_a_time(&files_mutex_);
    GateLock inside(&gate_);
    if (database_ == nullptr) return health().status();
    if (absl::Status free = CheckBackupDirectory(path(), directory);
        !free.ok()) {
      return free;
    }
    if (absl::Status made = database_->Backup(path(), directory); !made.ok()) {
      return made;
    }
    return SyncDirectory(path(), ParentOf(directory));
  }

  std::optional<std::string> DerivedDirectory() const override {
    std::string directory = absl::StrCat(path(), "/", kDerivedDirectory);
    std::error_code ignored;
    std::filesystem::create_directory(directory, ignored);
    return directory;
  }

 private:
  // Where a keyspace lies. Null: nowhere, see Missing.
  struct Place {
    rocksdb::DB* db = nullptr;
    rocksdb::ColumnFamilyHandle* family = nullptr;
  };
  // To be called inside the gate.
  Place Find(Keyspace keyspace) const {
    if (keyspace == Keyspace::kScratch) {
      rocksdb::DB* db = scratch_.db();
      if (db == nullptr) return {};
      return {db, db->DefaultColumnFamily()};
    }
    if (database_ == nullptr) return {};
    return {&database_->db(), database_->family(keyspace)};
  }
  // OK if the keyspace is just empty.
  absl::Status Missing(Keyspace keyspace) const {
    return keyspace == Keyspace::kScratch ? scratch_.health()
                                          : health().status();
  }

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
  absl::Status Probe(const std::string& directory) const {
    const absl::StatusOr<int64_t> logs = BytesOfFiles(directory, ".log");
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

  // The same for scratch, whose failures may be repaired whatever they are: its
  // content is derived.
  absl::Status RecoverScratch() ABSL_LOCKS_EXCLUDED(recover_mutex_) {
    if (gate_.EnteredByThisThread()) return scratch_.health();
    absl::MutexLock lock(&recover_mutex_);
    if (absl::Status health = scratch_.health(); health.ok()) return health;
    if (absl::Status probed = Probe(scratch_.path()); !probed.ok()) {
      return probed;
    }
    gate_.Shut();
    absl::Status opened = scratch_.OpenAgain();
    gate_.Open();
    return opened;
  }

  absl::Status TryToRecover() ABSL_EXCLUSIVE_LOCKS_REQUIRED(recover_mutex_) {
    const absl::Status cause = health().status();
    // A disk that fails otherwise needs a human being before more is written.
    if (cause.code() != absl::StatusCode::kResourceExhausted) return cause;
    if (absl::Status probed = Probe(path()); !probed.ok()) {
      return probed.code() == cause.code() ? cause : probed;
    }
    return OpenAgain();
  }

  // Closes and opens the database. Waits for all calls that are inside.
  absl::Status OpenAgain() ABSL_EXCLUSIVE_LOCKS_REQUIRED(recover_mutex_) {
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
  RocksScratch scratch_;
  mutable std::atomic<int> scans_ = 0;  // Of durable keyspaces, that run now.
  // Held by what must not meet while files are listed or dropped.
  mutable absl::Mutex files_mutex_;

  absl::Mutex recover_mutex_;
  std::atomic<int64_t> attempts_ = 0;
  absl::Status outcome_ ABSL_GUARDED_BY(recover_mutex_);
};

// Checks format_version, or writes it to a store that has nothing yet.
absl::Status SettleFormatVersion(const std::string& path, RocksStore& store) {
  const absl::StatusOr<std::optional<std::string>> version =
      store.Get(Keyspace::kMeta, kFormatVersionKey);
  if (!version.ok()) return version.status();
  if (version->has_value()) return CheckFormatVersion(path, **version);

  bool empty = true;
  for (const Keyspace keyspace : kDurableKeyspaces) {
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
    // Not while another process writes to them: opening says so.
    if (!IsLocked(setting.env, options.path)) {
      if (absl::Status status = CheckLogs(options.path); !status.ok()) {
        return status;
      }
    }
    if (absl::Status status = InspectDatabase(setting); !status.ok()) {
      return status;
    }
  }
  absl::StatusOr<std::unique_ptr<RocksDatabase>> database =
      RocksDatabase::Open(setting, /*read_only=*/false);
  if (!database.ok()) return database.status();
  auto store = std::make_unique<RocksStore>(setting, *std::move(database));
  if (absl::Status cleared = store->ClearScratch(); !cleared.ok()) {
    return cleared;
  }
  if (absl::Status settled = SettleFormatVersion(options.path, *store);
      !settled.ok()) {
    return settled;
  }
  return store;
}

}  // namespace stagecraft::engine
