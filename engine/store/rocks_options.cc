#include "engine/store/rocks_options.h"

#include <algorithm>
#include <cstdarg>

#include "absl/strings/str_cat.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"

namespace stagecraft::engine {
namespace {

// RocksDB's own log lies on the same disk, and where RocksDB is built with
// assertions, as in Debian, it ends the process when it logs after a write of
// the log failed. Callers hear of failures by their status.
class NoLog : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

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

std::string FamilyName(Keyspace keyspace) {
  return keyspace == Keyspace::kMeta ? rocksdb::kDefaultColumnFamilyName
                                     : std::string(KeyspaceName(keyspace));
}

rocksdb::DBOptions DatabaseOptions(const RocksStoreOptions& options,
                                   rocksdb::Env* env) {
  rocksdb::DBOptions db;
  db.env = env;
  db.create_if_missing = options.create_if_missing;
  db.create_missing_column_families = true;
  db.max_background_jobs = 2;
  db.max_open_files = options.max_open_files;
  // Keyspaces with little traffic must not keep old logs from being deleted.
  // More than the write buffers of kLog hold, which would be flushed early.
  db.max_total_wal_size = 8 * static_cast<uint64_t>(options.write_buffer_bytes);
  db.bytes_per_sync = 1 << 20;
  // Cheaper to sync, but their end could not be told from damage.
  db.recycle_log_file_num = 0;
  // Stop at the first sign of damage rather than go on without some data.
  db.paranoid_checks = true;
  // A log that ends in the middle of a record is what a crash leaves behind:
  // that record was not acknowledged. Damage before the end is no crash, and
  // opening fails. Point-in-time recovery, the default, would open with
  // everything after the damage gone, acknowledged or not.
  db.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // Would write the manifest after a batch is in the log, so that a full disk
  // then refuses a batch that comes back with the next start.
  db.track_and_verify_wals_in_manifest = false;
  db.avoid_unnecessary_blocking_io = true;
  db.info_log = std::make_shared<NoLog>();
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.skip_stats_update_on_db_open = true;
  return db;
}

rocksdb::DBOptions ScratchDatabaseOptions(const RocksStoreOptions& options) {
  rocksdb::Env* env =
      options.env != nullptr ? options.env : rocksdb::Env::Default();
  rocksdb::DBOptions db = DatabaseOptions(options, env);
  db.create_if_missing = true;
  // Nobody reads it after it was closed.
  db.avoid_flush_during_shutdown = true;
  return db;
}

rocksdb::ColumnFamilyOptions FamilyOptions(
    Keyspace keyspace, const RocksStoreOptions& options,
    const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.block_size = 16 << 10;
  if (keyspace != Keyspace::kLog) {
    // 1 % of the look-ups of a missing key read a block for nothing.
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.whole_key_filtering = true;
  }
  table.format_version = 5;

  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = static_cast<size_t>(options.write_buffer_bytes);
  // Fewer and larger tables of the log; it has most of the writes, in order of
  // its keys, so that tables move down the levels as they are.
  if (keyspace == Keyspace::kLog) family.write_buffer_size *= 2;
  family.max_write_buffer_number = 3;
  family.target_file_size_base =
      std::max<uint64_t>(family.write_buffer_size, 1 << 20);
  family.max_bytes_for_level_base = 4 * family.target_file_size_base;
  family.level_compaction_dynamic_level_bytes = true;
  family.compression = rocksdb::kLZ4Compression;
  return family;
}

}  // namespace stagecraft::engine
