#include "engine/store/rocks_database.h"

#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/store/rocks_directory.h"
#include "engine/store/rocks_options.h"
#include "engine/store/rocks_status.h"
#include "rocksdb/options.h"
#include "rocksdb/utilities/checkpoint.h"

namespace stagecraft::engine {

absl::Status RocksHealth::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

void RocksHealth::Set(const absl::Status& status, bool failed) {
  absl::MutexLock lock(&mutex_);
  status_ = status;
  well_.store(status.ok(), std::memory_order_release);
  failed_.store(failed, std::memory_order_release);
}

void RocksHealth::SetAccepted() {
  if (well()) return;
  absl::MutexLock lock(&mutex_);
  if (failed()) return;
  status_ = absl::OkStatus();
  well_.store(true, std::memory_order_release);
}

void RocksHealth::OnBackgroundError(rocksdb::BackgroundErrorReason,
                                    rocksdb::Status* error) {
  SetFailed(FromRocks(*error, path_, "write in the background"));
}

absl::StatusOr<std::unique_ptr<RocksDatabase>> RocksDatabase::Open(
    const Setting& setting, bool read_only) {
  const RocksStoreOptions& options = setting.options;
  rocksdb::DBOptions db_options = DatabaseOptions(options, setting.env);
  if (!read_only) db_options.listeners.push_back(setting.health);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const Keyspace keyspace : kDurableKeyspaces) {
    descriptors.emplace_back(FamilyName(keyspace),
                             FamilyOptions(keyspace, options, setting.cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      read_only ? rocksdb::DB::OpenForReadOnly(db_options, options.path,
                                               descriptors, &handles, &db)
                : rocksdb::DB::Open(db_options, options.path, descriptors,
                                    &handles, &db);
  if (!opened.ok()) {
    if (!read_only && opened.IsIOError() &&
        IsLocked(setting.env, options.path)) {
      return absl::FailedPreconditionError(absl::StrCat(
          "store ", options.path,
          ": is in use by another process (or twice by this one), want one at "
          "a time: ",
          opened.ToString()));
    }
    return FromRocks(opened, options.path, "open");
  }
  auto database = std::unique_ptr<RocksDatabase>(new RocksDatabase);
  database->db_.reset(db);
  std::copy(handles.begin(), handles.end(), database->families_.begin());
  return database;
}

RocksDatabase::~RocksDatabase() {
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  db_->Close().PermitUncheckedError();
}

rocksdb::Status CompactRange(rocksdb::DB& db,
                             rocksdb::ColumnFamilyHandle* family,
                             absl::string_view begin, absl::string_view end) {
  const rocksdb::Slice first(begin.data(), begin.size());
  const rocksdb::Slice last(end.data(), end.size());
  rocksdb::CompactRangeOptions options;
  // Others go on, and a writer is rather let through than held up.
  options.exclusive_manual_compaction = false;
  // The lowest level is where old values lie. Not kForceOptimized, which leaves
  // out files that a compaction in the background made meanwhile.
  options.bottommost_level_compaction =
      rocksdb::BottommostLevelCompaction::kForce;
  return db.CompactRange(options, family, begin.empty() ? nullptr : &first,
                         end.empty() ? nullptr : &last);
}

absl::Status RocksDatabase::Backup(const std::string& path,
                                   const std::string& directory) const {
  rocksdb::Checkpoint* raw = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &raw);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  if (status.ok()) {
    // Flushes first, so that the copy shares tables instead of copying logs.
    status = checkpoint->CreateCheckpoint(directory, /*log_size_for_flush=*/0);
  }
  return FromRocks(status, path, absl::StrCat("back up to ", directory));
}

absl::Status RocksDatabase::Purge(const std::string& path, Keyspace keyspace,
                                  absl::string_view begin,
                                  absl::string_view end) {
  // All families, because a log goes only when nobody needs anything in it.
  rocksdb::Status status = db_->Flush(rocksdb::FlushOptions(),
                                      std::vector<rocksdb::ColumnFamilyHandle*>(
                                          families_.begin(), families_.end()));
  if (status.ok()) status = CompactRange(*db_, family(keyspace), begin, end);
  if (status.ok()) {
    // Files go in the background; allowing it again does it here and now.
    status = db_->DisableFileDeletions();
    if (status.ok()) status = db_->EnableFileDeletions(/*force=*/false);
  }
  return FromRocks(status, path,
                   absl::StrCat("purge ", KeyspaceName(keyspace)));
}

absl::Status NotAStore(const std::string& path, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(
      "store ", path,
      ": holds a RocksDB database that is not a store of ours: ", why,
      "; want another path"));
}

// `stored` is the value at kFormatVersionKey.
absl::Status CheckFormatVersion(const std::string& path,
                                absl::string_view stored) {
  int64_t version = 0;
  if (!absl::SimpleAtoi(stored, &version) || version < 1) {
    return absl::DataLossError(
        absl::StrCat("store ", path, ": format_version is \"", stored,
                     "\", want a number from 1; restore it from a backup"));
  }
  if (version == kFormatVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "store ", path, ": has format version ", version, ", want ",
      kFormatVersion,
      version > kFormatVersion
          ? "; a newer stagecraft wrote it: run that one, or restore a backup "
            "made before the upgrade"
          : "; an older stagecraft wrote it: run that one, or send its events "
            "again to a new store"));
}

namespace {

// Looks at a database that does not have exactly our keyspaces, changing
// nothing: a newer version's, somebody else's, or one whose creation crashed
// (OK; creation goes on).
absl::Status InspectUnusual(const std::string& path,
                            const rocksdb::DBOptions& db_options,
                            const std::vector<std::string>& families) {
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status opened = rocksdb::DB::OpenForReadOnly(
      rocksdb::Options(db_options, rocksdb::ColumnFamilyOptions()), path, &raw);
  const std::unique_ptr<rocksdb::DB> db(raw);
  if (opened.IsInvalidArgument()) return NotAStore(path, opened.ToString());
  if (!opened.ok()) return FromRocks(opened, path, "open to inspect it");

  std::string version;
  const rocksdb::Status got =
      db->Get(rocksdb::ReadOptions(), std::string(kFormatVersionKey), &version);
  if (got.ok()) {
    if (absl::Status status = CheckFormatVersion(path, version); !status.ok()) {
      return status;
    }
  } else if (!got.IsNotFound()) {
    return FromRocks(got, path, "read format_version");
  } else {
    const std::unique_ptr<rocksdb::Iterator> it(
        db->NewIterator(rocksdb::ReadOptions()));
    it->SeekToFirst();
    if (it->Valid())
      return NotAStore(path, "it has keys but no format_version");
    if (!it->status().ok()) return FromRocks(it->status(), path, "inspect it");
  }
  for (const std::string& family : families) {
    const bool known = std::any_of(
        kDurableKeyspaces.begin(), kDurableKeyspaces.end(),
        [&](Keyspace keyspace) { return FamilyName(keyspace) == family; });
    if (!known) {
      return NotAStore(path,
                       absl::StrCat("it has a keyspace \"", family, "\""));
    }
  }
  if (got.ok()) {
    // format_version is written after all keyspaces were made.
    return absl::DataLossError(absl::StrCat(
        "store ", path, ": has ", families.size(), " keyspaces, want ",
        kDurableKeyspaces.size(), "; restore it from a backup"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status InspectDatabase(const RocksDatabase::Setting& setting) {
  const std::string& path = setting.options.path;
  const rocksdb::DBOptions db_options =
      DatabaseOptions(setting.options, setting.env);
  std::vector<std::string> families;
  const rocksdb::Status listed =
      rocksdb::DB::ListColumnFamilies(db_options, path, &families);
  if (!listed.ok()) return FromRocks(listed, path, "list keyspaces");
  std::vector<std::string> wanted;
  for (const Keyspace keyspace : kDurableKeyspaces) {
    wanted.push_back(FamilyName(keyspace));
  }
  std::sort(families.begin(), families.end());
  std::sort(wanted.begin(), wanted.end());
  if (families == wanted) return absl::OkStatus();
  return InspectUnusual(path, db_options, families);
}

}  // namespace stagecraft::engine
